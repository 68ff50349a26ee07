"""The calls of Stripe's API that Tessera makes, and `/_control/…` with which tests say what happens.

Each takes a Call and returns a JSON-ready dict or raises ApiError; `payments.simulator.api.once` gives
the same answer to the same key.
"""

import json

from payments.peers.stripe import objects, page, payouts
from payments.peers.stripe.pages import CREATED, PAGE, paged
from payments.simulator import api as common
from payments.simulator.checkout import shown
from payments.simulator.parameters import ApiError, read, web_address, whole_number
from payments.simulator.server import HOSTED_PAGE, routed

PRICE = "line_items[0][price_data]"
SESSION_REQUIRED = (
    "mode",
    f"{PRICE}[currency]",
    f"{PRICE}[unit_amount]",
    f"{PRICE}[product_data][name]",
    "line_items[0][quantity]",
    "success_url",
    "cancel_url",
)
SESSION_OPTIONAL = (
    "adaptive_pricing[enabled]",
    "branding_settings[display_name]",
    "client_reference_id",
    "customer_email",
    "expires_at",
    "payment_intent_data[description]",
    *(f"payment_method_types[{number}]" for number in range(3)),
)
# Not those of the adapter: who checks it must know for himself.
STEPS = {
    **dict.fromkeys(("ISK", "UGX"), 100),
    **dict.fromkeys(("BHD", "JOD", "KWD", "OMR", "TND"), 10),
}
METHODS = ("card", "ideal", "bancontact", "eps", "p24", "twint", "blik")
HALF_AN_HOUR, A_DAY = 1800, 86_400
LEAST = 50  # units, about half a euro


def create_session(call):
    found = read(
        call.text,
        required=SESSION_REQUIRED,
        optional=SESSION_OPTIONAL,
        maps=("metadata", "payment_intent_data[metadata]"),
    )
    if found["mode"] != "payment":
        raise ApiError(400, "mode must be payment.", param="mode")
    amount = _amount(found)
    session = call.store.add(
        "checkout.session",
        amount_subtotal=amount,
        amount_total=amount,
        cancel_url=web_address(found, "cancel_url"),
        client_reference_id=found.get("client_reference_id"),
        created=int(call.now),
        currency=found[f"{PRICE}[currency]"],
        customer_details=None,
        customer_email=found.get("customer_email"),
        expires_at=_end(found, call.now),
        livemode=False,
        metadata=found["metadata"],
        mode="payment",
        payment_intent=None,
        payment_method_types=_methods(found),
        payment_status="unpaid",
        status="open",
        success_url=web_address(found, "success_url"),
        url=None,
        _description=found[f"{PRICE}[product_data][name]"],
        _intent_description=found.get("payment_intent_data[description]"),
        _intent_metadata=found["payment_intent_data[metadata]"],
        _payee=found.get("branding_settings[display_name]", ""),
    )
    session["url"] = f"{call.provider.base_url}/pay/{session['id']}"
    call.store.save(session)
    return shown(session)


def _amount(found):
    """The total in Stripe's units; ApiError for what a currency does not know."""
    currency = found[f"{PRICE}[currency]"]
    if not (len(currency) == 3 and currency.isascii() and currency.islower()):
        raise ApiError(400, f"Invalid currency: {currency}", param=f"{PRICE}[currency]")
    quantity = whole_number(found, "line_items[0][quantity]", most=999_999)
    unit = whole_number(found, f"{PRICE}[unit_amount]", most=99_999_999)
    _check_step(unit, currency.upper())
    amount = unit * quantity
    if amount < LEAST:
        raise ApiError(
            400,
            "The Checkout Session's total amount must convert to at least 50 cents.",
            code="amount_too_small",
        )
    return amount


def _check_step(amount, currency):
    step = STEPS.get(currency, 1)
    if amount % step:
        raise ApiError(400, f"Amounts in {currency} must be divisible by {step}.", param="amount")


def _end(found, now):
    if "expires_at" not in found:
        return int(now) + A_DAY
    end = whole_number(found, "expires_at")
    if not HALF_AN_HOUR <= end - now <= A_DAY:
        raise ApiError(
            400,
            "The `expires_at` timestamp must be at least 30 minutes and at most 24 hours from Checkout "
            "Session creation.",
            param="expires_at",
        )
    return end


def _methods(found):
    chosen = [value for name, value in found.items() if name.startswith("payment_method_types[")]
    for method in chosen:
        if method not in METHODS:
            raise ApiError(400, f"Invalid payment_method_types: {method}")
    return chosen or ["card"]


def get_session(call):
    read(call.text)
    return shown(objects.find(call.store, "checkout.session", call.object_id, call.now))


def list_sessions(call):
    found = read(call.text, optional=("payment_intent", "status", *CREATED, *PAGE))
    listed = [
        objects.find(call.store, "checkout.session", one["id"], call.now)
        for one in call.store.list("checkout.session", **_only(found, "payment_intent"))
    ]
    if "status" in found:
        listed = [one for one in listed if one["status"] == found["status"]]
    return paged(call, found, listed)


def expire_session(call):
    read(call.text)
    session = objects.find(call.store, "checkout.session", call.object_id, call.now)
    objects.expire(call.store, session, call.now)
    return shown(session)


def get_payment(call):
    found = read(call.text, optional=("expand[0]",))
    intent = shown(objects.find(call.store, "payment_intent", call.object_id, call.now))
    expand = found.get("expand[0]", "")
    if expand not in ("", "latest_charge", "latest_charge.balance_transaction"):
        raise ApiError(400, f"This property cannot be expanded ({expand}).", param="expand")
    if expand and intent["latest_charge"]:
        charge = shown(call.store.get("charge", intent["latest_charge"]))
        if expand.endswith("balance_transaction") and charge["balance_transaction"]:
            charge["balance_transaction"] = call.store.get(
                "balance_transaction", charge["balance_transaction"]
            )
        intent["latest_charge"] = charge
    return intent


def create_refund(call):
    found = read(
        call.text, required=("payment_intent",), optional=("amount", "reason"), maps=("metadata",)
    )
    if found.get("reason") not in (None, *common.REASONS):
        raise ApiError(400, f"Invalid reason: {found['reason']}", param="reason")
    amount = whole_number(found, "amount") if "amount" in found else None
    made = objects.refund(
        call.store,
        call.now,
        payment_intent=found["payment_intent"],
        amount=amount,
        metadata=found["metadata"],
        reason=found.get("reason"),
    )
    _check_step(made["amount"], made["currency"].upper())
    return shown(made)


def get_refund(call):
    read(call.text)
    return shown(objects.find(call.store, "refund", call.object_id, call.now))


def list_refunds(call):
    return _of_payment(call, "refund")


def list_disputes(call):
    return _of_payment(call, "dispute")


def _of_payment(call, kind):
    found = read(call.text, optional=("payment_intent", *CREATED, *PAGE))
    wanted = _only(found, "payment_intent")
    if wanted:
        objects.find(call.store, "payment_intent", wanted["payment_intent"], call.now, status=400)
    return paged(call, found, call.store.list(kind, **wanted))


def get_dispute(call):
    read(call.text)
    return shown(objects.find(call.store, "dispute", call.object_id, call.now))


def get_event(call):
    read(call.text)
    return shown(objects.find(call.store, "event", call.object_id, call.now))


def list_events(call):
    found = read(call.text, optional=("type", *CREATED, *PAGE))
    events = call.store.list("event")
    if "type" in found:
        events = [one for one in events if one["type"] == found["type"]]
    return paged(call, found, events)


def _only(found, *names):
    return {name: found[name] for name in names if name in found}


def control_pay(call):
    """What the buyer does on the hosted page: `outcome` as in the simulator, `card` of CARDS."""
    found = read(call.text, optional=("outcome", "card", "seconds"))
    outcome, card = found.get("outcome", "pay"), found.get("card", "visa")
    if outcome not in objects.OUTCOMES or card not in objects.CARDS:
        raise ApiError(400, "There is no such outcome, or no such card.")
    session = objects.find(call.store, "checkout.session", call.object_id, call.now)
    seconds = common.seconds_of(found, None)
    objects.pay(call.store, session, outcome, card, call.now, seconds)
    return shown(session)


def control_refund(call):
    found = read(call.text, required=("status",))
    if found["status"] not in objects.REFUND_STATES:
        raise ApiError(400, "There is no such state of a refund.")
    made = objects.find(call.store, "refund", call.object_id, call.now)
    objects.change_refund(call.store, made, found["status"], call.now)
    return shown(made)


def control_dispute(call):
    """Opens a dispute about a payment, or moves a dispute on."""
    found = read(call.text, required=("status",), optional=("amount",))
    if found["status"] not in objects.DISPUTE_STATES:
        raise ApiError(400, "There is no such state of a dispute.")
    if call.object_id.startswith("du_"):
        dispute = objects.find(call.store, "dispute", call.object_id, call.now)
        objects.change_dispute(call.store, dispute, found["status"], call.now)
        return shown(dispute)
    intent = objects.find(call.store, "payment_intent", call.object_id, call.now)
    charge = objects.find(call.store, "charge", intent["latest_charge"] or "", call.now)
    amount = whole_number(found, "amount") if "amount" in found else None
    return shown(objects.open_dispute(call.store, charge, found["status"], call.now, amount))


def control_session(call):
    """Makes a session say what we did not ask for: money, currency or names of another payment."""
    found = read(call.text, optional=("amount_total", "currency", "metadata"))
    session = objects.find(call.store, "checkout.session", call.object_id, call.now)
    if "amount_total" in found:
        session["amount_total"] = whole_number(found, "amount_total")
    session["currency"] = found.get("currency", session["currency"])
    session["metadata"] = json.loads(found.get("metadata", json.dumps(session["metadata"])))
    call.store.save(session)
    return shown(session)


ID = common.ID
SESSIONS = "/v1/checkout/sessions"
ROUTES = routed(
    [
        ("POST", SESSIONS, create_session),
        ("GET", SESSIONS, list_sessions),
        ("GET", f"{SESSIONS}/{ID}", get_session),
        ("POST", f"{SESSIONS}/{ID}/expire", expire_session),
        ("GET", f"/v1/payment_intents/{ID}", get_payment),
        ("POST", "/v1/refunds", create_refund),
        ("GET", "/v1/refunds", list_refunds),
        ("GET", f"/v1/refunds/{ID}", get_refund),
        ("GET", "/v1/disputes", list_disputes),
        ("GET", f"/v1/disputes/{ID}", get_dispute),
        ("GET", "/v1/events", list_events),
        ("GET", f"/v1/events/{ID}", get_event),
        ("GET", "/v1/payouts", payouts.list_payouts),
        ("GET", f"/v1/payouts/{ID}", payouts.get_payout),
        ("GET", "/v1/balance_transactions", payouts.list_transactions),
        ("POST", "/_control/payouts", payouts.control_pay_out),
        ("POST", f"/_control/payouts/{ID}", payouts.control_payout),
        ("POST", "/_control/adjustments", payouts.control_adjust),
        ("POST", f"/_control/balance_transactions/{ID}", payouts.control_transaction),
        ("POST", f"/_control/sessions/{ID}/pay", control_pay),
        ("POST", f"/_control/sessions/{ID}", control_session),
        ("POST", f"/_control/refunds/{ID}", control_refund),
        ("POST", f"/_control/disputes/{ID}", control_dispute),
        *common.CONTROL,
        ("GET", HOSTED_PAGE, page.show_page),
        ("POST", HOSTED_PAGE, page.take_choice),
    ]
)
