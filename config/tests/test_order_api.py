"""Purchase orders over the API: from the draft to what is owned, and every refusal by its reason."""

import pytest

from config.tests.test_staff_api import caller, send
from core.memory import Remembered
from core.tenancy import acting_for, as_system
from inventory.models import EventSeat
from suppliers.models import DeliveryReceipt, PurchaseOrder

pytestmark = pytest.mark.django_db


@pytest.fixture
def here(small_parterre):
    house = small_parterre
    with acting_for(house.agency.pk):
        yield house


def draft(house, **changes):
    """The body of an order of two rows in the circle."""
    return {
        "supplier": str(house.rows["suppliers.supplier"].pk),
        "currency": "EUR",
        "reference": "Q-77",
        "lines": [
            {
                "event": str(house.event.pk),
                "section": "Circle",
                "rows": "A",
                "unit_price": "20.00",
                "retail_price": "33.00",
                "face_value": "30.00",
            },
            {
                "event": str(house.event.pk),
                "section": "Circle",
                "rows": "B",
                "quantity": 4,
                "unit_price": "15.50",
            },
        ],
        "landed_costs": [{"kind": "TAX", "amount": "26.20"}],
        **changes,
    }


def made(client, house, **changes):
    status, order = send(client, "post", "/purchase-orders", draft(house, **changes))
    assert status == 201, order
    return order


def confirmed(client, order):
    path = f"/purchase-orders/{order['id']}"
    assert send(client, "post", f"{path}/submit")[1]["status"] == "PENDING"
    return send(client, "post", f"{path}/confirm")[1]


def test_an_order_from_its_draft_to_two_deliveries(here):
    client = caller(here, "PURCHASING")
    order = made(client, here)
    assert (order["status"], order["seats"], order["total"]) == ("DRAFT", 14, "288.20")
    assert order["created_by"] == str(here.people["PURCHASING"].pk)
    order = confirmed(client, order)
    row_a, row_b = order["lines"]
    assert (order["status"], row_a["landed"], row_b["landed"]) == ("CONFIRMED", "20.00", "6.20")
    receive = f"/purchase-orders/{order['id']}/receive"
    part = {"lines": [{"line": row_a["id"], "seats": row_a["seats"][:3]}]}
    status, receipt = send(client, "post", receive, part)
    assert (status, receipt["seats"], receipt["amount"]) == (201, 3, "66.00")
    status, problem = send(client, "post", receive, part)
    assert (status, problem["code"]) == (409, "over_receipt")
    assert send(client, "post", receive, {})[1]["seats"] == 11
    order = send(client, "get", f"/purchase-orders/{order['id']}")[1]
    assert (order["status"], order["closed_at"] is not None) == ("COMPLETED", True)
    first = EventSeat.objects.get(event=here.event, ordinal=row_a["seats"][0])
    assert (first.ownership, str(first.cost), str(first.price)) == ("OWNED", "22.000", "33.000")


def test_a_draft_that_makes_no_sense_is_refused_whole(here):
    client, orders = caller(here), PurchaseOrder.objects.count()
    line = draft(here)["lines"][0]
    wrong = [
        draft(here, supplier="01a1fc84-3333-7000-8000-000000000000"),
        draft(here, currency="USD"),
        draft(here, lines=[line, {**line, "section": "Gods"}]),
        draft(here, lines=[line, {**line, "rows": "Z"}]),
        draft(here, lines=[line, line]),
        draft(here, lines=[{**line, "section": "Stalls"}]),
        draft(here, lines=[{**line, "quantity": 11}]),
        draft(here, lines=[{**line, "unit_price": "-1.00"}]),
        draft(here, lines=[{**line, "unit_price": "1e30"}]),
        draft(here, lines=[{**line, "event": "01a1fc84-1111-7000-8000-000000000000"}]),
        draft(here, landed_costs=[{"kind": "TIP", "amount": "1.00"}]),
        draft(here, status="CONFIRMED"),
    ]
    for body in wrong:
        status, problem = send(client, "post", "/purchase-orders", body)
        assert status in (400, 409, 422), problem
        assert problem["detail"]
    assert PurchaseOrder.objects.count() == orders


def test_a_delivery_said_twice_with_one_key_is_one(here):
    client = caller(here)
    order = confirmed(client, made(client, here))
    path = f"/api/v1/purchase-orders/{order['id']}/receive"
    before = DeliveryReceipt.objects.count()
    answers = [
        client.post(path, {}, content_type="application/json", headers={"idempotency-key": "d-1"})
        for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert DeliveryReceipt.objects.count() == before + 1


@pytest.mark.parametrize("role", ["FINANCE", "BOX_OFFICE", "GATE_MANAGER", "PROMOTER"])
def test_only_who_buys_may_order(here, role):
    client = caller(here, role)
    assert send(client, "post", "/purchase-orders", draft(here))[0] == 403
    assert send(client, "get", "/purchase-orders")[0] == (200 if role == "FINANCE" else 403)


def test_orders_are_listed_by_state_and_supplier(here):
    client = caller(here)
    order = made(client, here)
    drafts = send(client, "get", "/purchase-orders?status=DRAFT")[1]["results"]
    assert [one["id"] for one in drafts] == [order["id"]]
    assert drafts[0]["quantity"] == 14
    assert len(send(client, "get", "/purchase-orders")[1]["results"]) == 2
    assert send(client, "get", "/purchase-orders?status=LOST")[0] == 400


def test_a_line_may_be_of_a_price_level(here):
    line = {"event": str(here.event.pk), "level": "Circle", "quantity": 3, "unit_price": "9.00"}
    order = made(caller(here), here, lines=[line], landed_costs=[])
    assert (order["lines"][0]["level"], order["seats"], order["total"]) == ("Circle", 3, "27.00")
    status, _ = send(
        caller(here), "post", "/purchase-orders", draft(here, lines=[{**line, "level": "Gods"}])
    )
    assert status == 422


def test_a_change_of_what_somebody_else_changed_is_told_what_differs(here):
    client = caller(here)
    order = made(client, here)
    path = f"/purchase-orders/{order['id']}"
    seen = {"version": order["version"]}
    status, changed = send(client, "put", path, {**seen, "notes": "Call first."})
    assert (status, changed["notes"]) == (200, "Call first.")
    assert changed["version"] > order["version"]
    status, problem = send(client, "put", path, {**seen, "notes": "Do not call."})
    assert (status, problem["code"]) == (409, "stale")
    assert problem["diff"]["notes"]["theirs"] == "Call first."
    assert send(client, "get", path)[1]["notes"] == "Call first."
    now = {"version": problem["version"]}
    assert send(client, "put", path, {**now, "status": "COMPLETED"})[0] == 400
    assert send(client, "put", path, {**now, "notes": "Do not call."})[0] == 200


def test_above_the_limit_a_second_person_approves(here):
    here.agency.approval_above = 100
    with as_system():
        here.agency.save()
    Remembered.forget_everything()
    buyer, owner = caller(here, "PURCHASING"), caller(here, "OWNER")
    path = f"/purchase-orders/{made(buyer, here)['id']}"
    assert send(buyer, "post", f"{path}/submit")[1]["needs_approval"] is True
    assert send(buyer, "post", f"{path}/approve")[0] in (403, 409)
    assert send(buyer, "post", f"{path}/confirm")[0] == 409
    assert send(buyer, "post", f"{path}/withdraw")[1]["status"] == "DRAFT"
    send(buyer, "post", f"{path}/submit")
    approved = send(owner, "post", f"{path}/approve")[1]
    assert approved["approved_by"] == str(here.people["OWNER"].pk)
    assert send(buyer, "post", f"{path}/confirm")[1]["status"] == "CONFIRMED"


def test_what_has_not_arrived_is_called_off(here):
    client = caller(here)
    order = confirmed(client, made(client, here))
    path, line = f"/purchase-orders/{order['id']}", order["lines"][0]
    send(
        client,
        "post",
        f"{path}/receive",
        {"lines": [{"line": line["id"], "seats": line["seats"][:2]}]},
    )
    assert send(client, "post", f"{path}/cancel", {})[0] == 400
    order = send(client, "post", f"{path}/cancel", {"reason": "Late.", "lines": [line["id"]]})[1]
    assert (order["status"], order["lines"][0]["cancelled_quantity"]) == ("PARTIALLY_RECEIVED", 8)
    order = send(client, "post", f"{path}/cancel", {"reason": "Late."})[1]
    assert [line["status"] for line in order["lines"]] == ["RECEIVED", "CANCELLED"]
    assert order["status"] == "COMPLETED"
