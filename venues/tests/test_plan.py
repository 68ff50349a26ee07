"""The rules of a seat plan: what is refused, who sits beside whom, what names a version."""

import math
from dataclasses import replace
from itertools import pairwise

import pytest

from venues.plan import (
    Plan,
    PlanError,
    PlanRow,
    PlanSeat,
    PlanSection,
    PlanShape,
    canonical,
    content_hash,
    from_canonical,
    normalise,
    ordinals,
    outlines,
    problems_of,
    size,
    standing,
    validate,
)


def row(label, points, labels=None):
    labels = labels or [str(number) for number in range(1, len(points) + 1)]
    return PlanRow(
        label, tuple(PlanSeat(name, x, y) for name, (x, y) in zip(labels, points, strict=True))
    )


def plan_of(*rows, kind="SEATS", **extras):
    return Plan("Hall", (PlanSection("Stalls", kind, rows),), **extras)


def line(count, pitch=20, y=0.0):
    return [(i * pitch, y) for i in range(count)]


def only_row(plan):
    return normalise(plan).sections[0].rows[0].seats


def printed(seats):
    return " ".join(seat.label for seat in seats)


# What is refused


def test_a_sound_plan_has_no_problems():
    plan = plan_of(row("A", line(8)), row("B", line(8, y=24)))
    assert problems_of(plan) == []
    validate(plan)


def test_the_same_row_label_in_two_sections_is_fine():
    left = PlanSection("Left", "SEATS", (row("A", line(3)),))
    right = PlanSection("Right", "SEATS", (row("A", line(3, y=100)),))
    assert problems_of(Plan("Hall", (left, right))) == []


@pytest.mark.parametrize(
    ("plan", "problem"),
    [
        (
            Plan("Hall", (PlanSection("A", "SEATS", (row("1", line(2)),)),) * 2),
            "Plan: 2 sections are labelled 'A'",
        ),
        (
            plan_of(row("A", line(3), ["1", "2", "2"])),
            "Section 'Stalls', row 'A': 2 seats are labelled '2'",
        ),
        (
            plan_of(row("A", line(2)), row("A", line(2, y=24))),
            "Section 'Stalls': 2 rows are labelled 'A'",
        ),
        (plan_of(), "Plan: there is not a single place in it"),
        (
            plan_of(row("A", [(0, 0), (math.nan, 0)])),
            "Section 'Stalls', row 'A', seat '2': x missing or not a number",
        ),
        (
            plan_of(row("A", [(0, 0), (math.inf, math.nan)])),
            "Section 'Stalls', row 'A', seat '2': x and y missing or not a number",
        ),
        (
            plan_of(row("A", [(0, 0), (0, -1e9)])),
            "Section 'Stalls', row 'A', seat '2': its y is -1e+09, at most 10,000,000 is possible",
        ),
        (
            plan_of(row("A", line(1), ["9" * 61])),
            f"Section 'Stalls', row 'A', seat '{'9' * 39}…': its label is 61 characters long, "
            "at most 60 are possible",
        ),
        (
            plan_of(row("A\x07", line(1))),
            r"Section 'Stalls', row 'A\x07': its row label has control characters: 'A\x07'",
        ),
        (
            plan_of(row("A", line(2), ["1", ""])),
            "Section 'Stalls', row 'A', seat number 2 in the file: has no label",
        ),
        (
            plan_of(row("A", [(0, 0), (0, 0)])),
            "Section 'Stalls', row 'A', seat '2': lies exactly on Section 'Stalls', row 'A', "
            "seat '1'",
        ),
        (
            plan_of(row("A", line(2)), kind="SOFA"),
            "Section 'Stalls': its kind 'SOFA' is not one of SEATS, STANDING, TABLES",
        ),
    ],
)
def test_each_problem_names_the_object_and_the_reason(plan, problem):
    with pytest.raises(PlanError) as refusal:
        validate(plan)
    assert problem in refusal.value.problems


def test_every_problem_is_told_at_once():
    plan = plan_of(row("A", [(0, 0), (math.nan, 0)], ["1", "1"]))
    assert len(problems_of(plan)) == 2


def test_thousands_of_problems_are_summed_up():
    plan = plan_of(row("A", [(math.nan, 0)] * 1000))
    problems = problems_of(plan)
    assert len(problems) == 201
    assert problems[-1] == "Plan: 800 more problems like these"


def test_too_many_places_are_refused_before_anything_else():
    seats = row("A", [(0, 0)] * 75_001)
    plan = plan_of(seats, seats)
    assert problems_of(plan) == ["Plan: 150,002 places, at most 150,000 are possible"]


def test_labels_with_markup_are_refused_and_other_angles_are_not():
    assert problems_of(plan_of(row("<script>", line(2)))) == [
        "Section 'Stalls', row '<script>': its row label has markup in it: '<script>'"
    ]
    assert problems_of(plan_of(row("A", line(2), ["< 5", "a < 7"]))) == []


def test_a_refusal_is_a_sentence_for_people():
    error = PlanError(["Row A: is odd", "Row B: is odd", "Row C: is odd", "Row D: is odd"])
    assert str(error) == (
        "This seat plan was refused. Row A: is odd; Row B: is odd; Row C: is odd; and 1 more."
    )


def test_a_plan_too_wide_for_its_seats_names_the_one_far_out():
    with pytest.raises(PlanError) as refusal:
        normalise(plan_of(row("A", [*line(5), (9_000_000, 0)])))
    assert refusal.value.problems == [
        "Plan: is 450,002 by 2 seat widths, at most 3,276 are possible; "
        "furthest out is section 'Stalls', row 'A', seat '6'"
    ]


# Units


@pytest.mark.parametrize("pitch", [1, 7.3, 33, 500])
def test_the_median_pitch_becomes_20(pitch):
    seats = only_row(plan_of(row("A", line(9, pitch))))
    assert {b.x - a.x for a, b in pairwise(seats)} == {20}


def test_everything_begins_at_the_margin_in_whole_numbers():
    plan = normalise(plan_of(row("A", [(-1000.4 + 20 * i, -77.7) for i in range(4)])))
    left, top, _, _ = outlines.box(plan.sections[0].outline)
    assert (left, top) == (40, 40)
    assert all(type(seat.x) is int and type(seat.y) is int for *_, seat in ordinals(plan))


def test_normalising_twice_changes_nothing():
    plan = normalise(plan_of(row("A", line(8, 31.7)), row("B", line(8, 31.7, y=40))))
    assert normalise(plan) == plan


def test_an_authored_outline_and_focal_point_move_along():
    outline = ((0, 0), (100, 0), (100, 50), (0, 50))
    section = PlanSection("A", "SEATS", (row("1", [(10 + 10 * i, 20) for i in range(5)]),), outline)
    plan = normalise(Plan("Hall", (section,), focal=(50, -30)))
    assert plan.sections[0].outline == ((40, 40), (240, 40), (240, 140), (40, 140))
    assert plan.focal == (140, -20)


def test_without_a_focal_point_the_stage_is_looked_at():
    stage = PlanShape("stage", "Stage", x=0, y=-200, w=100, h=40)
    plan = normalise(plan_of(row("A", line(6)), shapes=(stage,)))
    assert plan.focal == (plan.shapes[0].x + 50, plan.shapes[0].y + 20)


def test_far_off_decoration_is_left_out():
    far = PlanShape("text", "Car park", x=5_000_000, y=0)
    assert normalise(plan_of(row("A", line(6)), shapes=(far,))).shapes == ()


def test_turned_boxes_become_polygons():
    turned = PlanShape("rectangle", "Bar", x=0, y=-100, w=40, h=20, rotation=90)
    (shape,) = normalise(plan_of(row("A", line(6)), shapes=(turned,))).shapes
    left, top, right, bottom = outlines.box(shape.points)
    assert (right - left, bottom - top, shape.rotation) == (20, 40, 0)


def test_a_hull_keeps_every_seat_inside():
    plan = normalise(plan_of(row("A", line(12)), row("B", [(5 + 20 * i, 24) for i in range(9)])))
    outline = plan.sections[0].outline
    assert all(outlines.contains(outline, (seat.x, seat.y)) for *_, seat in ordinals(plan))
    width, height = size(plan)
    assert (width, height) == (20 * 11 + 2 * 15 + 2 * 40, 24 + 2 * 15 + 2 * 40)


# Who sits beside whom


def test_index_follows_the_room_not_the_file_nor_the_numbers():
    points = [(40, 0), (0, 0), (60, 0), (20, 0)]
    assert printed(only_row(plan_of(row("A", points, ["3", "1", "4", "2"])))) == "1 2 3 4"


def test_right_to_left_numbers_keep_the_physical_order():
    seats = only_row(plan_of(row("A", line(5), ["5", "4", "3", "2", "1"])))
    assert printed(seats) == "5 4 3 2 1"
    assert [seat.index for seat in seats] == [0, 1, 2, 3, 4]


def test_odd_and_even_numbers_keep_the_physical_order():
    seats = only_row(plan_of(row("A", line(6), ["5", "3", "1", "2", "4", "6"])))
    assert printed(seats) == "5 3 1 2 4 6"


@pytest.mark.parametrize("degrees", [0, 30, 45, 90, 137, 180, 270])
def test_rotated_rows_are_walked_from_end_to_end(degrees):
    points = outlines.rotated(line(7), degrees, (0, 0))
    shuffled = [points[i] for i in (3, 0, 6, 1, 5, 2, 4)]
    seats = only_row(plan_of(row("A", shuffled, list("4172635"))))
    assert printed(seats) in ("1 2 3 4 5 6 7", "7 6 5 4 3 2 1")
    assert {seat.block for seat in seats} == {0}


def test_curved_rows_are_walked_along_the_curve():
    turns = [math.radians(degrees) for degrees in range(-80, 81, 10)]
    points = [(200 * math.sin(turn), 200 * math.cos(turn)) for turn in turns]
    labels = [chr(97 + i) for i in range(len(points))]
    backwards = row("A", points[::-1], labels[::-1])
    assert printed(only_row(plan_of(backwards))) == " ".join(labels)


def test_a_row_around_three_sides_keeps_the_order_it_was_drawn_in():
    points = [(0, 80 - 20 * i) for i in range(5)]
    points += [(20 * i, 0) for i in range(1, 8)]
    points += [(140, 20 * i) for i in range(1, 5)]
    labels = [chr(97 + i) for i in range(len(points))]
    assert printed(only_row(plan_of(row("A", points, labels)))) == " ".join(labels)


def test_an_aisle_begins_a_new_block_and_index_runs_on():
    points = [(x, 0) for x in (0, 20, 40, 100, 120, 140)]
    seats = only_row(plan_of(row("A", points)))
    assert [seat.block for seat in seats] == [0, 0, 0, 1, 1, 1]
    assert [seat.index for seat in seats] == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize(("gap", "blocks"), [(35, [0, 0, 0, 0]), (37, [0, 0, 1, 1])])
def test_an_aisle_is_more_than_one_and_eight_tenths_of_the_pitch(gap, blocks):
    points = [(0, 0), (20, 0), (20 + gap, 0), (40 + gap, 0)]
    assert [seat.block for seat in only_row(plan_of(row("A", points)))] == blocks


def test_a_pair_across_an_aisle_is_judged_by_its_neighbours():
    plan = normalise(plan_of(row("A", line(10)), row("B", [(0, 24), (180, 24)])))
    assert [seat.block for seat in plan.sections[0].rows[1].seats] == [0, 1]


def test_an_authored_break_is_kept_without_a_gap():
    seats = [replace(seat, block=int(i > 1)) for i, seat in enumerate(row("A", line(5)).seats)]
    assert [s.block for s in only_row(plan_of(PlanRow("A", tuple(seats))))] == [0, 0, 1, 1, 1]


def test_a_table_is_one_block_walked_clockwise_from_the_top():
    points = [(0, 30), (-30, 0), (0, -30), (30, 0)]
    seats = only_row(plan_of(row("1", points, list("abcd")), kind="TABLES"))
    assert printed(seats) == "c d a b"
    assert {seat.block for seat in seats} == {0}


# Standing


@pytest.mark.parametrize("places", [1, 2, 99, 100, 1234])
@pytest.mark.parametrize(
    "outline",
    [
        outlines.rectangle(0, 0, 400, 300),
        outlines.ellipse(0, 0, 52.2, 45.6),
        [(0, 0), (300, 0), (300, 300), (200, 300), (200, 100), (100, 100), (100, 300), (0, 300)],
    ],
)
def test_standing_places_all_find_room_inside(outline, places):
    (only,) = standing("Floor", places, outline).rows
    assert len({(seat.x, seat.y) for seat in only.seats}) == places
    assert all(outlines.contains(outline, (seat.x, seat.y)) for seat in only.seats)
    assert (only.seats[0].label, only.seats[-1].label) == ("1", str(places))


def test_a_sliver_still_holds_its_places():
    assert standing("Rail", 500, [(0, 0), (1000, 1000), (1000, 1001)]).places == 500


# Versions


def test_the_canonical_form_comes_back_whole():
    stage = PlanShape("stage", "Stage", points=((0, -90), (80, -90), (40, -50)))
    seats = (
        PlanSeat("1", 0, 0, "WHEELCHAIR", category="Gold"),
        PlanSeat("2", 20, 0, "COMPANION", restricted_view=True),
        PlanSeat("3", 80, 0),
    )
    section = PlanSection("Stalls", "SEATS", (PlanRow("A", seats),), zone="Front", floor="0")
    floor = standing("Floor", 12, outlines.rectangle(0, 60, 60, 60), entrance="East")
    plan = normalise(Plan("Hall", (section, floor), (stage,), categories=(("1", "Gold", "#fc0"),)))
    assert from_canonical(canonical(plan)) == plan


def test_the_hash_names_the_content():
    plan = normalise(plan_of(row("A", line(6)), row("B", line(6, y=24))))
    assert content_hash(plan) == "db49c3fdcd0f3e64fd1d8bad16b68ccf"
    assert content_hash(from_canonical(canonical(plan))) == content_hash(plan)


def test_unit_position_and_order_in_the_file_do_not_change_the_version():
    plan = normalise(plan_of(row("A", line(6))))
    labels = ["6", "5", "4", "3", "2", "1"]
    moved = plan_of(row("A", [(900 + 33 * i, 50) for i in range(5, -1, -1)], labels))
    assert content_hash(normalise(moved)) == content_hash(plan)


def test_any_other_content_is_another_version():
    plan = normalise(plan_of(row("A", line(6))))
    renamed = replace(plan, name="Other hall")
    seven = normalise(plan_of(row("A", line(7))))
    assert len({content_hash(each) for each in (plan, renamed, seven)}) == 3


def test_ordinals_run_by_section_row_and_seat():
    first = PlanSection("1", "SEATS", (row("A", line(2)), row("B", line(2, y=24))))
    second = PlanSection("2", "SEATS", (row("A", line(2, y=200)),))
    plan = normalise(Plan("Hall", (first, second)))
    assert [(n, s.label, r.label, seat.label) for n, s, r, seat in ordinals(plan)] == [
        (0, "1", "A", "1"),
        (1, "1", "A", "2"),
        (2, "1", "B", "1"),
        (3, "1", "B", "2"),
        (4, "2", "A", "1"),
        (5, "2", "A", "2"),
    ]


def test_all_rows_of_a_section_are_walked_the_same_way():
    steep = [
        outlines.rotated(line(9, y=24 * n), degrees, (0, 0)) for n, degrees in enumerate((46, 49))
    ]
    plan = normalise(plan_of(row("A", steep[0]), row("B", steep[1])))
    assert [printed(each.seats) for each in plan.sections[0].rows] == ["1 2 3 4 5 6 7 8 9"] * 2
    plan = normalise(plan_of(row("A", outlines.rotated(line(9), -45, (0, 0)))))
    assert printed(plan.sections[0].rows[0].seats) == "1 2 3 4 5 6 7 8 9"
