"""Flat seat lists: any delimiter, any header, with and without positions."""

import pytest

from venues.importers import read
from venues.plan import ordinals
from venues.tests.charts import labels, problems_in, sample


def plan_in(text):
    name, plan = read("seats.csv", text)
    assert name == "csv"
    return plan


def shape(plan):
    return [(s.label, s.kind, s.places) for s in plan.sections]


def test_the_sample_from_an_old_spreadsheet():
    plan = plan_in(sample("csv_small.csv"))
    assert shape(plan) == [
        ("Parterre", "SEATS", 16),
        ("Côté jardin", "SEATS", 6),
        ("Fosse", "STANDING", 120),
    ]
    assert [section.entrance for section in plan.sections] == [
        "Porte Nord",
        "Porte Sud",
        "Porte Nord",
    ]
    first, second = plan.sections[0].rows
    assert [seat.block for seat in first.seats] == [0, 0, 0, 0, 1, 1, 1, 1]
    assert [seat.kind for seat in second.seats[:3]] == ["WHEELCHAIR", "COMPANION", "STANDARD"]
    assert first.seats[0].category == "1re catégorie"
    assert labels(plan.sections[1].rows[0]) == "1A 2A 3A 4A 5A 6A"


def test_a_standing_area_without_positions_stands_before_the_seats():
    plan = plan_in(sample("csv_small.csv"))
    floor = max(seat.y for seat in plan.sections[2].rows[0].seats)
    assert floor < min(seat.y for section in plan.sections[:2] for seat in section.rows[0].seats)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("header", ["Section,Row,Seat", "BLOCK,reihe,Platz", '"sector",Fila,N°'])
def test_any_delimiter_and_the_usual_words_will_do(header, delimiter):
    text = f"{header}\nA,1,1\nA,1,2\n".replace(",", delimiter).replace("N°", "no")
    assert shape(plan_in(text)) == [("A", "SEATS", 2)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_any_usual_encoding_will_do(encoding):
    plan = plan_in("section,row,seat\nÉtage,1,1\n".encode(encoding))
    assert plan.sections[0].label == "Étage"


def test_spreadsheet_habits_are_undone():
    plan = plan_in(
        'sep=;\nsection;row;seat;x;y\n\n101.0;1.0;"1";0,0;0\n101.0;1.0;2.0;20,5;0\n;;;;\n'
    )
    (section,) = plan.sections
    assert (section.label, section.rows[0].label, labels(section.rows[0])) == ("101", "1", "1 2")


def test_without_positions_rows_stand_one_behind_the_other():
    lines = [f"{s},{r},{n}" for s in ("Left", "Right") for r in "AB" for n in range(1, 6)]
    plan = plan_in("section,row,seat\n" + "\n".join(lines))
    left, right = plan.sections
    assert left.rows[1].seats[0].y - left.rows[0].seats[0].y == 24
    assert left.rows[1].seats[0].y < right.rows[0].seats[0].y
    assert {seat.block for *_, seat in ordinals(plan)} == {0}


def test_positions_counted_anew_in_each_section_are_drawn_apart():
    lines = [f"{s},1,{n},{20 * n},0" for s in ("Left", "Right") for n in range(1, 6)]
    plan = plan_in("section,row,seat,x,y\n" + "\n".join(lines))
    assert len({(seat.x, seat.y) for *_, seat in ordinals(plan)}) == 10


@pytest.mark.parametrize(
    "line", ["Floor,,,standing,500", "Floor,,500,GA,", "Floor,,,Stehplatz,500", "Floor,,,,500"]
)
def test_a_standing_area_is_one_line(line):
    plan = plan_in(f"section,row,seat,type,capacity\nA,1,1,seat,\n{line}\n")
    assert shape(plan) == [("A", "SEATS", 1), ("Floor", "STANDING", 500)] or shape(plan) == [
        ("Floor", "STANDING", 500),
        ("A", "SEATS", 1),
    ]


def test_standing_places_may_be_listed_one_by_one():
    lines = [f"Pit,,{n},standing,{15 * n},0" for n in range(1, 31)]
    plan = plan_in("section,row,seat,type,x,y\n" + "\n".join(lines))
    assert shape(plan) == [("Pit", "STANDING", 30)]


def test_seats_and_standing_of_one_name_are_two_sections():
    plan = plan_in("section,row,seat,type,capacity\nA,1,1,,\nA,,,standing,10\n")
    assert sorted(shape(plan)) == [("A", "SEATS", 1), ("A standing", "STANDING", 10)]


def test_kinds_of_seats():
    plan = plan_in(
        "section,row,seat,type,restricted\nA,1,1,VIP,\nA,1,2,wheelchair,\nA,1,3,Begleitperson,\n"
        "A,1,4,restricted view,\nA,1,5,,yes\n"
    )
    row = plan.sections[0].rows[0].seats
    assert [seat.kind for seat in row] == [
        "VIP",
        "WHEELCHAIR",
        "COMPANION",
        "STANDARD",
        "STANDARD",
    ]
    assert [seat.restricted_view for seat in row] == [False, False, False, True, True]


def test_a_line_break_in_a_quoted_cell_is_a_space():
    plan = plan_in('section,row,seat\n"Upper\nLeft",1,1\n')
    assert plan.sections[0].label == "Upper Left"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("section,row,seat\nA,1,1\nA,1,1\n", "Section 'A', row '1': 2 seats are labelled '1'"),
        ("section,row,seat\nA,1,\n", "Line 2: has no seat label"),
        ("section,row,seat,type\nA,1,1,\n\nA,1,2,sofa\n", "Line 4: type 'sofa' is not known"),
        (
            "section,row,seat,x,y\nA,1,1,left,0\nA,1,2,20,0\n",
            "Section 'A', row '1', seat '1': x missing or not a number",
        ),
        (
            "section,row,seat,type,capacity\nPit,,,standing,1e9\n",
            "Line 2: capacity must be a whole number from 1 to 150,000",
        ),
        (
            "section,row,seat,type,capacity\nPit,,,standing,many\n",
            "Line 2: capacity must be a whole number from 1 to 150,000",
        ),
        ("section,row,seat\n", "File: has no line besides its header"),
        (
            "A,1,1\nA,1,2\n",
            "Header: needs columns for section, row and seat; it has 'A', '1', '1'",
        ),
        (
            "section,row,seat\nA,1,\x00\n",
            r"Section 'A', row '1', seat '\x00': its label has control characters: '\x00'",
        ),
    ],
)
def test_what_cannot_be_repaired_is_told(text, problem):
    assert problems_in(text, "seats.csv") == [problem]
