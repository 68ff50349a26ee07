"""Stripe's adapter against a Stripe of our own: the contract, and what only Stripe does."""

import json
import logging
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest

from core.money import Money
from payments.adapters import ProviderRefused, ProviderUnavailable, WebhookRefused
from payments.adapters import stripe as module
from payments.adapters.stripe import StripeProvider
from payments.adapters.stripe_units import money_of, units_of
from payments.tests.contract import (
    PayoutContract,
    ProviderContract,
    by_our_id,
    opened,
    paid,
    refund_of,
    wish,
)
from payments.tests.simulator_process import running
from payments.tests.stripe_process import KEY, StripePeer
from payments.webhook_signature import sign


@pytest.fixture(scope="module")
def peer(tmp_path_factory):
    with running(StripePeer(tmp_path_factory.mktemp("stripe") / "its.sqlite3")) as peer:
        yield peer


@pytest.fixture
def adapter(peer):
    return peer.adapter()


class TestStripe(ProviderContract, PayoutContract):
    """Every promise an adapter makes."""


def session_at_stripe(peer, ref):
    return peer.call("GET", f"/v1/checkout/sessions/{ref}").json()


# Pages and their end


def test_a_page_ends_half_an_hour_after_the_reservation_unless_it_is_shut(peer, adapter):
    wanted = wish()
    ref = adapter.open_session(**wanted).ref
    ends_at = datetime.fromtimestamp(session_at_stripe(peer, ref)["expires_at"], UTC)
    assert timedelta(minutes=30) < ends_at - wanted["expires_at"] < timedelta(minutes=32)
    adapter.expire_session(ref)
    assert session_at_stripe(peer, ref)["status"] == "expired"


@pytest.mark.parametrize("left", [timedelta(seconds=1), timedelta(minutes=30), timedelta(days=7)])
def test_whatever_time_is_left_stripe_takes_it(adapter, left):
    assert opened(adapter, expires_at=datetime.now(UTC) + left).state == "open"


def test_a_page_offers_what_is_paid_at_once_and_shows_our_price(peer, adapter):
    ref = opened(adapter).ref
    assert session_at_stripe(peer, ref)["payment_method_types"] == ["card"]
    (sent,) = [
        one["parameters"]
        for one in peer.witness()["requests"]
        if one["path"] == "/v1/checkout/sessions" and one["method"] == "POST"
    ][-1:]
    assert "adaptive_pricing[enabled]=false" in sent


def test_other_ways_to_pay_are_the_operators_choice(peer):
    adapter = StripeProvider(KEY, [], peer.url, methods=("card", "ideal"))
    ref = opened(adapter).ref
    assert session_at_stripe(peer, ref)["payment_method_types"] == ["card", "ideal"]


def test_a_session_is_found_behind_many_others_and_only_in_its_time(peer, adapter):
    wanted = wish()
    session = adapter.open_session(**wanted)
    for _ in range(101):
        fields = dict(
            pair.split("=", 1) for pair in PLAIN.format(end=int(time.time()) + 3600).split("&")
        )
        assert peer.call("POST", "/v1/checkout/sessions", fields).status_code == 200
    payment_id, now = wanted["payment_id"], datetime.now(UTC)
    assert by_our_id(adapter, payment_id) == session
    assert adapter.find_session(payment_id=payment_id) == session
    hour = timedelta(hours=1)
    find = adapter.find_session
    assert find(payment_id=payment_id, since=now - hour, until=now - hour / 2) is None
    assert find(payment_id=payment_id, since=now + hour) is None


PLAIN = (
    "mode=payment&line_items[0][price_data][currency]=eur&line_items[0][price_data][unit_amount]=900"
    "&line_items[0][price_data][product_data][name]=x&line_items[0][quantity]=1&expires_at={end}"
    "&success_url=http://shop.example/&cancel_url=http://shop.example/"
)


def test_nothing_is_concluded_from_a_part_of_what_there_is(adapter, monkeypatch):
    opened(adapter)
    opened(adapter)
    monkeypatch.setattr(module, "LOOKED_THROUGH", 1)
    with pytest.raises(ProviderUnavailable, match="more sessions"):
        by_our_id(adapter, uuid4())


# Amounts


@pytest.mark.parametrize(
    ("amount", "currency", "units"),
    [
        ("12.50", "EUR", 1250),
        ("4800", "JPY", 4800),
        ("5", "ISK", 500),
        ("5", "UGX", 500),
        ("1234.56", "HUF", 123456),
        ("800.45", "TWD", 80045),
        ("12.340", "KWD", 12340),
        ("7", "CLP", 7),
        ("12.00", "MGA", 12),
    ],
)
def test_amounts_are_counted_as_stripe_does(amount, currency, units):
    money = Money(Decimal(amount), currency)
    assert units_of(money) == units
    assert money_of(units, currency.lower()) == money


@pytest.mark.parametrize(
    ("amount", "currency"), [("12.345", "KWD"), ("12.50", "MGA"), ("1.000", "IQD")]
)
def test_amounts_that_stripe_cannot_take_are_refused_before_anybody_is_asked(
    peer, adapter, amount, currency
):
    before = len(peer.witness()["requests"])
    with pytest.raises(ProviderRefused):
        opened(adapter, amount=Decimal(amount), currency=currency)
    assert len(peer.witness()["requests"]) == before


# Charges, disputes


def test_a_charge_says_its_fee_and_how_risky_it_is(peer, adapter):
    session = opened(adapter)
    peer.play(session.ref, card="elevated")
    charge = adapter.find_charge(adapter.find_session(ref=session.ref).payment_ref)
    assert (charge.fee, charge.fee_currency) == (Decimal("1.69"), "EUR")
    assert (charge.risk_level, charge.risk_score) == ("elevated", 68)
    assert charge.risk_reason == "elevated_risk_level"
    assert charge.card


def test_a_blocked_card_leaves_no_charge(peer, adapter):
    session = opened(adapter)
    peer.play(session.ref, card="blocked")
    found = adapter.find_session(ref=session.ref)
    assert (found.state, adapter.find_charge(found.payment_ref)) == ("open", None)


def test_a_dispute_takes_the_money_and_gives_it_back(peer, adapter):
    session = opened(adapter)
    peer.play(session.ref, card="disputed")
    payment_ref = adapter.find_session(ref=session.ref).payment_ref
    (dispute,) = adapter.find_disputes(payment_ref)
    assert (dispute.state, dispute.reason, dispute.is_withdrawn) == (
        *("needs_response", "fraudulent"),
        True,
    )
    assert (dispute.amount, dispute.currency) == (Decimal("96.00"), "EUR")
    assert timedelta(days=6) < dispute.evidence_due_at - dispute.created_at < timedelta(days=8)
    with pytest.raises(ProviderRefused):
        adapter.refund(**refund_of(adapter.find_session(ref=session.ref)))
    states = []
    for status in ("under_review", "lost", "won"):
        peer.dispute(dispute.ref, status)
        (now,) = adapter.find_disputes(payment_ref)
        states.append((now.state, now.is_withdrawn))
    assert states == [("under_review", True), ("lost", True), ("won", False)]


def test_an_inquiry_moves_no_money(peer, adapter):
    payment_ref = paid(peer, adapter).payment_ref
    peer.dispute(payment_ref, "warning_needs_response", amount=1000)
    (dispute,) = adapter.find_disputes(payment_ref)
    assert (dispute.state, dispute.is_withdrawn, dispute.amount) == ("inquiry", False, 10)


def test_a_slow_refund_is_pending_until_the_bank_has_said_so(peer, adapter):
    session = opened(adapter)
    peer.play(session.ref, card="slow_refund")
    wanted = refund_of(adapter.find_session(ref=session.ref))
    made = adapter.refund(**wanted)
    seen = [made.state]
    for status in ("requires_action", "succeeded", "canceled"):
        peer.decide_refund(made.ref, status)
        asked = {name: wanted[name] for name in ("refund_id", "attempt", "payment_ref")}
        seen.append(adapter.find_refund(**asked).state)
    assert seen == ["pending", "pending", "completed", "failed"]


# Notices, keys, logs


def told(livemode=False, **about):
    event = {
        "id": "evt_1",
        "object": "event",
        "type": "charge.dispute.created",
        "created": 1_800_000_000,
        "livemode": livemode,
        "data": {"object": {"object": "dispute", "id": "du_1", "payment_intent": "pi_1", **about}},
    }
    return json.dumps(event).encode()


def heard(adapter, body):
    signature = sign(body, adapter.webhook_secrets[0], time.time())
    return adapter.verify_webhook(body, {"Stripe-Signature": signature})


def test_notices_name_the_payment_whatever_they_are_about(adapter):
    assert heard(adapter, told()).payment_ref == "pi_1"
    intent = told(object="payment_intent", id="pi_2", payment_intent=None)
    assert heard(adapter, intent).payment_ref == "pi_2"
    session = heard(adapter, told(object="checkout.session", id="cs_3", payment_intent=None))
    assert (session.session_ref, session.payment_ref) == ("cs_3", "")


def test_a_notice_of_the_other_mode_is_refused(adapter, peer):
    with pytest.raises(WebhookRefused, match="other mode"):
        heard(adapter, told(livemode=True))
    live = StripeProvider("sk_live_of_nobody", ["w"], peer.url)
    assert heard(live, told(livemode=True)).payment_ref == "pi_1"
    with pytest.raises(WebhookRefused):
        heard(live, told())


def test_nothing_secret_and_nobodys_address_reaches_a_log(peer, caplog, settings):
    """As logging is set up: even an operator who listens to everything hears no more."""
    caplog.set_level(logging.DEBUG)
    for name, given in settings.LOGGING["loggers"].items():
        logging.getLogger(name).setLevel(given["level"])
    adapter = peer.adapter()
    session = paid(peer, adapter)
    adapter.refund(**refund_of(session))
    for kind in ("status_500", "close"):
        peer.break_next(peer.routes["open"], kind)
        with pytest.raises(ProviderUnavailable) as trouble:
            opened(adapter)
        logging.getLogger("somebody").warning("trouble: %s", trouble.value)
    with pytest.raises(ProviderUnavailable) as refused:
        peer.adapter(secret="sk_test_mistyped").find_session(ref="cs_1")
    logging.getLogger("somebody").warning("trouble: %s", refused.value)
    assert "trouble" in caplog.text
    for secret in (KEY, "sk_test_", "noor@post.example"):
        assert secret not in caplog.text


def test_the_log_test_can_fail(peer, caplog):
    """The control: at the SDK's own lower level an address is written down."""
    caplog.set_level(logging.DEBUG, logger="stripe")
    opened(peer.adapter())
    logging.getLogger("stripe").setLevel(logging.WARNING)
    assert "noor%40post.example" in caplog.text or "noor@post.example" in caplog.text


# Payouts


def paid_out(peer, adapter, **fields):
    """{kind: its only line} of what Stripe pays out now, and the payout as the adapter tells it."""
    ref = peer.pay_out(**fields)["id"]
    lines = {line.kind: line for line in adapter.payout_lines(ref)}
    told = adapter.payouts_since(datetime.now(UTC) - timedelta(hours=1))
    return lines, next(one for one in told if one.ref == ref)


def test_disputes_fees_and_adjustments_of_stripes_own_are_told_apart(peer, adapter):
    peer.pay_out(status="paid")  # what other stories left
    session = paid(peer, adapter)
    dispute = peer.dispute(session.payment_ref, "needs_response")["id"]
    peer.adjust(-250, type="stripe_fee", description="Radar")
    peer.adjust(-500, description="Correction")
    peer.adjust(-100, type="contribution")
    lines, payout = paid_out(peer, adapter)
    assert (lines["dispute"].about, lines["dispute"].net) == (dispute, Decimal("-116.00"))
    assert lines["dispute"].payment_ref == session.payment_ref
    assert (lines["fee"].net, lines["fee"].description) == (Decimal("-2.50"), "Radar")
    assert (lines["adjustment"].net, lines["adjustment"].about) == (Decimal("-5.00"), "")
    assert lines["other"].net == Decimal("-1.00")
    assert payout.amount == sum(line.net for line in lines.values()) < 0


def test_what_failed_to_arrive_comes_back_in_the_next_payout(peer, adapter):
    peer.pay_out(status="paid")
    paid(peer, adapter)
    lines, failed = paid_out(peer, adapter, status="paid")
    peer.change_payout(failed.ref, status="failed")
    told, again = paid_out(peer, adapter)
    assert (told["returned"].about, told["returned"].net) == (failed.ref, failed.amount)
    assert again.amount == failed.amount
    assert set(lines) == {"payment"}, "the payout's own transaction is none of its lines"


def test_all_lines_of_a_long_payout_are_read_page_by_page(peer, adapter, monkeypatch):
    peer.pay_out(status="paid")
    refs = [peer.adjust(-number)["id"] for number in range(1, 8)]
    monkeypatch.setattr(module, "PAGE", 3)
    ref = peer.pay_out()["id"]
    before = len(peer.witness()["requests"])
    assert sorted(line.ref for line in adapter.payout_lines(ref)) == sorted(refs)
    assert len(peer.witness()["requests"]) - before == 3


def test_a_payout_says_when_it_arrives_as_what_and_how_far_it_is(peer, adapter):
    paid(peer, adapter)
    _, payout = paid_out(peer, adapter, lines="in_progress")
    assert (payout.lines, payout.descriptor, payout.trace) == ("coming", "STRIPE", "")
    assert timedelta(0) < payout.arrives_on - datetime.now(UTC).date() <= timedelta(days=2)
    peer.change_payout(payout.ref, status="paid", lines="completed")
    told = adapter.payouts_since(payout.created_at)[0]
    assert (told.state, told.lines, told.trace[:2]) == ("paid", "ready", "TR")


def test_of_a_payout_made_by_hand_stripe_tells_no_lines(peer, adapter):
    ref = peer.pay_out(automatic="0", amount=500)["id"]
    assert adapter.payouts_since(datetime.now(UTC) - timedelta(hours=1))[0].lines == "none"
    with pytest.raises(ProviderRefused):
        adapter.payout_lines(ref)
