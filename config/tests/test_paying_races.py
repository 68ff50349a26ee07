"""Money to suppliers and seats that go back, many at once and killed in between: nothing is paid
twice, nothing is both sold and sent back. Each race has a control that fails without its guard."""

import threading
from datetime import timedelta
from http.client import HTTPException
from types import SimpleNamespace
from uuid import uuid4

import psycopg
import pytest
from django.db import DatabaseError

from accounts.models import ApiKey
from agencies.models import Agency
from agencies.queries import local_today
from bookings.services import reserve
from config.tests import world
from config.tests.scenarios import house
from config.tests.servers import at_once, manage, refusals, web, without_locks
from core import invariants
from core.locks import lock_one
from core.money import Money
from core.tenancy import acting_for, as_system
from events.models import Event
from inventory.models import EventSeat
from suppliers import services
from suppliers.models import (
    AccountsPayable,
    Allocation,
    PaymentRun,
    PaymentRunLine,
    ReturnLine,
    SupplierInvoice,
    SupplierPayment,
)
from suppliers.services import invoices

SLOWLY = "sleep:0.3"
WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted"


@pytest.fixture
def agency_id(committed_db):
    return house(owned={"sections": ["A"]})["agency"]["id"]


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


# Two debts of one supplier at one moment


@pytest.fixture
def two_debts(agency_id):
    """Two debts of 500 and more to one supplier, of which one person pays 600 a day."""
    with acting_for(agency_id):
        event = Event.objects.get()
        known = AccountsPayable.objects.get()
        of_order = {"supplier": known.supplier}
        other = world.received_order(event, section="B", rows="A", of_order=of_order)
        with as_system():
            Agency.objects.update(approval_above=600)
        return known, other.payables.get()


def pay_part(debt):
    return lambda: services.pay_payable(payable=debt, key=str(debt.pk), money=Money(400, "EUR"))


@pytest.mark.race
def test_two_payments_at_once_do_not_lead_around_the_limit(agency_id, two_debts, settings):
    settings.FAIL_POINT = f"pay_supplier.before_booking={SLOWLY}"
    results = at_once(agency_id, *map(pay_part, two_debts))
    [refused] = refusals(results)
    assert refused.code == "needs_second_person"
    with acting_for(agency_id):
        assert SupplierPayment.objects.count() == 1


@pytest.mark.race
def test_control_without_the_lock_they_do(agency_id, two_debts, settings, monkeypatch):
    settings.FAIL_POINT = f"pay_supplier.before_booking={SLOWLY}"
    without_locks(monkeypatch, "suppliers.services.paying")
    assert refusals(at_once(agency_id, *map(pay_part, two_debts))) == []


@pytest.mark.race
def test_a_key_used_for_two_suppliers_at_once_is_one_payment(agency_id, settings):
    settings.FAIL_POINT = f"pay_supplier.before_booking={SLOWLY}"
    with acting_for(agency_id):
        debt, event = AccountsPayable.objects.get(), Event.objects.get()
        other = world.received_order(event, section="B", rows="A", of_order=other_supplier())
        other = other.payables.get()
    [refused] = refusals(at_once(agency_id, pay(debt, "one"), pay(other, "one")))
    assert refused.code == "payment_key_reused"
    with acting_for(agency_id):
        assert SupplierPayment.objects.count() == 1


# A run that is approved while it is changed


@pytest.fixture
def proposed(agency_id, two_debts):
    """(run over the first debt, an owner who did not propose it, a line for the second debt)."""
    with acting_for(agency_id):
        owner = world.person("omar@load.example")
        world.Membership.objects.create(user=owner, role="OWNER")
        first, second = two_debts
        run = services.propose_run(debt_ids=[first.pk], pay_on=local_today())
        account = second.supplier.bank_account
        line = PaymentRunLine(
            run=run, payable=second, amount=100, currency="EUR", bank_account=account
        )
        return run, owner, line


def approve(run, owner):
    return lambda: services.approve_run(run=run, by=owner)


def meanwhile(monkeypatch, module, place, agency_id, work):
    """When a service reaches this place somebody else does this work, whole, before it goes on."""

    def reach(name):
        if name == place:
            at_once(agency_id, work)

    found = SimpleNamespace(reach=reach)
    monkeypatch.setattr(f"suppliers.services.{module}.failpoints", found)


@pytest.mark.race
def test_nothing_slips_into_a_run_that_is_just_approved(agency_id, proposed, settings):
    settings.FAIL_POINT = f"approve_run.before_commit={SLOWLY}"
    run, owner, line = proposed
    results = at_once(agency_id, approve(run, owner), lambda: line.save(force_insert=True))
    refused = [each for each in results if isinstance(each, DatabaseError)]
    assert len(refused) + len(refusals(results)) == 1
    with acting_for(agency_id):
        run.refresh_from_db()
        in_it = sum(run.lines.values_list("amount", flat=True))
    assert (run.status == "APPROVED") == (in_it == run.amount)


@pytest.mark.race
def test_control_without_the_trigger_something_does(committed_db, agency_id, proposed, monkeypatch):
    with psycopg.connect(committed_db.admin_url, autocommit=True) as admin:
        admin.execute("ALTER TABLE suppliers_paymentrunline DISABLE TRIGGER USER")
    run, owner, line = proposed
    meanwhile(monkeypatch, "runs", "approve_run.before_commit", agency_id, line.save)
    with acting_for(agency_id):
        run = services.approve_run(run=run, by=owner)
        assert sum(run.lines.values_list("amount", flat=True)) > run.amount


# An invoice that is matched while its debts are put into a run


@pytest.fixture
def disputed(agency_id):
    """An invoice in dispute on the second of two debts of an order; the first is on none."""
    with acting_for(agency_id):
        event, by = Event.objects.get(), world.person("omar@load.example")
        order = world.confirmed_order(event, section="B", rows="A", seats="1-4")
        line = order.lines.get()
        for ordinals in (line.ordinals[:2], line.ordinals[2:]):
            services.receive_delivery(order=order, ordinals_by_line={line.pk: ordinals})
        bills = [
            services.enter_invoice(
                order=order,
                number=number,
                invoiced_on=local_today(),
                billed=[services.Billed(Money(40, "EUR"), 2, line)],
            )
            for number in ("F-1", "F-2")
        ]
        services.refuse_invoice(invoice=bills[0], reason="Twice", by=by)
        return bills[1]


def matched_and_proposed(committed_db, agency_id, bill, monkeypatch):
    """What comes of matching an invoice while a run is proposed over the debts of its order. The run
    asks for them when the invoice has left its own."""
    monkeypatch.setattr("core.transactions.TRIES", 1)
    judge, has_left = invoices._judge, threading.Event()

    def judge_late(*given):
        has_left.set()
        until_somebody_waits(committed_db)
        judge(*given)

    monkeypatch.setattr(invoices, "_judge", judge_late)

    def propose_then():
        debts = list(bill.order.payables.values_list("pk", flat=True))
        has_left.wait(20)
        return services.propose_run(debt_ids=debts, pay_on=local_today())

    match = lambda: services.match_again(invoice=bill)  # noqa: E731
    return at_once(agency_id, match, propose_then)


def until_somebody_waits(committed_db):
    """Returns when some connection waits for a lock."""
    with psycopg.connect(committed_db.admin_url, autocommit=True) as admin:
        for _ in range(10_000):
            if admin.execute(WAITING).fetchone()[0]:
                return
    raise AssertionError("nobody waits")


@pytest.mark.race
def test_an_invoice_and_a_run_lock_debts_in_one_order(
    committed_db, agency_id, disputed, monkeypatch
):
    results = matched_and_proposed(committed_db, agency_id, disputed, monkeypatch)
    assert results[0] == disputed
    assert "held" in results[1].message


@pytest.mark.race
def test_control_when_they_do_not_one_of_them_is_undone(
    committed_db, agency_id, disputed, monkeypatch
):
    def locked(invoice):
        related = SupplierInvoice.objects.select_related("order", "supplier")
        return lock_one(related.filter(pk=invoice.pk))

    monkeypatch.setattr(invoices, "_locked", locked)
    results = matched_and_proposed(committed_db, agency_id, disputed, monkeypatch)
    assert "deadlock detected" in " ".join(map(str, results))


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
def test_control_without_the_lock_a_reserved_seat_is_sent_back(agency_id, last_seat, monkeypatch):
    without_locks(monkeypatch, "suppliers.services.returns")
    event, line = last_seat
    reserved = lambda: reserve(event=event, ordinals=line.ordinals)  # noqa: E731
    meanwhile(monkeypatch, "returns", "return.after_choice", agency_id, reserved)
    at_once(agency_id, send_back(line))
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


@pytest.fixture
def bill_of_two(agency_id):
    """An invoice that asks for two deliveries, and so for two debts of 50 euros."""
    with acting_for(agency_id):
        order = world.confirmed_order(Event.objects.get(), section="B", rows="A", seats="1-4")
        line = order.lines.get()
        for ordinals in (line.ordinals[:2], line.ordinals[2:]):
            services.receive_delivery(order=order, ordinals_by_line={line.pk: ordinals})
        billed = [services.Billed(Money(25, "EUR"), 4, line)]
        return services.enter_invoice(
            order=order, number="F-1", invoiced_on=local_today(), billed=billed
        )


@pytest.mark.crash
@pytest.mark.parametrize("place", ["pay_supplier.after_allocation", "pay_supplier.before_commit"])
def test_killed_while_an_invoice_is_paid_the_same_request_pays_it_once(
    agency_id, bill_of_two, place
):
    with acting_for(agency_id):
        owner = world.person("omar@load.example")
        world.Membership.objects.create(user=owner, role="OWNER")
        _, secret = ApiKey.objects.make(role="staff", name="Books", user=owner)
    said = {"Authorization": f"Bearer {secret}", "Idempotency-Key": "k-1"}
    path = f"/api/v1/accounts-payable/{bill_of_two.pk}/pay"
    dies = pytest.raises((OSError, HTTPException))
    with web(workers=1, TESSERA_FAIL_POINT=f"{place}=kill") as server, dies:
        server.client().post(path, {}, **said)
    with acting_for(agency_id):
        assert not SupplierPayment.objects.exists()
    with web(workers=1) as server:
        first, again = (server.client().post(path, {}, **said) for _ in range(2))
    assert (first[0], first[1]["allocated"]) == (201, "100.00")
    assert again == first
    with acting_for(agency_id):
        assert SupplierPayment.objects.count() == 1
    assert manage("check_invariants")[0] == 0


def other_supplier():
    return {"supplier": world.supplier("Somebody else")}
