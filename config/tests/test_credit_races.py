"""Credit at one moment, and processes that die with it: nobody spends the same twice, none is lost.
Each race has a control that fails without its guard."""

import psycopg
import pytest
from django.db.models.functions import Now

from bookings import services
from bookings.models import Booking
from bookings.services import contact, expire_lapsed
from config.tests import world
from config.tests.scenarios import shop
from config.tests.servers import at_once, refusals, simulator
from config.tests.world import pay_as_buyer
from core import failpoints, invariants, outbox
from core.money import Money
from core.tenancy import acting_for
from customers.models import Customer
from events.models import Event
from inventory.models import EventSeat
from payments.models import CreditEntry, Payment
from payments.services import credit, credit_of, give_credit, settle
from payments.tasks import reconcile

pytestmark = pytest.mark.race
SLOWLY = "sleep:0.3"
GUEST = {"name": "Noor Vance", "email": "noor@post.example"}


def euros(amount):
    return Money(amount, "EUR")


@pytest.fixture
def agency_id(committed_db):
    return shop(owned={"sections": ["A"]})["agency"]["id"]


@pytest.fixture
def provider(tmp_path, settings, agency_id):
    with simulator(tmp_path) as running:
        settings.PAYMENT_SIMULATOR_URL = running.url
        yield running


def reserved(agency_id, ordinals, amount):
    """A booking of Noor's, who has so much credit in all afterwards."""
    with acting_for(agency_id):
        booking = services.reserve(event=Event.objects.get(), ordinals=ordinals)
        contact(booking.pk, **GUEST)
        noor = Customer.objects.get(email=GUEST["email"])
        missing = euros(amount) - credit_of(noor.pk, "EUR")
        if missing:
            staff = world.person(f"staff{missing.minor}@load.example")
            give_credit(noor.pk, missing, reason="For the race", by=staff)
        return booking.pk


def paying(booking_id, amount):
    return lambda: pay_as_buyer(booking_id, credit=euros(amount))


def left(agency_id):
    with acting_for(agency_id):
        return credit_of(Customer.objects.get(email=GUEST["email"]).pk, "EUR")


def without_guards(committed_db, monkeypatch):
    """Nobody waits for the holder, and the database looks away."""
    monkeypatch.setattr(credit, "lock_one", lambda rows: rows.first())
    with psycopg.connect(committed_db.admin_url, autocommit=True) as owner:
        owner.execute("ALTER TABLE payments_creditentry DISABLE TRIGGER USER")


# Two checkouts, one credit


def two_checkouts(agency_id, settings, amount):
    """What comes of paying two bookings at one moment with so much each, when 50 are there."""
    settings.FAIL_POINT = f"credit.after_look={SLOWLY}"
    works = [paying(reserved(agency_id, [seat], 50), amount) for seat in (0, 1)]
    return at_once(agency_id, *works)


def test_two_checkouts_do_not_spend_the_same_credit(agency_id, settings, provider):
    results = two_checkouts(agency_id, settings, 40)
    [refused] = refusals(results)
    assert refused.code == "not_enough_credit"
    assert left(agency_id) == euros(10)
    assert invariants.violations() == {}


def test_two_checkouts_that_credit_pays_alone_do_not_spend_it_twice(agency_id, settings):
    results = two_checkouts(agency_id, settings, 50)
    [refused] = refusals(results)
    assert refused.code == "not_enough_credit"
    with acting_for(agency_id):
        assert Booking.objects.filter(payment_id__isnull=False).count() == 1
    assert invariants.violations() == {}


def test_the_database_alone_stands_between_them(agency_id, settings, provider, monkeypatch):
    monkeypatch.setattr(credit, "lock_one", lambda rows: rows.first())
    [refused] = refusals(two_checkouts(agency_id, settings, 40))
    assert refused.code == "not_enough_credit"
    assert invariants.violations() == {}


def test_control_without_guards_it_is_spent_twice(
    agency_id, settings, provider, monkeypatch, committed_db
):
    without_guards(committed_db, monkeypatch)
    assert refusals(two_checkouts(agency_id, settings, 40)) == []
    assert "nobody has less credit than none" in invariants.violations()


# Pay and expire


def lapse(agency_id, booking_id):
    with acting_for(agency_id):
        Booking.objects.filter(pk=booking_id).update(reserved_until=Now())
        EventSeat.objects.filter(claimed_by=booking_id).update(claimed_until=Now())


@pytest.mark.parametrize("is_paid", [True, False])
def test_a_payment_that_ends_while_its_time_does_keeps_or_returns_its_credit_once(
    agency_id, provider, is_paid
):
    booking_id = reserved(agency_id, [0], 40)
    with acting_for(agency_id):
        pay_as_buyer(booking_id, credit=euros(40))
        payment = Payment.objects.get(reference=booking_id)
    if is_paid:
        provider.pay(payment.provider_ref)
    lapse(agency_id, booking_id)
    at_once(
        agency_id,
        lambda: settle(payment.pk),
        lambda: expire_lapsed(booking_id),
        lambda: settle(payment.pk),
        lambda: expire_lapsed(booking_id),
    )
    while sum(outbox.deliver()):
        pass
    with acting_for(agency_id):
        payment.refresh_from_db()
        booking = Booking.objects.get(pk=booking_id)
        returned = CreditEntry.objects.filter(kind="RETURNED").count()
    ends = ("SUCCEEDED", "CONFIRMED", 0) if is_paid else ("FAILED", "EXPIRED", 1)
    assert (payment.status, booking.status, returned) == ends
    assert left(agency_id) == euros(0 if is_paid else 40)
    assert invariants.violations() == {}


# Dying between the hold and the provider


@pytest.mark.parametrize("place", ["pay.before_provider", "pay.after_provider"])
def test_who_dies_with_credit_held_goes_on_at_the_same_page(agency_id, provider, settings, place):
    booking_id = reserved(agency_id, [0], 40)
    settings.FAIL_POINT = f"{place}=raise"
    with acting_for(agency_id):
        with pytest.raises(failpoints.FailPointReached):
            pay_as_buyer(booking_id, credit=euros(40))
        assert Payment.objects.get(reference=booking_id).status == "PROCESSING"
        settings.FAIL_POINT = ""
        url = pay_as_buyer(booking_id, credit=euros(40))
        payment = Payment.objects.get(reference=booking_id)
        sessions = provider.objects(f"checkout/sessions?client_reference_id={payment.pk}")
        assert [session["url"] for session in sessions] == [url]
    assert left(agency_id) == euros(0)
    assert invariants.violations() == {}


@pytest.mark.parametrize("place", ["pay.before_provider", "pay.after_provider"])
def test_credit_held_by_who_died_comes_back_by_itself(agency_id, provider, settings, place):
    booking_id = reserved(agency_id, [0], 40)
    settings.FAIL_POINT = f"{place}=raise"
    with acting_for(agency_id), pytest.raises(failpoints.FailPointReached):
        pay_as_buyer(booking_id, credit=euros(40))
    settings.FAIL_POINT = ""
    assert left(agency_id) == euros(0)
    assert reconcile(everything=True)["unreachable"] == 0
    lapse(agency_id, booking_id)
    with acting_for(agency_id):
        assert expire_lapsed(booking_id)
        assert Payment.objects.get(reference=booking_id).status == "FAILED"
    assert left(agency_id) == euros(40)
    assert invariants.violations() == {}


def test_who_dies_before_the_hold_has_begun_nothing(agency_id, provider, settings):
    booking_id = reserved(agency_id, [0], 40)
    settings.FAIL_POINT = "credit.after_look=raise"
    with acting_for(agency_id):
        with pytest.raises(failpoints.FailPointReached):
            pay_as_buyer(booking_id, credit=euros(40))
        assert Payment.objects.get(reference=booking_id).status == "PENDING"
    assert left(agency_id) == euros(40)
    assert invariants.violations() == {}
