"""What hot paths ask of the database: a fixed number of statements, each a round trip that costs
about as much as the work it asks for. Begin, commit and savepoints are not counted here."""

import json
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bookings.links import mailed_key
from bookings.models import Booking, BookingItem
from config.tests.scenarios import asks, house
from config.tests.world import agency, event_on_sale, given, offered, received_order, venue
from core.memory import Remembered
from core.tenancy import acting_for
from inventory.models import HouseState
from tickets.models import Ticket
from tickets.services import code_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    made = house(options={"sold": 4})
    Remembered.forget_everything()
    return made


def caller(world, role):
    token = world["tokens"][role]
    return Client(headers={"host": "127.0.0.1", "authorization": f"Api-Key {token}"})


def reserve(world, places):
    client = caller(world, "buyer")
    body = {"event": world["event"]["id"], "seats": places}
    return client.post(
        "/api/v1/bookings",
        json.dumps(body),
        content_type="application/json",
        headers={"idempotency-key": str(uuid4())},
    )


def codes(world):
    with acting_for(world["agency"]["id"]):
        return [code_of(t) for t in Ticket.objects.order_by("ordinal")]


def scan(world, code):
    body = json.dumps({"code": code, "nonce": str(uuid4())})
    return caller(world, "gate").post("/api/v1/tickets/scan", body, content_type="application/json")


@pytest.mark.parametrize("quantity", [1, 2, 8])
def test_a_reservation_asks_five_things_however_many_seats(
    world, quantity, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        reserve(world, [20])  # key, agency and terms of sale are known from here on
    with asks(5):  # the request's key, the event, the claim, all that is written, the reply
        assert reserve(world, list(range(10, 10 + quantity))).status_code == 201


def test_a_scan_asks_two_things(world):
    first, second, *_ = codes(world)
    scan(world, first)
    with asks(2):  # the ticket, locked, and all that is written
        assert scan(world, second).json()["verdict"] == "admitted"


def hand_over(world, number, how):
    """Offers or gives the ticket of this number in the order of places to somebody."""
    with acting_for(world["agency"]["id"]):
        item = BookingItem.objects.get(ticket=Ticket.objects.order_by("ordinal")[number])
        how(Booking.objects.get(pk=item.booking_id), item.position)


def test_a_scan_of_a_ticket_in_other_hands_asks_no_more(world):
    old, waiting, other, _ = codes(world)
    hand_over(world, 0, given)
    hand_over(world, 1, offered)
    new = codes(world)[0]
    scan(world, other)
    for code, verdict in ((old, "not_valid"), (waiting, "not_valid"), (new, "admitted")):
        with asks(2):
            assert scan(world, code).json()["verdict"] == verdict


def test_the_page_of_a_booking_asks_one_thing_more_when_tickets_were_given(world):
    """Who has them, however many; and nothing more when none are."""
    counts = []
    with acting_for(world["agency"]["id"]):
        booking = Booking.objects.order_by("-ticket_count").first()
        key = mailed_key(booking)
    buyer = Client(headers={"host": "127.0.0.1"})
    buyer.get(f"/bookings/{booking.pk}/", {"k": key})
    for number in (None, 0, 1):
        if number is not None:
            hand_over(world, number, given)
        buyer.get(f"/bookings/{booking.pk}/")
        with CaptureQueriesContext(connection) as asked:
            assert buyer.get(f"/bookings/{booking.pk}/").status_code == 200
        counts.append(len(asked))
    assert [count - counts[0] for count in counts] == [0, 1, 1]


def test_the_page_of_an_event_asks_one_thing_when_others_just_looked(world):
    page = f"/events/{world['event']['slug']}/"
    visitor = Client(headers={"host": "127.0.0.1"})
    assert visitor.get(page).status_code == 200
    with asks(1):
        assert "Front" in visitor.get(page).content.decode()


# When nobody has looked for a while: the agency, twice or thrice, the event, its venue and layout, its
# prices, twice, fees and taxes, and one look at its places, which is four; what is more says itself.
PAGES = {
    "": 14
    + 3,  # until when tickets can be given back, which presales run, and which draws there are
    "seats/": 14,
    "seats/0/": 14 + 1,  # the seats
    "seats/0/?party=2": 14 + 3,  # and how they stand, and the names of those that are offered
    "seats/2/": 14 + 1,  # what is to be told of places to stand
    "seats.svg": 11,
}


def test_the_pages_of_an_event_ask_a_fixed_number_of_things(world):
    visitor = Client(headers={"host": "127.0.0.1"})
    for page, statements in PAGES.items():
        address = f"/events/{world['event']['slug']}/{page}"
        visitor.get(address)  # the house is known from here on
        Remembered.forget_everything()
        with acting_for(world["agency"]["id"]):
            HouseState.objects.update(looked_at=timezone.now() - timedelta(minutes=1))
        with asks(statements):
            assert visitor.get(address).status_code == 200


def test_the_best_seats_are_chosen_and_reserved_in_a_fixed_number_of_questions(
    world, django_capture_on_commit_callbacks
):
    page = f"/events/{world['event']['slug']}/"
    visitor = Client(headers={"host": "127.0.0.1"})
    wish = {"quantity": 2, "together": 1}
    with django_capture_on_commit_callbacks(execute=True):
        visitor.post(f"{page}reserve/", wish)  # agency, house and terms are known from here on
    another = Client(headers={"host": "127.0.0.1"})
    with asks(6):  # the event, how its places stand, the claim, all that is written, a new session
        assert another.post(f"{page}reserve/", wish).url.startswith("/checkout/")


def test_who_adds_to_an_order_asks_the_same_however_much_is_in_it(
    world, django_capture_on_commit_callbacks
):
    page = f"/events/{world['event']['slug']}/reserve/"
    visitor = Client(headers={"host": "127.0.0.1"})
    wish = {"quantity": 2, "together": 1}
    with django_capture_on_commit_callbacks(execute=True):
        visitor.post(page, wish)
    for _ in range(2):
        with asks(23):
            visitor.post(page, wish)


@pytest.mark.parametrize("events", [4, 12])
@pytest.mark.parametrize(("search", "statements"), [("", 7), ("?wheelchair=1", 8)])
def test_the_programme_asks_as_much_for_many_events_as_for_few(events, search, statements):
    """Nobody has looked for a while, so nothing is remembered: the agency, thrice, the events, what is
    left of them, fees and taxes, and their wheelchair spaces if asked for."""
    house = agency()
    with acting_for(house.pk):
        _, layout = venue()
        for number in range(events):
            received_order(event_on_sale(layout, title=f"Night {number}", days=20 + number))
    visitor = Client(headers={"host": house.host})
    Remembered.forget_everything()
    with asks(statements):
        page = visitor.get(f"/{search}").content.decode()
    assert ("Night 1" in page) != bool(search)


def test_the_state_of_the_seats_asks_one_thing_when_others_just_looked(world):
    page = f"/api/v1/events/{world['event']['id']}/status"
    visitor = Client(headers={"host": "127.0.0.1"})
    assert visitor.get(page).status_code == 200
    with asks(1):
        assert visitor.get(page).status_code == 200
