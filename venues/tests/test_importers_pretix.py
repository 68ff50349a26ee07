"""pretix seating plans: relative positions, zones as sections, what real files get wrong."""

import json

import pytest

from venues.importers import read
from venues.plan import ordinals, outlines
from venues.tests.charts import labels, plan_in, problems_in, sample

SMALL = json.loads(sample("pretix_small.json"))


def bent(change):
    """The sample after `change(plan)`."""
    form = json.loads(json.dumps(SMALL))
    change(form)
    return form


def seat(form, zone=0, row=0, number=0):
    return form["zones"][zone]["rows"][row]["seats"][number]


def test_the_sample():
    name, plan = read("plan.json", sample("pretix_small.json"))
    assert (name, plan.name, plan.places) == ("pretix", "Kammerspiele, kleiner Saal", 64)
    assert [(s.label, s.places, len(s.rows)) for s in plan.sections] == [
        ("Parkett", 36, 3),
        ("Balkon", 28, 2),
    ]
    assert plan.categories[0] == ("Parkett", "Parkett", "#7f4a91")
    assert [(shape.kind, shape.label) for shape in plan.shapes] == [
        ("stage", "Bühne"),
        ("circle", ""),
    ]


def test_positions_add_up_and_the_pitch_becomes_20():
    plan = plan_in(SMALL)
    row = plan.sections[0].rows[0].seats
    assert [seat.x - row[0].x for seat in row[:6]] == [0, 20, 40, 60, 80, 100]
    assert row[6].x - row[5].x == 68
    assert plan.sections[0].rows[1].seats[0].y - row[0].y == 24


def test_the_aisle_parts_the_rows_of_the_stalls():
    plan = plan_in(SMALL)
    assert [seat.block for seat in plan.sections[0].rows[0].seats] == [0] * 6 + [1] * 6
    assert {seat.block for seat in plan.sections[1].rows[0].seats} == {0}


def test_the_balcony_is_curved_and_numbered_from_the_right():
    (first, _) = plan_in(SMALL).sections[1].rows
    assert labels(first) == "14 13 12 11 10 9 8 7 6 5 4 3 2 1"
    assert [seat.index for seat in first.seats] == list(range(14))


def test_categories_that_speak_of_wheelchairs_mark_their_seats():
    last = plan_in(SMALL).sections[0].rows[2].seats
    assert [last[i].kind for i in (0, 1, 2, 10, 11)] == [
        "WHEELCHAIR",
        "COMPANION",
        "STANDARD",
        "COMPANION",
        "WHEELCHAIR",
    ]
    assert last[0].category == "Rollstuhlplatz"


def test_all_look_at_the_stage():
    plan = plan_in(SMALL)
    left, top, right, bottom = outlines.box(plan.shapes[0].points)
    assert plan.focal == (round((left + right) / 2), round((top + bottom) / 2))


def test_an_area_turns_around_its_own_position():
    def change(form):
        area = form["zones"][0]["areas"][0]
        area.update(position={"x": 0, "y": -60}, rotation=-90)
        area["rectangle"] = {"width": 50, "height": 25}

    plan = plan_in(bent(change))
    left, top, right, bottom = outlines.box(plan.shapes[0].points)
    assert (right - left, bottom - top) == (20, 40)


@pytest.mark.parametrize(
    "change",
    [
        lambda form: seat(form).update(seat_guid="kh-2"),
        lambda form: seat(form).pop("seat_guid"),
        lambda form: seat(form).update(seat_number=1),
        lambda form: form["zones"][0]["rows"][0].update(row_number="A "),
        lambda form: form["zones"][0]["rows"][0]["position"].update(x="10", y=None),
        lambda form: form["zones"].append({"name": "Foyer", "position": {"x": 0, "y": 0}}),
        lambda form: form["zones"].append({"name": "Foyer", "rows": []}),
        lambda form: form.pop("size"),
        lambda form: form["zones"][1].update(areas=None),
        lambda form: form["zones"][0]["areas"].append({"shape": "text", "text": {"text": ""}}),
    ],
)
def test_what_can_be_repaired_is(change):
    assert plan_in(bent(change)) == plan_in(SMALL)


def test_zones_of_one_name_are_numbered():
    plan = plan_in(bent(lambda form: form["zones"][1].update(name="Parkett")))
    assert [section.label for section in plan.sections] == ["Parkett", "Parkett 2"]


def test_a_zone_without_a_name_takes_the_plans():
    plan = plan_in(bent(lambda form: form["zones"][1].pop("name")))
    assert plan.sections[1].label == "Kammerspiele, kleiner Saal"


def test_a_plan_without_positions_is_laid_out_in_rows():
    def change(form):
        for zone in form["zones"]:
            zone["position"] = {"x": 0, "y": 0}
            for row in zone["rows"]:
                row["position"] = {"x": 0, "y": 0}
                for each in row["seats"]:
                    each["position"] = {"x": 0, "y": 0}

    plan = plan_in(bent(change))
    assert labels(plan.sections[0].rows[0]) == "1 2 3 4 5 6 7 8 9 10 11 12"
    assert len({(each.x, each.y) for *_, each in ordinals(plan)}) == 64


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (
            lambda form: seat(form).update(seat_number="2"),
            "Section 'Parkett', row 'A': 2 seats are labelled '2'",
        ),
        (
            lambda form: seat(form, 1, 0, 3).pop("position"),
            "Section 'Balkon', row '1', seat '4': x and y missing or not a number",
        ),
        (
            lambda form: seat(form).update(seat_number=""),
            "Section 'Parkett', row 'A', seat number 1 in the file: has no label",
        ),
        (
            lambda form: form["zones"][0]["rows"].append(7),
            "File: entry 4 of 'rows' is int, no object",
        ),
        (
            lambda form: [zone.update(rows=[]) for zone in form["zones"]],
            "Plan: there is not a single place in it",
        ),
    ],
)
def test_what_cannot_be_repaired_is_told(change, problem):
    assert problems_in(bent(change)) == [problem]
