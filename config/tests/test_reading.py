"""What suppliers send, read against what an order expects. Nothing is written."""

from contextlib import suppress
from datetime import timedelta

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.tests import world
from core.exports import write_xlsx
from core.money import Money
from events.models import Event
from suppliers.models import Acquisition, PurchaseOrder
from suppliers.reading import Kind, Unreadable, read_delivery
from suppliers.services import add_line, cancel_order, confirm_order, receive_delivery, submit_order
from venues.generators import grid
from venues.models import LayoutSeat, Venue
from venues.places import in_words
from venues.services import publish_layout

pytestmark = pytest.mark.django_db


@pytest.fixture
def order(event):
    """Stalls rows A to C, Circle row A, ten places of the Floor."""
    order = world.drafted_order(event, rows="A-C")
    for section, words in (("Circle", {"rows": "A"}), ("Floor", {"quantity": 10})):
        add_line(
            order=order,
            event=event,
            section=event.layout.sections.get(label=section),
            unit_cost=Money(20, "EUR"),
            **words,
        )
    submit_order(order=order, by=None)
    return confirm_order(order=order, by=None)


def arriving(order, content, **words):
    """What is read as arriving, as "Stalls: A 1-3; Circle: A 1"."""
    reading = read_delivery(order, content, **words)
    return told(order, reading), [(p.number, str(p.kind), p.reason) for p in reading.problems]


def told(order, reading):
    lines = {line.pk: line for line in order.lines.select_related("event", "section")}
    said = []
    for part in reading.parts:
        line = lines[part.line_id]
        places = LayoutSeat.objects.filter(layout=line.event.layout_id, ordinal__in=part.ordinals)
        said.append(f"{line.section}: {in_words(list(places.order_by('ordinal')))}")
    return "; ".join(said)


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("Sec Stalls Row B 1-10 odd", "Stalls: B 1, 3, 5, 7, 9"),
        ("Section Stalls, A 1-5", "Stalls: A 1-5"),
        ("Stalls A 1", "Stalls: A 1"),
        ("stalls/a/1", "Stalls: A 1"),
        ("Stalls-C-10", "Stalls: C 10"),
        ("Stalls, B, 4", "Stalls: B 4"),
        ("STALLS ROW B SEAT 4", "Stalls: B 4"),
        ("Row B, Seats 4, 6-7, Section Stalls", "Stalls: B 4, 6-7"),
        ("Bloc Stalls rang B places 1 à 3", "Stalls: B 1-3"),
        ("Block Stalls, Reihe B, Plätze 1 bis 3", "Stalls: B 1-3"),
        ("Stalls rows A-B, any 12", "Stalls: A 1-10, B 1-2"),
        ("Stalls rows A-B", "Stalls: A 1-10, B 1-10"),
        ("Stalls A, C", "Stalls: A 1-10, C 1-10"),
        ("Stalls: A 1-3, 5, B 2; C 4-6", "Stalls: A 1-3, 5, B 2, C 4-6"),
        ("Stalls: A (1-3)", "Stalls: A 1-3"),
        ("Stalls any 21", "Stalls: A 1-10, B 1-10, C 1"),
        ("• Stalls A 7 to 9", "Stalls: A 7-9"),
        ("Circle 20", ""),
        ("Floor 4", "Floor: 4 standing places"),
        ("4 x Floor", "Floor: 4 standing places"),
        ("Floor: 4 standing places", "Floor: 4 standing places"),
        ("Floor any 4", "Floor: 4 standing places"),
        ("Floor", "Floor: 10 standing places"),
        ("Floor 1-3", "Floor: 3 standing places"),
        ("Stalls", "Stalls: A 1-10, B 1-10, C 1-10"),
        ("Circle", "Circle: A 1-10"),
    ],
)
def test_a_line_of_words(order, line, meant):
    found, problems = arriving(order, line)
    assert found == meant
    assert bool(problems) == (not meant)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("Balcony A 1", (Kind.UNKNOWN_SECTION, "No section is called “Balcony”.")),
        ("Stalls Q 1", (Kind.UNKNOWN_PLACE, "Stalls has no row Q.")),
        ("Stalls A 11", (Kind.UNKNOWN_PLACE, "Stalls, row A has no seat 11.")),
        ("Stalls A -5", (Kind.UNKNOWN_PLACE, "“-5” is not a seat or a range of seats.")),
        ("Stalls A 1-99999999999", (Kind.UNKNOWN_PLACE, "Stalls, row A has no seat 99999999999.")),
        ("Stalls A 1, 1", None),
        ("Stalls A 2 odd", (Kind.UNKNOWN_PLACE, "Names no place.")),
        ("Stalls D 1-2", (Kind.NOT_ORDERED, "D 1-2: not on this order.")),
        ("Floor any 11", (Kind.OVER_RECEIPT, "10 of these are still expected: 1 too many.")),
        ("Floor any 0", (Kind.UNREADABLE, "“0” is no number of seats.")),
        ("Stalls seats 1-3", (Kind.AMBIGUOUS, "Names seats of Stalls without a row.")),
        ("Dear Noor, please", (Kind.UNKNOWN_SECTION, "No section is called “Dear Noor”.")),
        ("Stalls A 1\x00", (Kind.UNREADABLE, "Has characters that cannot be printed.")),
        ("Stalls front row A seat 1", (Kind.UNREADABLE, "“front” is not understood.")),
    ],
)  # fmt: skip
def test_what_of_a_line_is_not_received_is_said_in_a_sentence(order, line, problem):
    _, problems = arriving(order, f"\n{line}\nCircle A 1")
    assert problems == ([(2, *problem)] if problem else [])


def test_other_lines_are_read_whatever_is_wrong_with_one(order):
    found, problems = arriving(order, "Stalls A 1-2\nnonsense\nStalls A 2-4\nStalls A 11")
    assert found == "Stalls: A 1-4"
    assert [(number, kind) for number, kind, _ in problems] == [
        (2, Kind.UNKNOWN_SECTION), (3, Kind.DUPLICATE), (4, Kind.UNKNOWN_PLACE),
    ]  # fmt: skip
    assert problems[1][2] == "A 2: named on line 1 already."


def test_a_block_takes_the_first_places_that_nobody_names_and_that_are_still_to_come(order):
    stalls = order.lines.get(section__label="Stalls")
    receive_delivery(order=order, ordinals_by_line={stalls.pk: stalls.ordinals[:2]})
    found, problems = arriving(order, "Stalls rows A-B, any 4\nStalls A 4-5")
    assert found == "Stalls: A 3-8"
    assert problems == []


def test_where_a_place_stands_that_is_not_expected_is_named(order, event):
    stalls = order.lines.get(section__label="Stalls")
    receive_delivery(order=order, ordinals_by_line={stalls.pk: stalls.ordinals[:2]})
    owned = world.received_order(event, rows="D", seats="1-3").order
    clash = world.confirmed_order(event, rows="D", seats="4-5")
    cancelled = world.confirmed_order(event, rows="E")
    cancel_order(order=cancelled)
    found, problems = arriving(order, "Stalls A 1-3\nStalls D 1-6\nStalls E 1")
    assert found == "Stalls: A 3"
    assert problems == [
        (1, Kind.RECEIVED, "A 1-2: has arrived before."),
        (2, Kind.OWNED, f"D 1-3: ours already, bought with {owned}."),
        (2, Kind.CLASH, f"D 4-5: on order with {clash}."),
        (2, Kind.NOT_ORDERED, "D 6: not on this order."),
        (3, Kind.NOT_ORDERED, "E 1: not on this order."),
    ]


def test_sections_are_found_however_they_are_spelled_and_guesses_are_told(order):
    reading = read_delivery(order, "Sec STALLS A 1\nSec STALLS A 2\nStals A 3\nCirc A 4")
    assert told(order, reading) == "Stalls: A 1-3; Circle: A 4"
    said = [(m.written, m.section, m.is_guess, m.first_line, m.lines) for m in reading.matches]
    assert said == [("Stals", "Stalls", True, 3, 1), ("Circ", "Circle", True, 4, 1)]
    assert reading.problems == ()


def test_a_section_that_could_be_several_names_them(agency):
    house = Venue.objects.create(name="Opera", city="Lyon", kind="THEATER")
    names = [{"name": f"Orchestra {side}", "rows": 2, "seats": 4} for side in ("Left", "Right")]
    layout, _ = publish_layout(venue=house, plan=grid(names), name="Opera")
    starts_at = timezone.now() + timedelta(days=9)
    event = Event.objects.create(
        **{"slug": "opera", "title": "Opera", "venue": house, "layout": layout},
        **{"starts_at": starts_at, "sale_starts_at": timezone.now(), "sale_ends_at": starts_at},
    )
    order = world.confirmed_order(event, section="Orchestra Left")
    (problem,) = read_delivery(order, "Orch A 1").problems
    assert problem.kind == Kind.AMBIGUOUS
    assert problem.candidates == ("Orchestra Left", "Orchestra Right")
    assert arriving(order, "Orch L A 1-2")[0] == "Orchestra Left: A 1-2"


def test_a_line_without_a_section_is_of_the_only_one_on_the_order(event):
    order = world.confirmed_order(event, rows="A-B")
    reading = read_delivery(order, "Row B 1-3\nA 4\nA seats 5-6")
    assert told(order, reading) == "Stalls: A 4-6, B 1-3"
    assert [(m.written, m.section, m.is_guess) for m in reading.matches] == [("", "Stalls", True)]


def test_a_heading_says_the_section_of_the_lines_below_it(order):
    found, problems = arriving(order, "Section Stalls:\nRow A 1-3\nB 4\n\nCircle:\nA 5\n")
    assert found == "Stalls: A 1-3, B 4; Circle: A 5"
    assert problems == []


def arena(title, sections):
    """An event at a house of its own with these sections."""
    house = Venue.objects.create(name=title, city="Lyon", kind="ARENA")
    layout, _ = publish_layout(venue=house, plan=grid(sections), name=title)
    return world.draft_event(layout, title, prices=[])


@pytest.fixture
def numbered(agency):
    """A confirmed order of section 108 (rows A to J of 12) and of 40 places on the Floor."""
    sections = [{"name": name, "rows": 10, "seats": 12} for name in ("108", "109")]
    event = arena("Arena", [*sections, {"name": "Floor", "standing": 60}])
    order = world.drafted_order(event, section="108")
    floor = event.layout.sections.get(label="Floor")
    add_line(order=order, event=event, section=floor, unit_cost=Money(20, "EUR"), quantity=40)
    submit_order(order=order, by=None)
    return confirm_order(order=order, by=None)


def test_places_of_a_numbered_section_are_read_as_suppliers_write_them(numbered):
    for line in """108 Row I 1-12
        108 I 1-12
        Section 108, Row I, Seats 1-12
        Sec: 108 Row: I Seats: 1-12
        108/I/1-12
        108-I-1-12
        108;I;1-12
        108 | I | 1-12
        108 - Row I - Seats 1 - 12
        Sec.108 Row.I Seat.1-12
        108 Row I #1-12
        108 I1-12
        108 I1 - I12
        Sec 108, Row I, Seats 1 - 12 (12 tickets)
        12 x Section 108 Row I Seats 1-12
        12 x 108 Row I 1-12
        12 tickets: Sec 108, Row I, 1-12
        Qty: 12 Section 108 Row I Seats 1-12""".splitlines():
        assert arriving(numbered, line.strip()) == ("108: I 1-12", []), line


def test_general_admission_is_read_as_suppliers_write_it(numbered):
    for line in """GA x 40
        GA x40
        GA 40
        GA (40)
        GA - 40 tickets
        40 GA
        40x GA
        40 tickets GA
        General Admission x 40
        40 General Admission
        Floor x 40
        Floor (40)
        40 Floor""".splitlines():
        assert arriving(numbered, line.strip()) == ("Floor: 40 standing places", []), line
    (match,) = read_delivery(numbered, "GA x 40").matches
    assert (match.written, match.section, match.is_guess) == ("GA", "Floor", True)


@pytest.mark.parametrize("line", ["108 Row I 40-41", "Sec 108 Row I 40-41", "108 I 40-41"])
def test_what_is_wrong_is_said_of_the_event_that_has_such_a_section(numbered, line):
    theatre = arena("Theatre", [{"name": "Boxes right", "rows": 3, "seats": 4}])
    order = world.drafted_order(theatre, section="Boxes right")
    night = numbered.lines.first().event
    section = night.layout.sections.get(label="109")
    add_line(order=order, event=night, section=section, unit_cost=Money(20, "EUR"))
    submit_order(order=order, by=None)
    order = confirm_order(order=order, by=None)
    said = "Section 108, row I has no seat 40."
    assert arriving(order, line) == ("", [(1, Kind.UNKNOWN_PLACE, said)])


# Tables


TABLE = "Section;Row;Seat;Barcode\nStalls;A;1;111\nStalls;A;2;222\nCircle;A;10;333\n"


@pytest.mark.parametrize(
    "content",
    [
        TABLE,
        TABLE.replace("\n", "\r\n"),
        TABLE.replace("\n", "\r"),
        TABLE.replace(";", ","),
        TABLE.replace(";", "\t"),
        TABLE.replace(";", "|"),
        TABLE.replace("Section;Row;Seat;Barcode", "BLOC;Rangée;N°;Code-barres"),
        TABLE.replace("Stalls", '"stalls"'),
        TABLE.replace("Section;Row;Seat;Barcode", "Sektor;Reihe;Platz;Strichcode"),
        f"Delivery note DN-7;;\nfor Parterre;;\n\n{TABLE}",
        TABLE.encode(),
        b"\xef\xbb\xbf" + TABLE.encode(),
        TABLE.encode("utf-16"),
        TABLE.encode("utf-16-le"),
        TABLE.encode("utf-16-be"),
        TABLE.replace("Section", "Secteur").replace("Row", "Rangée").encode("cp1252"),
        TABLE.replace("Row", "Rangée").encode("cp1252") + "Stàlls;Å;1".encode() + b"\n",
        TABLE.replace("A;1;", "A;1.0;"),
    ],
)  # fmt: skip
def test_a_table_is_read_whatever_its_delimiter_line_ends_encoding_and_language(order, content):
    reading = read_delivery(order, content)
    assert told(order, reading) == "Stalls: A 1-2; Circle: A 10"
    codes = [code for part in reading.parts for code in part.codes.values()]
    assert codes == ["111", "222", "333"]


def test_a_table_of_ranges_counts_days_files_and_costs(order):
    reading = read_delivery(
        order,
        "sec,row,from,to,qty,file,in hand date,cost\n"
        "Stalls,A,1,4,4,a.pdf,2027-03-01,25\n"
        "Stalls,B,1,4,5,,,\n"
        "Stalls,C,,,3,,13.03.2027,27.50\n"
        "Stalls,B,5,,,https://supplier.example/t/5,soon,\n"
        "Floor,GA,GA,,2,,46000,\n",
    )
    assert told(order, reading) == "Stalls: A 1-4, C 1-3; Floor: 2 standing places"
    assert [(p.number, p.reason) for p in reading.problems] == [
        (3, "Says 5 seats and names 4."),
        (5, "“soon” is no date; write it as 2027-03-13 or 13.03.2027."),
    ]
    assert [(r.number, r.reason) for r in reading.remarks] == [
        (4, "Costs 27.50 there, was ordered at €25.00.")
    ]
    stalls, floor = reading.parts
    assert set(stalls.files.values()) == {"a.pdf"}
    assert len(stalls.files) == 4
    assert sorted({str(day) for day in stalls.in_hand.values()}) == ["2027-03-01", "2027-03-13"]
    assert {str(day) for day in floor.in_hand.values()} == {"2025-12-09"}


def test_standing_places_come_one_to_a_line_with_their_barcodes(order):
    reading = read_delivery(order, "section,row,seat,barcode\nFloor,,,f1\nFloor,GA,GA,f2\n")
    (part,) = reading.parts
    assert list(part.codes.values()) == ["f1", "f2"]
    assert reading.problems == ()


def test_barcodes_that_cannot_be_right_keep_their_places_from_being_received(order):
    found, problems = arriving(
        order,
        "section,row,seat,barcode\nStalls,A,1,11\nStalls,A,2,11\nStalls,A,3-4,33 44\n"
        "Stalls,A,5-7,55 66\nStalls,A,8,1.23457E+12\n",
    )
    assert found == "Stalls: A 1, 3-4"
    assert problems == [
        (3, Kind.CODE, "Barcode 11 is on line 2 already."),
        (5, Kind.CODE, "2 barcodes are given for 3 places (A 5-7)."),
        (6, Kind.CODE, "Barcode 1.23457E+12 was cut by a spreadsheet; ask for it as text."),
    ]


def test_a_table_needs_a_row_and_a_seat(order):
    _, problems = arriving(order, "section,row,seat\nStalls,,\nStalls,A,\nStalls,,4\n")
    assert problems == [
        (2, Kind.UNREADABLE, "Names no row and seat of Stalls."),
        (4, Kind.AMBIGUOUS, "Names seats of Stalls without a row."),
    ]


def test_a_quotation_mark_that_nobody_closes_swallows_nothing(order):
    rows = "".join(f"Stalls,B,{seat},\n" for seat in range(1, 11)) * 3
    found, _ = arriving(order, f'section,row,seat,note\nStalls,A,1,"12\n{rows}')
    assert found == "Stalls: A 1, B 1-10"


# Several events


def test_of_several_events_a_line_is_of_the_one_that_expects_it(event):
    other = world.event_on_sale(event.layout, title="Second Night")
    order = world.drafted_order(event, rows="A-B")
    section = event.layout.sections.get(label="Stalls")
    cost = Money(20, "EUR")
    add_line(order=order, event=other, section=section, unit_cost=cost, rows="B-C")
    submit_order(order=order, by=None)
    order = confirm_order(order=order, by=None)
    found, problems = arriving(order, "Stalls A 1\nStalls C 1\nStalls B 1")
    assert found == "Stalls: A 1; Stalls: C 1"
    assert problems == [(3, Kind.AMBIGUOUS, "Several events of this order have it.")]
    assert arriving(order, "Stalls B 1", event_id=other.pk) == ("Stalls: B 1", [])
    table = (
        f"event,section,row,seat\n{other},Stalls,B,1\nSecond Nigt,Stalls,B,2\nThird,Stalls,B,3\n"
    )
    reading = read_delivery(order, table)
    (part,) = reading.parts
    assert (part.line_id, len(part.ordinals)) == (order.lines.get(event=other).pk, 2)
    assert [(p.kind, p.candidates) for p in reading.problems] == [
        (Kind.UNKNOWN_EVENT, (str(event), str(other)))
    ]


# What is no delivery


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "nothing to read"),
        ("\n \n\t\n", "nothing to read"),
        (b"", "nothing to read"),
        ("section,row,seat\n", "nothing to read"),
        (b"%PDF-1.7", "a PDF document"),
        (b"\xd0\xcf\x11\xe0\xa1", "an old Excel workbook"),
        (b"PK\x03\x04nothing", "a broken or protected workbook"),
        ("a\n" * 100_001, "100,001 lines; at most 100,000"),
        (b"x" * (20 << 20) + b"x", "larger than 20 MB"),
    ],
)
def test_what_cannot_be_read_at_all_is_refused_with_a_sentence(order, content, said):
    with pytest.raises(Unreadable, match=said):
        read_delivery(order, content)


def test_nothing_is_written_by_reading(order, django_assert_num_queries):
    with django_assert_num_queries(7):
        read_delivery(order, "Stalls A 1-10\nStalls D 1\nnonsense\nFloor 3")
    assert not Acquisition.objects.exists()
    assert PurchaseOrder.objects.get().status == "CONFIRMED"


def test_a_description_of_ours_is_read_back_as_what_it_describes(order):
    for line in order.lines.select_related("section"):
        places = LayoutSeat.objects.filter(section=line.section, ordinal__in=line.ordinals)
        reading = read_delivery(order, f"{line.section}: {in_words(list(places))}")
        assert reading.ordinals_by_line == {line.pk: line.ordinals}


def test_a_workbook_with_titles_and_merged_sections_is_read(order):
    content = write_xlsx(
        ["Delivery of Quai Productions"],
        [
            [],
            ["Sec", "Row", "Seat", "Barcode"],
            ["Stalls", "A", 1, "00123"],
            ["Stalls", "A", "2-3"],
        ],
    )
    reading = read_delivery(order, content)
    assert told(order, reading) == "Stalls: A 1-3"
    assert list(reading.parts[0].codes.values()) == ["00123"]


MANY = [
    "Section A, Row {row}, Seat {seat}",
    "A;{row};{seat}",
    "A {row} {seat}",
    "Section A Row {row} Seats {seat}-{seat}",
    "Nowhere {row}-{seat}",
]


def test_a_hundred_thousand_lines_are_each_read(agency):
    house = Venue.objects.create(name="Dome", city="Lyon", kind="ARENA")
    plan = grid([{"name": name, "rows": 26, "seats": 100} for name in "AB"])
    layout, _ = publish_layout(venue=house, plan=plan, name="Dome")
    starts_at = timezone.now() + timedelta(days=9)
    event = Event.objects.create(
        **{"slug": "dome", "title": "Dome", "venue": house, "layout": layout},
        **{"starts_at": starts_at, "sale_starts_at": timezone.now(), "sale_ends_at": starts_at},
    )
    order = world.confirmed_order(event, section="A")
    lines = [
        MANY[n % 5].format(row=chr(65 + n // 5 % 26), seat=1 + n // 130 % 100)
        for n in range(100_000)
    ]
    reading = read_delivery(order, "\n".join(lines))
    assert (reading.lines, reading.seats) == (100_000, 2_600)
    assert len(reading.problems) == 100_000 - 2_600
    assert [problem.number for problem in reading.problems[:2]] == [2, 3]


WORDS = st.sampled_from(
    [
        *("Stalls", "stals", "Circle", "Floor", "Sec", "Row", "Seat", "rows", "any", "odd", "even"),
        *(
            "A",
            "B",
            "Q",
            "1",
            "12",
            "1-5",
            "5-1",
            "-",
            "–",
            ",",
            ";",
            ":",
            "(",
            ")",
            '"',
            "x",
            "\t",
        ),
        *("40", "0", "-3", "99999999999999999999", "A 1-3, 5", "\0", "\u200b", "é", "", "  "),
    ]
)
LINES = st.lists(WORDS, max_size=7).map(" ".join) | st.text(max_size=30)
HEADS = st.sampled_from(["", "section,row,seat,barcode\n", "sec;from;to;qty\n", "Row\tSeat\n"])


@settings(
    max_examples=80,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(head=HEADS, lines=st.lists(LINES, max_size=8))
def test_whatever_is_pasted_only_what_is_expected_is_read_and_each_place_once(order, head, lines):
    try:
        reading = read_delivery(order, head + "\n".join(lines))
    except Unreadable:
        return
    expected = {line.pk: set(line.ordinals) for line in order.lines.all()}
    taken = [(part.line_id, ordinal) for part in reading.parts for ordinal in part.ordinals]
    assert len(taken) == len(set(taken)) == reading.seats
    assert all(ordinal in expected[line] for line, ordinal in taken)
    last = (head + "\n".join(lines)).count("\n") + (head + "\n".join(lines)).count("\r") + 1
    assert all(1 <= problem.number <= last for problem in reading.problems)
    assert all(problem.reason.endswith((".", "?")) for problem in reading.problems)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(content=st.binary(max_size=400) | st.binary(max_size=60).map(lambda some: b"PK\3\4" + some))
def test_whatever_bytes_come_they_are_read_or_refused(order, content):
    with suppress(Unreadable):
        assert read_delivery(order, content).seats <= 50
