"""What a buyer is told of a place before and after buying: its kind, its flaws, its view."""

import json
from dataclasses import replace
from io import BytesIO

import pypdfium2
import pytest
from django.test import Client

from accounts.models import ApiKey
from bookings.printing import pdf_of
from config.tests import world
from config.tests.worlds import made_once
from core.tenancy import acting_for
from events.models import Event
from tickets.models import Ticket
from venues.generators import grid
from venues.models import Venue
from venues.services import publish_layout

pytestmark = pytest.mark.django_db

PILLAR, VIEW = "pillar to the left", "The whole stage, from the side."
KINDS = {0: "WHEELCHAIR", 1: "COMPANION"}


def plan():
    """Stalls with a wheelchair space and a companion seat, a pillar at A 5, and a circle upstairs."""
    drawn = grid(world.SECTIONS)
    stalls, circle, floor = drawn.sections
    first = stalls.rows[0]
    seats = [replace(seat, kind=KINDS.get(at, seat.kind)) for at, seat in enumerate(first.seats)]
    seats[4] = replace(seats[4], disclosure=PILLAR, restricted_view=True)
    rows = (replace(first, seats=tuple(seats)), *stalls.rows[1:])
    stalls = replace(stalls, rows=rows, view_note=VIEW, floor="Ground floor")
    return replace(
        drawn, sections=(stalls, replace(circle, floor="First floor", zone="North"), floor)
    )


@made_once
def told_of():
    """An agency whose places have kinds, flaws and views."""
    house = world.agency()
    with acting_for(house.pk):
        venue = Venue.objects.create(name="Halle Verdier", city="Lyon")
        layout, _ = publish_layout(venue=venue, plan=plan(), name="Halle")
        made = world.event_on_sale(layout)
        for section in ("Stalls", "Circle"):
            world.received_order(made, section=section)
    return house


@pytest.fixture
def event(told_of):
    with acting_for(told_of.pk):
        yield Event.objects.get()


@pytest.fixture
def browser():
    return Client(headers={"host": "parterre.example"})


def words(page):
    return " ".join(page.content.decode().split())


def page_of(browser, event, path=""):
    return browser.get(f"/events/{event.slug}/{path}")


def test_the_list_of_sections_tells_floor_view_and_wheelchair_spaces(browser, event):
    page = page_of(browser, event, "seats/")
    for told in ("Ground floor", "First floor", VIEW, "1 wheelchair space"):
        assert told in words(page)
    assert VIEW in words(page_of(browser, event))


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("", ["Stalls", "Circle"]),
        ("?order=price", ["Circle", "Stalls"]),
        ("?price=31.80", ["Circle"]),
        ("?floor=First floor", ["Circle"]),
        ("?zone=North", ["Circle"]),
        ("?spaces=1", ["Stalls"]),
        ("?name=stal", ["Stalls"]),
        ("?party=10&price=1", []),
        ("?floor=Cellar", []),
        ("?name=%00&order=worst&price=nan", ["Stalls", "Circle"]),
    ],
)
def test_the_list_shows_what_suits_the_best_first(browser, event, asked, found):
    page = page_of(browser, event, f"seats/{asked}")
    assert [section.name for section in page.context["listing"].sections] == found
    assert ("No section is like that." in words(page)) == (not found)


def test_the_boxes_of_a_section_carry_row_seat_price_and_what_is_particular(browser, event):
    page = words(page_of(browser, event, "seats/0/"))
    assert f"View from here:</b> {VIEW}" in page
    assert "Ground floor" in page
    for name in (
        "Row A, seat 1, €42.40, wheelchair space",
        "Row A, seat 2, €42.40, companion seat",
        f"Row A, seat 5, €42.40, restricted view, {PILLAR}",
        "Row A, seat 6, €42.40",
    ):
        assert f'aria-label="{name}"' in page
    assert f"<b>{PILLAR}</b>" in page


def test_what_was_told_stands_in_the_checkout_on_the_booking_and_on_paper(browser, event):
    checkout = browser.post(f"/events/{event.slug}/reserve/", {"seat": [4]}).url
    for told in (PILLAR, VIEW, "Restricted view"):
        assert told in words(browser.get(checkout))
    booking = world.sold_booking(event, [5, 14])
    ticket = Ticket.objects.get(event_seat__ordinal=14)
    assert (ticket.disclosure, ticket.view_note) == ("", VIEW)
    Ticket.objects.filter(pk=ticket.pk).update(disclosure=PILLAR)
    session = browser.session
    session["bookings"] = [str(booking.pk)]
    session.save()
    page = words(browser.get(f"/bookings/{booking.pk}/"))
    assert page.count(VIEW) == 2
    assert PILLAR in page
    pages = pypdfium2.PdfDocument(BytesIO(pdf_of(booking)))
    printed = [" ".join(page.get_textpage().get_text_range().split()) for page in pages]
    assert [PILLAR in text for text in printed] == [False, True]
    assert all(VIEW in text for text in printed)


def test_an_offered_group_says_what_is_particular_about_it(browser, event):
    page = page_of(browser, event, "seats/0/?party=8")
    [reason] = {group.reason for group in page.context["groups"] if "row A" in group.place} or {""}
    assert reason == "" or PILLAR in reason


# The same over the API


def ask(best, key):
    return Client(headers={"host": "parterre.example"}).post(
        "/api/v1/bookings",
        json.dumps(best),
        content_type="application/json",
        headers={"Authorization": f"Bearer {key}"},
    )


@pytest.fixture
def key(event):
    return ApiKey.objects.make(role="buyer", name="Shop")[1]


def best(event, key, **wish):
    return ask({"event": str(event.pk), "best": wish}, key)


def test_a_wheelchair_space_comes_with_its_company_beside_it(event, key):
    answer = best(event, key, quantity=3, accessible=True)
    items = answer.json()["items"]
    assert answer.status_code == 201
    assert [item["kind"] for item in items] == ["WHEELCHAIR", "COMPANION", "STANDARD"]
    assert [item["ordinal"] for item in items] == [0, 1, 2]
    assert "wheelchair space" in best(event, key, quantity=1, accessible=True).json()["detail"]


def test_more_company_than_goes_with_a_wheelchair_space_is_refused_with_a_sentence(event, key):
    answer = best(event, key, quantity=5, accessible=True)
    assert (answer.status_code, answer.json()["code"]) == (422, "wrong_quantity")
    assert "up to 3 companions in one step" in answer.json()["detail"]
    assert not event.seats.filter(status="RESERVED").exists()


def test_the_web_finds_the_same_company(browser, event):
    wish = {"quantity": 2, "wheelchair": "1", "together": "1"}
    answer = browser.post(f"/events/{event.slug}/reserve/", wish)
    assert answer.url.startswith("/checkout/")
    taken = event.seats.filter(status="RESERVED").order_by("ordinal")
    assert list(taken.values_list("ordinal", flat=True)) == [0, 1]


def test_best_near_a_place_is_near_it(event, key):
    items = best(event, key, quantity=2, near=69).json()["items"]  # the last row of the house
    assert {item["section"] == "Circle" or item["row"] in "DE" for item in items} == {True}


@pytest.mark.parametrize(
    ("near", "code"),
    [
        (10_000, "invalid"),
        (-1, "invalid"),
        (2**31, "invalid"),
        (10**400, "invalid"),
        ("x", "invalid"),
        (1.5, "invalid"),
        ([1], "invalid"),
        (True, "invalid"),
    ],
)
def test_a_place_that_is_none_is_refused(event, key, near, code):
    answer = best(event, key, quantity=2, near=near)
    assert (answer.status_code // 100, answer.json()["code"]) == (4, code)
    assert not event.seats.filter(status="RESERVED").exists()


@pytest.mark.parametrize("accessible", ["perhaps", None, 2, [], {}])
def test_what_is_neither_yes_nor_no_is_refused(event, key, accessible):
    answer = best(event, key, quantity=2, accessible=accessible)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")


def test_the_schema_tells_of_gaps_company_and_nearness(event, key):
    schema = Client(headers={"host": "parterre.example"}).get("/api/v1/schema/").json()
    told = schema["paths"]["/api/v1/bookings"]["post"]
    for code in ("seats_taken", "leaves_places_alone", "no_such_group", "wrong_quantity"):
        assert code in told["description"]
    assert "409" in told["responses"]
    fields = schema["components"]["schemas"]["BestRequest"]["properties"]
    assert fields["near"]["minimum"] == 0
    assert "wheelchair space" in fields["accessible"]["description"]
