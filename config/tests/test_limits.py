"""One client cannot hoard reservations; nobody else is held up by it. The race: test_races."""

import pytest
from django.db.models.functions import Now
from django.test import Client as Browser
from django.test import RequestFactory

from bookings.clients import address_digest
from bookings.models import Booking
from bookings.services import abandon
from config.tests.scenarios import house
from core.memory import Remembered
from core.tenancy import acting_for
from events.models import Event
from inventory.models import EventSeat
from payments.models import Payment
from tickets.models import Ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(settings, made_house):
    settings.OPEN_HOLDS_PER_BUYER, settings.OPEN_HOLDS_PER_PARTNER = 2, 3
    settings.OPEN_HOLDS_PER_NETWORK = 4
    return made_house


@pytest.fixture
def event(world):
    with acting_for(world["agency"]["id"]):
        yield Event.objects.select_related("layout", "venue").get()


def ask(event, token, ordinal):
    return Browser(HTTP_HOST="127.0.0.1").post(
        "/api/v1/bookings",
        {"event": str(event.pk), "seats": [ordinal]},
        content_type="application/json",
        headers={"Authorization": f"Api-Key {token}"},
    )


def press(event, ordinal, **server):
    """The page that a new visitor, without cookies, comes to."""
    return Browser(HTTP_HOST="127.0.0.1", **server).post(
        f"/events/{event.slug}/reserve/", {"seat": [ordinal]}, follow=True
    )


def test_the_third_open_reservation_of_a_key_is_refused_and_writes_nothing(event, world):
    answers = [ask(event, world["tokens"]["buyer"], n) for n in range(3)]
    assert [answer.status_code for answer in answers] == [201, 201, 429]
    problem = answers[-1].json()
    assert (problem["code"], problem["status"]) == ("too_many_holds", 429)
    assert "2 unpaid reservations" in problem["detail"]
    assert answers[-1].headers["Content-Type"] == "application/problem+json"
    assert Booking.objects.count() == Ticket.objects.count() == Payment.objects.count() == 2
    assert EventSeat.objects.get(ordinal=2).status == "AVAILABLE"


def test_each_key_is_counted_alone_and_a_partner_may_hold_more(event, world):
    for n in range(2):
        assert ask(event, world["tokens"]["buyer"], n).status_code == 201
    statuses = [ask(event, world["tokens"]["partner"], n).status_code for n in range(2, 6)]
    assert statuses == [201, 201, 201, 429]


def test_what_was_given_up_or_lapsed_no_longer_counts(event, world):
    token = world["tokens"]["buyer"]
    first, second = (ask(event, token, n).json()["id"] for n in range(2))
    abandon(first)
    assert ask(event, token, 2).status_code == 201
    assert ask(event, token, 3).status_code == 429
    Booking.objects.filter(pk=second).update(reserved_until=Now())
    assert ask(event, token, 3).status_code == 201


def test_a_visitor_who_throws_his_cookies_away_is_still_counted_at_his_address(event):
    pages = [press(event, n) for n in range(5)]
    assert [page.request["PATH_INFO"].split("/")[1] for page in pages] == [
        *["checkout"] * 4,
        "events",
    ]
    assert "You already have 4 unpaid reservations" in pages[-1].content.decode()
    assert Booking.objects.count() == 4
    press(event, 5, REMOTE_ADDR="203.0.113.9")
    assert Booking.objects.count() == 5


def test_one_browser_has_as_many_as_a_buyer_and_its_neighbours_go_on(event):
    def take(browser, ordinal):
        address = f"/events/{event.slug}/reserve/"
        return browser.post(address, {"seat": [ordinal]}, follow=True).content.decode()

    greedy, neighbour = Browser(HTTP_HOST="127.0.0.1"), Browser(HTTP_HOST="127.0.0.1")
    pages = [take(greedy, n) for n in range(3)]
    assert ["Too many reservations of yours" in page for page in pages] == [False, False, True]
    assert Booking.objects.count() == 2
    take(neighbour, 3)
    assert Booking.objects.count() == 3
    abandon(Booking.objects.order_by("pk")[0].pk)
    take(greedy, 4)
    assert Booking.objects.filter(status="RESERVED").count() == 3


def test_addresses_of_one_site_of_ipv6_are_one_visitor_and_no_address_is_kept(event):
    def stands_for(address):
        return address_digest(RequestFactory().get("/", REMOTE_ADDR=address))

    assert stands_for("2001:db8:1:2::a") == stands_for("2001:db8:1:2:ffff::b")
    assert stands_for("2001:db8:1:2::a") != stands_for("2001:db8:1:3::a")
    assert stands_for("::ffff:192.0.2.1") == stands_for("192.0.2.1")
    press(event, 0, REMOTE_ADDR="192.0.2.1")
    assert "192.0.2" not in Booking.objects.get().client


def test_no_limit_holds_where_limits_are_off(event, world, settings):
    settings.RATE_LIMITS = False
    assert {ask(event, world["tokens"]["buyer"], n).status_code for n in range(4)} == {201}
    assert set(Booking.objects.values_list("client", "client_may_hold")) == {("", None)}


def test_a_scenario_lifts_the_limits_for_its_agency(world, settings):
    other = house(agency={"slug": "quick", "host": "quick.example"}, options={"rate_limits": "off"})
    Remembered.forget_everything()
    with acting_for(other["agency"]["id"]):
        event = Event.objects.get()
        assert {ask(event, other["tokens"]["buyer"], n).status_code for n in range(4)} == {201}
