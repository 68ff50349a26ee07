"""Square's objects and what happens to them: links, orders, payments, refunds, disputes, events.

Every function runs in the caller's `store.transaction()` and takes `now` in unix seconds. Objects are
kept as Square shows them; what begins with `_` is not shown.
"""

from datetime import UTC, datetime

from payments.simulator.checkout import arrivals
from payments.simulator.parameters import ApiError

API_VERSION = "2026-09-16"
PREFIXES = {
    "order": "ORD",
    "payment_link": "LNK",
    "payment": "PAY",
    "refund": "REF",
    "dispute": "DSP",
    "event": "evt",
}
MERCHANT = "MERCHANT7TESSERA"
TOKYO = "LOCATIONINTOKYO"
"""Another location of the same merchant, which sells in yen."""
OUTCOMES = ("pay", "decline", "late_notice", "lost_notice", "repeated_notice", "late_money")
CARDS = {
    "visa": {},
    "another": {"fingerprint": "sq-1-another-card-of-the-peer"},
    "moderate": {"risk": "MODERATE"},
    "high": {"risk": "HIGH"},
    "unjudged": {"risk": "PENDING"},
    "slow_fee": {"fee": False},
    "slow_refund": {"refunds": "PENDING"},
    "pending": {"status": "PENDING"},
    "approved": {"status": "APPROVED"},
    "gift": {"part": 1000},
    "declined": {"status": "FAILED"},
}
"""What a card of the page does; `gift` pays all but 1000 units, which another card pays."""
LIVING = ("PENDING", "COMPLETED")
REFUND_STATES = {
    "pending": "PENDING",
    "succeeded": "COMPLETED",
    "failed": "FAILED",
    "rejected": "REJECTED",
}
INQUIRIES = ("INQUIRY_EVIDENCE_REQUIRED", "INQUIRY_PROCESSING", "INQUIRY_CLOSED")
DISPUTE_STATES = (*INQUIRIES, "EVIDENCE_REQUIRED", "PROCESSING", "WON", "LOST", "ACCEPTED")


class SquareError(ApiError):
    """An answer that is no success, in Square's words."""

    def __init__(self, status, code, detail="", field=""):
        super().__init__(status, detail or code)
        kind = "AUTHENTICATION_ERROR" if status == 401 else "INVALID_REQUEST_ERROR"
        self.told = {"category": kind, "code": code, "detail": detail or code}
        self.told |= {"field": field} if field else {}

    @property
    def body(self):
        return {"errors": [self.told]}


def shown(found):
    """An object as the outside sees it."""
    return {
        name: value
        for name, value in found.items()
        if not name.startswith("_") and name != "object"
    }


def stamp(now):
    return datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def find(store, kind, object_id):
    found = store.get(kind, object_id)
    if found is None or found.get("_is_deleted"):
        raise SquareError(404, "NOT_FOUND", f"There is no {kind} {object_id}.")
    return found


def announce(store, account, kind, about, now, times=None):
    """An event of this kind about an object as it is now, delivered at each of `times` (once, now)."""
    event = store.add("event", type=kind, told={})
    name, told = about["object"], shown(about)
    if kind == "order.updated":
        name = "order_updated"
        told = {one: told[one] for one in ("created_at", "location_id", "state", "version")}
        told["order_id"] = about["id"]
    event["told"] = {
        "merchant_id": account.merchant_id,
        "type": kind,
        "event_id": event["id"],
        "created_at": stamp(now),
        "data": {"type": name, "id": about["id"], "object": {name: told}},
    }
    store.save(event)
    for due_at in [now] if times is None else times:
        store.rows("INSERT INTO deliveries (event_id, due_at) VALUES (?, ?)", event["id"], due_at)


def changed(store, order, now, **fields):
    """Every change of an order makes another version of it."""
    order |= {**fields, "version": order["version"] + 1, "updated_at": stamp(now)}
    store.save(order)


def is_paid(store, order):
    return any(one["status"] == "COMPLETED" for one in payments_of(store, order))


def payments_of(store, order):
    return [store.get("payment", one["id"]) for one in order.get("tenders", [])]


def delete_link(store, account, link, now):
    """Deletes the link; returns the id of the order that this cancels. One on which a card has failed
    it leaves as it is, as Square has been seen to do: then its page still takes money."""
    link["_is_deleted"] = True
    store.save(link)
    order = store.get("order", link["order_id"])
    if order["state"] != "DRAFT":
        return None
    cancel(store, account, order, now)
    return order["id"]


def cancel(store, account, order, now):
    """Cancels an order that nobody has paid."""
    if order["state"] in ("CANCELED", "COMPLETED"):
        raise SquareError(400, "BAD_REQUEST", f"The order is {order['state']}.")
    living = [one for one in payments_of(store, order) if one["status"] != "FAILED"]
    if living:
        raise SquareError(400, "BAD_REQUEST", "An order with payments cannot be canceled.")
    if any(one["state"] != "CANCELED" for one in order.get("fulfillments", [])):
        raise SquareError(400, "BAD_REQUEST", "Its fulfillments must be canceled first.")
    changed(store, order, now, state="CANCELED")
    announce(store, account, "order.updated", order, now)


def cancel_fulfillments(store, order, uids, now):
    known = order.get("fulfillments", [])
    if not set(uids) <= {one["uid"] for one in known}:
        raise SquareError(400, "BAD_REQUEST", "There is no such fulfillment.")
    ended = [{**one, "state": "CANCELED"} if one["uid"] in uids else one for one in known]
    changed(store, order, now, fulfillments=ended)


def pay(store, account, order, outcome, card, now, seconds=None):
    """A buyer pays with a `card` of CARDS; `outcome` says what becomes of the notices about it."""
    if is_paid(store, order):
        raise SquareError(400, "BAD_REQUEST", "The order is paid.")
    if order["state"] == "CANCELED" and outcome != "late_money":
        raise SquareError(400, "BAD_REQUEST", "The order is CANCELED.")
    times = [now] if outcome in ("pay", "decline", "late_money") else None
    times = times or arrivals(outcome, now, seconds)
    if outcome in ("decline", "repeated_notice"):
        _charge(store, account, order, CARDS["declined"], now, times)
    if outcome != "decline":
        told = [] if outcome == "lost_notice" else times
        _charge(store, account, order, CARDS[card], now, told)


def _charge(store, account, order, does, now, times):
    total = order["total_money"]["amount"]
    first = does.get("part", 0)
    for amount in filter(None, (first, total - first)):
        made = _payment(store, order, amount, does, now)
        tender = {
            "id": made["id"],
            "payment_id": made["id"],
            "location_id": order["location_id"],
            "type": "CARD",
            "amount_money": made["total_money"],
            "created_at": stamp(now),
        }
        state = order["state"] if order["state"] == "CANCELED" else "OPEN"
        tenders = [*order.get("tenders", []), tender]
        # With the first try comes what the house is to hand out.
        to_do = order.get("fulfillments") or [{"uid": "f1", "type": "SIMPLE", "state": "PROPOSED"}]
        changed(store, order, now, state=state, tenders=tenders, fulfillments=to_do)
        announce(store, account, "payment.created", made, now, times)
        announce(store, account, "payment.updated", made, now, times)
    announce(store, account, "order.updated", order, now, times)


def _payment(store, order, amount, does, now):
    status = does.get("status", "COMPLETED")
    money = {**order["total_money"], "amount": amount}
    return store.add(
        "payment",
        amount_money=money,
        total_money=money,
        status=status,
        source_type="CARD",
        card_details={
            "status": {"COMPLETED": "CAPTURED", "FAILED": "FAILED"}.get(status, "AUTHORIZED"),
            "card": {
                "card_brand": "VISA",
                "fingerprint": does.get("fingerprint", "sq-1-a-card-of-the-peer"),
            },
        },
        location_id=order["location_id"],
        order_id=order["id"],
        processing_fee=_fee(money, now) if does.get("fee", status == "COMPLETED") else [],
        risk_evaluation={"created_at": stamp(now), "risk_level": does.get("risk", "NORMAL")},
        note=order["_note"],
        created_at=stamp(now),
        updated_at=stamp(now),
        _refunds=does.get("refunds", "COMPLETED"),
    )


def _fee(money, now):
    return [
        {
            "effective_at": stamp(now),
            "type": "INITIAL",
            "amount_money": {**money, "amount": 25 + money["amount"] * 14 // 1000},
        }
    ]


def decide_payment(store, account, made, status, now):
    """What becomes of a payment under way, or a fee that comes later (`status` COMPLETED)."""
    made["status"] = status
    if status == "COMPLETED":
        made["processing_fee"] = _fee(made["total_money"], now)
    store.save(made)
    announce(store, account, "payment.updated", made, now)


def refund(store, account, made, amount, reason, now):
    """Sends back a part of a payment, never more than is left."""
    if made["status"] != "COMPLETED" or made.get("_is_disputed"):
        raise SquareError(400, "PAYMENT_NOT_REFUNDABLE")
    if amount["currency"] != made["total_money"]["currency"]:
        raise SquareError(400, "CURRENCY_MISMATCH")
    known = [store.get("refund", ref) for ref in made.get("refund_ids", [])]
    if any(one["status"] == "PENDING" for one in known):
        raise SquareError(400, "REFUND_ALREADY_PENDING")
    if amount["amount"] > made["total_money"]["amount"] - _back(known):
        raise SquareError(400, "REFUND_AMOUNT_INVALID")
    sent = store.add(
        "refund",
        status=made["_refunds"],
        amount_money=amount,
        payment_id=made["id"],
        order_id=made["order_id"],
        location_id=made["location_id"],
        created_at=stamp(now),
        updated_at=stamp(now),
        **({"reason": reason} if reason else {}),
    )
    made["refund_ids"] = [*made.get("refund_ids", []), sent["id"]]
    _count_back(store, made)
    announce(store, account, "refund.created", sent, now)
    announce(store, account, "payment.updated", made, now)
    return sent


def _back(refunds):
    return sum(one["amount_money"]["amount"] for one in refunds if one["status"] in LIVING)


def _count_back(store, made):
    back = _back([store.get("refund", ref) for ref in made["refund_ids"]])
    made["refunded_money"] = {**made["total_money"], "amount": back}
    store.save(made)


def change_refund(store, account, sent, status, now):
    """What becomes of a refund in the end: a bank may refuse what Square had accepted."""
    sent |= {"status": status, "updated_at": stamp(now)}
    store.save(sent)
    _count_back(store, store.get("payment", sent["payment_id"]))
    announce(store, account, "refund.updated", sent, now)


def open_dispute(store, account, made, state, amount, now):
    """The buyer's bank takes the money, or only asks about it (INQUIRY_…)."""
    found = store.add(
        "dispute",
        state=state,
        amount_money={**made["total_money"], "amount": amount or made["total_money"]["amount"]},
        reason="NOT_RECEIVED",
        disputed_payment={"payment_id": made["id"]},
        location_id=made["location_id"],
        due_at=stamp(now + 7 * 86_400),
        created_at=stamp(now),
        updated_at=stamp(now),
        version=1,
    )
    _hold(store, found)
    announce(store, account, "dispute.created", found, now)
    return found


def change_dispute(store, account, found, state, now):
    found |= {"state": state, "updated_at": stamp(now), "version": found["version"] + 1}
    store.save(found)
    _hold(store, found)
    announce(store, account, "dispute.state.updated", found, now)


def _hold(store, found):
    made = store.get("payment", found["disputed_payment"]["payment_id"])
    made["_is_disputed"] = found["state"] not in (*INQUIRIES, "WON")
    store.save(made)


def pass_time(store, now):
    """A link never ends by itself, and neither does an order."""
