"""Plans made by rule: exact figures, and that they hold together as houses."""

import math
from collections import Counter

import pytest

from venues.generators import arena, club, grid, stadium, theatre
from venues.generators.drawing import row_labels
from venues.plan import PlanError, normalise, ordinals, outlines, problems_of

HOUSES = {
    "club": club,
    "theatre": theatre,
    "arena": arena,
    "stadium": lambda: stadium(10_000),
}


@pytest.fixture(scope="module", params=HOUSES)
def house(request):
    return HOUSES[request.param]()


def test_a_house_is_sound_and_normalised(house):
    assert problems_of(house) == []
    assert normalise(house) == house


def test_seats_keep_clear_of_each_other(house):
    cells = {}
    for _, section, _, seat in ordinals(house):
        if section.kind != "STANDING":
            cells.setdefault((seat.x // 20, seat.y // 20), []).append((seat.x, seat.y))
    for (column, line), points in cells.items():
        near = [
            other
            for dx in (-1, 0, 1)
            for dy in (-1, 0, 1)
            for other in cells.get((column + dx, line + dy), [])
        ]
        assert all(math.dist(a, b) > 15 for a in points for b in near if a != b)


def test_seats_lie_within_their_section(house):
    for section in house.sections:
        seats = [seat for row in section.rows for seat in row.seats]
        assert all(outlines.contains(section.outline, (seat.x, seat.y)) for seat in seats)


def kinds(plan):
    return Counter(seat.kind for *_, seat in ordinals(plan))


def test_the_club_has_a_floor_a_balcony_and_tables():
    plan = club()
    assert [(s.label, s.kind, s.places) for s in plan.sections] == [
        ("Floor", "STANDING", 600),
        ("Balcony", "SEATS", 48),
        ("Balcony tables", "TABLES", 32),
    ]
    assert {shape.label for shape in plan.shapes} >= {"STAGE", "Bar", "Sound"}


def test_the_theatre_has_curved_rows_with_two_aisles():
    plan = theatre()
    assert [(s.label, s.places, len(s.rows)) for s in plan.sections] == [
        ("Stalls", 582, 20),
        ("Dress circle", 291, 6),
        ("Balcony", 261, 5),
        ("Boxes left", 20, 5),
        ("Boxes right", 20, 5),
    ]
    tiers = plan.sections[:3]
    assert {row.seats[-1].block for section in tiers for row in section.rows} == {2}
    assert kinds(plan) == {"STANDARD": 1162, "WHEELCHAIR": 6, "COMPANION": 6}
    assert sum(seat.restricted_view for *_, seat in ordinals(plan)) == 20


def test_a_wheelchair_space_has_its_companion_beside_it():
    last = theatre().sections[0].rows[-1].seats
    spaces = [i for i, seat in enumerate(last) if seat.kind == "WHEELCHAIR"]
    assert [last[i + 1].kind for i in spaces] == ["COMPANION"] * 6
    assert [last[i + 1].block for i in spaces] == [last[i].block for i in spaces]


def test_the_dress_circle_is_numbered_from_the_right():
    first = theatre().sections[1].rows[0].seats
    assert (first[0].label, first[-1].label) == (str(len(first)), "1")


def test_the_arena_has_two_rings_around_the_floor():
    plan = arena()
    labels = [section.label for section in plan.sections]
    assert plan.places == 12_000
    assert labels[:6] == [f"Floor {letter}" for letter in "ABCDEF"]
    assert labels[6:] == [str(n) for n in (*range(101, 117), *range(201, 221))]
    assert set(kinds(plan)) == {"STANDARD", "VIP", "WHEELCHAIR", "COMPANION"}


@pytest.mark.parametrize("seats", [2_000, 7_777, 30_000])
def test_an_arena_has_exactly_the_seats_asked_for(seats):
    assert arena(seats).places == seats


@pytest.mark.parametrize("places", [10_000, 12_345])
def test_a_stadium_has_exactly_the_places_asked_for(places):
    assert stadium(places).places == places


def test_the_stadium_has_three_tiers_around_a_field_to_stand_on():
    plan = stadium(10_000)
    labels = [section.label for section in plan.sections]
    assert labels == [
        "Field",
        *(str(n) for n in (*range(101, 135), *range(201, 251))),
        *labels[85:],
    ]
    assert labels[85:] == [str(n) for n in range(301, 373)]
    assert (plan.sections[0].kind, plan.sections[0].places) == ("STANDING", 1_200)
    tiers = ["Field", "Lower tier", "Middle tier", "Upper tier"]
    assert list(dict.fromkeys(section.floor for section in plan.sections)) == tiers
    assert {section.zone for section in plan.sections} >= {"North stand", "South-west stand"}
    assert kinds(plan)["WHEELCHAIR"] == kinds(plan)["COMPANION"] == 51
    assert all(row.seats[-1].block == 1 for row in plan.sections[-1].rows)


def test_who_sits_under_the_tier_above_or_behind_the_stage_is_told():
    plan = stadium(10_000)
    told = {seat.disclosure for *_, seat in ordinals(plan)} - {""}
    assert told == {"The tier above hides high balls and the screens."}
    behind = next(section for section in plan.sections if section.zone == "North stand")
    assert behind.view_note == "Behind the stage: you see the artists from the back."


def test_a_grid_has_the_sections_of_the_scenario():
    plan = grid(
        [{"name": "A", "rows": 28, "seats": 50}, {"name": "Floor", "standing": 2000}], name="Night"
    )
    assert plan.name == "Night"
    assert [(s.label, s.kind, s.places) for s in plan.sections] == [
        ("A", "SEATS", 1400),
        ("Floor", "STANDING", 2000),
    ]
    seats = plan.sections[0].rows
    assert [row.label for row in seats][-3:] == ["Z", "AA", "AB"]
    assert [seat.label for seat in seats[0].seats] == [str(n) for n in range(1, 51)]


def test_the_stage_of_a_grid_is_in_front_of_everything():
    plan = grid([{"name": str(n), "rows": 10, "seats": 20} for n in range(9)])
    bottom = max(y for _, y in plan.shapes[0].points)
    assert all(seat.y > bottom for *_, seat in ordinals(plan))
    assert plan.focal[1] < bottom


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ({"name": "A", "rows": 20}, "needs a name and either rows and seats, or standing"),
        ({"name": "A", "rows": 0, "seats": 5}, "needs a name"),
        ({"rows": 2, "seats": 5}, "needs a name"),
        ({"name": "A", "standing": -1}, "needs a name"),
        ({"name": "A", "rows": 1000, "seats": 1000}, "has more than 150,000 places"),
    ],
)
def test_a_section_that_cannot_be_built_is_told(form, told):
    with pytest.raises(PlanError, match=told):
        grid([form])


def test_two_sections_of_a_grid_need_two_names():
    with pytest.raises(PlanError, match="2 sections are labelled 'A'"):
        grid([{"name": "A", "standing": 5}] * 2)


def test_row_labels_go_on_after_z():
    labels = [label for label, _ in zip(row_labels(), range(703), strict=False)]
    assert [labels[i] for i in (0, 25, 26, 51, 52, 701, 702)] == [
        *("A", "Z", "AA", "AZ", "BA", "ZZ", "AAA"),
    ]
