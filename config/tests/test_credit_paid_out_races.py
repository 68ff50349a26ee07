"""Credit paid out at the moment when it is spent, paid out again, or taken by a bank: it goes one way.
Each race has a control that fails without its guard."""

import threading
from datetime import UTC, datetime
from decimal import Decimal
from time import sleep
from uuid import uuid4

import psycopg
import pytest

from bookings import services
from bookings.cancelling import Wish, cancel, preview
from bookings.models import Booking
from bookings.services import contact
from config.tests import world
from config.tests.scenarios import shop
from config.tests.servers import at_once, refusals
from config.tests.test_cancelling import euros, policy
from config.tests.test_credit_paid_out import OFF
from config.tests.test_exchanging import looked_at, tickets_of
from config.tests.world import pay_as_buyer
from core import failpoints, invariants
from core.locks import database_now
from core.tenancy import acting_for
from events.models import Event
from payments.adapters import ProviderDispute
from payments.models import CreditEntry, Payment, Refund
from payments.services import (
    credit,
    credit_of,
    pay_out_at_desk,
    record_disputes,
)

pytestmark = pytest.mark.race
SLOWLY = "sleep:0.3"


@pytest.fixture
def agency_id(committed_db):
    return shop(owned={"sections": ["A"]})["agency"]["id"]


@pytest.fixture
def back(agency_id):
    """The entry of a ticket of Noor's that came back as credit."""
    with acting_for(agency_id):
        policy((2, 0, 0), fees_refundable=True, back_to="CREDIT")
        sold = world.sold_booking(Event.objects.get(), [0, 1])
        wish = Wish(tickets_of(sold, 1))
        sold = Booking.objects.select_related("event", "terms").get(pk=sold.pk)
        cancel(sold.pk, wish, seen=preview(sold, wish, now=database_now()).name)
        return CreditEntry.objects.select_related("payment").get()


@pytest.fixture
def staff(agency_id):
    return world.person(f"staff-{uuid4()}@load.example")


@pytest.fixture(autouse=True)
def slowly(settings):
    settings.FAIL_POINT = f"pay_out.after_look={SLOWLY}"


def paying_out_all(back, staff):
    said = {"reason": "He asked", "by": staff}
    return lambda: pay_out_at_desk(back.pk, back.money, key=uuid4(), **said)


def spending_all(agency_id, back):
    """Paying for another seat with all of the credit."""
    with acting_for(agency_id):
        booking = services.reserve(event=Event.objects.get(), ordinals=[5])
        contact(booking.pk, name="Noor Vance", email="noor@post.example")
        assert booking.money == back.money
    return lambda: pay_as_buyer(booking.pk, credit=back.money)


def disputing(back, amount):
    """The bank takes so much of the payment."""
    told = ProviderDispute(
        ref="dp_1",
        payment_ref="told",
        amount=amount,
        currency="EUR",
        reason="fraudulent",
        state="needs_response",
        is_withdrawn=True,
        fee=Decimal(0),
        fee_currency="EUR",
        created_at=datetime.now(UTC),
        evidence_due_at=None,
    )
    return lambda: record_disputes(back.payment_id, [told], read=0)


def left(agency_id, back):
    with acting_for(agency_id):
        return credit_of(back.customer_id, "EUR").amount


def sent(agency_id):
    with acting_for(agency_id):
        alive = Refund.objects.exclude(status="FAILED")
        return sum((refund.amount for refund in alive), Decimal(0))


def without_guards(committed_db, monkeypatch):
    """Nobody waits for the payment or the guest, and the database looks away."""
    monkeypatch.setattr("payments.services.paying_out.lock_one", lambda rows: rows.first())
    monkeypatch.setattr("payments.services.refund.lock_one", lambda rows: rows.first())
    monkeypatch.setattr(credit, "lock_one", lambda rows: rows.first())
    with psycopg.connect(committed_db.admin_url, autocommit=True) as owner:
        for table in ("payments_creditentry", "payments_refund"):
            owner.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")


# Paid out twice


def twice(agency_id, back, staff):
    return at_once(agency_id, *(paying_out_all(back, staff) for _ in range(2)))


def test_it_is_paid_out_once(agency_id, back, staff):
    [refused] = refusals(twice(agency_id, back, staff))
    assert refused.code == "credit_not_payable"
    assert (left(agency_id, back), sent(agency_id)) == (0, back.amount)
    assert invariants.violations() == {}


def test_the_database_alone_stands_between_them(agency_id, back, staff, monkeypatch):
    monkeypatch.setattr("payments.services.paying_out.lock_one", lambda rows: rows.first())
    [refused] = refusals(twice(agency_id, back, staff))
    assert refused.code == "not_enough_credit"
    assert invariants.violations() == {}


def test_control_without_guards_it_is_paid_out_twice(
    agency_id, back, staff, monkeypatch, committed_db
):
    without_guards(committed_db, monkeypatch)
    assert refusals(twice(agency_id, back, staff)) == []
    assert "nobody has less credit than none" in invariants.violations()


def test_the_same_press_twice_is_one(agency_id, back, staff):
    key = uuid4()
    said = {"reason": "He asked", "by": staff, "key": key}
    press = [lambda: pay_out_at_desk(back.pk, euros(5), **said)] * 2
    one, other = at_once(agency_id, *press)
    assert one.pk == other.pk
    assert sent(agency_id) == 5
    assert invariants.violations() == {}


# Paid out and spent


def test_it_is_paid_out_or_spent(agency_id, back, staff):
    results = at_once(agency_id, spending_all(agency_id, back), paying_out_all(back, staff))
    [refused] = refusals(results)
    assert refused.code in ("credit_not_payable", "not_enough_credit")
    assert left(agency_id, back) == 0
    assert invariants.violations() == {}


def test_control_without_guards_it_is_paid_out_and_spent(
    agency_id, back, staff, monkeypatch, committed_db
):
    without_guards(committed_db, monkeypatch)
    works = [spending_all(agency_id, back), paying_out_all(back, staff)]
    assert refusals(at_once(agency_id, *works)) == []
    assert "nobody has less credit than none" in invariants.violations()


# Paid out and disputed


def test_a_bank_that_takes_the_money_meanwhile_is_seen(agency_id, back, staff):
    """Whoever comes first: the bank and the guest do not have the same money."""
    with acting_for(agency_id):
        whole = Payment.objects.get(pk=back.payment_id).amount
    at_once(agency_id, disputing(back, whole), paying_out_all(back, staff))
    assert sent(agency_id) == 0
    with acting_for(agency_id):
        assert Payment.objects.get(pk=back.payment_id).status == "DISPUTED"
    assert invariants.violations() == {}


def test_control_without_guards_bank_and_guest_have_it(
    agency_id, back, staff, monkeypatch, committed_db
):
    with acting_for(agency_id):
        whole = Payment.objects.get(pk=back.payment_id).amount
    without_guards(committed_db, monkeypatch)
    monkeypatch.setattr("payments.services.disputes.lock_one", lambda rows: rows.first())
    monkeypatch.setattr("payments.services.disputes.is_taken_back", lambda payment: False)
    dispute = disputing(back, whole)
    at_once(agency_id, lambda: sleep(0.1) or dispute(), paying_out_all(back, staff))
    assert sent(agency_id) == back.amount
    assert "no refund waits to give back what a bank has taken" in invariants.violations()


# Withheld and spent, withheld and paid out


def moved(agency_id, back):
    """What of the entry's credit was withheld, what was spent, and what was paid out of it."""
    with acting_for(agency_id):
        entries = CreditEntry.objects.filter(customer=back.customer_id)
        sums = {kind: Decimal(0) for kind in ("WITHHELD", "HELD", "PAID_OUT")}
        for entry in entries.filter(kind__in=sums):
            sums[entry.kind] -= entry.amount
        return tuple(sums.values())


def taken_by_its_bank(agency_id, back):
    with acting_for(agency_id):
        return disputing(back, Payment.objects.get(pk=back.payment_id).amount)


@pytest.mark.parametrize("slow", ["withheld.after_look", "credit.after_look"])
def test_what_a_bank_took_is_withheld_or_was_spent(agency_id, back, settings, slow):
    """Whoever comes first, and however long he looks: of one credit, one of both."""
    settings.FAIL_POINT = f"{slow}={SLOWLY}"
    works = [taken_by_its_bank(agency_id, back), spending_all(agency_id, back)]
    refused = refusals(at_once(agency_id, *works))
    withheld, spent, _ = moved(agency_id, back)
    assert sorted([withheld, spent]) == [0, back.amount]
    assert [each.code for each in refused] == (["not_enough_credit"] if withheld else [])
    assert left(agency_id, back) == 0
    assert invariants.violations() == {}


def test_control_without_guards_it_is_withheld_and_spent(
    agency_id, back, monkeypatch, committed_db, settings
):
    settings.FAIL_POINT = f"withheld.after_look={SLOWLY}"
    works = [taken_by_its_bank(agency_id, back), spending_all(agency_id, back)]
    without_guards(committed_db, monkeypatch)
    assert refusals(at_once(agency_id, *works)) == []
    assert moved(agency_id, back)[:2] == (back.amount, back.amount)
    assert "nobody has less credit than none" in invariants.violations()


@pytest.mark.parametrize("slow", ["withheld.after_look", "pay_out.after_look"])
def test_what_a_bank_took_is_withheld_or_paid_out(agency_id, back, staff, settings, slow):
    """What is paid out goes nowhere when the bank has it: its refund stands as failed."""
    settings.FAIL_POINT = f"{slow}={SLOWLY}"
    at_once(agency_id, taken_by_its_bank(agency_id, back), paying_out_all(back, staff))
    withheld, _, paid_out = moved(agency_id, back)
    assert sorted([withheld, paid_out]) == [0, back.amount]
    assert (left(agency_id, back), sent(agency_id)) == (0, 0)
    assert invariants.violations() == {}


def who_has_looked_waits_for_the_other(monkeypatch, *places):
    """At these fail points both meet, once each."""
    meeting, still = threading.Barrier(len(places), timeout=10), set(places)

    def reach(name):
        if name in still:
            still.remove(name)
            meeting.wait()

    monkeypatch.setattr(failpoints, "reach", reach)


def test_control_without_guards_it_is_withheld_and_paid_out(
    agency_id, back, staff, monkeypatch, committed_db
):
    works = [taken_by_its_bank(agency_id, back), paying_out_all(back, staff)]
    without_guards(committed_db, monkeypatch)
    who_has_looked_waits_for_the_other(monkeypatch, "withheld.after_look", "pay_out.after_look")
    monkeypatch.setattr("payments.services.disputes.lock_one", lambda rows: rows.first())
    assert refusals(at_once(agency_id, *works)) == []
    withheld, _, paid_out = moved(agency_id, back)
    assert (withheld, paid_out) == (back.amount, back.amount)
    assert "nobody has less credit than none" in invariants.violations()


# Paid out and given back


def test_seats_that_were_changed_are_given_back_once(agency_id, staff, settings):
    """All of a booking whose card stands behind two: both go at one moment."""
    settings.FAIL_POINT = f"cancel.after_lock={SLOWLY}"
    with acting_for(agency_id):
        policy((2, 0, 0), fees_refundable=True)
        old = world.sold_booking(Event.objects.get(), [0, 1])
        works = []
        for position, ordinal in ((1, 10), (2, 11)):
            new = services.reserve(event=Event.objects.get(), ordinals=[ordinal])
            tickets = tickets_of(old, position)
            seen = looked_at(new, old, tickets).name
            services.exchange.exchange(new.pk, booking_id=old.pk, tickets=tickets, seen=seen)
            works.append(_cancelling(new))
        whole = old.total
    assert refusals(at_once(agency_id, *works)) == []
    assert sent(agency_id) == whole
    assert invariants.violations() == {}


def _cancelling(new):
    booking = Booking.objects.select_related("event", "terms").get(pk=new.pk)
    wish = Wish(**OFF)
    seen = preview(booking, wish, now=database_now()).name
    return lambda: cancel(booking.pk, wish, seen=seen)
