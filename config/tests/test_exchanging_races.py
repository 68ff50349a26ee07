"""The same tickets given twice at one moment, or given and cancelled: they are worth it once."""

import pytest

from bookings import services
from bookings.cancelling import Wish, cancel, preview
from bookings.models import Booking, Cancellation
from bookings.services.exchange import exchange
from config.tests import world
from config.tests.scenarios import shop
from config.tests.servers import at_once, refusals
from config.tests.test_cancelling import policy
from config.tests.test_exchanging import looked_at, tickets_of
from core import invariants
from core.locks import database_now
from core.tenancy import acting_for
from events.models import Event

pytestmark = pytest.mark.race
SLOWLY = "sleep:0.3"


@pytest.fixture
def agency_id(committed_db):
    return shop(owned={"sections": ["A"]})["agency"]["id"]


@pytest.fixture
def sold(agency_id):
    with acting_for(agency_id):
        policy((2, 0, 0))
        return world.sold_booking(Event.objects.get(), [0])


def changing(agency_id, sold, ordinal):
    """Giving the ticket for another seat that is reserved now."""
    with acting_for(agency_id):
        new = services.reserve(event=Event.objects.get(), ordinals=[ordinal])
        tickets = tickets_of(sold, 1)
        seen = looked_at(new, sold, tickets).name
    return lambda: exchange(new.pk, booking_id=sold.pk, tickets=tickets, seen=seen)


def cancelling(agency_id, sold):
    with acting_for(agency_id):
        booking = Booking.objects.select_related("event", "terms").get(pk=sold.pk)
        seen = preview(booking, Wish(), now=database_now()).name
    return lambda: cancel(sold.pk, Wish(), seen=seen)


def sold_in_all(agency_id):
    with acting_for(agency_id):
        return Booking.objects.sold().count()


def test_a_ticket_is_given_for_one_seat_only(agency_id, sold, settings):
    works = [changing(agency_id, sold, ordinal) for ordinal in (10, 11)]
    settings.FAIL_POINT = f"exchange.after_cancelling={SLOWLY}"
    assert len(refusals(at_once(agency_id, *works))) == 1
    assert sold_in_all(agency_id) == 1
    assert invariants.violations() == {}


def test_a_ticket_is_changed_or_cancelled(agency_id, sold, settings):
    works = [changing(agency_id, sold, 10), cancelling(agency_id, sold)]
    settings.FAIL_POINT = f"exchange.after_cancelling={SLOWLY}"
    assert len(refusals(at_once(agency_id, *works))) == 1
    with acting_for(agency_id):
        assert Cancellation.objects.count() == 1
    assert invariants.violations() == {}


def test_without_locks_the_database_alone_stands_between_them(
    agency_id, sold, settings, monkeypatch
):
    """Both read the ticket as good; the second one's line breaks a_ticket_is_cancelled_once."""
    works = [changing(agency_id, sold, ordinal) for ordinal in (10, 11)]
    monkeypatch.setattr("bookings.services.exchange.lock", list)
    monkeypatch.setattr("bookings.services.exchange.lock_seats", lambda seats: None)
    monkeypatch.setattr("bookings.services.exchange.lock_tickets", lambda tickets: None)
    settings.FAIL_POINT = f"exchange.after_cancelling={SLOWLY}"
    results = at_once(agency_id, *works)
    assert sum(isinstance(each, Booking) for each in results) == 1
    assert sold_in_all(agency_id) == 1
