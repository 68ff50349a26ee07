"""The calls of Square's API that Tessera makes; with those of `control` tests say what happens.

Each takes a Call and returns a JSON-ready dict or raises SquareError. Bodies are JSON and read
strictly: what is not known, missing or of another type is an error.
"""

import base64
import hashlib
import hmac
import json
import re
from dataclasses import dataclass, field
from datetime import datetime

from payments.peers import strict
from payments.peers.square import control, objects, page
from payments.peers.square.objects import TOKYO, SquareError, find, shown
from payments.simulator import api as common
from payments.simulator.parameters import WEB_ADDRESS, whole_number
from payments.simulator.server import FORM, HOSTED_PAGE, Handler, Provider, routed
from payments.simulator.webhooks import Courier

JSON = "application/json"
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
# Not those of the adapter: who checks it must know for himself.
CURRENCIES = ("AUD", "CAD", "EUR", "GBP", "JPY", "USD")
TROUBLE = {"errors": [{"category": "API_ERROR", "code": "INTERNAL_SERVER_ERROR"}]}
WRONG = {
    "text": "BAD_REQUEST",
    "shape": "EXPECTED_OTHER_TYPE",
    "unknown": "UNKNOWN_BODY_PARAMETER",
    "missing": "MISSING_REQUIRED_PARAMETER",
}
LINK = {
    "idempotency_key": str,
    "order": dict,
    "checkout_options": dict,
    "payment_note": str,
    "pre_populated_data": dict,
}
ORDER = {"location_id": str, "reference_id": str, "line_items": list, "metadata": dict}
LINE = {"name": str, "quantity": str, "base_price_money": dict}
MONEY = {"amount": int, "currency": str}
CHECKOUT = {
    "redirect_url": str,
    "allow_tipping": bool,
    "ask_for_shipping_address": bool,
    "enable_coupon": bool,
    "enable_loyalty": bool,
    "accepted_payment_methods": dict,
}
METHODS = dict.fromkeys(("apple_pay", "google_pay", "cash_app_pay", "afterpay_clearpay"), bool)
BUYER = {"buyer_email": str}
REFUND = {"idempotency_key": str, "payment_id": str, "amount_money": dict, "reason": str}
SEARCH = {"location_ids": list, "limit": int, "query": dict, "cursor": str}
SPARSE = {"location_id": str, "version": int, "state": str, "fulfillments": list}
FULFILLMENT = {"uid": str, "state": str}
DISPUTES_AT_ONCE = 3


@dataclass
class SquareAccount(Provider):
    """What every request needs; `secret` is the access token."""

    merchant_id: str = ""
    location_id: str = ""
    currency: str = ""
    locations: dict = field(default_factory=dict)

    def __post_init__(self):
        self.routes = ROUTES
        self.locations = {TOKYO: "JPY", self.location_id: self.currency}


class SquareHandler(Handler):
    """Square's ways: a version with each call, JSON bodies with the idempotency key in them."""

    server_version = "SquarePeer"
    body_types = (FORM, JSON)
    trouble = TROUBLE

    def key_of(self, text):
        if not text.startswith("{"):
            return None
        try:
            return json.loads(text).get("idempotency_key")
        except ValueError:
            return None

    @staticmethod
    def once(call, act, sticky=""):
        if call.method != "POST" or not call.key:
            with call.store.transaction():
                return 200, act(call)
        asked = hashlib.sha256(f"{call.path} {call.text}".encode()).hexdigest()
        reused = SquareError(400, "IDEMPOTENCY_KEY_REUSED", field="idempotency_key")
        return common.kept(call, act, sticky, asked=asked, reused=reused, trouble=TROUBLE)

    def _check_key(self, path):
        if path.startswith("/pay/"):
            return
        given = self.headers.get("Authorization", "").encode()
        if not hmac.compare_digest(given, f"Bearer {self.server.provider.secret}".encode()):
            raise SquareError(401, "UNAUTHORIZED")
        version = self.headers.get("Square-Version")
        if version != objects.API_VERSION and not path.startswith("/_control/"):
            raise SquareError(400, "BAD_REQUEST", f"Square-Version {version} is not this one.")


class SquareCourier(Courier):
    """Its `secret` is the signature key."""

    def told(self, event):
        return json.dumps(event["told"]).encode()

    def signature(self, body, now):
        text = self.address.encode() + body
        digest = hmac.new(self.secret.encode(), text, hashlib.sha256).digest()
        return {"x-square-hmacsha256-signature": base64.b64encode(digest).decode()}


def _wrong(what, where):
    return SquareError(400, WRONG[what], f"{what}: {where}", where)


def _fields(told, where, known, required=frozenset()):
    return strict.fields(told, where, known, required, refuse=_wrong)


def _text(told, name, most):
    if not 0 < len(told[name]) <= most:
        raise SquareError(400, "VALUE_TOO_LONG" if told[name] else "VALUE_EMPTY", field=name)


def _money(told, where, currency):
    _fields(told, where, MONEY, required=MONEY)
    if told["currency"] != currency or currency not in CURRENCIES:
        raise SquareError(400, "INVALID_VALUE", f"This location takes {currency}.", where)
    if not 0 < told["amount"] < 10_000_000_000:
        raise SquareError(400, "INVALID_VALUE", "The amount is not possible.", where)
    return told


def create_link(call):
    asked = _fields(strict.body(call, _wrong), "", LINK, required=("order",))
    options = _options(asked.get("checkout_options", {}))
    buyer = _fields(asked.get("pre_populated_data", {}), "pre_populated_data", BUYER)
    if not EMAIL.fullmatch(buyer.get("buyer_email", "a@b.c")):
        raise SquareError(400, "INVALID_EMAIL_ADDRESS", field="buyer_email")
    for name, most in (("idempotency_key", 192), ("payment_note", 500)):
        _text({name: "-", **asked}, name, most)
    order = _create_order(call, asked)
    link = call.store.add(
        "payment_link",
        version=1,
        order_id=order["id"],
        checkout_options=options,
        pre_populated_data=buyer,
        payment_note=asked.get("payment_note", ""),
        created_at=objects.stamp(call.now),
    )
    link["url"] = link["long_url"] = f"{call.provider.base_url}/pay/{link['id']}"
    call.store.save(link)
    return {"payment_link": shown(link), "related_resources": {"orders": [shown(order)]}}


def _options(told):
    options = _fields(told, "checkout_options", CHECKOUT, required=("redirect_url",))
    if not WEB_ADDRESS.fullmatch(options["redirect_url"]) or len(options["redirect_url"]) > 2048:
        raise SquareError(400, "INVALID_VALUE", field="redirect_url")
    _fields(options.get("accepted_payment_methods", {}), "accepted_payment_methods", METHODS)
    return options


def _create_order(call, asked):
    told = _fields(asked["order"], "order", ORDER, required=("location_id", "line_items"))
    currency = call.provider.locations.get(told["location_id"])
    if currency is None:
        raise SquareError(400, "INVALID_LOCATION", field="location_id")
    _text({"reference_id": "-", **told}, "reference_id", 40)
    for name, value in told.get("metadata", {}).items():
        if type(value) is not str or not 0 < len(value) <= 255 or len(name) > 60:
            raise SquareError(400, "INVALID_VALUE", field=f"metadata/{name}")
    if len(told["line_items"]) != 1:
        raise SquareError(400, "ARRAY_LENGTH_TOO_LONG", "One line is what Tessera sells.")
    line = _fields(told["line_items"][0], "line_items", LINE, required=LINE)
    _text(line, "name", 512)
    if line["quantity"] != "1":
        raise SquareError(400, "INVALID_VALUE", field="quantity")
    total = _money(line["base_price_money"], "base_price_money", currency)
    return call.store.add(
        "order",
        **told,
        state="DRAFT",
        version=1,
        total_money=total,
        created_at=objects.stamp(call.now),
        updated_at=objects.stamp(call.now),
        _note=asked.get("payment_note", ""),
    )


def get_link(call):
    strict.query(call, (), _wrong)
    return {"payment_link": shown(find(call.store, "payment_link", call.object_id))}


def list_links(call):
    asked = strict.query(call, ("limit", "cursor"), _wrong)
    links = [one for one in call.store.list("payment_link") if not one.get("_is_deleted")]
    limit = whole_number(asked, "limit", most=1000) if "limit" in asked else 100
    return _paged("payment_links", links, limit, asked.get("cursor"), "links")


def delete_link(call):
    strict.query(call, (), _wrong)
    link = find(call.store, "payment_link", call.object_id)
    cancelled = objects.delete_link(call.store, call.provider, link, call.now)
    return {"id": link["id"], **({"cancelled_order_id": cancelled} if cancelled else {})}


def get_order(call):
    strict.query(call, (), _wrong)
    return {"order": shown(find(call.store, "order", call.object_id))}


def update_order(call):
    """Only to cancel it, or what is to be handed out for it."""
    asked = _fields(strict.body(call, _wrong), "", {"order": dict}, required=("order",))
    told = _fields(asked["order"], "order", SPARSE, required=("location_id", "version"))
    order = find(call.store, "order", call.object_id)
    if told["location_id"] != order["location_id"] or ("state" in told) == ("fulfillments" in told):
        raise SquareError(400, "BAD_REQUEST")
    if told["version"] != order["version"]:
        raise SquareError(400, "VERSION_MISMATCH", field="order.version")
    for one in (told, *told.get("fulfillments", [])):
        if one.get("state", "CANCELED") != "CANCELED":
            raise SquareError(400, "BAD_REQUEST")
    if "state" in told:
        objects.cancel(call.store, call.provider, order, call.now)
    else:
        ended = [
            _fields(one, "fulfillments", FULFILLMENT, FULFILLMENT) for one in told["fulfillments"]
        ]
        objects.cancel_fulfillments(call.store, order, [one["uid"] for one in ended], call.now)
    return {"order": shown(order)}


def search_orders(call):
    asked = _fields(strict.body(call, _wrong), "", SEARCH, required=("location_ids",))
    if not 0 < len(asked["location_ids"]) <= 10:
        raise SquareError(400, "ARRAY_LENGTH_TOO_LONG", field="location_ids")
    query = _fields(asked.get("query", {}), "query", {"filter": dict, "sort": dict})
    kinds = {"date_time_filter": dict, "state_filter": dict}
    wanted = _fields(query.get("filter", {}), "filter", kinds)
    sort = _fields(query.get("sort", {}), "sort", {"sort_field": str, "sort_order": str})
    since, until = _span(wanted.get("date_time_filter", {}), sort)
    # Who does not ask for drafts does not get them.
    states = wanted.get("state_filter", {"states": ["OPEN", "COMPLETED", "CANCELED"]})
    _fields(states, "state_filter", {"states": list}, required=("states",))
    found = [
        one
        for one in call.store.list("order")
        if one["location_id"] in asked["location_ids"]
        and one["state"] in states["states"]
        and since <= one["created_at"] <= until
    ]
    limit = asked.get("limit", 500)
    same = json.dumps([asked["location_ids"], query])
    return _paged("orders", found, limit, asked.get("cursor"), same)


def _span(told, sort):
    """(since, until) as Square writes moments."""
    span = _fields(told, "date_time_filter", {"created_at": dict}).get("created_at", {})
    _fields(span, "created_at", {"start_at": str, "end_at": str})
    if span and sort.get("sort_field") != "CREATED_AT":
        raise SquareError(400, "BAD_REQUEST", "Sort by what you filter by.", "sort_field")
    since = span.get("start_at", "2000-01-01T00:00:00Z")
    until = span.get("end_at", "2100-01-01T00:00:00Z")
    return tuple(objects.stamp(datetime.fromisoformat(one).timestamp()) for one in (since, until))


def _paged(name, found, limit, cursor, same):
    """A page of what was found; a cursor counts for the `same` question only."""
    mark = hashlib.sha256(same.encode()).hexdigest()[:12]
    begin, _, of = (cursor or f"0.{mark}").partition(".")
    if of != mark or not begin.isdigit():
        raise SquareError(400, "INVALID_CURSOR", field="cursor")
    end = int(begin) + limit
    more = {"cursor": f"{end}.{mark}"} if len(found) > end else {}
    return {name: [shown(one) for one in found[int(begin) : end]], **more}


def get_payment(call):
    strict.query(call, (), _wrong)
    return {"payment": shown(find(call.store, "payment", call.object_id))}


def create_refund(call):
    required = ("idempotency_key", "payment_id", "amount_money")
    asked = _fields(strict.body(call, _wrong), "", REFUND, required=required)
    for name, most in (("idempotency_key", 45), ("reason", 192)):
        _text({"reason": "-", **asked}, name, most)
    made = call.store.get("payment", asked["payment_id"])
    if made is None:
        raise SquareError(404, "NOT_FOUND", field="payment_id")
    currency = made["total_money"]["currency"]
    amount = _money(asked["amount_money"], "amount_money", currency)
    reason = asked.get("reason", "")
    sent = objects.refund(call.store, call.provider, made, amount, reason, call.now)
    return {"refund": shown(sent)}


def get_refund(call):
    strict.query(call, (), _wrong)
    return {"refund": shown(find(call.store, "refund", call.object_id))}


def list_disputes(call):
    asked = strict.query(call, ("cursor", "location_id", "states"), _wrong)
    here = asked.get("location_id")
    found = [one for one in call.store.list("dispute") if here in (None, one["location_id"])]
    return _paged("disputes", found, DISPUTES_AT_ONCE, asked.get("cursor"), str(here))


ID = common.ID
LINKS, ORDERS = "/v2/online-checkout/payment-links", "/v2/orders"
ROUTES = routed(
    [
        ("POST", LINKS, create_link),
        ("GET", LINKS, list_links),
        ("GET", f"{LINKS}/{ID}", get_link),
        ("DELETE", f"{LINKS}/{ID}", delete_link),
        ("POST", f"{ORDERS}/search", search_orders),
        ("GET", f"{ORDERS}/{ID}", get_order),
        ("PUT", f"{ORDERS}/{ID}", update_order),
        ("GET", f"/v2/payments/{ID}", get_payment),
        ("POST", "/v2/refunds", create_refund),
        ("GET", f"/v2/refunds/{ID}", get_refund),
        ("GET", "/v2/disputes", list_disputes),
        ("POST", f"/_control/sessions/{ID}/pay", control.press),
        ("POST", f"/_control/sessions/{ID}", control.change_order),
        ("POST", f"/_control/payments/{ID}", control.decide_payment),
        ("POST", f"/_control/refunds/{ID}", control.decide_refund),
        ("POST", f"/_control/disputes/{ID}", control.change_dispute),
        ("GET", "/_control/objects", control.listed),
        *common.CONTROL,
        ("GET", HOSTED_PAGE, page.show_page),
        ("POST", HOSTED_PAGE, page.take_choice),
    ]
)
