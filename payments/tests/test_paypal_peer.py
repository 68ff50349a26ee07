"""The PayPal of the tests is strict: what PayPal refuses, it refuses."""

import json

import pytest
import requests

from payments.peers.paypal.objects import PREFIXES, PayPalError, find
from payments.simulator.store import Store
from payments.tests.paypal_process import CLIENT_ID, CLIENT_SECRET, PayPalPeer
from payments.tests.simulator_process import running

ORDERS = "/v2/checkout/orders"


@pytest.fixture(scope="module")
def paypal(tmp_path_factory):
    with running(PayPalPeer(tmp_path_factory.mktemp("paypal") / "its.sqlite3")) as peer:
        peer.token = requests.post(
            f"{peer.url}/v1/oauth2/token",
            data={"grant_type": "client_credentials"},
            auth=(CLIENT_ID, CLIENT_SECRET),
            timeout=10,
        ).json()["access_token"]
        yield peer


def post(paypal, path, body, key="", token=None):
    headers = {
        "Authorization": f"Bearer {token or paypal.token}",
        "Content-Type": "application/json",
    }
    if key:
        headers["PayPal-Request-Id"] = key
    return requests.post(paypal.url + path, json.dumps(body), headers=headers, timeout=10)


def order(**changed):
    experience = {
        "brand_name": "Parterre",
        "shipping_preference": "NO_SHIPPING",
        "user_action": "PAY_NOW",
        "payment_method_preference": "IMMEDIATE_PAYMENT_REQUIRED",
        "return_url": "http://shop.example/return/?k=1",
        "cancel_url": "http://shop.example/checkout/",
    }
    amount = {"currency_code": "EUR", "value": "48.00"}
    unit = {"custom_id": "payment-1", "amount": {**amount, **changed.pop("amount", {})}}
    unit |= changed.pop("unit", {})
    experience |= changed.pop("experience", {})
    return {
        "intent": "CAPTURE",
        "purchase_units": [unit],
        "payment_source": {"paypal": {"experience_context": experience}},
        **changed,
    }


def issue_of(answer, status):
    assert answer.status_code == status, answer.text
    return answer.json()["details"][0]["issue"]


@pytest.mark.parametrize(
    ("changed", "status", "issue"),
    [
        ({"card": {}}, 400, "UNKNOWN_FIELD"),
        ({"unit": {"card": {}}}, 400, "UNKNOWN_FIELD"),
        ({"experience": {"theme": "dark"}}, 400, "UNKNOWN_FIELD"),
        ({"experience": {"return_url": "javascript:1"}}, 400, "INVALID_PARAMETER_SYNTAX"),
        ({"intent": "AUTHORIZE"}, 422, "UNSUPPORTED_INTENT"),
        ({"amount": {"currency_code": "KWD"}}, 422, "CURRENCY_NOT_SUPPORTED"),
        ({"amount": {"currency_code": "JPY"}}, 422, "DECIMALS_NOT_SUPPORTED"),
        ({"amount": {"value": "48.0"}}, 400, "INVALID_PARAMETER_SYNTAX"),
        ({"amount": {"value": "0.00"}}, 422, "CANNOT_BE_ZERO_OR_NEGATIVE"),
        ({"unit": {"description": "x" * 128}}, 400, "INVALID_STRING_LENGTH"),
        ({"unit": {"payee": {"merchant_id": "X"}}}, 422, "PAYEE_ACCOUNT_INVALID"),
    ],
)
def test_an_order_that_paypal_would_not_make_is_not_made(paypal, changed, status, issue):
    assert issue_of(post(paypal, ORDERS, order(**changed), "odd"), status) == issue


def test_each_call_needs_a_key_of_its_own_and_a_token(paypal):
    assert issue_of(post(paypal, ORDERS, order()), 400) == "PAYPAL_REQUEST_ID_REQUIRED"
    assert post(paypal, ORDERS, order(), "x", token="guessed").status_code == 401
    first = post(paypal, ORDERS, order(), "one").json()
    assert post(paypal, ORDERS, order(), "one").json() == first
    other = order(amount={"value": "9.00"})
    assert issue_of(post(paypal, ORDERS, other, "one"), 422) == "DUPLICATE_REQUEST_ID"


def test_money_is_taken_once_and_only_from_who_approved(paypal):
    made = post(paypal, ORDERS, order(), "two").json()
    path = f"{ORDERS}/{made['id']}/capture"
    assert issue_of(post(paypal, path, {}, "early"), 422) == "ORDER_NOT_APPROVED"
    paypal.play(made["id"])
    assert post(paypal, path, {}, "take").json()["status"] == "COMPLETED"
    assert issue_of(post(paypal, path, {}, "again"), 422) == "ORDER_ALREADY_CAPTURED"
    kinds = [event["event_type"] for event in paypal.events()[:2]]
    assert kinds == ["PAYMENT.CAPTURE.COMPLETED", "CHECKOUT.ORDER.APPROVED"]


def test_a_buyer_approves_on_the_page_and_returns(paypal):
    made = post(paypal, ORDERS, order(), "three").json()
    page = made["links"][1]["href"]
    assert "Parterre" in requests.get(page, timeout=10).text
    answer = requests.post(page, {"account": "good"}, allow_redirects=False, timeout=10)
    back = f"http://shop.example/return/?k=1&token={made['id']}&PayerID=NOORSACCOUNT7"
    assert answer.headers["Location"] == back


def test_what_nobody_approves_ends_after_three_hours(paypal):
    made = post(paypal, ORDERS, order(), "four").json()
    store = Store(paypal.store, PREFIXES)
    created = store.get("order", made["id"])["_created"]
    assert find(store, "order", made["id"], created + 3 * 3600)
    with pytest.raises(PayPalError):
        find(store, "order", made["id"], created + 3 * 3600 + 1)
    store.close()
