"""Debts over the API: listed, paid once, in parts, in advance."""

import pytest

from config.tests import world
from config.tests.test_order_api import confirmed, made
from config.tests.test_staff_api import caller, send
from core.tenancy import acting_for
from suppliers.models import AccountsPayable, SupplierPayment

pytestmark = pytest.mark.django_db


@pytest.fixture
def here():
    house = world.small_house()
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


@pytest.mark.parametrize("role", ["PURCHASING", "BOX_OFFICE", "GATE_MANAGER", "PROMOTER"])
def test_only_who_keeps_the_money_pays(here, role):
    debt = owed()
    assert pay(caller(here, role), f"/accounts-payable/{debt.pk}", "k")[0] == 403
    order = f"/purchase-orders/{debt.order_id}"
    assert pay(caller(here, role), order, "k")[0] == 403
