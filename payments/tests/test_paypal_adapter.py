"""PayPal's adapter against a PayPal of our own: the contract, and what only PayPal does."""

import json
import logging
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest

from core.money import Money
from payments.adapters import ProviderRefused, ProviderUnavailable, WebhookRefused
from payments.adapters.paypal import PAGE, PayPalProvider
from payments.adapters.paypal_client import PayPalClient
from payments.adapters.paypal_notices import Certificates
from payments.adapters.paypal_objects import amount_of, dispute_of, event_of
from payments.peers.paypal.signing import CERTIFICATE_PATH
from payments.tests.contract import (
    ProviderContract,
    by_our_id,
    opened,
    paid,
    refund_of,
    taken,
    wish,
)
from payments.tests.paypal_process import CLIENT_ID, CLIENT_SECRET, PayPalPeer
from payments.tests.simulator_process import running


@pytest.fixture(scope="module")
def peer(tmp_path_factory):
    with running(PayPalPeer(tmp_path_factory.mktemp("paypal") / "its.sqlite3")) as peer:
        yield peer


@pytest.fixture
def adapter(peer):
    return peer.adapter()


class TestPayPal(ProviderContract):
    """Every promise an adapter makes."""

    amounts = (("4800", "JPY"), ("1234.00", "HUF"), ("0.55", "EUR"))
    finds_by_our_id = False

    def heard_of_later(self, adapter, wanted):
        """Asking again gives the same order, or nothing ever does: then nobody can pay it."""
        try:
            return adapter.open_session(**wanted)
        except ProviderUnavailable:
            return opened(adapter)

    def test_of_several_sessions_the_paid_one_counts(self, peer, adapter):
        """Several are only made with several keys; each is known by PayPal's id."""
        payment_id = uuid4()
        first = paid(peer, adapter, payment_id=payment_id)
        opened(adapter, payment_id=payment_id, idempotency_key=str(uuid4()))
        assert by_our_id(adapter, payment_id) is None
        assert adapter.find_session(ref=first.ref) == first


def asked_since(peer, before, path):
    return [one for one in peer.witness()["requests"][before:] if one["path"].endswith(path)]


def requests_so_far(peer):
    return len(peer.witness()["requests"])


# Taking the money


def test_nothing_is_taken_before_the_buyer_has_approved_and_then_once(peer, adapter):
    session = opened(adapter)
    assert adapter.capture(ref=session.ref, idempotency_key="too early").state == "failed"
    peer.play(session.ref)
    before = adapter.find_session(ref=session.ref)
    assert (before.state, before.payment_ref) == ("approved", None)
    first = taken(adapter, session.ref)
    again = adapter.capture(ref=session.ref, idempotency_key=f"{session.ref}:capture")
    other = adapter.capture(ref=session.ref, idempotency_key="another key")
    assert (first.state, first) == ("paid", again)
    assert other == first
    assert len([one for one in peer.objects("capture") if one["id"] == first.payment_ref]) == 1


@pytest.mark.parametrize("fault", ["timeout_after_success", "sticky_500_after_success"])
def test_a_capture_without_an_answer_is_looked_up(peer, adapter, fault):
    session = opened(adapter)
    peer.play(session.ref)
    peer.break_next(peer.routes["capture"], fault)
    with pytest.raises(ProviderUnavailable):
        adapter.capture(ref=session.ref, idempotency_key=session.ref)
    assert adapter.find_session(ref=session.ref).state == "paid"


def test_what_is_declined_when_it_is_taken_has_failed(peer, adapter):
    for account in ("declined", "refused"):
        session = opened(adapter)
        peer.play(session.ref, account=account)
        assert taken(adapter, session.ref).state == "failed"


def test_a_capture_under_review_stays_open_until_it_is_decided(peer, adapter):
    for verdict, state in (("COMPLETED", "paid"), ("DECLINED", "failed")):
        session = opened(adapter)
        peer.play(session.ref, account="pending")
        reviewed = taken(adapter, session.ref)
        assert (reviewed.state, adapter.expire_session(session.ref).state) == ("open", "open")
        peer.decide_capture(reviewed.payment_ref, verdict)
        assert adapter.find_session(ref=session.ref).state == state


def test_what_was_approved_and_given_up_costs_nothing(peer, adapter):
    session = opened(adapter)
    adapter.expire_session(session.ref)
    peer.play(session.ref)
    assert adapter.expire_session(session.ref).state == "expired"
    assert adapter.find_session(ref=session.ref).payment_ref is None


# Amounts, names


@pytest.mark.parametrize(
    ("amount", "currency", "value"),
    [("12.50", "EUR", "12.50"), ("4800", "JPY", "4800"), ("1234.00", "HUF", "1234")],
)
def test_amounts_are_written_as_paypal_does(amount, currency, value):
    told = amount_of(Money(Decimal(amount), currency))
    assert told == {"currency_code": currency, "value": value}


@pytest.mark.parametrize(
    ("amount", "currency"), [("1234.50", "HUF"), ("800.45", "TWD"), ("1.000", "KWD"), ("5", "ISK")]
)
def test_amounts_that_paypal_cannot_take_are_refused_before_anybody_is_asked(
    peer, adapter, amount, currency
):
    before = requests_so_far(peer)
    assert not adapter.takes(Money(Decimal(amount), currency))
    with pytest.raises(ProviderRefused, match=currency):
        opened(adapter, amount=Decimal(amount), currency=currency)
    assert requests_so_far(peer) == before


def test_what_is_paid_to_another_merchant_does_not_bear_our_names(peer, adapter):
    session = paid(peer, adapter)
    peer.change_session(session.ref, merchant_id="SOMEBODYELSE77")
    assert adapter.find_session(ref=session.ref).metadata == {}
    assert peer.adapter(merchant_id="").find_session(ref=session.ref).metadata


def test_the_captured_amount_counts(peer, adapter):
    session = paid(peer, adapter)
    peer.change_session(session.ref, value="12.00")
    assert adapter.find_session(ref=session.ref).amount == 12


# Tokens


def test_a_token_is_asked_for_once_and_again_when_paypal_takes_it_back(peer):
    adapter, before = peer.adapter(), requests_so_far(peer)
    session = opened(adapter)
    adapter.find_session(ref=session.ref)
    assert len(asked_since(peer, before, "/oauth2/token")) == 1
    peer.take_tokens_back()
    assert adapter.find_session(ref=session.ref) == session
    assert len(asked_since(peer, before, "/oauth2/token")) == 2


def test_a_token_that_ends_soon_is_not_used(peer, monkeypatch):
    client = PayPalClient(CLIENT_ID, CLIENT_SECRET, peer.url)
    assert client.get("/v2/checkout/orders/NOSUCH") is None
    before = requests_so_far(peer)
    later = time.monotonic() + 32_400 - 30
    monkeypatch.setattr("payments.adapters.paypal_client.time.monotonic", lambda: later)
    client.get("/v2/checkout/orders/NOSUCH")
    assert len(asked_since(peer, before, "/oauth2/token")) == 1


# Charges, refunds, disputes


def test_a_charge_says_its_fee_and_whose_account_paid(peer, adapter):
    charge = adapter.find_charge(paid(peer, adapter).payment_ref)
    assert (charge.fee, charge.fee_currency, charge.card) == (
        *(Decimal("2.74"), "EUR"),
        "NOORSACCOUNT7",
    )


def test_a_slow_refund_is_pending_until_it_is_done(peer, adapter):
    session = opened(adapter)
    peer.play(session.ref, account="slow_refund")
    wanted = refund_of(taken(adapter, session.ref))
    made = adapter.refund(**wanted)
    asked = {name: wanted[name] for name in ("refund_id", "attempt", "payment_ref")}
    seen = [made.state]
    for status in ("succeeded", "cancelled"):
        peer.decide_refund(made.ref, status)
        seen.append(adapter.find_refund(**asked).state)
    assert seen == ["pending", "completed", "failed"]


def test_a_claim_holds_the_money_back_until_it_is_decided(peer, adapter):
    payment_ref = paid(peer, adapter).payment_ref
    ref = peer.dispute(payment_ref, stage="INQUIRY")["dispute_id"]
    seen = []
    for moved in (
        {"stage": "INQUIRY"},
        {"stage": "CHARGEBACK"},
        {"status": "UNDER_REVIEW"},
        {"outcome": "RESOLVED_SELLER_FAVOUR"},
        {"outcome": "RESOLVED_BUYER_FAVOUR"},
    ):
        peer.dispute(ref, **moved)
        (now,) = adapter.find_disputes(payment_ref)
        seen.append((now.state, now.is_withdrawn, now.fee))
    assert seen == [
        ("inquiry", False, 0),
        ("needs_response", True, 0),
        ("under_review", True, 0),
        ("won", False, 0),
        ("lost", True, 14),
    ]
    assert now.reason == "merchandise_or_service_not_received"
    assert timedelta(days=6) < now.evidence_due_at - now.created_at < timedelta(days=8)


def test_an_inquiry_that_the_buyer_drops_is_closed(peer, adapter):
    payment_ref = paid(peer, adapter).payment_ref
    ref = peer.dispute(payment_ref, stage="INQUIRY", value="10.00")["dispute_id"]
    peer.dispute(ref, outcome="CANCELED_BY_BUYER")
    (now,) = adapter.find_disputes(payment_ref)
    assert (now.state, now.is_withdrawn, now.amount) == ("closed", False, 10)


def test_a_disputed_capture_is_not_refunded(peer, adapter):
    session = paid(peer, adapter)
    peer.dispute(session.payment_ref, stage="CHARGEBACK")
    with pytest.raises(ProviderRefused, match="CAPTURE_DISPUTED"):
        adapter.refund(**refund_of(session))


def test_all_disputes_of_a_time_are_found_page_by_page(peer, adapter, monkeypatch):
    began = datetime.now(UTC) - timedelta(seconds=1)
    wanted = {paid(peer, adapter).payment_ref for _ in range(3)}
    for ref in wanted:
        peer.dispute(ref)
    monkeypatch.setattr("payments.adapters.paypal.PAGE", 2)
    found = {one.payment_ref for one in adapter.disputes_since(began)}
    assert wanted <= found
    assert adapter.disputes_since(datetime.now(UTC) + timedelta(minutes=1)) == []
    assert PAGE == 50


def test_outcomes_without_movements_are_read_from_their_code():
    told = {
        "dispute_id": "PP-1",
        "create_time": "2026-11-22T10:00:00.000Z",
        "disputed_transactions": [{"seller_transaction_id": "3C1"}],
        "status": "RESOLVED",
        "dispute_life_cycle_stage": "CHARGEBACK",
        "dispute_amount": {"currency_code": "EUR", "value": "10.00"},
    }
    seen = [
        dispute_of({**told, "dispute_outcome": {"outcome_code": code}}).state
        for code in ("RESOLVED_BUYER_FAVOUR", "RESOLVED_WITH_PAYOUT", "DENIED")
    ]
    assert seen == ["lost", "won", "won"]


# Notices


def told(kind, resource):
    return {
        "id": "WH-1",
        "create_time": "2026-11-22T10:00:00.000Z",
        "event_type": kind,
        "resource": resource,
    }


@pytest.mark.parametrize(
    ("kind", "resource", "refs"),
    [
        ("CHECKOUT.ORDER.APPROVED", {"id": "5O1"}, ("5O1", "")),
        (
            "PAYMENT.CAPTURE.COMPLETED",
            {"id": "3C1", "supplementary_data": {"related_ids": {"order_id": "5O1"}}},
            ("5O1", "3C1"),
        ),
        (
            "PAYMENT.CAPTURE.DENIED",
            {"id": "3C1", "links": [{"rel": "up", "href": "https://x/v2/checkout/orders/5O1"}]},
            ("5O1", "3C1"),
        ),
        (
            "PAYMENT.CAPTURE.REFUNDED",
            {"id": "1J1", "links": [{"rel": "up", "href": "https://x/v2/payments/captures/3C1"}]},
            ("", "3C1"),
        ),
        (
            "CUSTOMER.DISPUTE.CREATED",
            {"disputed_transactions": [{"seller_transaction_id": "3C1"}]},
            ("", "3C1"),
        ),
        ("BILLING.PLAN.CREATED", {"id": "P-1"}, ("", "")),
    ],
)
def test_notices_name_the_order_or_the_capture(kind, resource, refs):
    event = event_of(told(kind, resource))
    assert (event.session_ref, event.payment_ref) == refs


def test_a_certificate_is_fetched_once_and_only_from_paypal(peer):
    adapter, body = peer.adapter(), json.dumps(told("BILLING.PLAN.CREATED", {})).encode()
    before = requests_so_far(peer)
    for _ in range(3):
        adapter.verify_webhook(body, peer.signed(body, "WH-NEW", time.time()))
    assert len(asked_since(peer, before, CERTIFICATE_PATH)) == 1
    signed = peer.signed(body, "WH-NEW", time.time())
    for address in (
        "http://evil.example" + CERTIFICATE_PATH,
        peer.url + "/v1/notifications/certs/../../v2/checkout/orders",
        peer.url + CERTIFICATE_PATH + "?to=evil",
        peer.url + "/v1/notifications/certs/CERT-of-nobody",
        "file:///etc/passwd",
        "",
    ):
        with pytest.raises(WebhookRefused):
            adapter.verify_webhook(body, {**signed, "PAYPAL-CERT-URL": address})


def test_both_names_of_paypals_host_serve_certificates():
    own = Certificates(PayPalClient("x", "y", "https://api-m.sandbox.paypal.com"))
    assert own._hosts == {
        ("https", "api-m.sandbox.paypal.com"),
        ("https", "api.sandbox.paypal.com"),
    }


@pytest.mark.parametrize(
    "changed",
    [
        {"PAYPAL-AUTH-ALGO": "MD5withRSA"},
        {"PAYPAL-TRANSMISSION-ID": "another"},
        {"PAYPAL-TRANSMISSION-SIG": "no base64!"},
        {"PAYPAL-TRANSMISSION-TIME": "yesterday"},
        {"PAYPAL-TRANSMISSION-TIME": "2026-11-22T10:00:00"},
    ],
)
def test_a_signature_that_was_changed_is_refused(peer, adapter, changed):
    body = json.dumps(told("BILLING.PLAN.CREATED", {})).encode()
    signed = peer.signed(body, "WH-NEW", time.time())
    assert adapter.verify_webhook(body, signed).id == "WH-1"
    with pytest.raises(WebhookRefused):
        adapter.verify_webhook(body, {**signed, **changed})


def test_while_no_certificate_is_served_a_notice_is_neither_believed_nor_refused(peer):
    body = json.dumps(told("BILLING.PLAN.CREATED", {})).encode()
    peer.break_next(f"GET {CERTIFICATE_PATH}", "status_500")
    with pytest.raises(ProviderUnavailable):
        peer.adapter().verify_webhook(body, peer.signed(body, "WH-NEW", time.time()))


def test_nothing_secret_and_nobodys_address_reaches_a_log(peer, caplog):
    caplog.set_level(logging.DEBUG)
    adapter = peer.adapter()
    adapter.refund(**refund_of(paid(peer, adapter)))
    for kind in ("status_500", "close"):
        peer.break_next(peer.routes["open"], kind)
        with pytest.raises(ProviderUnavailable) as trouble:
            opened(adapter)
        logging.getLogger("somebody").warning("trouble: %s", trouble.value)
    with pytest.raises(ProviderUnavailable) as refused:
        PayPalProvider(CLIENT_ID, "mistyped-secret", [], peer.url).find_session(ref="5O1")
    logging.getLogger("somebody").warning("trouble: %s", refused.value)
    assert "trouble" in caplog.text
    for secret in (CLIENT_SECRET, "mistyped-secret", "A21", "noor@post.example"):
        assert secret not in caplog.text


def test_the_same_key_for_another_payment_is_no_session_of_it(peer, adapter):
    wanted = wish()
    adapter.open_session(**wanted)
    with pytest.raises(ProviderUnavailable):
        adapter.open_session(**{**wanted, "payment_id": uuid4()})
