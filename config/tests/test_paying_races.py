"""Money to suppliers and seats that go back, many at once and killed in between: nothing is paid
twice, nothing is both sold and sent back. Each race has a control that fails without its guard."""

from datetime import timedelta
from uuid import uuid4

import psycopg
import pytest
from django.db import connections

from agencies.queries import local_today
from bookings.services import reserve
from config.tests import world
from config.tests.scenarios import house
from config.tests.servers import manage, together
from core import invariants
from core.errors import DomainError
from core.money import Money
from core.tenancy import acting_for
from events.models import Event
from inventory.models import EventSeat
from suppliers import services
from suppliers.models import (
    AccountsPayable,
    Allocation,
    PaymentRun,
    PaymentRunLine,
    ReturnLine,
    SupplierPayment,
)

SLOWLY = "sleep:0.3"


@pytest.fixture
def agency_id(committed_db):
    return house(owned={"sections": ["A"]})["agency"]["id"]


def at_once(agency_id, *works):
    """What each of these functions, called at one moment, returns, or the refusal it raised."""

    def run(work):
        try:
            with acting_for(agency_id):
                return work()
        except DomainError as refused:
            return refused
        finally:
            connections.close_all()

    return together([lambda work=work: run(work) for work in works])


def refusals(results):
    return [each for each in results if isinstance(each, DomainError)]


def without_locks(monkeypatch, *modules):
    """The same services, but nobody waits for anybody."""
    for module in modules:
        monkeypatch.setattr(f"{module}.lock", list, raising=False)
        monkeypatch.setattr(f"{module}.lock_one", lambda rows: rows.get(), raising=False)


def pay(debt, key):
    return lambda: services.pay_payable(payable=debt, key=key)


# The same debt at one moment


@pytest.mark.race
@pytest.mark.parametrize("keys", [("one", "one"), ("one", "two")])
def test_a_debt_paid_twice_at_once_is_paid_once(agency_id, settings, keys):
    settings.FAIL_POINT = f"pay_supplier.before_booking={SLOWLY}"
    with acting_for(agency_id):
        debt = AccountsPayable.objects.get()
    results = at_once(agency_id, *(pay(debt, key) for key in keys))
    assert len(refusals(results)) == len(set(keys)) - 1
    with acting_for(agency_id):
        assert SupplierPayment.objects.count() == Allocation.objects.count() == 1
    assert invariants.violations() == {}


@pytest.mark.race
def test_control_without_the_lock_a_debt_is_paid_twice(agency_id, settings, monkeypatch):
    settings.FAIL_POINT = f"pay_supplier.before_booking={SLOWLY}"
    without_locks(monkeypatch, "suppliers.services.paying")
    with acting_for(agency_id):
        debt = AccountsPayable.objects.get()
    at_once(agency_id, pay(debt, "one"), pay(debt, "two"))
    with acting_for(agency_id):
        assert SupplierPayment.objects.count() == 2
    assert invariants.violations() != {}


# Two runs over the same debts


def propose(debt):
    return lambda: services.propose_run(debt_ids=[debt.pk], pay_on=local_today())


@pytest.mark.race
def test_of_two_runs_over_the_same_debt_one_is_proposed(agency_id, settings):
    settings.FAIL_POINT = f"propose_run.before_commit={SLOWLY}"
    with acting_for(agency_id):
        debt = AccountsPayable.objects.get()
    results = at_once(agency_id, propose(debt), propose(debt))
    assert len(refusals(results)) == 1
    with acting_for(agency_id):
        assert PaymentRun.objects.count() == PaymentRunLine.objects.count() == 1


@pytest.mark.race
def test_the_database_alone_keeps_a_debt_in_one_run(agency_id, settings, monkeypatch):
    settings.FAIL_POINT = f"propose_run.before_commit={SLOWLY}"
    without_locks(monkeypatch, "suppliers.services.runs")
    with acting_for(agency_id):
        debt = AccountsPayable.objects.get()
    at_once(agency_id, propose(debt), propose(debt))
    with acting_for(agency_id):
        assert PaymentRunLine.objects.filter(is_open=True).count() == 1


@pytest.mark.race
def test_control_without_any_guard_a_debt_is_in_two_runs(
    committed_db, agency_id, settings, monkeypatch
):
    settings.FAIL_POINT = f"propose_run.before_commit={SLOWLY}"
    without_locks(monkeypatch, "suppliers.services.runs")
    with psycopg.connect(committed_db.admin_url, autocommit=True) as admin:
        admin.execute("DROP INDEX in_one_open_run")
        admin.execute("ALTER TABLE core_numberseries DISABLE ROW LEVEL SECURITY")
    with acting_for(agency_id):
        debt = AccountsPayable.objects.get()
    monkeypatch.setattr("suppliers.services.runs.next_number", lambda series: uuid4().int % 10**4)
    at_once(agency_id, propose(debt), propose(debt))
    with acting_for(agency_id):
        assert PaymentRunLine.objects.filter(is_open=True).count() == 2


# A seat that is sent back while it is reserved


@pytest.fixture
def last_seat(agency_id):
    """(event, order line) of the only place that is free, which may go back."""
    with acting_for(agency_id):
        event = Event.objects.get()
        words = {"section": "B", "rows": "A", "seats": "1"}
        window = local_today() + timedelta(days=3)
        order = world.received_order(event, **words, return_by=window).order
        yield event, order.lines.get()


def send_back(line):
    return lambda: services.request_returns(wanted={line.pk: 1})


def taken_and_blocked(line):
    """(reserved places, places in an open return) among those of the line."""
    seats = EventSeat.objects.filter(acquisitions__line=line)
    returned = ReturnLine.objects.filter(acquisition__line=line, state="OPEN")
    return seats.filter(status="RESERVED").count(), returned.count()


@pytest.mark.race
@pytest.mark.parametrize("place", ["return.after_choice", "reserve.after_claim"])
def test_a_seat_is_reserved_or_sent_back_and_never_both(agency_id, last_seat, settings, place):
    settings.FAIL_POINT = f"{place}={SLOWLY}"
    event, line = last_seat
    results = at_once(
        agency_id,
        send_back(line),
        lambda: reserve(event=event, ordinals=line.ordinals),
    )
    assert len(refusals(results)) == 1
    assert sum(taken_and_blocked(line)) == 1
    assert invariants.violations() == {}


@pytest.mark.race
def test_control_without_the_lock_a_reserved_seat_is_sent_back(
    agency_id, last_seat, settings, monkeypatch
):
    settings.FAIL_POINT = f"return.after_choice={SLOWLY}"
    without_locks(monkeypatch, "suppliers.services.returns")
    event, line = last_seat
    at_once(
        agency_id,
        send_back(line),
        lambda: reserve(event=event, ordinals=line.ordinals),
    )
    assert taken_and_blocked(line) == (1, 1)


# Killed


@pytest.mark.crash
@pytest.mark.parametrize(
    "place",
    ["pay_supplier.after_allocation", "pay_run.after_supplier", "pay_run.before_commit"],
)
def test_killed_while_a_run_is_paid_all_is_paid_once_after_the_next_try(agency_id, place):
    with acting_for(agency_id):
        owner = world.person("omar@load.example")
        world.Membership.objects.create(user=owner, role="OWNER")
        first = AccountsPayable.objects.get()
        event = Event.objects.get()
        elsewhere = world.received_order(event, section="B", rows="B", of_order=other_supplier())
        note = services.enter_credit_note(
            supplier=first.supplier, number="C-1", money=Money(5, "EUR"), issued_on=local_today()
        )
        debts = [first.pk, elsewhere.payables.get().pk]
        run = services.propose_run(debt_ids=debts, pay_on=local_today())
        services.approve_run(run=run, by=owner)
    code, _ = manage("pay_run", run.number, TESSERA_FAIL_POINT=f"{place}=kill")
    assert code == -9
    with acting_for(agency_id):
        assert not SupplierPayment.objects.exists()
        note.refresh_from_db()
        assert note.used == 0
    assert manage("check_invariants")[0] == 0
    for _ in range(2):
        code, told = manage("pay_run", run.number)
        assert (code, told["payments"]) == (0, 2)
    with acting_for(agency_id):
        assert SupplierPayment.objects.count() == 2
        assert set(AccountsPayable.objects.values_list("status", flat=True)) == {"PAID"}
    assert manage("check_invariants")[0] == 0


def other_supplier():
    return {"supplier": world.supplier("Somebody else")}
