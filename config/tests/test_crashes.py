"""kill -9 at every named place: after a restart and `drain` nothing is broken, nothing doubled, and
every promise a client was given holds."""

from http.client import HTTPException

import pytest

from bookings.models import Booking
from config.tests.scenarios import HOUSE
from config.tests.servers import manage, simulator, web
from core import invariants
from core.money import Money
from core.tenancy import acting_for
from events.models import Event
from inventory.models import EventSeat
from payments.models import LedgerEntry, Payment
from suppliers.models import AccountsPayable, DeliveryReceipt, PurchaseOrder, Supplier
from suppliers.services import add_line, confirm_order, draft_order, submit_order
from tickets.models import Ticket

pytestmark = pytest.mark.crash


@pytest.fixture
def world(committed_db, made_house):
    return made_house


@pytest.fixture
def provider(tmp_path, monkeypatch):
    with simulator(tmp_path) as running:
        monkeypatch.setenv("PAYMENT_SIMULATOR_URL", running.url)
        yield running


def call(client, *arguments):
    """(status, body), or None when the server died while answering."""
    try:
        return client.post(*arguments)
    except (OSError, HTTPException):
        return None


def reserved_booking(client, world, seats):
    status, body = client.post("/api/v1/bookings", {"event": world["event"]["id"], "seats": seats})
    assert status == 201, body
    return body


def well():
    """After a restart: drain until quiet, then look for broken invariants."""
    _, told = manage("drain", MAIL_DIR="/dev/null")
    assert invariants.violations() == {}
    return told


@pytest.mark.parametrize("place", ["reserve.after_claim", "reserve.before_commit"])
def test_killed_while_reserving_no_seat_is_lost(world, provider, place):
    token = world["tokens"]["buyer"]
    wish = {"event": world["event"]["id"], "seats": [0, 1]}
    with web(workers=1, TESSERA_FAIL_POINT=f"{place}=kill") as server:
        assert call(server.client(token), "/api/v1/bookings", wish) is None
    well()
    with acting_for(world["agency"]["id"]):
        assert EventSeat.objects.filter(status="RESERVED").count() == 0
        assert Ticket.objects.count() == Booking.objects.count() == Payment.objects.count() == 0
    with web(workers=1) as server:
        assert call(server.client(token), "/api/v1/bookings", wish)[0] == 201


@pytest.mark.parametrize("place", ["pay.before_provider", "pay.after_provider"])
def test_killed_while_opening_the_payment_page_one_page_exists_after_the_next_try(
    world, provider, place
):
    token = world["tokens"]["buyer"]
    with web(workers=1) as server:
        booking = reserved_booking(server.client(token), world, [0, 1])
    pay = f"/api/v1/bookings/{booking['id']}/pay"
    with web(workers=1, TESSERA_FAIL_POINT=f"{place}=kill") as server:
        assert call(server.client(token), pay, {}) is None
    with web(workers=1) as server:
        status, reply = call(server.client(token), pay, {})
    assert status == 200
    sessions = provider.objects(f"checkout/sessions?client_reference_id={payment_of(world).pk}")
    assert [session["url"] for session in sessions] == [reply["redirect_url"]]
    well()


def payment_of(world):
    with acting_for(world["agency"]["id"]):
        return Payment.objects.get()


@pytest.mark.parametrize(
    "place", ["settle.before_record", "confirm.after_lock", "confirm.before_commit"]
)
def test_killed_while_confirming_the_paid_booking_is_confirmed_once_after_the_restart(
    world, provider, place
):
    token, agency = world["tokens"]["buyer"], world["agency"]["id"]
    with web(workers=1) as server:
        booking = reserved_booking(server.client(token), world, [0, 1])
        server.client(token).post(f"/api/v1/bookings/{booking['id']}/pay", {})
    payment = payment_of(world)
    provider.pay(payment.provider_ref)
    code, _ = manage("reconcile_payments", TESSERA_FAIL_POINT=f"{place}=kill")
    assert code == -9
    well()
    with acting_for(agency):
        assert Booking.objects.get(pk=booking["id"]).status == "CONFIRMED"
        assert set(Ticket.objects.values_list("status", "generation")) == {("CONFIRMED", 1)}
        assert EventSeat.objects.filter(status="SOLD").count() == 2
        deposits = LedgerEntry.objects.filter(account="customer_deposits")
        assert sum(entry.amount for entry in deposits) == 0
    well()


@pytest.mark.parametrize(
    "place", ["receive.after_receipt", "receive.after_ownership", "receive.before_commit"]
)
def test_killed_while_receiving_nothing_or_everything_has_arrived(
    committed_db, place, half_owned_house
):
    world = half_owned_house
    agency = world["agency"]["id"]
    with acting_for(agency):
        event = Event.objects.get()
        order = draft_order(supplier=Supplier.objects.get(), currency="EUR")
        section = event.layout.sections.get(label="B")
        add_line(order=order, event=event, section=section, unit_cost=Money(20, "EUR"))
        submit_order(order=order, by=None)
        confirm_order(order=order, by=None)
        owed_before = AccountsPayable.objects.count()
    code, _ = manage("receive", order.number, TESSERA_FAIL_POINT=f"{place}=kill")
    assert code == -9
    well()
    with acting_for(agency):
        assert PurchaseOrder.objects.get(pk=order.pk).status == "CONFIRMED"
        assert AccountsPayable.objects.count() == owed_before
    code, told = manage("receive", order.number)
    assert (code, told["seats"]) == (0, 200)
    well()
    with acting_for(agency):
        numbers = sorted(DeliveryReceipt.objects.values_list("number", flat=True))
        assert [int(number[-4:]) for number in numbers] == [1, 2]


def test_a_fail_point_is_refused_outside_tests(committed_db):
    code, told = manage("check_invariants", TESSERA_MODE="demo", TESSERA_FAIL_POINT="x=kill")
    assert code == 1
    assert "TESSERA_FAIL_POINT works only with TESSERA_MODE=test" in told


def test_the_story_itself_is_sound_without_a_kill(world, provider):
    """The control: the same steps without a fail point end in a confirmed booking at once."""
    token = world["tokens"]["buyer"]
    with web(workers=1) as server:
        booking = reserved_booking(server.client(token), world, [0, 1])
        server.client(token).post(f"/api/v1/bookings/{booking['id']}/pay", {})
    provider.pay(payment_of(world).provider_ref)
    code, _ = manage("reconcile_payments")
    assert code == 0
    with acting_for(world["agency"]["id"]):
        assert Booking.objects.get().status == "CONFIRMED"
    assert HOUSE["agency"]["slug"] == world["agency"]["slug"]
