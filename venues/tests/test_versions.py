"""What became of each place from one version of a plan to another."""

from dataclasses import replace

from hypothesis import HealthCheck, given, settings

from venues.generators import grid
from venues.plan import PlanRow, PlanSection, normalise
from venues.tests.plans import plans
from venues.versions import difference, exchanged_standing

BLOCKS = [{"name": "Stalls", "rows": 3, "seats": 5}, {"name": "Floor", "standing": 10}]
PLAN = grid(BLOCKS)


def changed(plan, change, section=0):
    """The plan with every seat of a section sent through change(row, seat) → seat or None."""
    sections = list(plan.sections)
    rows = [
        PlanRow(row.label, tuple(filter(None, (change(row, seat) for seat in row.seats))))
        for row in sections[section].rows
    ]
    sections[section] = replace(sections[section], rows=tuple(rows))
    return normalise(replace(plan, sections=tuple(sections)))


def told(found):
    return [(change.kinds, change.name, change.words) for change in found.changes]


def test_a_plan_does_not_differ_from_itself():
    found = difference(PLAN, PLAN)
    assert found.changes == []
    assert found.pairs == {ordinal: ordinal for ordinal in range(25)}


@given(plans())
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_plan_differs_from_itself(plan):
    assert difference(plan, plan).changes == []


def test_a_seat_that_is_gone_and_one_that_is_new_are_told():
    fewer = changed(PLAN, lambda row, seat: None if (row.label, seat.label) == ("B", "5") else seat)
    assert told(difference(PLAN, fewer)) == [
        (("REMOVED",), "Stalls, row B, seat 5", "Not in the new version")
    ]
    assert told(difference(fewer, PLAN)) == [
        (("ADDED",), "Stalls, row B, seat 5", "Not in the old version")
    ]
    assert difference(PLAN, fewer).gone == [9]


def test_a_seat_of_another_name_on_the_same_spot_is_renamed():
    other = changed(
        PLAN,
        lambda row, seat: (
            replace(seat, label="1A") if (row.label, seat.label) == ("A", "1") else seat
        ),
    )
    found = difference(PLAN, other)
    assert told(found) == [(("RENAMED",), "Stalls, row A, seat 1", "now Stalls, row A, seat 1A")]
    assert found.pairs[0] == 0


def test_a_whole_section_of_another_name_is_renamed_seat_by_seat():
    sections = (replace(PLAN.sections[0], label="Parterre"), PLAN.sections[1])
    found = difference(PLAN, replace(PLAN, sections=sections))
    assert found.counts == {"RENAMED": 15}
    assert found.pairs[7] == 7


def test_a_seat_that_stands_elsewhere_is_moved():
    other = changed(
        PLAN,
        lambda row, seat: (
            replace(seat, x=seat.x + 40) if (row.label, seat.label) == ("A", "5") else seat
        ),
    )
    (change,) = difference(PLAN, other).changes
    assert change.kinds == ("MOVED", "CHANGED")
    assert change.words == "2.0 seat widths away; aisle before it none → an aisle"


def test_all_that_is_pushed_aside_together_has_not_moved():
    left = PlanSection("Left", "SEATS", PLAN.sections[0].rows[:1], zone="West")
    rows = (
        PlanRow(
            "A", tuple(replace(s, x=s.x - 400, label=f"L{s.label}") for s in left.rows[0].seats)
        ),
    )
    wider = normalise(replace(PLAN, sections=(*PLAN.sections, replace(left, rows=rows))))
    assert wider.sections[0].rows[0].seats[0].x != PLAN.sections[0].rows[0].seats[0].x
    assert difference(PLAN, wider).counts == {"ADDED": 5}


def test_what_a_place_is_and_what_is_said_of_it_is_compared():
    sections = (replace(PLAN.sections[0], entrance="Gate 2"), PLAN.sections[1])
    other = changed(
        replace(PLAN, sections=sections),
        lambda row, seat: (
            replace(seat, kind="WHEELCHAIR", category="Gold", disclosure="pillar")
            if (row.label, seat.label) == ("C", "1")
            else seat
        ),
    )
    found = difference(PLAN, other)
    assert found.counts == {"CHANGED": 15}
    words = next(c.words for c in found.changes if c.name == "Stalls, row C, seat 1")
    assert words == (
        "kind seat → wheelchair space; category none → Gold; entrance none → Gate 2; "
        "disclosure none → pillar"
    )


def test_standing_places_are_exchanged_for_those_that_are_wanted():
    smaller = grid([BLOCKS[0], {"name": "Floor", "standing": 4}])
    found = difference(PLAN, smaller)
    assert found.gone == [19, 20, 21, 22, 23, 24]
    pairs = exchanged_standing(found, wanted={22, 24})
    assert {22, 24} <= pairs.keys()
    assert len(pairs) == len(set(pairs.values())) == 19
    assert exchanged_standing(found, wanted={15, *range(17, 25)}).keys() >= {15, 17, 18}
