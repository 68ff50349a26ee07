"""The calls: `/v1/…` as the shop's server makes them, `/_control/…` as tests do.

Each takes a Call and returns a JSON-ready dict or raises ApiError. `/v1` POSTs run inside one
transaction with the record of their idempotency key.
"""

import hashlib
import json
from dataclasses import dataclass
from urllib.parse import parse_qsl

from payments.simulator import checkout
from payments.simulator.parameters import ApiError, read, web_address, whole_number

PRICE = "line_items[0][price_data]"
PAYEE = "branding_settings[display_name]"
SESSION_REQUIRED = (
    "mode",
    f"{PRICE}[currency]",
    f"{PRICE}[unit_amount]",
    f"{PRICE}[product_data][name]",
    "line_items[0][quantity]",
    "success_url",
    "cancel_url",
    "expires_at",
)
REASONS = ("duplicate", "fraudulent", "requested_by_customer")
FAULTS = (
    *("timeout_after_success", "status_500", "delay", "close"),
    *("sticky_500", "sticky_500_after_success"),
)
TROUBLE = {"error": {"type": "api_error", "message": "A fault was asked for."}}


@dataclass(frozen=True)
class Call:
    """One request: `text` is its form or query, `key` its idempotency key or None."""

    provider: "Provider"  # noqa: F821 - payments.simulator.server
    method: str
    path: str
    text: str
    key: str | None
    now: float
    object_id: str = ""

    @property
    def store(self):
        return self.provider.store


def once(call, act, sticky=""):
    """(status, body) of `act`; the same key and parameters get the first answer again.

    `sticky` is a fault that this answer and all that repeat it show: 500, with nothing done or, after
    success, with everything done.
    """
    if call.method != "POST" or not call.key:
        with call.store.transaction():
            return 200, act(call)
    if len(call.key) > 255:
        raise ApiError(400, "The idempotency key is too long.", kind="idempotency_error")
    reused = ApiError(
        400,
        "Keys for idempotent requests can only be used with the same parameters they were first "
        "used with.",
        kind="idempotency_error",
    )
    return kept(call, act, sticky, asked=_fingerprint(call), reused=reused, trouble=TROUBLE)


def kept(call, act, sticky, *, asked, reused, trouble, status=200):
    """(status, body) of `act`, kept under the key of the call: who asks with it again gets the same,
    and who asks for something else than `asked` (text) gets the error `reused`."""
    with call.store.transaction():
        known = call.store.rows("SELECT * FROM answers WHERE key = ?", call.key)
        if known and known[0]["asked"] != asked:
            raise reused
        if known:
            return known[0]["status"], json.loads(known[0]["body"])
        body = act(call) if sticky != "sticky_500" else None
        status, body = (500, trouble) if sticky else (status, body)
        call.store.rows(
            "INSERT INTO answers (key, asked, status, body) VALUES (?, ?, ?, ?)",
            *(call.key, asked, status, json.dumps(body)),
        )
        return status, body


def _fingerprint(call):
    """Equal for equal parameters in any order."""
    parameters = sorted(parse_qsl(call.text, keep_blank_values=True))
    return hashlib.sha256(json.dumps([call.path, parameters]).encode()).hexdigest()


def create_session(call):
    found = read(
        call.text,
        required=SESSION_REQUIRED,
        optional=("client_reference_id", "customer_email", PAYEE),
        maps=("metadata", "payment_intent_data[metadata]"),
    )
    if found["mode"] != "payment":
        raise ApiError(400, "mode must be payment.", param="mode")
    currency = found[f"{PRICE}[currency]"]
    if not (len(currency) == 3 and currency.isascii() and currency.isalpha()):
        raise ApiError(400, f"Invalid currency: {currency}", param=f"{PRICE}[currency]")
    quantity = whole_number(found, "line_items[0][quantity]", most=999_999)
    session = checkout.open_session(
        call.store,
        call.now,
        amount_total=whole_number(found, f"{PRICE}[unit_amount]") * quantity,
        currency=currency.lower(),
        success_url=web_address(found, "success_url"),
        cancel_url=web_address(found, "cancel_url"),
        client_reference_id=found.get("client_reference_id"),
        customer_email=found.get("customer_email"),
        expires_at=whole_number(found, "expires_at"),
        metadata=found["metadata"],
        _intent_metadata=found["payment_intent_data[metadata]"],
        _description=found[f"{PRICE}[product_data][name]"],
        _quantity=quantity,
        _payee=found.get(PAYEE, ""),
    )
    return show(call, session)


def get_session(call):
    read(call.text)
    return show(call, checkout.get(call.store, "checkout.session", call.object_id, call.now))


def list_sessions(call):
    found = read(call.text, optional=("client_reference_id", "payment_intent"))
    sessions = call.store.list("checkout.session", **found)
    now = [checkout.get(call.store, "checkout.session", one["id"], call.now) for one in sessions]
    return _listed(call, now)


def expire_session(call):
    read(call.text)
    session = checkout.get(call.store, "checkout.session", call.object_id, call.now)
    checkout.expire(call.store, session, call.now)
    return show(call, session)


def get_payment(call):
    read(call.text)
    return show(call, checkout.get(call.store, "payment_intent", call.object_id, call.now))


def create_refund(call):
    found = read(
        call.text,
        required=("payment_intent",),
        optional=("amount", "reason"),
        maps=("metadata",),
    )
    if found.get("reason") not in (None, *REASONS):
        raise ApiError(400, f"reason must be one of {', '.join(REASONS)}.", param="reason")
    made = checkout.refund(
        call.store,
        call.now,
        payment_intent=found["payment_intent"],
        amount=whole_number(found, "amount") if "amount" in found else None,
        metadata=found["metadata"],
        reason=found.get("reason"),
    )
    return show(call, made)


def get_refund(call):
    read(call.text)
    return show(call, checkout.get(call.store, "refund", call.object_id, call.now))


def list_refunds(call):
    found = read(call.text, optional=("payment_intent",))
    return _listed(call, call.store.list("refund", **found))


def get_event(call):
    read(call.text)
    return show(call, checkout.get(call.store, "event", call.object_id, call.now))


def list_events(call):
    read(call.text)
    return _listed(call, call.store.list("event"))


def show(call, found):
    """An object for the outside; a session says where its page is."""
    if found["object"] != "checkout.session":
        return checkout.shown(found)
    return {**checkout.shown(found), "url": f"{call.provider.base_url}/pay/{found['id']}"}


def _listed(call, found):
    return {
        "object": "list",
        "url": call.path,
        "has_more": False,
        "data": [show(call, one) for one in found],
    }


def control_pay(call):
    found = read(call.text, required=("outcome",), optional=("seconds",))
    if found["outcome"] not in checkout.OUTCOMES:
        raise ApiError(400, f"outcome must be one of {', '.join(checkout.OUTCOMES)}.")
    session = checkout.get(call.store, "checkout.session", call.object_id, call.now)
    checkout.act_out(
        call.store, session, found["outcome"], call.now, seconds=seconds_of(found, None)
    )
    return show(call, session)


def control_refund(call):
    found = read(call.text, required=("status",))
    if found["status"] not in checkout.REFUND_STATES:
        raise ApiError(400, f"status must be one of {', '.join(checkout.REFUND_STATES)}.")
    refund = checkout.get(call.store, "refund", call.object_id, call.now)
    checkout.change_refund(call.store, refund, found["status"], call.now)
    return show(call, refund)


def add_fault(call):
    found = read(call.text, required=("route", "kind"), optional=("times", "seconds"))
    if found["kind"] not in FAULTS:
        raise ApiError(400, f"kind must be one of {', '.join(FAULTS)}.", param="kind")
    times = whole_number(found, "times") if "times" in found else 1
    call.store.rows(
        "INSERT INTO faults (route, kind, times, seconds) VALUES (?, ?, ?, ?)",
        *(found["route"], found["kind"], times, seconds_of(found, 0)),
    )
    return list_faults(call)


def list_faults(call):
    """Faults still to come, in the order in which they were asked for."""
    return {"data": [dict(row) for row in call.store.rows("SELECT * FROM faults ORDER BY id")]}


def forget_faults(call):
    call.store.rows("DELETE FROM faults")
    return list_faults(call)


def change_webhook(call):
    """Sends notices elsewhere from now on, until the process ends; an empty url keeps them back."""
    found = read(call.text, optional=("url",))
    call.provider.courier.address = web_address(found, "url") if found.get("url") else ""
    return {"url": call.provider.courier.address}


def read_log(call):
    return {
        "requests": call.store.read_log("request"),
        "deliveries": call.store.read_log("delivery"),
        "waiting": [
            dict(row)
            for row in call.store.rows("SELECT * FROM deliveries WHERE done_at IS NULL ORDER BY id")
        ],
    }


def seconds_of(found, default):
    if "seconds" not in found:
        return default
    try:
        seconds = float(found["seconds"])
    except ValueError:
        seconds = -1
    if not 0 <= seconds <= 86_400:
        raise ApiError(400, "seconds must be from 0 to 86400.", param="seconds")
    return seconds


ID = r"(?P<object_id>[A-Za-z0-9_]+)"
SESSIONS = "/v1/checkout/sessions"
CONTROL = [
    ("POST", "/_control/faults", add_fault),
    ("GET", "/_control/faults", list_faults),
    ("DELETE", "/_control/faults", forget_faults),
    ("POST", "/_control/webhook", change_webhook),
    ("GET", "/_control/log", read_log),
]
CALLS = [
    ("POST", SESSIONS, create_session),
    ("GET", SESSIONS, list_sessions),
    ("GET", f"{SESSIONS}/{ID}", get_session),
    ("POST", f"{SESSIONS}/{ID}/expire", expire_session),
    ("GET", f"/v1/payment_intents/{ID}", get_payment),
    ("POST", "/v1/refunds", create_refund),
    ("GET", "/v1/refunds", list_refunds),
    ("GET", f"/v1/refunds/{ID}", get_refund),
    ("GET", "/v1/events", list_events),
    ("GET", f"/v1/events/{ID}", get_event),
    ("POST", f"/_control/sessions/{ID}/pay", control_pay),
    ("POST", f"/_control/refunds/{ID}", control_refund),
    *CONTROL,
]
