"""Debts over the API: listed, paid once, in parts, in advance."""

import pytest

from agencies.models import Agency
from agencies.queries import local_today
from config.tests import world
from config.tests.test_order_api import confirmed, made
from config.tests.test_staff_api import caller, send
from core.money import Money
from core.tenancy import acting_for, as_system
from suppliers import services
from suppliers.models import AccountsPayable, SupplierPayment
from suppliers.services import Billed

pytestmark = pytest.mark.django_db


@pytest.fixture
def here(small_parterre):
    house = small_parterre
    with acting_for(house.agency.pk):
        yield house


def owed():
    """A debt of which nothing is paid."""
    debts = AccountsPayable.objects.filter(status="UNPAID", is_held=False, kind="RECEIPT")
    return debts.exclude(run_lines__is_open=True).order_by("created_at", "pk").last()


def pay(client, path, key, body=None):
    answer = client.post(
        f"/api/v1{path}/pay", body or {}, content_type="application/json",
        headers={"idempotency-key": key},
    )  # fmt: skip
    return answer.status_code, answer.json()


def test_a_debt_is_paid_in_parts_and_once_a_key(here):
    client, debt = caller(here, "FINANCE"), owed()
    path = f"/accounts-payable/{debt.pk}"
    before = SupplierPayment.objects.count()
    assert send(client, "get", path)[1]["left"] == f"{debt.amount:.2f}"
    first = pay(client, path, "k-1", {"amount": "200.00", "bank_reference": "B-9"})
    assert (first[0], first[1]["amount"], first[1]["bank_reference"]) == (201, "200.00", "B-9")
    assert pay(client, path, "k-1", {"amount": "200.00", "bank_reference": "B-9"}) == first
    assert send(client, "get", path)[1]["status"] == "PARTIAL"
    status, problem = pay(client, path, "k-2", {"amount": f"{debt.amount:.2f}"})
    assert (status, "code" in problem) == (409, True)
    assert pay(client, path, "k-3")[1]["amount"] == f"{debt.amount - 200:.2f}"
    paid = send(client, "get", path)[1]
    assert (paid["status"], paid["left"], paid["paid_at"] is not None) == ("PAID", "0.00", True)
    assert SupplierPayment.objects.count() == before + 2


@pytest.mark.parametrize(
    ("key", "body"),
    [("", {}), ("k", {"amount": "-1"}), ("k", {"amount": "0"}), ("k", {"amount": "NaN"}),
     ("k", {"amount": "1.001"}), ("k", {"method": "GOLD"}), ("k" * 60, {})],
)  # fmt: skip
def test_a_payment_that_cannot_be_is_refused(here, key, body):
    debt, before = owed(), SupplierPayment.objects.count()
    status, problem = pay(caller(here), f"/accounts-payable/{debt.pk}", key, body)
    assert status in (400, 409, 422), problem
    assert SupplierPayment.objects.count() == before


def test_an_order_on_immediate_terms_is_paid_in_advance(here):
    client = caller(here)
    order = confirmed(client, made(client, here, payment_terms="IMMEDIATE", landed_costs=[]))
    path = f"/purchase-orders/{order['id']}"
    status, payment = pay(client, path, "k-1")
    assert (status, payment["amount"], payment["allocated"]) == (201, order["total"], "0.00")
    assert pay(client, path, "k-1")[1] == payment
    assert send(client, "post", f"{path}/receive", {})[0] == 201
    debts = send(client, "get", "/accounts-payable?status=PAID")[1]["results"]
    assert order["id"] in [debt["purchase_order"] for debt in debts]


def invoice_of_two():
    """An invoice on a delivery of 50 euros that asks 8 more and was accepted: two debts."""
    of_order = {"supplier": world.supplier("Somebody else")}
    receipt = world.received_order(
        owed().order.lines.first().event, section="Circle", rows="B", seats="8-9", of_order=of_order
    )
    bill = services.enter_invoice(
        order=receipt.order,
        number="F-2",
        invoiced_on=local_today(),
        billed=[Billed(Money(29, "EUR"), 2, receipt.order.lines.get())],
    )
    return services.accept_invoice(
        invoice=bill, reason="As agreed by telephone", by=world.person("omar@parterre.example")
    )


def test_an_invoice_over_several_debts_is_paid_in_one_and_answered_again(here):
    client, bill = caller(here, "FINANCE"), invoice_of_two()
    assert sorted(bill.payables.values_list("amount", flat=True)) == [8, 50]
    path = f"/accounts-payable/{bill.pk}"
    first = pay(client, path, "k-1", {"amount": "20.00"})
    second = pay(client, path, "k-2")
    assert [first[1]["amount"], second[1]["amount"]] == ["20.00", "38.00"]
    assert second[1]["allocated"] == "38.00"
    assert pay(client, path, "k-1", {"amount": "20.00"}) == first
    assert pay(client, path, "k-2") == second
    assert set(bill.payables.values_list("status", flat=True)) == {"PAID"}
    status, problem = pay(client, path, "k-3")
    assert (status, problem["code"]) == (409, "not_payable")


def test_of_an_invoice_the_open_debt_is_shown_that_is_due_first(here):
    client, bill = caller(here, "FINANCE"), invoice_of_two()
    debts = list(bill.payables.order_by("due_on", "pk"))
    path = f"/accounts-payable/{bill.pk}"
    assert send(client, "get", path)[1]["id"] == str(debts[0].pk)
    pay(client, f"/accounts-payable/{debts[0].pk}", "k-1")
    assert send(client, "get", path)[1]["id"] == str(debts[1].pk)
    pay(client, path, "k-2", {"amount": "1.00"})
    assert send(client, "get", path)[1]["status"] == "PARTIAL"


@pytest.mark.parametrize(
    "other",
    [{}, {"amount": "100.00"}, {"amount": "101.00", "bank_reference": "B-9"},
     {"amount": "100.00", "bank_reference": "B-8"},
     {"amount": "100.00", "bank_reference": "B-9", "method": "CASH"},
     {"amount": "100.00", "bank_reference": "B-9", "paid_on": "2026-01-02"}],
)  # fmt: skip
def test_a_key_with_another_body_is_a_conflict(here, other):
    client, debt = caller(here, "FINANCE"), owed()
    path, said = f"/accounts-payable/{debt.pk}", {"amount": "100.00", "bank_reference": "B-9"}
    first = pay(client, path, "k-1", said)
    before = SupplierPayment.objects.count()
    status, problem = pay(client, path, "k-1", other)
    assert (status, problem["code"]) == (409, "payment_key_reused")
    assert pay(client, path, "k-1", {**said, "amount": "100"}) == first
    assert SupplierPayment.objects.count() == before


def test_above_the_limit_the_answer_leads_to_a_payment_run(here):
    client, debt, before = caller(here), owed(), SupplierPayment.objects.count()
    with as_system():
        Agency.objects.filter(pk=here.agency.pk).update(approval_above=100)
    status, problem = pay(client, f"/accounts-payable/{debt.pk}", "k-1")
    assert (status, problem["code"]) == (409, "needs_second_person")
    assert "put it into a payment run" in problem["detail"]
    assert SupplierPayment.objects.count() == before


@pytest.mark.parametrize("role", ["PURCHASING", "BOX_OFFICE", "GATE_MANAGER", "PROMOTER"])
def test_only_who_keeps_the_money_pays(here, role):
    debt = owed()
    assert pay(caller(here, role), f"/accounts-payable/{debt.pk}", "k")[0] == 403
    order = f"/purchase-orders/{debt.order_id}"
    assert pay(caller(here, role), order, "k")[0] == 403
