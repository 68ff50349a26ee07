"""Tickets given at the same moment as they are given, taken, taken back, scanned or cancelled: one of
it happens. Each control shows what the locks are for."""

from time import sleep

import pytest
from django.db import DatabaseError

from bookings.cancelling import Wish, cancel, preview
from bookings.models import Booking, Cancellation
from config.tests import world
from config.tests.servers import at_once, refusals, without_locks
from config.tests.test_cancelling import policy
from core import invariants
from core.errors import DomainError
from core.ids import uuid7
from core.locks import database_now
from core.tenancy import acting_for
from events.models import Event
from tickets.models import Gate, Ticket, Transfer
from tickets.services import (
    Recipient,
    accept_transfer,
    admit,
    begin_transfer,
    code_of,
    decline_transfer,
    take_back_transfer,
)
from tickets.services.admit import ScanResult

pytestmark = pytest.mark.race
SLOWLY = "sleep:0.3"
LOCKS = ["tickets.services.issue", "tickets.services.transfer"]


@pytest.fixture
def agency_id(committed_db, half_owned_house):
    return half_owned_house["agency"]["id"]


@pytest.fixture
def sold(agency_id):
    with acting_for(agency_id):
        policy((2, 0, 0))
        made = world.sold_booking(Event.objects.select_related("layout").get(), [0])
        return Booking.objects.select_related("event", "terms", "customer").get(pk=made.pk)


@pytest.fixture
def transfer(agency_id, sold):
    with acting_for(agency_id):
        return world.offered(sold)


def the_ticket(agency_id):
    with acting_for(agency_id):
        return Ticket.objects.select_related("event", "signing_key").get()


def the_transfers(agency_id):
    with acting_for(agency_id):
        return sorted(Transfer.objects.values_list("status", flat=True))


def taking(transfer):
    return lambda: accept_transfer(transfer.pk, name="Bo")


def offering(agency_id, sold, name):
    with acting_for(agency_id):
        tickets = list(sold.items.values_list("ticket", flat=True))
    to = Recipient(name, f"{name}@post.example")
    return lambda: begin_transfer(tickets, to, giver=sold.customer)


def cancelling(agency_id, sold):
    with acting_for(agency_id):
        seen = preview(sold, Wish(), now=database_now()).name
    return lambda: cancel(sold.pk, Wish(), seen=seen)


def scanning(agency_id):
    with acting_for(agency_id):
        gate = Gate.objects.create(event=Event.objects.get(), name="North")
    code = code_of(the_ticket(agency_id))
    return lambda: admit(code=code, gate=gate, device_id=gate.pk, nonce=str(uuid7()))


def raised(results):
    """Those that ended neither well nor with a sentence for a person."""
    bad = [each for each in results if isinstance(each, Exception)]
    return [each for each in bad if not isinstance(each, DomainError)]


# Two take the tickets by one link


def test_two_who_open_one_link_take_the_tickets_once(agency_id, transfer, settings):
    settings.FAIL_POINT = f"transfer.before_accepting={SLOWLY}"
    results = at_once(agency_id, taking(transfer), taking(transfer))
    [refused] = refusals(results)
    assert refused.code == "offer_over"
    assert the_ticket(agency_id).generation == 2
    assert invariants.violations() == {}


def test_control_without_locks_both_believe_that_it_is_open(
    agency_id, transfer, settings, monkeypatch
):
    """Then the conditional UPDATE alone lets only one of them change the offer."""
    without_locks(monkeypatch, *LOCKS)
    opened = []
    monkeypatch.setattr("core.failpoints.reach", lambda place: waits(opened, place))
    results = at_once(agency_id, taking(transfer), taking(transfer))
    assert opened.count("transfer.before_accepting") == 2
    assert len(refusals(results)) + len(raised(results)) == 1
    assert the_ticket(agency_id).generation == 2


def waits(opened, place):
    opened.append(place)
    sleep(0.3)


# Taken while it is taken back or declined


@pytest.mark.parametrize("end", [take_back_transfer, decline_transfer])
def test_tickets_are_taken_or_not_never_both(agency_id, transfer, settings, end):
    settings.FAIL_POINT = f"transfer.before_closing={SLOWLY}"
    results = at_once(agency_id, taking(transfer), lambda: end(transfer.pk))
    assert len(refusals(results)) == 1
    assert raised(results) == []
    [status] = the_transfers(agency_id)
    assert (status == "ACCEPTED") == (the_ticket(agency_id).holder_id is not None)
    assert invariants.violations() == {}


def test_control_without_locks_they_do_not_wait_for_one_another(agency_id, transfer, monkeypatch):
    """Both go on to the decision; only the row's condition keeps the second one from it."""
    without_locks(monkeypatch, *LOCKS)
    opened = []
    monkeypatch.setattr("core.failpoints.reach", lambda place: waits(opened, place))
    at_once(agency_id, taking(transfer), lambda: take_back_transfer(transfer.pk))
    assert {"transfer.before_accepting", "transfer.before_closing"} <= set(opened)
    [status] = the_transfers(agency_id)
    assert status in ("ACCEPTED", "CANCELLED")


# Taken while the old code is shown at the door


def test_the_old_code_opens_no_door_while_it_is_taken(agency_id, transfer, settings):
    scan = scanning(agency_id)
    settings.FAIL_POINT = f"transfer.before_accepting={SLOWLY}"
    taken, scanned = at_once(agency_id, taking(transfer), scan)
    assert isinstance(taken, Transfer)
    assert isinstance(scanned, ScanResult)
    assert scanned.verdict == "not_valid"
    assert (the_ticket(agency_id).status, invariants.violations()) == ("TRANSFERRED", {})


def test_offered_while_it_is_scanned_it_is_used_or_offered(agency_id, sold, settings):
    scan = scanning(agency_id)
    settings.FAIL_POINT = f"transfer.after_lock={SLOWLY}"
    offered, scanned = at_once(agency_id, offering(agency_id, sold, "bo"), scan)
    assert isinstance(offered, Transfer) != (scanned.verdict == "admitted")
    assert invariants.violations() == {}


def test_control_without_locks_a_scan_slips_in_and_the_database_stops_the_offer(
    agency_id, sold, settings, monkeypatch
):
    """It is read as valid, used, and then offered: the trigger on the row refuses."""
    scan = scanning(agency_id)
    without_locks(monkeypatch, *LOCKS)
    scanned = []

    def reach(place):
        if place == "transfer.after_lock":
            scanned.extend(at_once(agency_id, scan))

    monkeypatch.setattr("core.failpoints.reach", reach)
    [offered] = at_once(agency_id, offering(agency_id, sold, "bo"))
    assert scanned[0].verdict == "admitted"
    assert isinstance(offered, DatabaseError)
    assert the_transfers(agency_id) == []


# Offered more often than anybody may


def two_of_the_last(agency_id, sold, monkeypatch):
    """Two who offer other tickets of one giver, of whom one more offer is taken today."""
    monkeypatch.setattr("tickets.services.offer.OFFERS_A_DAY", 1)
    with acting_for(agency_id):
        other = world.sold_booking(sold.event, [1], email=sold.customer.email)
        assert other.customer_id == sold.customer_id
    return [offering(agency_id, sold, "bo"), offering(agency_id, other, "cy")]


def test_the_last_offer_of_a_day_is_made_once(agency_id, sold, settings, monkeypatch):
    works = two_of_the_last(agency_id, sold, monkeypatch)
    settings.FAIL_POINT = f"transfer.after_counting={SLOWLY}"
    results = at_once(agency_id, *works)
    [refused] = refusals(results)
    assert "tomorrow" in refused.message
    assert the_transfers(agency_id) == ["PENDING"]


def test_control_who_does_not_wait_counts_the_same_day_twice(
    agency_id, sold, settings, monkeypatch
):
    works = two_of_the_last(agency_id, sold, monkeypatch)
    monkeypatch.setattr("tickets.services.offer.one_at_a_time", lambda name: None)
    settings.FAIL_POINT = f"transfer.after_counting={SLOWLY}"
    assert refusals(at_once(agency_id, *works)) == []
    assert the_transfers(agency_id) == ["PENDING"] * 2


# Offered twice, or offered while it is cancelled


def test_a_ticket_is_offered_to_one_of_two(agency_id, sold, settings):
    settings.FAIL_POINT = f"transfer.after_lock={SLOWLY}"
    works = [offering(agency_id, sold, name) for name in ("bo", "cy")]
    results = at_once(agency_id, *works)
    assert len(refusals(results)) == 1
    assert raised(results) == []
    assert the_transfers(agency_id) == ["PENDING"]
    assert invariants.violations() == {}


def test_control_without_locks_the_database_alone_keeps_one_offer(
    agency_id, sold, settings, monkeypatch
):
    without_locks(monkeypatch, *LOCKS)
    settings.FAIL_POINT = f"transfer.after_lock={SLOWLY}"
    works = [offering(agency_id, sold, name) for name in ("bo", "cy")]
    [refused] = raised(at_once(agency_id, *works))
    assert "to one person at a time" in str(refused)
    assert the_transfers(agency_id) == ["PENDING"]


def test_a_ticket_is_offered_or_cancelled(agency_id, sold, settings):
    settings.FAIL_POINT = f"transfer.after_lock={SLOWLY}"
    works = [offering(agency_id, sold, "bo"), cancelling(agency_id, sold)]
    offered, cancelled = at_once(agency_id, *works)
    assert isinstance(offered, Transfer) != isinstance(cancelled, Cancellation)
    assert raised([offered, cancelled]) == []
    assert invariants.violations() == {}


def test_control_without_locks_what_is_cancelled_meanwhile_is_refused_by_the_database(
    agency_id, sold, monkeypatch
):
    cancels = cancelling(agency_id, sold)
    without_locks(monkeypatch, *LOCKS)
    cancelled = []

    def reach(place):
        if place == "transfer.after_lock":
            cancelled.extend(at_once(agency_id, cancels))

    monkeypatch.setattr("core.failpoints.reach", reach)
    [offered] = at_once(agency_id, offering(agency_id, sold, "bo"))
    assert isinstance(cancelled[0], Cancellation)
    assert isinstance(offered, DatabaseError)
    assert invariants.violations() == {}


def test_taken_or_cancelled_by_staff_never_both(agency_id, sold, transfer, settings):
    wish = world.GivingBack(grounds="STAFF", rule="ALL_BACK", reason="A fraud")
    with acting_for(agency_id):
        seen = preview(sold, wish, now=database_now()).name
    settings.FAIL_POINT = f"cancel.after_lock={SLOWLY}"
    taken, cancelled = at_once(
        agency_id, taking(transfer), lambda: cancel(sold.pk, wish, seen=seen)
    )
    assert isinstance(cancelled, Cancellation)  # staff may, whoever has it
    assert raised([taken]) == []
    assert the_ticket(agency_id).status == "CANCELLED"
    assert the_transfers(agency_id) in (["ACCEPTED"], ["CANCELLED"])
    assert invariants.violations() == {}
