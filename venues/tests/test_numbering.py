"""Names for rows and seats that a drawing has none for."""

import pytest

from venues.importers import numbering
from venues.importers.numbering import Numbering, WrongNumbering, row_labels, seat_labels
from venues.importers.svg import numbered, understand
from venues.tests.drawings import circles, drawing, group, line, told

BLOCK = drawing(group(circles([*line(3), *line(3, y=15), *line(3, y=30)]), label="Stalls"))


@pytest.mark.parametrize(
    ("rule", "labels"),
    [
        (Numbering(rows="LETTERS"), "A B C D"),
        (Numbering(rows="LETTERS", rows_from="BACK"), "D C B A"),
        (Numbering(rows="LETTERS", first_row="G", skipped="IO"), "G H J K"),
        (Numbering(rows="LETTERS", first_row="Y"), "Y Z AA AB"),
        (Numbering(rows="LETTERS", first_row="AZ"), "AZ BA BB BC"),
        (Numbering(rows="NUMBERS"), "1 2 3 4"),
        (Numbering(rows="NUMBERS", first_row="10", rows_from="BACK"), "13 12 11 10"),
    ],
)
def test_rows_get_letters_or_numbers(rule, labels):
    assert row_labels(rule, 4) == labels.split()


@pytest.mark.parametrize(
    ("rule", "labels"),
    [
        (Numbering(seats="ALL"), "1 2 3 4 5"),
        (Numbering(seats="ALL", first_seat=101, seats_from="RIGHT"), "105 104 103 102 101"),
        (Numbering(seats="ODD"), "1 3 5 7 9"),
        (Numbering(seats="EVEN"), "2 4 6 8 10"),
        (Numbering(seats="EVEN", first_seat=12, seats_from="RIGHT"), "20 18 16 14 12"),
        (Numbering(seats="SPLIT"), "5 3 1 2 4"),
        (Numbering(seats="SPLIT", seats_from="RIGHT"), "4 2 1 3 5"),
    ],
)
def test_seats_get_numbers(rule, labels):
    assert seat_labels(rule, 5) == labels.split()


@pytest.mark.parametrize(
    "rule",
    [
        Numbering(rows="LETTERS", first_row="I", skipped="IO"),
        Numbering(rows="LETTERS", first_row="7"),
        Numbering(rows="NUMBERS", first_row="A"),
        Numbering(rows="LETTERS", skipped="ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
    ],
)
def test_a_first_row_that_the_rule_cannot_make_is_refused(rule):
    with pytest.raises(WrongNumbering):
        row_labels(rule, 3)


def test_a_section_is_numbered_as_chosen():
    rule = Numbering(
        rows=numbering.NUMBERS,
        rows_from=numbering.BACK,
        seats=numbering.ODD,
        seats_from=numbering.RIGHT,
    )
    plan = numbered(understand(BLOCK), chosen={0: rule}, names={0: "Parterre"})
    assert told(plan) == {"Parterre": {"3": "5 3 1", "2": "5 3 1", "1": "5 3 1"}}


def test_names_that_are_drawn_can_be_kept_while_others_are_made():
    rows = [group(circles(line(2, y=y)), label=name) for y, name in ((0, "C"), (15, "D"))]
    understood = understand(drawing(group(*rows, label="Stalls")))
    plan = numbered(understood, chosen={0: Numbering(seats=numbering.EVEN)})
    assert told(plan) == {"Stalls": {"C": "2 4", "D": "2 4"}}


def test_a_capacity_is_taken_from_whoever_knows_it():
    text = drawing('<rect id="Standing" width="200" height="80"/>', circles(line(4, y=200)))
    plan = numbered(understand(text), capacities={0: 90})
    assert plan.sections[1].places == 90
