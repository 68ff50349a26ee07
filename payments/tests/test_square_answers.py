"""What Square answers and tells: what proves nothing, what is believed, and what is written down."""

import json
import logging
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from uuid import uuid4

import pytest
from square.core.api_error import ApiError
from square.utils.webhooks_helper import verify_signature

from payments.adapters import ProviderRefused, ProviderUnavailable, WebhookRefused
from payments.adapters.square_notices import sign
from payments.adapters.square_objects import event_of
from payments.peers.square.objects import MERCHANT
from payments.tests.contract import opened, paid, refund_of, wish
from payments.tests.simulator_process import running
from payments.tests.square_process import LOCATION, TOKEN, SquarePeer


@pytest.fixture(scope="module")
def peer(tmp_path_factory):
    with running(SquarePeer(tmp_path_factory.mktemp("square") / "its.sqlite3")) as peer:
        yield peer


@pytest.fixture
def adapter(peer):
    return peer.adapter()


# What proves nothing


class Odd(BaseHTTPRequestHandler):
    """Answers whatever `answer` of its server says: (status, body)."""

    def do_GET(self):
        status, body = self.server.answer
        self.server.asked += 1
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Retry-After", "1")
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def log_message(self, format, *arguments):
        pass


@pytest.fixture
def odd(peer):
    """(the server, an adapter that asks it)."""
    with HTTPServer(("127.0.0.1", 0), Odd) as server:
        server.asked = 0
        thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield server, peer.adapter(api_base=f"http://127.0.0.1:{server.server_address[1]}")
        server.shutdown()


def trouble(code):
    return json.dumps({"errors": [{"category": "INVALID_REQUEST_ERROR", "code": code}]}).encode()


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b""),
        (200, b"[]"),
        (200, b"null"),
        (200, b"<html>"),
        (200, b"{}"),
        (301, b"{}"),
        (401, trouble("UNAUTHORIZED")),
        (403, trouble("FORBIDDEN")),
        (400, trouble("ACCESS_TOKEN_EXPIRED")),
        (408, b""),
        (409, trouble("CONFLICT")),
        (429, trouble("RATE_LIMITED")),
        (500, b"noor@post.example"),
        (502, b"<html>"),
        (503, trouble("SERVICE_UNAVAILABLE")),
    ],
)
def test_an_answer_that_says_nothing_proves_nothing_and_is_not_asked_for_again(odd, status, body):
    server, adapter = odd
    server.answer = (status, body)
    with pytest.raises(ProviderUnavailable) as error:
        adapter.find_session(ref="ORDER1")
    assert server.asked == 1
    assert "noor" not in str(error.value)
    assert error.value.__context__ is error.value.__cause__ is None


def test_only_what_square_understood_and_refused_is_refused(odd):
    server, adapter = odd
    server.answer = (404, trouble("NOT_FOUND"))
    assert adapter.find_session(ref="ORDER1") is None
    server.answer = (400, trouble("INVALID_VALUE"))
    with pytest.raises(ProviderRefused, match="INVALID_VALUE"):
        adapter.find_session(ref="ORDER1")


def test_an_order_whose_payment_is_not_shown_proves_nothing(odd):
    server, adapter = odd
    order = {"id": "O1", "state": "OPEN", "location_id": "L", "tenders": [{"id": "../x"}]}
    server.answer = (200, json.dumps({"order": order}).encode())
    with pytest.raises(ProviderUnavailable, match="not shown"):
        adapter.find_session(ref="O1")


@pytest.mark.parametrize(
    "changed",
    [
        {"total_money": {"amount": 9500, "currency": "EUR"}},
        {"total_money": {"amount": 9600, "currency": "USD"}},
        {"metadata": {"payment_id": "another"}},
        {"location_id": "LOCATIONOFOTHERS"},
    ],
)
def test_another_order_than_was_asked_for_is_no_session_of_ours(odd, changed):
    server, adapter = odd
    wanted = wish()
    ours = {"payment_id": str(wanted["payment_id"]), "reference": str(wanted["reference"])}
    order = {"id": "O1", "state": "DRAFT", "location_id": LOCATION, "metadata": ours}
    order["total_money"] = {"amount": 9600, "currency": "EUR"}
    link = {"id": "L1", "version": 1, "order_id": "O1", "url": "https://square.link/u/x"}

    def answer(order):
        made = {"payment_link": link, "related_resources": {"orders": [order]}}
        server.answer = (200, json.dumps(made).encode())

    answer(order)
    assert adapter.open_session(**wanted).ref == "O1:L1"
    answer({**order, **changed})
    with pytest.raises(ProviderUnavailable, match="another order"):
        adapter.open_session(**wanted)


# Notices, logs


def told(kind, about, **changed):
    return {
        "merchant_id": MERCHANT,
        "type": kind,
        "event_id": "evt-1",
        "created_at": datetime.now(UTC).isoformat(),
        "data": {"object": about},
        **changed,
    }


@pytest.mark.parametrize(
    ("kind", "about", "refs"),
    [
        ("payment.updated", {"payment": {"id": "P1", "order_id": "O1"}}, ("O1", "P1")),
        ("payment.created", {"payment": {"id": "P1"}}, ("", "P1")),
        ("order.updated", {"order_updated": {"order_id": "O1", "state": "OPEN"}}, ("O1", "")),
        ("refund.updated", {"refund": {"id": "R1", "payment_id": "P1"}}, ("", "P1")),
        ("refund.created", {"refund": {"payment_id": "P1", "order_id": "O2"}}, ("", "P1")),
        ("dispute.created", {"dispute": {"disputed_payment": {"payment_id": "P1"}}}, ("", "P1")),
        ("dispute.state.updated", {"dispute": {"disputed_payment": {}}}, ("", "")),
        ("catalog.version.updated", {"catalog_version": {}}, ("", "")),
    ],
)
def test_notices_name_the_order_or_the_payment(kind, about, refs):
    event = event_of(told(kind, about))
    assert (event.session_ref, event.payment_ref) == refs


def heard(peer, adapter, notice):
    body = json.dumps(notice).encode()
    return adapter.verify_webhook(body, peer.signed(body, "key-new", 0))


def test_a_notice_of_another_merchant_is_refused(peer, adapter):
    notice = told("payment.updated", {"payment": {"id": "P1"}}, merchant_id="ANOTHER")
    with pytest.raises(WebhookRefused, match="another merchant"):
        heard(peer, adapter, notice)
    assert heard(peer, peer.adapter(merchant_id=""), notice).payment_ref == "P1"


@pytest.mark.parametrize(
    "changed",
    [
        {"created_at": "yesterday"},
        {"created_at": "2026-11-22T10:00:00"},
        {"created_at": 7},
        {"data": {"object": {}}},
        {"data": {"object": {"payment": []}}},
        {"data": None},
        {"type": 7},
    ],
)
def test_a_signed_notice_of_another_shape_is_refused(peer, adapter, changed):
    with pytest.raises(WebhookRefused):
        heard(peer, adapter, {**told("payment.updated", {"payment": {"id": "P1"}}), **changed})
    empty = told("order.updated", {})
    with pytest.raises(WebhookRefused):
        heard(peer, adapter, empty)


def test_a_notice_sent_to_another_address_is_refused(peer, adapter):
    notice = told("payment.updated", {"payment": {"id": "P1"}})
    elsewhere = peer.adapter(notification_url="https://others.example/webhooks/payments/square/")
    assert heard(peer, adapter, notice).id == "evt-1"
    with pytest.raises(WebhookRefused):
        heard(peer, elsewhere, notice)


def test_the_signature_is_the_one_that_squares_own_helper_checks():
    body, address = '{"a": "Opéra"}', "https://tickets.example/webhooks/payments/square/"
    assert verify_signature(
        request_body=body,
        signature_header=sign(body.encode(), "key", address),
        signature_key="key",
        notification_url=address,
    )


def test_nothing_secret_and_nobodys_address_reaches_a_log(peer, caplog, settings):
    """As logging is set up: even an operator who listens to everything hears no more."""
    caplog.set_level(logging.DEBUG)
    for name, given in settings.LOGGING["loggers"].items():
        logging.getLogger(name).setLevel(given["level"])
    adapter = peer.adapter()
    adapter.refund(**refund_of(paid(peer, adapter)))
    for kind in ("status_500", "close"):
        peer.break_next(peer.routes["open"], kind)
        try:
            opened(adapter)
        except ProviderUnavailable:
            logging.getLogger("somebody").exception("trouble")
    stranger = peer.adapter(secret="EAAA-mistyped")
    try:
        stranger.find_session(ref="O1")
    except ProviderUnavailable:
        logging.getLogger("somebody").exception("trouble")
    assert "trouble" in caplog.text
    for secret in (TOKEN, "EAAA-", "noor@post.example"):
        assert secret not in caplog.text


def test_an_address_that_square_does_not_like_is_refused_without_being_told(adapter):
    with pytest.raises(ProviderRefused, match="INVALID_EMAIL_ADDRESS") as refused:
        opened(adapter, email="noor at post")
    assert "noor" not in str(refused.value)


def test_the_same_key_for_another_payment_is_no_session_of_it(adapter):
    wanted = wish()
    adapter.open_session(**wanted)
    with pytest.raises(ProviderUnavailable, match="IDEMPOTENCY_KEY_REUSED"):
        adapter.open_session(**{**wanted, "payment_id": uuid4()})


def test_the_log_test_can_fail(odd, caplog):
    """The control: the SDK's own error tells all that was answered."""
    server, adapter = odd
    server.answer = (500, b"noor@post.example")
    try:
        adapter._square.orders.get("O1", request_options={"max_retries": 0})
    except ApiError:
        logging.getLogger("somebody").exception("trouble")
    assert "noor@post.example" in caplog.text


def test_control_left_to_itself_the_sdk_asks_again(odd, monkeypatch):
    server, adapter = odd
    server.answer = (500, b"{}")
    monkeypatch.setattr("square.core.http_client.time.sleep", lambda seconds: None)
    with pytest.raises(ApiError):
        adapter._square.orders.get("O1")
    assert server.asked == 3
