"""The Square of the tests is strict: what Square refuses, it refuses."""

import pytest
import requests

from payments.peers.square.objects import TOKYO
from payments.tests.simulator_process import running
from payments.tests.square_process import LOCATION, SquarePeer

LINKS = "/v2/online-checkout/payment-links"


@pytest.fixture(scope="module")
def square(tmp_path_factory):
    with running(SquarePeer(tmp_path_factory.mktemp("square") / "its.sqlite3")) as peer:
        yield peer


def body(**changed):
    line = {"name": "2 tickets", "quantity": "1"}
    line["base_price_money"] = {"amount": 9600, "currency": "EUR", **changed.pop("money", {})}
    line |= changed.pop("line", {})
    order = {"location_id": LOCATION, "line_items": [line], "metadata": {"payment_id": "1"}}
    order |= changed.pop("order", {})
    options = {"redirect_url": "http://shop.example/return/?k=1", **changed.pop("options", {})}
    return {"order": order, "checkout_options": options, **changed}


def opened(square, **changed):
    answer = square.ask("POST", LINKS, body(**changed))
    assert answer.status_code == 200, answer.text
    return answer.json()["payment_link"]


def code_of(answer, status=400):
    assert answer.status_code == status, answer.text
    return answer.json()["errors"][0]["code"]


def order_of(square, link):
    return square.ask("GET", f"/v2/orders/{link['order_id']}").json()["order"]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"card": {}}, "UNKNOWN_BODY_PARAMETER"),
        ({"order": {"expires_at": "soon"}}, "UNKNOWN_BODY_PARAMETER"),
        ({"options": {"cancel_url": "http://shop.example/"}}, "UNKNOWN_BODY_PARAMETER"),
        ({"options": {"redirect_url": "javascript:1"}}, "INVALID_VALUE"),
        ({"options": {"allow_tipping": "no"}}, "EXPECTED_OTHER_TYPE"),
        ({"options": {"accepted_payment_methods": {"cheque": True}}}, "UNKNOWN_BODY_PARAMETER"),
        ({"order": {"location_id": "LOCATIONOFOTHERS"}}, "INVALID_LOCATION"),
        ({"order": {"reference_id": "x" * 41}}, "VALUE_TOO_LONG"),
        ({"order": {"metadata": {"a": ""}}}, "INVALID_VALUE"),
        ({"order": {"metadata": {"a": 7}}}, "INVALID_VALUE"),
        ({"line": {"name": "x" * 513}}, "VALUE_TOO_LONG"),
        ({"line": {"quantity": 1}}, "EXPECTED_OTHER_TYPE"),
        ({"money": {"amount": 96.5}}, "EXPECTED_OTHER_TYPE"),
        ({"money": {"amount": True}}, "EXPECTED_OTHER_TYPE"),
        ({"money": {"amount": 0}}, "INVALID_VALUE"),
        ({"money": {"currency": "USD"}}, "INVALID_VALUE"),
        ({"idempotency_key": "k" * 193}, "VALUE_TOO_LONG"),
        ({"pre_populated_data": {"buyer_email": "noor"}}, "INVALID_EMAIL_ADDRESS"),
    ],
)
def test_a_link_that_square_would_not_make_is_not_made(square, changed, code):
    assert code_of(square.ask("POST", LINKS, body(**changed))) == code


def test_each_call_needs_the_version_and_the_token(square):
    assert code_of(square.ask("POST", LINKS, body(), version="2022-01-01")) == "BAD_REQUEST"
    assert code_of(square.ask("POST", LINKS, body(), secret="guessed"), 401) == "UNAUTHORIZED"


def test_a_key_is_for_one_set_of_words(square):
    first = square.ask("POST", LINKS, body(idempotency_key="one")).json()
    assert square.ask("POST", LINKS, body(idempotency_key="one")).json() == first
    other = square.ask("POST", LINKS, body(idempotency_key="one", money={"amount": 5}))
    assert code_of(other) == "IDEMPOTENCY_KEY_REUSED"
    assert opened(square)["id"] != opened(square)["id"]


def test_an_order_is_a_draft_until_somebody_pays_and_open_ever_after(square):
    link = opened(square)
    assert (order_of(square, link)["state"], order_of(square, link)["version"]) == ("DRAFT", 1)
    order = square.play(link["order_id"])
    assert (order["state"], order["version"]) == ("OPEN", 2)
    (tender,) = order["tenders"]
    payment = square.ask("GET", f"/v2/payments/{tender['payment_id']}").json()["payment"]
    assert (payment["status"], payment["order_id"]) == ("COMPLETED", order["id"])
    kinds = [one["type"] for one in reversed(square.events()[:3])]
    assert kinds == ["payment.created", "payment.updated", "order.updated"]
    told = square.events("order.updated")[0]["data"]["object"]["order_updated"]
    assert (told["order_id"], told["state"]) == (order["id"], "OPEN")


def test_drafts_are_listed_to_who_asks_for_them_only(square):
    link = opened(square)

    def listed(**query):
        asked = {"location_ids": [LOCATION], "query": query}
        found = square.ask("POST", "/v2/orders/search", asked).json()["orders"]
        return [one["id"] for one in found]

    assert link["order_id"] not in listed()
    assert link["order_id"] in listed(filter={"state_filter": {"states": ["DRAFT"]}})


def test_orders_are_sorted_by_what_they_are_filtered_by_and_paged(square):
    for _ in range(3):
        opened(square)
    span = {"date_time_filter": {"created_at": {"start_at": "2026-01-01T00:00:00Z"}}}
    span["state_filter"] = {"states": ["DRAFT"]}
    asked = {"location_ids": [LOCATION], "limit": 2, "query": {"filter": span}}
    assert code_of(square.ask("POST", "/v2/orders/search", asked)) == "BAD_REQUEST"
    asked["query"]["sort"] = {"sort_field": "CREATED_AT"}
    first = square.ask("POST", "/v2/orders/search", asked).json()
    again = {**asked, "cursor": first["cursor"]}
    second = square.ask("POST", "/v2/orders/search", again).json()
    ids = [one["id"] for page in (first, second) for one in page["orders"]]
    assert len(set(ids)) == len(ids) > 2
    other = {**again, "location_ids": [TOKYO]}
    assert code_of(square.ask("POST", "/v2/orders/search", other)) == "INVALID_CURSOR"


def test_a_deleted_link_cancels_its_order_unless_a_card_has_failed_on_it(square):
    quiet, tried = opened(square), opened(square)
    told = square.ask("DELETE", f"{LINKS}/{quiet['id']}").json()
    assert told == {"id": quiet["id"], "cancelled_order_id": quiet["order_id"]}
    assert order_of(square, quiet)["state"] == "CANCELED"
    square.play(tried["order_id"], "decline")
    assert square.ask("DELETE", f"{LINKS}/{tried['id']}").json() == {"id": tried["id"]}
    assert order_of(square, tried)["state"] == "OPEN"
    assert code_of(square.ask("GET", f"{LINKS}/{tried['id']}"), 404) == "NOT_FOUND"
    assert code_of(square.ask("DELETE", f"{LINKS}/{tried['id']}"), 404) == "NOT_FOUND"


def updated(square, order, **changed):
    sparse = {"location_id": LOCATION, "version": order["version"], **changed}
    return square.ask("PUT", f"/v2/orders/{order['id']}", {"order": sparse})


def cancelled(square, order, **changed):
    return updated(square, order, **{"state": "CANCELED", **changed})


def test_an_order_is_cancelled_in_its_present_version_and_only_unpaid(square):
    order = order_of(square, opened(square))
    assert code_of(cancelled(square, order, version=7)) == "VERSION_MISMATCH"
    assert code_of(cancelled(square, order, state="COMPLETED")) == "BAD_REQUEST"
    assert cancelled(square, order).json()["order"]["state"] == "CANCELED"
    assert code_of(cancelled(square, order, version=2)) == "BAD_REQUEST"
    for card in ("visa", "pending"):
        paid = square.play(opened(square)["order_id"], card=card)
        assert code_of(cancelled(square, paid)) == "BAD_REQUEST"


def refunded(square, payment_id, amount, key, **changed):
    money = {"amount": amount, "currency": "EUR"}
    asked = {"idempotency_key": key, "payment_id": payment_id, "amount_money": money, **changed}
    return square.ask("POST", "/v2/refunds", asked)


def test_money_goes_back_once_and_not_while_it_is_disputed(square):
    payment = square.play(opened(square)["order_id"])["tenders"][0]["payment_id"]
    assert code_of(refunded(square, payment, 1, "k" * 46)) == "VALUE_TOO_LONG"
    assert code_of(refunded(square, payment, 1, "r0", reason="x" * 193)) == "VALUE_TOO_LONG"
    assert code_of(refunded(square, payment, 1, "r0", metadata={})) == "UNKNOWN_BODY_PARAMETER"
    assert refunded(square, payment, 9500, "r1").json()["refund"]["status"] == "COMPLETED"
    assert code_of(refunded(square, payment, 101, "r2")) == "REFUND_AMOUNT_INVALID"
    dispute = square.dispute(payment)
    assert code_of(refunded(square, payment, 100, "r3")) == "PAYMENT_NOT_REFUNDABLE"
    square.dispute(dispute["id"], "WON")
    assert refunded(square, payment, 100, "r4").status_code == 200
    found = square.ask("GET", f"/v2/payments/{payment}").json()["payment"]
    assert (found["refunded_money"]["amount"], len(found["refund_ids"])) == (9600, 2)
    assert code_of(refunded(square, "PAYnone", 1, "r5"), 404) == "NOT_FOUND"


def press(link, card):
    answer = requests.post(link["url"], data={"card": card}, allow_redirects=False, timeout=10)
    return answer.headers["Location"]


def test_a_buyer_is_declined_and_pays_on_the_page(square):
    link = opened(square)
    assert press(link, "declined") == f"/pay/{link['id']}"
    page = requests.get(link["url"], timeout=10).text
    assert "Your card was declined" in page
    assert "€96.00" in page
    assert "go back" not in page
    back = f"http://shop.example/return/?k=1&orderId={link['order_id']}"
    assert press(link, "visa") == back
    assert "has been paid" in requests.get(link["url"], timeout=10).text
    assert press(link, "visa") == back
    assert len(order_of(square, link)["tenders"]) == 2


def test_a_page_takes_money_until_its_order_is_cancelled(square):
    link = opened(square)
    press(link, "declined")
    square.ask("DELETE", f"{LINKS}/{link['id']}")
    assert "Pay with another card" in requests.get(link["url"], timeout=10).text
    assert code_of(cancelled(square, order_of(square, link))) == "BAD_REQUEST"
    ended = {"fulfillments": [{"uid": "f1", "state": "CANCELED"}]}
    order = updated(square, order_of(square, link), **ended).json()["order"]
    assert cancelled(square, order).status_code == 200
    assert "not available any more" in requests.get(link["url"], timeout=10).text
    press(link, "visa")
    assert [one["type"] for one in order_of(square, link)["tenders"]] == ["CARD"]  # the failed one
