"""Dozens of bookings of a cancelled event, killed in the middle, by several workers at once, and with
the provider away."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from bookings import changing
from bookings.models import Booking, Cancellation, ChangedBooking, EventChange
from bookings.services import confirm, contact, pay, reserve
from config.tests import world
from config.tests.servers import manage
from config.tests.test_paying_races import at_once
from core import invariants, outbox
from core.models import OutboxMessage
from core.tenancy import acting_for, as_system
from events.models import Event
from inventory.models import EventSeat
from notifications.models import Message
from payments.adapters.patience import SHORT, patience
from payments.models import Payment, Refund
from payments.services import settle
from payments.tests.simulator_process import running_simulator

BOOKINGS = 50
BEFORE_THE_CRASH = 20


@pytest.fixture
def agency_id(committed_db, made_house):
    return made_house["agency"]["id"]


@pytest.fixture
def change(agency_id):
    """The event was cancelled with so many bookings sold."""
    with acting_for(agency_id):
        event = Event.objects.select_related("layout").get()
        for number in range(BOOKINGS):
            world.sold_booking(event, [number])
        kind = EventChange.Kind.CANCELLED
        made = changing.propose(event=event, kind=kind, message="The tenor is ill", by=None)
        return changing.begin(made.pk, by=None)


def everything_is_back_once():
    assert Cancellation.objects.count() == Refund.objects.count() == BOOKINGS
    assert set(Booking.objects.values_list("status", flat=True)) <= {"CANCELLED", "REFUNDED"}
    assert not EventSeat.objects.filter(status="SOLD").exists()
    assert EventChange.objects.get().status == "DONE"


@pytest.mark.crash
def test_killed_in_the_middle_it_goes_on_and_pays_and_tells_nobody_twice(
    agency_id, change, tmp_path
):
    environment = {
        "MAIL_DIR": str(tmp_path / "mail"),
        "PAYMENT_SIMULATOR_URL": "http://127.0.0.1:1",
    }
    with acting_for(agency_id):
        done = changing.carry_on(change.pk, limit=BEFORE_THE_CRASH, seconds=600)
        assert done == BEFORE_THE_CRASH
    code, _ = manage("drain", TESSERA_FAIL_POINT="change.before_commit=kill", **environment)
    assert code == -9
    with acting_for(agency_id):
        assert Cancellation.objects.count() == BEFORE_THE_CRASH
        assert ChangedBooking.objects.filter(done_at=None).count() == BOOKINGS - BEFORE_THE_CRASH
    for _ in range(2):
        manage("drain", **environment)
    with acting_for(agency_id):
        everything_is_back_once()
        assert Message.objects.filter(kind="tickets_cancelled", status="SENT").count() == BOOKINGS
    mails = list((tmp_path / "mail").glob("[0-9]*.eml"))
    assert sum(b"tickets-" not in mail.read_bytes() for mail in mails) == BOOKINGS
    assert invariants.violations() == {}


@pytest.fixture
def provider(tmp_path, settings):
    with running_simulator(tmp_path / "payments.sqlite3") as simulator:
        settings.PAYMENT_SIMULATOR_URL = simulator.url
        settings.MAIL_DIR = tmp_path / "mail"
        yield simulator


PAID = 8


@pytest.fixture
def paid(committed_db, provider, made_house):
    """(the event, bookings that were paid at the provider)."""
    with acting_for(made_house["agency"]["id"]):
        event = Event.objects.select_related("layout").get()
        yield event, [paid_there(event, number, provider) for number in range(PAID)]


def paid_there(event, ordinal, provider):
    booking = reserve(event=event, ordinals=[ordinal])
    contact(booking.pk, email=f"buyer{ordinal}@post.example", name="A buyer")
    pay(booking.pk)
    payment = Payment.objects.get(reference=booking.pk)
    provider.play(payment.provider_ref)
    settle(payment.pk)
    return confirm(booking.pk, payment_id=payment.pk)


def everybody_has_it_back(change, bookings, kind):
    """All of the change is done, as far as that is ours to do."""
    while changing.carry_on(change.pk):
        pass
    if kind == EventChange.Kind.POSTPONED:
        for row in ChangedBooking.objects.filter(change=change):
            changing.answer(row.pk, "REFUND")
    assert Refund.objects.count() == len(bookings)


def told_so_far():
    """What is due is delivered, once each; nobody waits for the provider longer than for a buyer."""
    OutboxMessage.objects.filter(done_at=None).update(due_at=Now())
    rows = OutboxMessage.objects.filter(done_at=None).count()
    with as_system(), patience(SHORT):
        outbox.deliver(limit=rows)


@pytest.mark.crash
@pytest.mark.parametrize("away", ["killed", "silent after it acted"])
@pytest.mark.parametrize("kind", [EventChange.Kind.CANCELLED, EventChange.Kind.POSTPONED])
def test_with_the_provider_away_in_the_middle_all_goes_back_once_when_it_is_there_again(
    paid, provider, kind, away
):
    """Its connections are refused, or it has sent the money and nobody hears of it. Meanwhile the
    tickets are dead and buyers told; no refund is lost, failed, or sent twice."""
    event, bookings = paid
    fields = {"event": event, "kind": kind, "message": "The tenor is ill", "by": None}
    if kind == EventChange.Kind.POSTPONED:
        fields["new_starts_at"] = event.starts_at + timedelta(days=30)
        fields["choose_until"] = timezone.now() + timedelta(days=3)
    change = changing.begin(changing.propose(**fields).pk, by=None)
    if away == "killed":
        changing.carry_on(change.pk, limit=PAID // 2)
        told_so_far()  # some money is back before it goes away
        provider.kill()
    else:
        provider.break_next("POST /v1/refunds", "timeout_after_success", times=3, seconds=4)
    everybody_has_it_back(change, bookings, kind)
    told_so_far()
    unsent = Refund.objects.exclude(status="COMPLETED")
    assert unsent.count() >= 3
    assert set(unsent.values_list("status", flat=True)) == {"PROCESSING"}
    assert not Refund.objects.filter(status="FAILED").exists()
    if away == "killed":
        provider.start()
    provider.mend()
    told_so_far()
    told_so_far()
    assert set(Refund.objects.values_list("status", flat=True)) == {"COMPLETED"}
    sent = provider.call("GET", "/v1/refunds").json()["data"]
    ours = {str(pk) for pk in Refund.objects.values_list("pk", flat=True)}
    assert sorted(each["metadata"]["refund_id"] for each in sent) == sorted(ours)
    assert {each["amount"] for each in sent} == {each.money.minor for each in bookings}
    assert set(Payment.objects.values_list("status", flat=True)) == {"REFUNDED"}
    assert Message.objects.filter(kind="tickets_cancelled").count() == PAID
    assert EventChange.objects.get().status == "DONE"
    assert not OutboxMessage.objects.filter(done_at=None).exists()
    assert invariants.violations() == {}


@pytest.mark.race
def test_three_workers_at_once_deal_with_each_booking_once(agency_id, change):
    def work():
        return changing.carry_on(change.pk, seconds=120)

    assert sum(at_once(agency_id, work, work, work)) == BOOKINGS
    with acting_for(agency_id):
        changing.carry_on(change.pk)
        everything_is_back_once()
    assert invariants.violations() == {}


@pytest.mark.race
def test_control_without_the_locks_bookings_are_dealt_with_more_than_once(
    agency_id, change, monkeypatch
):
    """The database still refuses to cancel a ticket twice, so that nothing is paid twice."""
    from contextlib import contextmanager

    @contextmanager
    def together(name):
        yield True

    monkeypatch.setattr("bookings.changing.carrying_on.alone", together)

    def work():
        return changing.carry_on(change.pk, seconds=120)

    assert sum(at_once(agency_id, work, work)) > BOOKINGS
    with acting_for(agency_id):
        assert Cancellation.objects.count() == Refund.objects.count() == BOOKINGS
