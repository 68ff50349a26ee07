"""The printed ticket: its code is read back, its words stay on the page, its bytes never vary."""

import time
import uuid
from datetime import UTC, datetime
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pypdfium2
import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from reportlab.lib.units import mm

from tickets.codes import sign
from tickets.faces import Style, cut, width, wrap
from tickets.keys import derive
from tickets.pdf import LEFT, RIGHT, PrintedTicket, render

KEY_ID = b"test"
KEY = derive(b"a signing secret that only this test knows about", KEY_ID)
PARTERRE = SimpleNamespace(name="Parterre", support_email="tickets@parterre.example")
HALLE = SimpleNamespace(
    name="Halle Verdier",
    address="14 quai des Forges",
    postcode="69009",
    city="Lyon",
    directions="Metro D to Valmy, then five minutes along the quay.",
)
DPI = 150
LATIN = st.characters(min_codepoint=0x20, max_codepoint=0x17F, categories=["L", "N", "P", "Zs"])


def event(**changes):
    facts = {
        "title": "The Low Lanterns",
        "subtitle": "",
        "stock": "music",
        "starts_at": datetime(2027, 3, 13, 19, 0, tzinfo=UTC),
        "doors_at": datetime(2027, 3, 13, 17, 30, tzinfo=UTC),
        "zone": ZoneInfo("Europe/Paris"),
        "organizer": SimpleNamespace(name="Quai Productions"),
        "venue": HALLE,
    }
    return SimpleNamespace(**facts | changes)


def ticket(seat=9, **changes):
    code = sign(
        KEY,
        KEY_ID,
        ticket=uuid.uuid5(uuid.NAMESPACE_URL, str(seat)),
        event=uuid.uuid5(uuid.NAMESPACE_URL, "event"),
        generation=1,
    )
    facts = {
        "number": f"TS48207LY{seat}",
        "code": code,
        "section": "112",
        "row": "F",
        "seat": str(seat),
        "kind": "STANDARD",
        "holder": "Noor Vance",
        "price": "€64.80",
        "entrance": "C, quai des Forges",
    }
    return PrintedTicket(**facts | changes)


def printed(*tickets, **changes):
    return pypdfium2.PdfDocument(render(tickets, agency=PARTERRE, event=event(**changes)))


def words(page):
    return " ".join(page.get_textpage().get_text_range().split())


def codes_on(page, dpi=DPI):
    return zxingcpp.read_barcodes(page.render(scale=dpi / 72).to_pil())


def test_each_page_carries_exactly_its_own_code():
    tickets = [ticket(seat) for seat in (9, 10, 11)]
    pages = list(printed(*tickets))
    assert [[found.text for found in codes_on(page)] for page in pages] == [
        [ticket.code] for ticket in tickets
    ]


def test_the_code_is_read_from_a_coarse_scan():
    (page,) = printed(ticket())
    assert [found.text for found in codes_on(page, dpi=90)] == [ticket().code]


def test_the_code_is_more_than_32_millimetres_wide():
    (page,) = printed(ticket())
    (found,) = codes_on(page)
    across = found.position.top_right.x - found.position.top_left.x
    assert across / DPI * 25.4 > 32


def test_the_page_is_a4_and_says_everything_in_words():
    (page,) = printed(ticket())
    assert tuple(round(length / mm) for length in page.get_size()) == (210, 297)
    text = words(page)
    for part in (
        "The Low Lanterns",
        "Saturday 13 March 2027",
        "Doors 18:30, starts 20:00",
        "Central European Standard Time (Paris)",
        "Halle Verdier",
        "14 quai des Forges, 69009 Lyon",
        "Section 112 Row F Seat 9",
        "Entrance C, quai des Forges",
        "Guest Noor Vance",
        "Price paid €64.80, all in",
        "TS48 207L Y9",
        "Ticket 1 of 1",
        "Sold by Parterre for Quai Productions. The price includes every fee.",
    ):
        assert part in text


def test_summer_nights_are_told_in_summer_time():
    (page,) = printed(ticket(), starts_at=datetime(2027, 7, 1, 19, 0, tzinfo=UTC), doors_at=None)
    assert "Starts 21:00 Central European Summer Time (Paris)" in words(page)


def test_names_of_all_europe_are_printed_and_can_be_copied():
    holder = "Łukasz Ďurišová Şahin Țepeș Ŋørgård Ÿ"
    (page,) = printed(ticket(holder=holder), title="Œuvre à Győr: “Straße” – ¡Olé!")
    assert holder in words(page)
    assert "Œuvre à Győr: “Straße” – ¡Olé!" in words(page)


def test_a_letter_without_a_shape_costs_only_itself():
    (page,) = printed(ticket(holder="Noor 渡辺 Vance\n"))
    assert "Noor" in words(page)
    assert "Vance" in words(page)


def test_a_standing_place_names_no_row():
    (page,) = printed(ticket(section="Floor", row="", kind="STANDING"))
    assert "Standing Floor" in words(page)
    assert "Row" not in words(page)


def test_needs_and_warnings_are_told():
    (page,) = printed(ticket(kind="WHEELCHAIR", notes=("Restricted view",)))
    assert "Wheelchair space Restricted view" in words(page)


def test_an_event_may_have_no_doors_no_organizer_and_no_address():
    bare = SimpleNamespace(name="Halle", address="", postcode="", city="", directions="")
    (page,) = printed(ticket(entrance="", holder=""), doors_at=None, organizer=None, venue=bare)
    assert "Sold by Parterre. The price" in words(page)
    assert "Guest" not in words(page)


def test_the_same_tickets_make_the_same_bytes():
    first = render([ticket(1), ticket(2)], agency=PARTERRE, event=event())
    render([ticket(3)], agency=PARTERRE, event=event(title="Another night", stock="stage"))
    assert render([ticket(1), ticket(2)], agency=PARTERRE, event=event()) == first


def test_the_document_tells_its_title_author_and_language():
    data = render([ticket(1), ticket(2)], agency=PARTERRE, event=event())
    facts = pypdfium2.PdfDocument(data).get_metadata_dict()
    assert facts["Title"] == "The Low Lanterns, 13 March 2027: 2 tickets"
    assert facts["Author"] == "Parterre"
    assert b"/Lang (en)" in data
    assert b"/DisplayDocTitle true" in data


def test_a_booking_of_ten_is_small_and_quick():
    tickets = [ticket(seat) for seat in range(10)]
    started = time.process_time()
    data = render(tickets, agency=PARTERRE, event=event())
    assert time.process_time() - started < 1
    assert len(data) < 60_000
    assert len(render(tickets[:1], agency=PARTERRE, event=event())) < 30_000


@pytest.mark.parametrize("stock", ["music", "stage", "sport", "comedy", "family", "plain", "new"])
def test_each_kind_of_night_has_its_paper(stock):
    (page,) = printed(ticket(), stock=stock)
    assert [found.text for found in codes_on(page)] == [ticket().code]


@given(
    title=st.text(LATIN, min_size=1, max_size=120),
    section=st.text(LATIN, min_size=1, max_size=60),
    row=st.text(LATIN, max_size=60),
    holder=st.text(LATIN, max_size=120),
    venue=st.text(LATIN, min_size=1, max_size=120),
)
@settings(max_examples=40, deadline=None)
def test_no_name_is_printed_beyond_the_margins(title, section, row, holder, venue):
    place = SimpleNamespace(**vars(HALLE) | {"name": venue})
    (page,) = printed(
        ticket(section=section, row=row, holder=holder), title=title, subtitle=title, venue=place
    )
    text = page.get_textpage()
    for index in range(text.count_chars()):
        left, _, right, _ = text.get_charbox(index)
        assert LEFT * mm <= left <= right <= RIGHT * mm


@given(text=st.text(LATIN, max_size=200), measure=st.floats(20, 400))
def test_lines_are_no_longer_than_their_measure(text, measure):
    style = Style("Head", 11, -8)
    lines = wrap(text, style, measure)
    assert all(width(line, style) <= measure for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert width(cut(text, style, measure), style) <= measure


def test_pairs_of_letters_are_kerned():
    style = Style("Poster92", 100)
    assert width("AV", style) < width("A", style) + width("V", style)
    assert width("ÁV", style) < width("Á", style) + width("V", style)
