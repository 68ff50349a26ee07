"""The Stripe of the tests is strict: what Stripe refuses, it refuses."""

import time

import pytest
import requests

from payments.tests.simulator_process import running
from payments.tests.stripe_process import StripePeer

SESSIONS = "/v1/checkout/sessions"
PRICE = "line_items[0][price_data]"


@pytest.fixture(scope="module")
def stripe(tmp_path_factory):
    with running(StripePeer(tmp_path_factory.mktemp("stripe") / "its.sqlite3")) as peer:
        yield peer


def form(**changed):
    fields = {
        "mode": "payment",
        f"{PRICE}[currency]": "eur",
        f"{PRICE}[unit_amount]": "4800",
        f"{PRICE}[product_data][name]": "2 tickets",
        "line_items[0][quantity]": "2",
        "success_url": "http://shop.example/return/?session={CHECKOUT_SESSION_ID}",
        "cancel_url": "http://shop.example/checkout/",
        "client_reference_id": "payment-1",
        "expires_at": str(int(time.time()) + 2000),
        "metadata[payment_id]": "payment-1",
    }
    return {**fields, **changed}


def opened(stripe, **changed):
    answer = stripe.call("POST", SESSIONS, form(**changed))
    assert answer.status_code == 200, answer.text
    return answer.json()


def error_of(answer, status=400):
    assert answer.status_code == status, answer.text
    return answer.json()["error"]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"card[number]": "4242424242424242"}, "unknown parameter: card[number]"),
        ({"metadata[a][b]": "x"}, "unknown parameter"),
        ({"success_url": None}, "Missing required param"),
        ({"mode": "subscription"}, "mode must be payment"),
        ({f"{PRICE}[currency]": "EUR"}, "Invalid currency"),
        ({f"{PRICE}[unit_amount]": "48.00"}, "Invalid integer"),
        ({f"{PRICE}[unit_amount]": "20"}, "at least 50 cents"),
        ({f"{PRICE}[currency]": "kwd", f"{PRICE}[unit_amount]": "12345"}, "divisible by 10"),
        ({f"{PRICE}[currency]": "isk", f"{PRICE}[unit_amount]": "555"}, "divisible by 100"),
        ({"expires_at": str(int(time.time()) + 1500)}, "at least 30 minutes"),
        ({"expires_at": str(int(time.time()) + 90_000)}, "at most 24 hours"),
        ({"payment_method_types[0]": "cheque"}, "Invalid payment_method_types"),
    ],
)
def test_a_session_that_stripe_would_not_open_is_not_opened(stripe, changed, said):
    assert said in error_of(stripe.call("POST", SESSIONS, form(**changed)))["message"]


def test_a_key_is_for_one_set_of_words(stripe):
    first = stripe.call("POST", SESSIONS, form(), key="one").json()
    assert stripe.call("POST", SESSIONS, form(), key="one").json() == first
    refused = error_of(stripe.call("POST", SESSIONS, form(mode="setup"), key="one"))
    assert refused["type"] == "idempotency_error"


def test_a_sticky_error_is_told_again_and_again(stripe):
    stripe.break_next(f"POST {SESSIONS}", "sticky_500_after_success")
    count = len(stripe.objects("checkout/sessions"))
    fields = form()
    for _ in range(3):
        error_of(stripe.call("POST", SESSIONS, fields, key="sticky"), 500)
    assert len(stripe.objects("checkout/sessions")) == count + 1


def test_sessions_are_not_found_by_the_shops_own_id(stripe):
    refused = error_of(stripe.call("GET", SESSIONS, {"client_reference_id": "payment-1"}))
    assert refused["code"] == "parameter_unknown"


def test_lists_come_in_pages(stripe):
    ids = [opened(stripe)["id"] for _ in range(3)]
    page = stripe.call("GET", SESSIONS, {"limit": 2}).json()
    assert ([one["id"] for one in page["data"]], page["has_more"]) == (ids[:0:-1], True)
    after = {"limit": 1, "starting_after": ids[1]}
    assert stripe.call("GET", SESSIONS, after).json()["data"][0]["id"] == ids[0]
    later = {"created[gte]": int(time.time()) + 60}
    assert stripe.call("GET", SESSIONS, later).json()["data"] == []


def test_money_goes_back_once_and_not_while_it_is_disputed(stripe):
    session = stripe.play(opened(stripe)["id"])
    intent = {"payment_intent": session["payment_intent"]}
    assert stripe.call("POST", "/v1/refunds", {**intent, "amount": 9500}).status_code == 200
    refused = error_of(stripe.call("POST", "/v1/refunds", {**intent, "amount": 101}))
    assert "greater than unrefunded amount" in refused["message"]
    dispute = stripe.dispute(session["payment_intent"], "needs_response")
    refused = error_of(stripe.call("POST", "/v1/refunds", {**intent, "amount": 100}))
    assert refused["code"] == "charge_disputed"
    stripe.dispute(dispute["id"], "won")
    assert stripe.call("POST", "/v1/refunds", {**intent, "amount": 100}).status_code == 200
    refused = error_of(stripe.call("POST", "/v1/refunds", {**intent, "amount": 1}))
    assert refused["code"] == "charge_already_refunded"


def test_each_step_is_told(stripe):
    before = len(stripe.events())
    session = stripe.play(opened(stripe)["id"], card="disputed")
    stripe.dispute(stripe.objects("disputes")[0]["id"], "won")
    kinds = [event["type"] for event in reversed(stripe.events())][before:]
    assert kinds == [
        *("payment_intent.succeeded", "charge.succeeded", "checkout.session.completed"),
        *("charge.dispute.created", "charge.dispute.funds_withdrawn"),
        *("charge.dispute.funds_reinstated", "charge.dispute.closed"),
    ]
    event = stripe.events("checkout.session.completed")[0]
    assert event["data"]["object"]["id"] == session["id"]
    assert event["api_version"] == "2026-10-28.endive"


def test_a_buyer_is_declined_and_pays_on_the_hosted_page(stripe):
    session = opened(stripe)

    def press(card):
        answer = requests.post(
            session["url"], data={"card": card}, allow_redirects=False, timeout=10
        )
        return answer.headers["Location"]

    assert press("insufficient") == f"/pay/{session['id']}"
    assert "declined" in requests.get(session["url"], timeout=10).text
    assert press("visa") == f"http://shop.example/return/?session={session['id']}"
    assert "has been paid" in requests.get(session["url"], timeout=10).text


def test_an_expired_page_takes_no_money(stripe):
    session = opened(stripe)
    stripe.call("POST", f"{SESSIONS}/{session['id']}/expire")
    again = error_of(stripe.call("POST", f"{SESSIONS}/{session['id']}/expire"))
    assert "Only Checkout Sessions" in again["message"]
    requests.post(session["url"], data={"card": "visa"}, timeout=10)
    shown = stripe.call("GET", f"{SESSIONS}/{session['id']}").json()
    assert (shown["payment_status"], shown["url"]) == ("unpaid", None)


@pytest.mark.parametrize(
    ("path", "asked", "said"),
    [
        ("/v1/payouts", {"limit": "101"}, "limit"),
        ("/v1/payouts", {"created[gt]": "1"}, "unknown parameter"),
        ("/v1/balance_transactions", {"expand[0]": "data.fee"}, "cannot be expanded"),
        ("/v1/balance_transactions", {"payout": "po_of_nobody"}, "No such payout"),
        ("/v1/balance_transactions", {"source_type": "charge"}, "unknown parameter"),
    ],
)
def test_of_payouts_it_knows_what_stripe_knows(stripe, path, asked, said):
    error = error_of(stripe.call("GET", path, asked))
    assert said in error["message"] or said in error["param"]


def test_lines_are_told_of_automatic_payouts_only(stripe):
    made = stripe.pay_out(automatic="0", amount=100)["id"]
    error = error_of(stripe.call("GET", "/v1/balance_transactions", {"payout": made}))
    assert "automatic transfers, not manual" in error["message"]
