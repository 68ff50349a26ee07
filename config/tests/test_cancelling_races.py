"""Cancelling at the same moment as somebody else cancels, scans, passes on or refunds; and killed in
between. Each race has a control that fails without its guard."""

import psycopg
import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone

from bookings.cancelling import Wish, cancel, preview
from bookings.models import Booking, Cancellation
from config.tests import world
from config.tests.servers import manage, simulator, web
from config.tests.test_cancelling import policy
from config.tests.test_crashes import call, payment_of, reserved_booking, well
from config.tests.test_paying_races import at_once, refusals
from core import invariants
from core.errors import DomainError
from core.money import Money
from core.tenancy import acting_for
from core.transactions import use_case
from events.models import Event
from inventory.models import EventSeat
from payments.models import Payment, Refund
from payments.services import request_refund
from tickets.models import Gate, Ticket, Transfer
from tickets.services import Recipient, accept_transfer, admit, begin_transfer, code_of

SLOWLY = "sleep:0.3"
ROUNDS = 12
race = pytest.mark.race


@pytest.fixture
def agency_id(committed_db, half_owned_house):
    return half_owned_house["agency"]["id"]


def sold(agency_id, ordinals, windows=((2, 0, 0),)):
    """A sold booking under a policy, with its event read."""
    with acting_for(agency_id):
        if not Booking.objects.exists():
            policy(*windows)
        made = world.sold_booking(Event.objects.select_related("layout").get(), ordinals)
        return Booking.objects.select_related("event", "terms").get(pk=made.pk)


def all_of(agency_id, booking, tickets=frozenset()):
    """What cancels these tickets as they were previewed now."""
    with acting_for(agency_id):
        wish = Wish(tickets)
        seen = preview(booking, wish, now=timezone.now()).name
    return lambda: cancel(booking.pk, wish, seen=seen)


def tickets_of(agency_id, booking):
    with acting_for(agency_id):
        return list(booking.items.order_by("position").values_list("ticket", flat=True))


def without_guards(monkeypatch):
    """Nobody waits for anybody, and nobody looks what became of the tickets."""
    monkeypatch.setattr("bookings.cancelling.carrying_out.lock_one", lambda rows: rows.get())
    monkeypatch.setattr("bookings.cancelling.carrying_out.lock_places", lambda booking: None)


# Cancelled twice at one moment


@race
def test_the_same_tickets_cancelled_twice_at_once_are_cancelled_once(agency_id, settings):
    settings.FAIL_POINT = f"cancel.after_lock={SLOWLY}"
    booking = sold(agency_id, [0, 1])
    first, second = at_once(agency_id, *[all_of(agency_id, booking)] * 2)
    assert first == second
    with acting_for(agency_id):
        assert Cancellation.objects.count() == Refund.objects.count() == 1
    assert invariants.violations() == {}


@race
def test_overlapping_tickets_cancelled_at_once_go_to_one_of_both(agency_id, settings):
    settings.FAIL_POINT = f"cancel.after_lock={SLOWLY}"
    booking = sold(agency_id, [0, 1, 2])
    a, b, c = tickets_of(agency_id, booking)
    works = [all_of(agency_id, booking, frozenset(some)) for some in ((a, b), (b, c))]
    [refused] = refusals(at_once(agency_id, *works))
    assert refused.code == "not_cancellable"
    with acting_for(agency_id):
        assert Ticket.objects.filter(status="CANCELLED").count() == 2
    assert invariants.violations() == {}


@race
def test_control_without_the_locks_only_the_database_says_no(agency_id, settings, monkeypatch):
    settings.FAIL_POINT = f"cancel.after_lock={SLOWLY}"
    without_guards(monkeypatch)
    booking = sold(agency_id, [0, 1, 2])
    a, b, c = tickets_of(agency_id, booking)
    works = [all_of(agency_id, booking, frozenset(some)) for some in ((a, b), (b, c))]

    def told(work):
        def run():
            try:
                return work()
            except DatabaseError as error:
                return str(error)
            except DomainError as refused:
                return f"late: {refused}"

        return run

    results = at_once(agency_id, *map(told, works))
    assert any("not_cancellable" not in each for each in results if isinstance(each, str))
    with acting_for(agency_id):
        assert Cancellation.objects.count() == 1


# Cancelled while it is scanned


def scan(booking_ticket, gate):
    return lambda: admit(
        code=booking_ticket, gate=gate, device_id=gate.pk, nonce=f"{booking_ticket[:60]}"
    )


def at_the_gate(agency_id, booking):
    """(code of the booking's ticket, Gate)"""
    with acting_for(agency_id):
        gate, _ = Gate.objects.get_or_create(event=booking.event, name="A")
        ticket = Ticket.objects.select_related("event", "signing_key").get(items__booking=booking)
        return code_of(ticket), gate


def race_at_the_gate(agency_id, ordinal):
    """(result of the scan, result of cancelling) of one ticket, begun at one moment."""
    booking = sold(agency_id, [ordinal])
    code, gate = at_the_gate(agency_id, booking)
    return at_once(agency_id, scan(code, gate), all_of(agency_id, booking))


def both_happened(results):
    scanned, cancelled = results
    return scanned.verdict == "admitted" and isinstance(cancelled, Cancellation)


@race
def test_nobody_is_let_in_and_gets_his_money_back(agency_id):
    results = [race_at_the_gate(agency_id, ordinal) for ordinal in range(ROUNDS)]
    assert not any(map(both_happened, results))
    for scanned, cancelled in results:
        assert scanned.verdict == "admitted" or isinstance(cancelled, Cancellation)
    assert invariants.violations() == {}


@race
def test_control_without_locking_the_ticket_he_does(agency_id, monkeypatch):
    """He is let in between the look at his ticket and what is written of it."""
    without_guards(monkeypatch)
    monkeypatch.setattr(
        "bookings.cancelling.carrying_out.void_tickets",
        lambda ids: Ticket.objects.filter(pk__in=ids, status="USED").update(status="REFUNDED"),
    )
    booking = sold(agency_id, [0])
    code, gate = at_the_gate(agency_id, booking)
    scanned = []

    def reach(place):
        if place == "cancel.after_lock":
            scanned.extend(at_once(agency_id, scan(code, gate)))

    monkeypatch.setattr("core.failpoints.reach", reach)
    cancelled = at_once(agency_id, all_of(agency_id, booking))
    assert both_happened([*scanned, *cancelled])


# Cancelled while it is passed on


def passed_on(ticket_id, giver):
    """Offering a ticket and taking it, as long as it is valid."""

    def run():
        begun = begin_transfer([ticket_id], Recipient("Bo", "bo@post.example"), giver=giver)
        return accept_transfer(begun.pk, name="Bo")

    return run


@race
def test_a_ticket_is_passed_on_or_cancelled_never_both(agency_id, settings):
    settings.FAIL_POINT = f"cancel.after_lock={SLOWLY}"
    for ordinal in range(4):
        booking = sold(agency_id, [ordinal])
        [ticket] = tickets_of(agency_id, booking)
        with acting_for(agency_id):
            pass_on = passed_on(ticket, booking.customer)

        def within(pass_on=pass_on):
            with transaction.atomic():
                return pass_on()

        moved, cancelled = at_once(agency_id, within, all_of(agency_id, booking))
        assert isinstance(moved, Transfer) != isinstance(cancelled, Cancellation)
    assert invariants.violations() == {}


# Cancelled while staff send money back


def by_hand(payment, amount):
    return lambda: use_case(request_refund)(
        payment_id=payment.pk, money=amount, reason="CUSTOMER_REQUEST", request_key="by hand"
    )


@race
def test_a_refund_by_staff_at_the_same_moment_never_makes_it_too_much(agency_id, settings):
    settings.FAIL_POINT = f"cancel.before_commit={SLOWLY}"
    booking = sold(agency_id, [0])
    with acting_for(agency_id):
        payment = Payment.objects.get()
    results = at_once(agency_id, all_of(agency_id, booking), by_hand(payment, Money(30, "EUR")))
    [refused] = refusals(results)
    assert refused.code == "refund_too_high"
    with acting_for(agency_id):
        assert Refund.objects.count() == 1
        sent = Refund.objects.get()
        alive = Ticket.objects.get().status
    assert (alive == "CANCELLED") == sent.request_key.startswith("cancellation:")


@race
def test_control_the_trigger_alone_stands_between_them(agency_id, committed_db):
    booking = sold(agency_id, [0])
    with acting_for(agency_id):
        payment = Payment.objects.get()
    with psycopg.connect(committed_db.admin_url, autocommit=True) as owner:
        owner.execute("ALTER TABLE payments_refund DISABLE TRIGGER USER")
    results = at_once(agency_id, all_of(agency_id, booking), by_hand(payment, Money(30, "EUR")))
    assert refusals(results) == []
    assert "INV-5 refunds never exceed what was captured" in invariants.violations()


# Killed


@pytest.fixture
def paid(committed_db, tmp_path, monkeypatch, half_owned_house):
    """(world, provider, booking as the API shows it) of two tickets that were paid at the provider."""
    made = half_owned_house
    with simulator(tmp_path) as provider:
        monkeypatch.setenv("PAYMENT_SIMULATOR_URL", provider.url)
        with acting_for(made["agency"]["id"]):
            policy((2, 0, 0))
        with web(workers=1) as server:
            client = server.client(made["tokens"]["buyer"])
            booking = reserved_booking(client, made, [0, 1])
            client.post(f"/api/v1/bookings/{booking['id']}/pay", {})
        provider.pay(payment_of(made).provider_ref)
        manage("reconcile_payments")
        yield made, provider, booking


def quoted(client, booking):
    _, quote = client.get(f"/api/v1/bookings/{booking['id']}/cancellation")
    tickets = [line["ticket"] for line in quote["lines"]]
    return {"tickets": tickets, "quote": quote["quote"]}


@pytest.mark.crash
@pytest.mark.parametrize("place", ["cancel.after_lock", "cancel.before_commit"])
def test_killed_while_cancelling_nothing_happened_and_asking_again_does_it(paid, place):
    made, provider, booking = paid
    token, address = made["tokens"]["buyer"], f"/api/v1/bookings/{booking['id']}/tickets/cancel"
    with web(workers=1, TESSERA_FAIL_POINT=f"{place}=kill") as server:
        client = server.client(token)
        wanted = quoted(client, booking)
        assert call(client, address, wanted) is None
    well()
    with acting_for(made["agency"]["id"]):
        assert Cancellation.objects.count() == Refund.objects.count() == 0
        assert EventSeat.objects.filter(status="SOLD").count() == 2
    with web(workers=1) as server:
        assert call(server.client(token), address, wanted)[0] == 200
        assert call(server.client(token), address, wanted)[0] == 200
    well()
    assert len(provider.objects("refunds")) == 1
    with acting_for(made["agency"]["id"]):
        assert Booking.objects.get().status == "REFUNDED"
        assert Refund.objects.get().status == "COMPLETED"


@pytest.mark.crash
@pytest.mark.parametrize("place", ["refund.before_provider", "refund.after_provider"])
def test_killed_while_the_money_is_sent_it_goes_back_once(paid, place):
    made, provider, booking = paid
    with web(workers=1) as server:
        client = server.client(made["tokens"]["buyer"])
        address = f"/api/v1/bookings/{booking['id']}/tickets/cancel"
        assert call(client, address, quoted(client, booking))[0] == 200
    code, _ = manage("drain", TESSERA_FAIL_POINT=f"{place}=kill", MAIL_DIR="/dev/null")
    assert code == -9
    well()
    manage("reconcile_payments", "--everything")
    well()
    assert len(provider.objects("refunds")) == 1
    with acting_for(made["agency"]["id"]):
        assert Refund.objects.get().status == "COMPLETED"
        assert set(Ticket.objects.values_list("status", flat=True)) == {"REFUNDED"}
