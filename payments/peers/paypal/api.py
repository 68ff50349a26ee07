"""The calls of PayPal's API that Tessera makes, and `/_control/…` with which tests say what happens.

Each takes a Call and returns a JSON-ready dict or raises PayPalError. Bodies are JSON and read
strictly: what is not known, missing or of another kind is an error.
"""

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass

from payments.peers import strict
from payments.peers.paypal import objects, page
from payments.peers.paypal.objects import PayPalError, find, refused, shown
from payments.peers.paypal.signing import CERTIFICATE_PATH, Signer
from payments.simulator import api as common
from payments.simulator.parameters import WEB_ADDRESS, ApiError, read, whole_number
from payments.simulator.server import FORM, HOSTED_PAGE, Handler, Provider, routed

JSON = "application/json"
TOKEN_SECONDS = 32_400
# Not those of the adapter: who checks it must know for himself.
CURRENCIES = (
    "AUD BRL CAD CHF CNY CZK DKK EUR GBP HKD HUF ILS "
    "JPY MXN MYR NOK NZD PHP PLN SEK SGD THB TWD USD"
)
NO_DECIMALS = ("HUF", "JPY", "TWD")
VALUE = re.compile(r"(0|[1-9][0-9]{0,8})(\.[0-9]{2})?")
TROUBLE = {"name": "INTERNAL_SERVER_ERROR", "message": "A fault was asked for."}
WRONG = {
    "text": "MALFORMED_REQUEST_JSON",
    "shape": "INVALID_PARAMETER_SYNTAX",
    "unknown": "UNKNOWN_FIELD",
    "missing": "MISSING_REQUIRED_PARAMETER",
}
ORDER = {"intent", "purchase_units", "payment_source"}
UNIT = {"reference_id", "custom_id", "description", "amount", "payee"}
WALLET = {"experience_context", "email_address"}
EXPERIENCE = {
    *("brand_name", "shipping_preference", "user_action", "payment_method_preference"),
    *("return_url", "cancel_url"),
}


@dataclass
class PayPal(Provider):
    """What every request needs; `secret` is the client's."""

    client_id: str = ""
    signer: Signer | None = None

    def __post_init__(self):
        self.routes = ROUTES


class PayPalHandler(Handler):
    """PayPal's ways: tokens instead of a key, JSON bodies, PayPal-Request-Id."""

    server_version = "PayPalPeer"
    key_header = "PayPal-Request-Id"
    body_types = (FORM, JSON)
    trouble = TROUBLE

    @staticmethod
    def once(call, act, sticky=""):
        if act is certificate:
            return 200, act(call)
        return _once(call, act, sticky)

    def _check_key(self, path):
        if path.startswith(("/pay/", CERTIFICATE_PATH)):
            return
        given = self.headers.get("Authorization", "")
        provider = self.server.provider
        if path == "/v1/oauth2/token":
            whole = f"{provider.client_id}:{provider.secret}".encode()
            wanted = f"Basic {base64.b64encode(whole).decode()}"
        elif path.startswith("/_control/"):
            wanted = f"Bearer {provider.secret}"
        else:
            token = given.removeprefix("Bearer ")
            if provider.store.get("token", token) is None:
                raise PayPalError(401, "AUTHENTICATION_FAILURE", "invalid_token")
            return
        if not hmac.compare_digest(given.encode(), wanted.encode()):
            raise PayPalError(401, "invalid_client")


def _once(call, act, sticky):
    """(status, body) of `act`; the same PayPal-Request-Id gets the first success again, as it is told
    then. What was refused may be asked once more with the same id, and is answered anew."""
    status = 200 if call.path.startswith(("/_control/", "/v1/")) or call.method == "GET" else 201
    if call.method == "GET" or call.path.startswith(("/_control/", "/v1/")):
        with call.store.transaction():
            return status, act(call)
    if not call.key:
        raise PayPalError(400, "INVALID_REQUEST", "PAYPAL_REQUEST_ID_REQUIRED")
    if len(call.key) > 108:
        raise PayPalError(400, "INVALID_REQUEST", "INVALID_PAYPAL_REQUEST_ID")
    asked = hashlib.sha256(f"{call.path} {call.text}".encode()).hexdigest()
    reused = refused("DUPLICATE_REQUEST_ID")
    return common.kept(
        *(call, act, sticky), asked=asked, reused=reused, trouble=TROUBLE, status=status
    )


def token(call):
    found = read(call.text, required=("grant_type",))
    if found["grant_type"] != "client_credentials":
        raise PayPalError(400, "unsupported_grant_type")
    made = call.store.add("token")
    return {"access_token": made["id"], "token_type": "Bearer", "expires_in": TOKEN_SECONDS}


def certificate(call):
    return call.provider.signer.certificate


def create_order(call):
    asked = _fields(_body(call), "", ORDER, required=ORDER)
    if asked["intent"] != "CAPTURE":
        raise refused("UNSUPPORTED_INTENT")
    unit = _unit(asked["purchase_units"])
    wallet = _fields(
        _fields(asked["payment_source"], "payment_source", {"paypal"}, required={"paypal"})[
            "paypal"
        ],
        "paypal",
        WALLET,
        required={"experience_context"},
    )
    experience = _fields(
        wallet["experience_context"], "experience_context", EXPERIENCE, required=EXPERIENCE
    )
    _check_experience(experience)
    order = call.store.add(
        "order",
        intent="CAPTURE",
        status="PAYER_ACTION_REQUIRED",
        purchase_units=[unit],
        payment_source={"paypal": {}},
        create_time=objects.stamp(call.now),
        _created=call.now,
        _base=call.provider.base_url,
        _experience=experience,
    )
    base = call.provider.base_url
    order["links"] = [
        {"rel": "self", "method": "GET", "href": f"{base}/v2/checkout/orders/{order['id']}"},
        {"rel": "payer-action", "method": "GET", "href": f"{base}/pay/{order['id']}"},
    ]
    call.store.save(order)
    return shown(order)


def _unit(units):
    if not isinstance(units, list) or len(units) != 1:
        raise PayPalError(400, "INVALID_REQUEST", "INVALID_ARRAY_LENGTH", "One purchase unit.")
    unit = _fields(units[0], "purchase_units", UNIT, required={"amount"})
    for name, most in (("reference_id", 256), ("custom_id", 127), ("description", 127)):
        if not 0 < len(unit.get(name, "-")) <= most:
            raise PayPalError(400, "INVALID_REQUEST", "INVALID_STRING_LENGTH", name)
    payee = unit.get("payee", {"merchant_id": objects.MERCHANT})
    if payee != {"merchant_id": objects.MERCHANT}:
        raise refused("PAYEE_ACCOUNT_INVALID")
    return {"reference_id": "default", **unit, "amount": _amount(unit["amount"]), "payee": payee}


def _amount(told):
    """One of PayPal's amounts as it came; PayPalError for what PayPal does not take."""
    _fields(told, "amount", {"currency_code", "value"}, required={"currency_code", "value"})
    if told["currency_code"] not in CURRENCIES.split():
        raise refused("CURRENCY_NOT_SUPPORTED")
    if not VALUE.fullmatch(told["value"]):
        raise PayPalError(400, "INVALID_REQUEST", "INVALID_PARAMETER_SYNTAX", told["value"])
    if told["currency_code"] in NO_DECIMALS and "." in told["value"]:
        raise refused("DECIMALS_NOT_SUPPORTED")
    if float(told["value"]) <= 0:
        raise refused("CANNOT_BE_ZERO_OR_NEGATIVE")
    return told


def _check_experience(found):
    for name in ("return_url", "cancel_url"):
        if not WEB_ADDRESS.fullmatch(found[name]):
            raise PayPalError(400, "INVALID_REQUEST", "INVALID_PARAMETER_SYNTAX", name)
    wanted = {
        "shipping_preference": ("GET_FROM_FILE", "NO_SHIPPING", "SET_PROVIDED_ADDRESS"),
        "user_action": ("CONTINUE", "PAY_NOW"),
        "payment_method_preference": ("UNRESTRICTED", "IMMEDIATE_PAYMENT_REQUIRED"),
    }
    for name, values in wanted.items():
        if found[name] not in values:
            raise PayPalError(400, "INVALID_REQUEST", "INVALID_PARAMETER_VALUE", name)
    if not 0 < len(found["brand_name"]) <= 127:
        raise PayPalError(400, "INVALID_REQUEST", "INVALID_STRING_LENGTH", "brand_name")


def get_order(call):
    _query(call)
    return shown(find(call.store, "order", call.object_id, call.now))


def capture_order(call):
    _fields(_body(call), "", set())
    order = find(call.store, "order", call.object_id, call.now)
    objects.capture(call.store, order, call.now)
    return shown(order)


def get_capture(call):
    _query(call)
    return shown(find(call.store, "capture", call.object_id, call.now))


def create_refund(call):
    asked = _fields(_body(call), "", {"amount", "custom_id", "note_to_payer"})
    made = find(call.store, "capture", call.object_id, call.now)
    amount = _amount(asked["amount"]) if "amount" in asked else None
    return shown(objects.refund(call.store, made, amount, asked.get("custom_id"), call.now))


def list_disputes(call):
    query = _query(call, "disputed_transaction_id", "start_time", "page_size", "next_page_token")
    if {"disputed_transaction_id", "start_time"} <= set(query):
        raise PayPalError(400, "INVALID_REQUEST", "INVALID_PARAMETER_COMBINATION")
    listed = call.store.list("dispute")
    if "disputed_transaction_id" in query:
        listed = [one for one in listed if one["_capture"] == query["disputed_transaction_id"]]
    listed = [one for one in listed if one["create_time"] >= query.get("start_time", "")[:19]]
    size = int(query.get("page_size", 10))
    if not 1 <= size <= 50:
        raise PayPalError(400, "INVALID_REQUEST", "INVALID_PAGE_SIZE")
    begin = int(query.get("next_page_token", 0))
    links = []
    if len(listed) > begin + size:
        again = f"{call.provider.base_url}{call.path}?next_page_token={begin + size}"
        links = [{"rel": "next", "method": "GET", "href": again}]
    return {"items": [_summary(one) for one in listed[begin : begin + size]], "links": links}


def _summary(found):
    return {
        name: found[name]
        for name in (
            "dispute_id",
            "create_time",
            "update_time",
            "reason",
            "status",
            "dispute_amount",
        )
    }


def get_dispute(call):
    _query(call)
    return shown(find(call.store, "dispute", call.object_id, call.now))


def _body(call):
    return strict.body(call, _wrong)


def _fields(told, where, known, required=frozenset()):
    return strict.fields(told, where, known, required, refuse=_wrong)


def _query(call, *known):
    return strict.query(call, known, _wrong)


def _wrong(what, where):
    return PayPalError(400, "INVALID_REQUEST", WRONG[what], where)


def control_pay(call):
    """What the buyer does on the page: `outcome` of OUTCOMES, with an `account` of ACCOUNTS."""
    found = read(call.text, optional=("outcome", "account", "seconds"))
    outcome, account = found.get("outcome", "pay"), found.get("account", "good")
    if outcome not in objects.OUTCOMES or account not in objects.ACCOUNTS:
        raise ApiError(400, "There is no such outcome, or no such account.")
    order = find(call.store, "order", call.object_id, call.now)
    seconds = common.seconds_of(found, None)
    objects.approve(call.store, order, outcome, account, call.now, seconds)
    return shown(order)


def control_order(call):
    """Makes an order say what we did not ask for: money, or names of another payment or merchant."""
    found = read(call.text, optional=("value", "currency", "custom_id", "merchant_id"))
    order = find(call.store, "order", call.object_id, call.now)
    unit = order["purchase_units"][0]
    shows = [unit, *unit.get("payments", {}).get("captures", [])]
    for one in shows:
        amount = one["amount"]
        amount["value"] = found.get("value", amount["value"])
        amount["currency_code"] = found.get("currency", amount["currency_code"])
    unit["custom_id"] = found.get("custom_id", unit.get("custom_id"))
    unit["payee"] = {"merchant_id": found.get("merchant_id", unit["payee"]["merchant_id"])}
    call.store.save(order)
    return shown(order)


def control_capture(call):
    found = read(call.text, required=("status",))
    if found["status"] not in ("COMPLETED", "DECLINED"):
        raise ApiError(400, "There is no such end of a review.")
    made = find(call.store, "capture", call.object_id, call.now)
    objects.decide_capture(call.store, made, found["status"], call.now)
    return shown(made)


def control_refund(call):
    found = read(call.text, required=("status",))
    if found["status"] not in objects.REFUND_STATES:
        raise ApiError(400, "There is no such state of a refund.")
    sent = find(call.store, "refund", call.object_id, call.now)
    status = objects.REFUND_STATES[found["status"]]
    objects.change_refund(call.store, sent, status, call.now)
    return shown(sent)


def control_dispute(call):
    """Opens a dispute about a capture, or moves a dispute on."""
    found = read(call.text, optional=("stage", "status", "outcome", "value", "fee"))
    for name, known in (
        ("stage", objects.STAGES),
        ("status", objects.STATUSES),
        ("outcome", objects.OUTCOME_CODES),
        ("fee", objects.FEES),
    ):
        if found.get(name) not in (None, *known):
            raise ApiError(400, f"There is no such {name} of a dispute.")
    if call.object_id.startswith("PPD"):
        dispute = find(call.store, "dispute", call.object_id, call.now)
        moved = {name: found.get(name) for name in ("stage", "status", "outcome", "fee")}
        objects.change_dispute(call.store, dispute, call.now, **moved)
        return shown(dispute)
    made = find(call.store, "capture", call.object_id, call.now)
    stage = found.get("stage", "CHARGEBACK")
    return shown(objects.open_dispute(call.store, made, stage, call.now, found.get("value")))


def control_tokens(call):
    """Takes all tokens back, as PayPal may at any time."""
    call.store.rows("DELETE FROM objects WHERE kind = 'token'")
    return {}


def control_objects(call):
    """All of a kind, such as `order`, the newest first."""
    found = read(call.text, required=("kind",), optional=("limit",))
    limit = whole_number(found, "limit") if "limit" in found else 100
    return {"data": [shown(one) for one in call.store.list(found["kind"])[:limit]]}


ID = common.ID
ORDERS, CAPTURES, DISPUTES = "/v2/checkout/orders", "/v2/payments/captures", "/v1/customer/disputes"
ROUTES = routed(
    [
        ("POST", "/v1/oauth2/token", token),
        ("GET", CERTIFICATE_PATH, certificate),
        ("POST", ORDERS, create_order),
        ("GET", f"{ORDERS}/{ID}", get_order),
        ("POST", f"{ORDERS}/{ID}/capture", capture_order),
        ("GET", f"{CAPTURES}/{ID}", get_capture),
        ("POST", f"{CAPTURES}/{ID}/refund", create_refund),
        ("GET", DISPUTES, list_disputes),
        ("GET", f"{DISPUTES}/{ID}", get_dispute),
        ("POST", f"/_control/sessions/{ID}/pay", control_pay),
        ("POST", f"/_control/sessions/{ID}", control_order),
        ("POST", f"/_control/captures/{ID}", control_capture),
        ("POST", f"/_control/refunds/{ID}", control_refund),
        ("POST", f"/_control/disputes/{ID}", control_dispute),
        ("DELETE", "/_control/tokens", control_tokens),
        ("GET", "/_control/objects", control_objects),
        *common.CONTROL,
        ("GET", HOSTED_PAGE, page.show_page),
        ("POST", HOSTED_PAGE, page.take_choice),
    ]
)
