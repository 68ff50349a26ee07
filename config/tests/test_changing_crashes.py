"""Dozens of bookings of a cancelled event, killed in the middle, by several workers at once."""

import pytest

from bookings import changing
from bookings.models import Booking, Cancellation, ChangedBooking, EventChange
from config.tests import world
from config.tests.servers import manage
from config.tests.test_paying_races import at_once
from core import invariants
from core.tenancy import acting_for
from events.models import Event
from inventory.models import EventSeat
from notifications.models import Message
from payments.models import Refund

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
