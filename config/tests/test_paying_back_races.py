"""Money of one payment given back twice at one moment, by two members of staff; the control says what
becomes of the second without the locks."""

import pytest
from django.db import DatabaseError

from bookings.cancelling import Wish, pay_back
from bookings.models import Cancellation, Grounds, Rule
from config.tests import world
from config.tests.servers import at_once, refusals
from core import invariants
from core.errors import DomainError
from core.tenancy import acting_for
from events.models import Event
from payments.models import Payment, Refund

pytestmark = pytest.mark.race
TOO_LATE = "Nothing that was sold for this payment is left"
ALL = Wish(grounds=Grounds.STAFF, rule=Rule.ALL_BACK, reason="They called.")


@pytest.fixture
def agency_id(committed_db, half_owned_house, settings):
    settings.FAIL_POINT = "cancel.before_commit=sleep:0.3"
    return half_owned_house["agency"]["id"]


@pytest.fixture
def payment(agency_id):
    """It paid for three seats of one booking."""
    with acting_for(agency_id):
        booking = world.sold_booking(Event.objects.select_related("layout").get(), [0, 1, 2])
        return Payment.objects.get(reference=booking.pk)


def told(work):
    def run():
        try:
            return work()
        except (DatabaseError, DomainError) as error:
            return error

    return run


def test_a_payment_given_back_twice_at_once_is_given_back_once(agency_id, payment):
    works = [lambda: pay_back(payment, ALL)] * 2
    [refused] = refusals(at_once(agency_id, *works))
    assert refused.message.startswith(TOO_LATE)
    with acting_for(agency_id):
        assert Refund.objects.get().amount == payment.amount
        assert Cancellation.objects.count() == 1
    assert invariants.violations() == {}


def test_control_without_the_locks_only_the_database_says_no(agency_id, payment, monkeypatch):
    for name in ("lock_seats", "lock_tickets", "lock_money"):
        monkeypatch.setattr(f"bookings.cancelling.paying_back.{name}", lambda *those: None)
    monkeypatch.setattr("bookings.cancelling.paying_back.lock", list)
    works = [told(lambda: pay_back(payment, ALL))] * 2
    [refused] = [each for each in at_once(agency_id, *works) if isinstance(each, Exception)]
    assert not str(refused).startswith(TOO_LATE)  # it had begun to take tickets and places
    with acting_for(agency_id):
        assert Refund.objects.count() == 1
