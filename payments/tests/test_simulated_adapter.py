"""The adapter against the real simulator: every outcome a shop can meet."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
import requests

from payments.adapters import (
    Provider,
    ProviderRefund,
    ProviderRefused,
    ProviderSession,
    ProviderUnavailable,
    WebhookEvent,
    WebhookRefused,
)
from payments.adapters.simulated import SimulatedProvider
from payments.tests.simulator_process import free_port
from payments.webhook_signature import sign

SESSIONS = "POST /v1/checkout/sessions"


@pytest.fixture
def adapter(simulator) -> Provider:
    return simulator.adapter()


def wish(**changed):
    """The arguments of open_session for Noor's booking of 96.00 euros."""
    payment_id = changed.pop("payment_id", uuid4())
    return {
        "payment_id": payment_id,
        "reference": uuid4(),
        "amount": Decimal("96.00"),
        "currency": "EUR",
        "description": "2 tickets, Nuit à l’Opéra",
        "payee": "Parterre",
        "email": "noor@post.example",
        "success_url": "http://shop.example/return/",
        "cancel_url": "http://shop.example/checkout/",
        "expires_at": datetime.now(UTC) + timedelta(minutes=15),
        "idempotency_key": f"{payment_id}:open",
        **changed,
    }


def paid(simulator, adapter, **changed):
    session = adapter.open_session(**wish(**changed))
    simulator.play(session.ref)
    return adapter.find_session(ref=session.ref)


def refund_of(session, amount="6.00", refund_id=None):
    refund_id = refund_id or uuid4()
    return {
        "refund_id": refund_id,
        "attempt": 1,
        "payment_ref": session.payment_ref,
        "amount": Decimal(amount),
        "currency": session.currency,
        "idempotency_key": f"{refund_id}:refund",
    }


def test_the_page_names_the_payee(adapter):
    session = adapter.open_session(**wish())
    assert "Pay Parterre" in requests.get(session.url, timeout=5).text


def test_a_session_carries_our_ids(simulator, adapter):
    wanted = wish()
    session = adapter.open_session(**wanted)
    assert session == ProviderSession(
        ref=session.ref,
        url=f"{simulator.url}/pay/{session.ref}",
        state="open",
        amount=Decimal("96.00"),
        currency="EUR",
        payment_ref=None,
        metadata={
            "payment_id": str(wanted["payment_id"]),
            "reference": str(wanted["reference"]),
        },
    )
    raw = simulator.call("GET", f"/v1/checkout/sessions/{session.ref}").json()
    assert raw["expires_at"] == int(wanted["expires_at"].timestamp())
    assert raw["client_reference_id"] == str(wanted["payment_id"])
    assert adapter.open_session(**wanted) == session


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [("4800", "JPY", 4800), ("12.345", "KWD", 12345), ("0.05", "EUR", 5)],
)
def test_amounts_keep_their_scale(simulator, adapter, amount, currency, minor):
    session = adapter.open_session(**wish(amount=Decimal(amount), currency=currency))
    assert (str(session.amount), session.currency) == (amount, currency)
    raw = simulator.call("GET", f"/v1/checkout/sessions/{session.ref}").json()
    assert raw["amount_total"] == minor


def test_a_buyer_without_an_address_can_pay(adapter):
    assert adapter.open_session(**wish(email="")).state == "open"


def test_a_session_is_found_by_either_id(simulator, adapter):
    wanted = wish()
    session = adapter.open_session(**wanted)
    assert adapter.find_session(ref=session.ref) == session
    assert adapter.find_session(payment_id=wanted["payment_id"]) == session
    simulator.play(session.ref)
    after = adapter.find_session(payment_id=wanted["payment_id"])
    assert after.state == "paid"
    assert after.payment_ref.startswith("pi_sim_")


def test_of_several_sessions_the_paid_one_counts(simulator, adapter):
    payment_id = uuid4()
    first = paid(simulator, adapter, payment_id=payment_id)
    adapter.open_session(**wish(payment_id=payment_id, idempotency_key="another"))
    assert adapter.find_session(payment_id=payment_id) == first


def test_what_is_not_there_is_none(simulator, adapter):
    assert adapter.find_session(ref="cs_sim_none") is None
    assert adapter.find_session(ref="../refunds") is None
    assert adapter.find_session(payment_id=uuid4()) is None
    assert adapter.find_session() is None
    assert adapter.find_session(ref="") is None
    assert adapter.expire_session("cs_sim_none") is None
    session = paid(simulator, adapter)
    assert (
        adapter.find_refund(refund_id=uuid4(), attempt=1, payment_ref=session.payment_ref) is None
    )
    assert adapter.find_refund(refund_id=uuid4(), attempt=1, payment_ref="pi_sim_none") is None
    assert adapter.find_refund(refund_id=uuid4(), attempt=1, payment_ref="") is None


def test_expiring_says_how_it_ended(simulator, adapter):
    session = adapter.open_session(**wish())
    assert adapter.expire_session(session.ref).state == "expired"
    assert adapter.expire_session(session.ref).state == "expired"
    assert adapter.expire_session(paid(simulator, adapter).ref).state == "paid"


def test_late_money_makes_an_expired_session_paid(simulator, adapter):
    session = adapter.open_session(**wish())
    adapter.expire_session(session.ref)
    simulator.play(session.ref, "late_money")
    assert adapter.find_session(ref=session.ref).state == "paid"


def test_a_declined_card_leaves_the_session_open(simulator, adapter):
    session = adapter.open_session(**wish())
    simulator.play(session.ref, "decline")
    assert adapter.find_session(ref=session.ref).state == "open"


def test_a_refund_is_made_once_and_found_by_our_id(simulator, adapter):
    session = paid(simulator, adapter)
    wanted = refund_of(session)
    sent = adapter.refund(**wanted)
    assert sent == ProviderRefund(
        ref=sent.ref, state="completed", amount=Decimal("6.00"), currency="EUR"
    )
    assert adapter.refund(**wanted) == sent
    assert find(adapter, wanted) == sent


def find(adapter, refund, **changed):
    asked = {name: refund[name] for name in ("refund_id", "attempt", "payment_ref")}
    return adapter.find_refund(**{**asked, **changed})


def test_a_failed_refund_counts_only_for_its_own_attempt_and_a_living_one_for_all(
    simulator, adapter
):
    session = paid(simulator, adapter)
    wanted = refund_of(session)
    first = adapter.refund(**wanted)
    simulator.decide_refund(first.ref, "pending")
    assert find(adapter, wanted, attempt=2).state == "pending"
    simulator.decide_refund(first.ref, "failed")
    assert find(adapter, wanted).state == "failed"
    assert find(adapter, wanted, attempt=2) is None
    again = adapter.refund(**{**wanted, "attempt": 2, "idempotency_key": "another"})
    assert find(adapter, wanted) == find(adapter, wanted, attempt=2) == again


def test_more_than_was_paid_is_refused(simulator, adapter):
    session = paid(simulator, adapter)
    with pytest.raises(ProviderRefused, match="greater than what is left"):
        adapter.refund(**refund_of(session, amount="96.01"))


def test_refusals_say_why(simulator, adapter):
    wanted = wish()
    adapter.open_session(**wanted)
    with pytest.raises(ProviderUnavailable):  # something was done under this key: look it up
        adapter.open_session(**{**wanted, "amount": Decimal("1.00")})
    with pytest.raises(ProviderRefused, match="in the future"):
        adapter.open_session(**wish(expires_at=datetime.now(UTC)))
    stranger = SimulatedProvider(simulator.url, "guessed", [])
    with pytest.raises(ProviderUnavailable):  # our own key is wrong: nothing is final
        stranger.open_session(**wish())


@pytest.mark.parametrize("kind", ["status_500", "close"])
def test_an_unknown_outcome_is_unavailable_and_the_same_key_repairs_it(simulator, adapter, kind):
    simulator.break_next(SESSIONS, kind)
    wanted = wish()
    with pytest.raises(ProviderUnavailable):
        adapter.open_session(**wanted)
    assert adapter.find_session(payment_id=wanted["payment_id"]) is None
    assert adapter.open_session(**wanted).state == "open"


def test_what_happened_without_an_answer_is_found(simulator, adapter):
    simulator.break_next(SESSIONS, "timeout_after_success")
    simulator.break_next("POST /v1/refunds", "timeout_after_success")
    wanted = wish()
    with pytest.raises(ProviderUnavailable):
        adapter.open_session(**wanted)
    session = adapter.find_session(payment_id=wanted["payment_id"])
    assert adapter.open_session(**wanted) == session
    simulator.play(session.ref)
    session = adapter.find_session(ref=session.ref)
    refund = refund_of(session)
    with pytest.raises(ProviderUnavailable):
        adapter.refund(**refund)
    found = find(adapter, refund)
    assert adapter.refund(**refund) == found


def test_a_silent_provider_is_given_up_after_ten_seconds(simulator, adapter):
    simulator.break_next("GET /v1/checkout/sessions*", "delay", seconds=12)
    began = time.monotonic()
    with pytest.raises(ProviderUnavailable, match="ReadTimeout"):
        adapter.find_session(ref="cs_sim_none")
    assert 9 < time.monotonic() - began < 11.5


def test_nobody_there_is_unavailable():
    adapter = SimulatedProvider(f"http://127.0.0.1:{free_port()}", "s", ["w"])
    with pytest.raises(ProviderUnavailable):
        adapter.find_session(ref="cs_sim_none")
    with pytest.raises(ProviderUnavailable):
        adapter.open_session(**wish())


@pytest.mark.crash
def test_the_adapter_gets_over_a_restart_of_the_provider(simulator, adapter):
    session = adapter.open_session(**wish())
    simulator.kill()
    with pytest.raises(ProviderUnavailable):
        adapter.find_session(ref=session.ref)
    simulator.start()
    assert adapter.find_session(ref=session.ref) == session


@pytest.mark.race
def test_threads_share_an_adapter(simulator, adapter):
    wanted = wish()
    barrier = threading.Barrier(20)

    def open_it(_):
        barrier.wait()
        return adapter.open_session(**wanted).ref

    with ThreadPoolExecutor(20) as threads:
        assert len(set(threads.map(open_it, range(20)))) == 1


def test_notices_are_read_as_they_come(simulator, receiver, adapter):
    session = adapter.open_session(**wish())
    simulator.play(session.ref, "decline")
    receiver.wait_for(1)
    simulator.play(session.ref)
    receiver.wait_for(2)
    payment_ref = adapter.find_session(ref=session.ref).payment_ref
    adapter.refund(**refund_of(adapter.find_session(ref=session.ref)))
    receiver.wait_for(3)
    notices = [adapter.verify_webhook(body, headers) for _, body, headers in receiver.arrivals]
    assert [(one.kind, one.session_ref, one.payment_ref) for one in notices] == [
        ("payment_intent.payment_failed", session.ref, payment_ref),
        ("checkout.session.completed", session.ref, payment_ref),
        ("charge.refunded", "", payment_ref),
    ]
    assert {type(one) for one in notices} == {WebhookEvent}
    assert abs(notices[0].created_at - datetime.now(UTC)) < timedelta(minutes=1)


def test_an_expired_session_names_no_payment(simulator, receiver, adapter):
    session = adapter.open_session(**wish())
    adapter.expire_session(session.ref)
    receiver.wait_for(1)
    _, body, headers = receiver.arrivals[0]
    notice = adapter.verify_webhook(body, headers)
    assert (notice.session_ref, notice.payment_ref) == (session.ref, "")


def test_a_notice_signed_by_the_older_secret_is_still_taken():
    adapter = SimulatedProvider("http://127.0.0.1:1", "s", ["new", "old"])
    told = {
        "id": "evt_sim_1",
        "type": "charge.refunded",
        "created": 1_800_000_000,
        "data": {"object": {"object": "refund", "id": "re_sim_1", "payment_intent": "pi_sim_1"}},
    }
    body = json.dumps(told).encode()
    notice = adapter.verify_webhook(body, {"Stripe-Signature": sign(body, "old", time.time())})
    assert notice == WebhookEvent(
        id="evt_sim_1",
        kind="charge.refunded",
        session_ref="",
        payment_ref="pi_sim_1",
        created_at=datetime(2027, 1, 15, 8, tzinfo=UTC),
    )


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b'"x"', b"{}", b'{"data": 1}', b"\xff"])
def test_a_signed_notice_that_cannot_be_read_is_refused(body):
    adapter = SimulatedProvider("http://127.0.0.1:1", "s", ["w"])
    with pytest.raises(WebhookRefused):
        adapter.verify_webhook(body, {"Stripe-Signature": sign(body, "w", time.time())})


def test_an_unsigned_notice_is_refused():
    adapter = SimulatedProvider("http://127.0.0.1:1", "s", ["w"])
    with pytest.raises(WebhookRefused):
        adapter.verify_webhook(b"{}", {})
