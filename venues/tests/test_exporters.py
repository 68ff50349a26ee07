"""What leaves as a file comes back the same."""

import json
import math
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings

from venues import exporters
from venues.exporters import flat_csv, svg, tessera
from venues.generators import arena, club, grid, theatre
from venues.importers import read
from venues.plan import canonical, content_hash, ordinals
from venues.tests.charts import problems_in, sample
from venues.tests.plans import plans

SAMPLES = [
    "seatsio_basic_small.json",
    "seatsio_sections_small.json",
    "pretix_small.json",
    "csv_small.csv",
]
HOUSES = {"club": club, "theatre": theatre, "arena": arena, "grid": lambda: grid(BLOCKS)}
BLOCKS = [{"name": "Left", "rows": 3, "seats": 5}, {"name": "Floor", "standing": 40}]
FEW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def again(plan, write, filename):
    return read(filename, write(plan))[1]


def places(plan):
    """Each place as a flat list knows it, with the place of its neighbourhood, not of its sheet."""
    left = min(seat.x for _, _, _, seat in ordinals(plan))
    top = min(seat.y for _, _, _, seat in ordinals(plan))
    return {
        (section.label, row.label, seat.label, seat.x - left, seat.y - top, seat.kind,
         seat.category or section.category, seat.restricted_view, section.zone, section.floor,
         section.entrance)
        for _, section, row, seat in ordinals(plan)
    }  # fmt: skip


@given(plans())
@FEW
def test_a_plan_comes_back_from_json_as_the_same_version(plan):
    assert content_hash(again(plan, tessera.write, "plan.json")) == content_hash(plan)


@given(plans())
@FEW
def test_a_plan_comes_back_from_svg_as_the_same_version(plan):
    assert canonical(again(plan, svg.write, "plan.svg")) == canonical(plan)


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("write", [tessera.write, svg.write])
def test_plans_of_other_programs_come_back_the_same(name, write):
    plan = read(name, sample(name))[1]
    assert content_hash(again(plan, write, "plan")) == content_hash(plan)


@pytest.mark.parametrize("house", HOUSES)
@pytest.mark.parametrize("write", [tessera.write, svg.write])
def test_a_house_comes_back_the_same(house, write):
    plan = HOUSES[house]()
    assert content_hash(again(plan, write, "plan")) == content_hash(plan)


@pytest.mark.parametrize("house", HOUSES)
def test_a_list_says_the_same_places(house):
    plan = HOUSES[house]()
    assert places(again(plan, flat_csv.write, "plan.csv")) == places(plan)


def test_a_label_like_a_formula_is_harmless_in_a_spreadsheet_and_comes_back():
    plan = read("seats.csv", "section,row,seat,x,y\nStalls,=A,-1,0,0\nStalls,=A,-2,20,0\n")[1]
    text = flat_csv.write(plan)
    assert "Stalls,'=A,'-1," in text
    assert places(again(plan, flat_csv.write, "plan.csv")) == places(plan)


def test_a_file_of_ours_that_was_edited_is_brought_to_order():
    form = json.loads(tessera.write(grid(BLOCKS)))
    for section in form["sections"]:
        for row in section["rows"]:
            for seat in row["seats"]:
                seat["x"] *= 2.5
    plan = read("edited.json", json.dumps(form))[1]
    row = plan.sections[0].rows[0].seats
    assert [b.x - a.x for a, b in pairwise(row)] == [20, 20, 20, 20]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"sections": [{"label": "A", "kind": "SEATS", "rows": [], "colour": "red"}]},
         "Section 'A': 'colour' is not known here"),
        ({"sections": [{"label": 7, "kind": "SEATS", "rows": []}]},
         "Section '7': its label is no text"),
        ({"focal": [1]}, "Focal point: a point is two numbers"),
        ({"categories": [["a", "b"]]}, "Category: needs a key, a label and a colour"),
        ({"shapes": [{"kind": "stage", "x": "left"}]}, "Shape ''': its x is no number"),
        ({"sections": {}}, "File: 'sections' is not a list"),
        ({"shapes": [{"kind": "text", "label": "Bar", "rotation": math.inf}]},
         "Shape 'Bar': its rotation is no number of degrees"),
        ({"focal": [10**400, 0]}, "Focal point: x missing or not a number"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_our_json_is_named(change, problem):
    form = {**json.loads(tessera.write(grid(BLOCKS))), **change}
    assert problems_in(json.dumps(form), "plan.json") == [problem.replace("'''", "''")]


def test_an_unknown_format_is_refused_by_name():
    with pytest.raises(exporters.NoSuchFormat, match="json, csv, svg, not as dxf"):
        exporters.export(None, "dxf")
