"""What a plan says beside its seats: view notes, disclosures, a focal point a zone, drawn breaks."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from venues import geometry
from venues.generators import arena, club, theatre
from venues.plan import (
    SEAT_KINDS,
    Plan,
    PlanRow,
    PlanSeat,
    PlanSection,
    PlanShape,
    authored,
    canonical,
    content_hash,
    from_canonical,
    normalise,
    problems_of,
)

names = st.text("ABCxyz 019é", max_size=8)
labels = st.text("AB12", min_size=1, max_size=3)
spots = st.integers(0, 4000)
points = st.tuples(spots, spots)


@st.composite
def sections(draw, label):
    seats = st.builds(
        PlanSeat,
        label=labels,
        x=spots,
        y=spots,
        kind=st.sampled_from(SEAT_KINDS),
        block=st.integers(0, 2),
        restricted_view=st.booleans(),
        category=names,
        disclosure=names,
    )
    rows = [
        PlanRow(f"{n}", tuple(replace(seat, index=i) for i, seat in enumerate(row)))
        for n, row in enumerate(draw(st.lists(st.lists(seats, max_size=4), max_size=3)))
    ]
    words = {name: draw(names) for name in ("zone", "floor", "entrance", "category", "view_note")}
    outline = tuple(draw(st.lists(points, max_size=5)))
    kind = draw(st.sampled_from(["SEATS", "STANDING", "TABLES"]))
    return PlanSection(label, kind, tuple(rows), outline, **words)


@st.composite
def plans(draw):
    return Plan(
        draw(names),
        tuple(draw(sections(label)) for label in draw(st.lists(names, max_size=3))),
        tuple(draw(st.lists(st.builds(PlanShape, st.just("stage"), names), max_size=2))),
        focal=draw(st.none() | points),
        focals=draw(st.dictionaries(names, points, max_size=2)),
    )


@given(plans())
@settings(max_examples=60, deadline=None)
def test_whatever_a_plan_says_comes_back_from_its_canonical_form(plan):
    assert from_canonical(canonical(plan)) == plan


def hall(**extras):
    """Ten seats in front of a stage; of the second one a buyer must know something."""
    seats = [PlanSeat(str(n), 20 * n, 100) for n in range(10)]
    seats[1] = replace(seats[1], disclosure="Pillar to the left")
    section = PlanSection("Stalls", "SEATS", (PlanRow("A", tuple(seats)),), zone="Floor")
    return Plan("Hall", (replace(section, view_note="Close, from the side"),), **extras)


def plain():
    return Plan("Hall", (PlanSection("Stalls", "SEATS", hall().sections[0].rows),))


def test_a_disclosure_and_a_view_note_reach_the_geometry_file():
    plan = normalise(hall(focals={"Floor": (90, 0)}))
    form = geometry.decode(geometry.encode(plan))
    assert form["disclosures"] == {"1": "Pillar to the left"}
    assert form["sections"][0]["view_note"] == "Close, from the side"
    assert form["focals"] == {"Floor": list(plan.focals["Floor"])}


def test_a_plan_that_says_nothing_more_has_nothing_more_in_its_file():
    (section,) = plain().sections
    bare = tuple(replace(seat, disclosure="") for seat in section.rows[0].seats)
    form = geometry.header(normalise(Plan("Hall", (replace(section, rows=(PlanRow("A", bare),)),))))
    assert not {"disclosures", "focals"} & form.keys()
    assert "view_note" not in form["sections"][0]


def test_each_note_is_content_of_its_version():
    bare = normalise(plain())
    (section,) = bare.sections
    first, *others = section.rows[0].seats
    told = PlanRow("A", (replace(first, disclosure="Limited legroom"), *others))
    versions = [
        bare,
        replace(bare, sections=(replace(section, view_note="Far"),)),
        replace(bare, sections=(replace(section, rows=(told,)),)),
        replace(bare, focals={"Floor": (1, 1)}),
    ]
    assert len({content_hash(plan) for plan in versions}) == 4


def test_focal_points_of_zones_move_with_the_plan():
    drawn = hall(focal=(90, 0), focals={"Floor": (50, 10)})
    plan = normalise(drawn)
    (x, y), (zx, zy) = plan.focal, plan.focals["Floor"]
    assert (zx - x, zy - y) == (-40, 10)


@pytest.mark.parametrize(
    ("plan", "problem"),
    [
        (
            replace(hall(), focals={"Floor": (float("nan"), 0)}),
            "Focal point of zone 'Floor': x missing or not a number",
        ),
        (
            replace(hall(), sections=(replace(hall().sections[0], view_note="v" * 301),)),
            "Section 'Stalls': its view note is 301 characters long, at most 300 are possible",
        ),
    ],
)
def test_a_bad_note_is_refused(plan, problem):
    assert problems_of(plan) == [problem]


@pytest.mark.parametrize("make", [club, theatre, arena])
def test_a_plan_to_draw_on_becomes_the_same_version_again(make):
    plan = make()
    assert normalise(authored(plan)) == plan


def test_only_breaks_that_no_gap_makes_are_left_to_draw_on():
    xs = (0, 20, 40, 100, 120, 140)
    seats = tuple(PlanSeat(str(n), x, 0, block=int(n > 4)) for n, x in enumerate(xs))
    plan = normalise(Plan("Hall", (PlanSection("A", "SEATS", (PlanRow("1", seats),)),)))
    assert [seat.block for seat in plan.sections[0].rows[0].seats] == [0, 0, 0, 1, 1, 2]
    drawn = authored(plan).sections[0].rows[0].seats
    assert [seat.block for seat in drawn] == [0, 0, 0, 0, 0, 1]
    assert normalise(authored(plan)) == plan
