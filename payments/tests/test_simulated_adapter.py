"""The adapter against the real simulator: the contract, and what only the simulator does."""

import json
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import requests

from payments.adapters import Provider, ProviderUnavailable, WebhookEvent
from payments.adapters.simulated import SimulatedProvider
from payments.tests.contract import ProviderContract, refund_of, wish
from payments.tests.simulator_process import Simulator, free_port, running
from payments.webhook_signature import sign


@pytest.fixture(scope="module")
def peer(tmp_path_factory):
    with running(Simulator(tmp_path_factory.mktemp("simulator") / "its.sqlite3")) as peer:
        yield peer


class TestSimulated(ProviderContract):
    """Every promise an adapter makes."""


@pytest.fixture
def adapter(simulator) -> Provider:
    return simulator.adapter()


def test_a_session_is_kept_with_what_we_sent(simulator, adapter):
    wanted = wish(amount=Decimal("12.345"), currency="KWD")
    session = adapter.open_session(**wanted)
    raw = simulator.call("GET", f"/v1/checkout/sessions/{session.ref}").json()
    assert raw["expires_at"] == int(wanted["expires_at"].timestamp())
    assert raw["client_reference_id"] == str(wanted["payment_id"])
    assert raw["amount_total"] == 12345


def test_the_page_names_the_payee(adapter):
    session = adapter.open_session(**wish())
    assert "Pay Parterre" in requests.get(session.url, timeout=5).text


def test_late_money_makes_an_expired_session_paid(simulator, adapter):
    session = adapter.open_session(**wish())
    adapter.expire_session(session.ref)
    simulator.play(session.ref, "late_money")
    assert adapter.find_session(ref=session.ref).state == "paid"


def test_nobody_there_is_unavailable():
    adapter = SimulatedProvider(f"http://127.0.0.1:{free_port()}", "s", ["w"])
    with pytest.raises(ProviderUnavailable):
        adapter.find_session(ref="cs_sim_none")
    with pytest.raises(ProviderUnavailable):
        adapter.open_session(**wish())


@pytest.mark.parametrize(("outcome", "level"), [("pay", ""), ("risky", "highest")])
def test_it_judges_who_asked_for_it(simulator, adapter, outcome, level):
    session = adapter.open_session(**wish())
    simulator.play(session.ref, outcome)
    charge = adapter.find_charge(adapter.find_session(ref=session.ref).payment_ref)
    assert (charge.fee, charge.fee_currency, charge.risk_level) == (0, "EUR", level)


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
