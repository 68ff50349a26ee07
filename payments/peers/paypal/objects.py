"""PayPal's objects and what happens to them: orders, captures, refunds, disputes, events.

Every function runs in the caller's `store.transaction()` and takes `now` in unix seconds. Objects are
kept as PayPal shows them; what begins with `_` is not shown.
"""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from payments.simulator.checkout import arrivals
from payments.simulator.parameters import ApiError

PREFIXES = {
    "order": "5O",
    "capture": "3C",
    "refund": "1J",
    "dispute": "PPD",
    "event": "WH_",
    "token": "A21",
}
MERCHANT = "MERCHANT7TESSERA"
OUTCOMES = ("pay", "decline", "late_notice", "lost_notice", "repeated_notice")
ACCOUNTS = ("good", "declined", "pending", "refused", "slow_refund")
"""What becomes of a capture: taken; refused with 422; under review; made, and then declined."""
UNAPPROVED_FOR = timedelta(hours=3)
REFUND_STATES = {
    "pending": "PENDING",
    "succeeded": "COMPLETED",
    "failed": "FAILED",
    "cancelled": "CANCELLED",
}
LIVING = ("PENDING", "COMPLETED")
TAKEN = ("COMPLETED", "PARTIALLY_REFUNDED", "REFUNDED")
DISPUTE_FEE = "14.00"
SETTLEMENT_FEE = "DISPUTE_SETTLEMENT_FEE"
FEES = ("charged", "given back")
STAGES = ("INQUIRY", "CHARGEBACK", "PRE_ARBITRATION", "ARBITRATION")
STATUSES = ("WAITING_FOR_SELLER_RESPONSE", "UNDER_REVIEW", "RESOLVED", "OPEN")
OUTCOME_CODES = (
    *("RESOLVED_BUYER_FAVOUR", "RESOLVED_SELLER_FAVOUR", "RESOLVED_WITH_PAYOUT"),
    *("CANCELED_BY_BUYER", "ACCEPTED", "DENIED"),
)


class PayPalError(ApiError):
    """An answer that is no success, in PayPal's words: a name, and the issues in it."""

    def __init__(self, status, name, issue="", description=""):
        super().__init__(status, description or name)
        self.name, self.issue = name, issue

    @property
    def body(self):
        told = {"name": self.name, "message": str(self), "debug_id": "b1d1f06c7246c"}
        if self.issue:
            told["details"] = [{"issue": self.issue, "description": str(self)}]
        return told


def refused(issue, description=""):
    """The 422 of a call that was understood and is not done."""
    return PayPalError(422, "UNPROCESSABLE_ENTITY", issue, description)


def missing(kind, object_id):
    return PayPalError(
        404,
        "RESOURCE_NOT_FOUND",
        "INVALID_RESOURCE_ID",
        f"There is no {kind} {object_id}.",
    )


def find(store, kind, object_id, now):
    """The object as it is now; PayPalError 404 when there is none, or no more."""
    found = store.get(kind, object_id)
    if found is None or (kind == "order" and _is_over(found, now)):
        raise missing(kind, object_id)
    return found


def _is_over(order, now):
    is_unapproved = order["status"] in ("CREATED", "PAYER_ACTION_REQUIRED")
    return is_unapproved and now > order["_created"] + UNAPPROVED_FOR.total_seconds()


def stamp(now):
    return datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def shown(found):
    """As PayPal shows it: without our store's own names."""
    return {
        name: value
        for name, value in found.items()
        if not name.startswith("_") and name != "object"
    }


def announce(store, kind, about, now, times=None):
    """An event about an object as it is now, delivered at each of `times` (once, at once)."""
    event = store.add("event", type=kind, told={})
    event["told"] = {
        "id": event["id"],
        "event_version": "1.0",
        "create_time": stamp(now),
        "resource_type": about["object"],
        "event_type": kind,
        "summary": kind.replace(".", " ").lower(),
        "resource": shown(about),
    }
    store.save(event)
    for due_at in [now] if times is None else times:
        store.rows("INSERT INTO deliveries (event_id, due_at) VALUES (?, ?)", event["id"], due_at)


def approve(store, order, outcome, account, now, seconds=None):
    """What a buyer does on the page. The shop has still to take the money; `outcome` says what becomes
    of the notices about it, `account` (of ACCOUNTS) of the capture."""
    if order["status"] == "COMPLETED":
        raise refused("ORDER_ALREADY_COMPLETED")
    if outcome == "decline":
        return  # PayPal asks him for another card: nothing changes, and nobody is told
    times = [now] if outcome == "pay" else arrivals(outcome, now, seconds)
    order |= {"status": "APPROVED", "_account": account, "_quiet": outcome == "lost_notice"}
    order["payer"] = {"payer_id": "NOORSACCOUNT7", "email_address": "noor@post.example"}
    order["payment_source"] = {
        "paypal": {"account_id": "NOORSACCOUNT7", "account_status": "VERIFIED"}
    }
    store.save(order)
    announce(store, "CHECKOUT.ORDER.APPROVED", order, now, [] if order["_quiet"] else times)


def capture(store, order, now):
    """Takes the money of an approved order, once."""
    if order["status"] == "COMPLETED":
        raise refused("ORDER_ALREADY_CAPTURED")
    if order["status"] != "APPROVED":
        raise refused("ORDER_NOT_APPROVED", "Payer has not yet approved the Order for payment.")
    account = order["_account"]
    if account == "declined":
        raise refused("INSTRUMENT_DECLINED")
    status = {"pending": "PENDING", "refused": "DECLINED"}.get(account, "COMPLETED")
    unit = order["purchase_units"][0]
    made = store.add(
        "capture",
        status=status,
        amount=unit["amount"],
        final_capture=True,
        custom_id=unit.get("custom_id"),
        payee=unit["payee"],
        seller_receivable_breakdown=_breakdown(unit["amount"]),
        supplementary_data={"related_ids": {"order_id": order["id"]}},
        create_time=stamp(now),
        update_time=stamp(now),
        _refunds="PENDING" if account == "slow_refund" else "COMPLETED",
    )
    made["links"] = _links(order, made)
    if status == "PENDING":
        made["status_details"] = {"reason": "PENDING_REVIEW"}
    store.save(made)
    order["status"] = "COMPLETED"
    _show_in_order(store, order, "captures", made)
    kind = {"PENDING": "PENDING", "DECLINED": "DENIED"}.get(status, "COMPLETED")
    announce(store, f"PAYMENT.CAPTURE.{kind}", made, now, [] if order["_quiet"] else None)


def _breakdown(amount):
    gross = Decimal(amount["value"])
    step = Decimal(1) if "." not in amount["value"] else Decimal("0.01")
    fee = (gross * Decimal("0.0249") + Decimal("0.35")).quantize(step)
    return {
        "gross_amount": amount,
        "paypal_fee": {**amount, "value": str(fee)},
        "net_amount": {**amount, "value": str(gross - fee)},
    }


def _links(order, made):
    base = order["_base"]
    return [
        {"rel": "self", "method": "GET", "href": f"{base}/v2/payments/captures/{made['id']}"},
        {"rel": "up", "method": "GET", "href": f"{base}/v2/checkout/orders/{order['id']}"},
    ]


def _show_in_order(store, order, kind, made):
    """An order shows its captures and refunds as they are."""
    payments = order["purchase_units"][0].setdefault("payments", {})
    others = [one for one in payments.get(kind, []) if one["id"] != made["id"]]
    payments[kind] = [*others, shown(made)]
    store.save(order)


def decide_capture(store, made, status, now):
    """What becomes of a capture that is under review."""
    made["status"] = status
    made.pop("status_details", None)
    store.save(made)
    _show_in_order(store, _order_of(store, made), "captures", made)
    kind = "COMPLETED" if status == "COMPLETED" else "DENIED"
    announce(store, f"PAYMENT.CAPTURE.{kind}", made, now)


def _order_of(store, made):
    return store.get("order", made["supplementary_data"]["related_ids"]["order_id"])


def refund(store, made, amount, custom_id, now):
    """Sends back a part of a capture, never more than is left; `amount` None means the rest."""
    if made["status"] == "REFUNDED":
        raise refused("CAPTURE_FULLY_REFUNDED")
    if made["status"] not in TAKEN:
        raise refused("CAPTURE_STATUS_NOT_VALID")
    if made.get("_disputed"):
        raise refused("CAPTURE_DISPUTED")
    order = _order_of(store, made)
    left = Decimal(made["amount"]["value"]) - _refunded(order)
    amount = amount or {**made["amount"], "value": str(left)}
    if amount["currency_code"] != made["amount"]["currency_code"]:
        raise refused("CURRENCY_MISMATCH")
    if Decimal(amount["value"]) > left:
        raise refused("REFUND_AMOUNT_EXCEEDED")
    sent = store.add(
        "refund",
        status=made["_refunds"],
        amount=amount,
        create_time=stamp(now),
        update_time=stamp(now),
        _capture=made["id"],
    )
    if custom_id:
        sent["custom_id"] = custom_id
    base = order["_base"]
    sent["links"] = [
        {"rel": "self", "method": "GET", "href": f"{base}/v2/payments/refunds/{sent['id']}"},
        {"rel": "up", "method": "GET", "href": f"{base}/v2/payments/captures/{made['id']}"},
    ]
    store.save(sent)
    change_refund(store, sent, sent["status"], now)
    return sent


def _refunded(order):
    made = order["purchase_units"][0]["payments"].get("refunds", [])
    return sum(Decimal(one["amount"]["value"]) for one in made if one["status"] in LIVING)


def change_refund(store, sent, status, now):
    """What becomes of a refund; the capture and the order show it."""
    sent["status"] = status
    store.save(sent)
    made = store.get("capture", sent["_capture"])
    order = _order_of(store, made)
    _show_in_order(store, order, "refunds", sent)
    back = _refunded(order)
    is_all = back == Decimal(made["amount"]["value"])
    made["status"] = "REFUNDED" if is_all else "PARTIALLY_REFUNDED" if back else "COMPLETED"
    store.save(made)
    _show_in_order(store, order, "captures", made)
    if status == "COMPLETED":
        announce(store, "PAYMENT.CAPTURE.REFUNDED", sent, now)


def open_dispute(store, made, stage, now, value=None):
    found = store.add(
        "dispute",
        create_time=stamp(now),
        update_time=stamp(now),
        disputed_transactions=[
            {"seller_transaction_id": made["id"], "custom": made.get("custom_id")}
        ],
        reason="MERCHANDISE_OR_SERVICE_NOT_RECEIVED",
        status="WAITING_FOR_SELLER_RESPONSE",
        dispute_amount={**made["amount"], "value": value or made["amount"]["value"]},
        dispute_life_cycle_stage=stage,
        dispute_channel="INTERNAL",
        seller_response_due_date=stamp(now + 7 * 86_400),
        _created=int(now),
        _capture=made["id"],
    )
    found["dispute_id"] = found["id"]
    store.save(found)
    _hold(store, made, stage != "INQUIRY")
    announce(store, "CUSTOMER.DISPUTE.CREATED", found, now)
    return found


def change_dispute(store, found, now, *, fee=None, **moved):
    """Moves a dispute on, to a `stage`, `status` or `outcome` (of OUTCOME_CODES); an outcome ends it
    and moves the money. The `fee` is charged with a loss, or whenever that is said; it may be given
    back, too, whoever wins (FEES)."""
    outcome = moved.get("outcome")
    found["dispute_life_cycle_stage"] = moved.get("stage") or found["dispute_life_cycle_stage"]
    found["status"] = "RESOLVED" if outcome else moved.get("status") or found["status"]
    found["update_time"] = stamp(now)
    is_lost = outcome in ("RESOLVED_BUYER_FAVOUR", "ACCEPTED")
    if outcome:
        found["dispute_outcome"] = {"outcome_code": outcome}
    if is_lost:
        _move(found, ("BUYER", "CREDIT", "DISPUTE_SETTLEMENT"))
        _move(found, ("SELLER", "DEBIT", "DISPUTE_SETTLEMENT"))
    if fee == "charged" or (is_lost and not _has_fee(found)):
        _move(found, ("SELLER", "DEBIT", SETTLEMENT_FEE), DISPUTE_FEE)
    if fee == "given back":
        _move(found, ("SELLER", "CREDIT", SETTLEMENT_FEE), DISPUTE_FEE)
    store.save(found)
    made = store.get("capture", found["_capture"])
    is_held = not outcome and found["dispute_life_cycle_stage"] != "INQUIRY"
    _hold(store, made, is_held or is_lost)
    announce(store, f"CUSTOMER.DISPUTE.{'RESOLVED' if outcome else 'UPDATED'}", found, now)


def _has_fee(found):
    return any(one["reason"] == SETTLEMENT_FEE for one in found.get("money_movements", []))


def _move(found, move, value=None):
    """Notes that money moved for a (party, way, reason): all that is disputed, or this `value`."""
    party, way, reason = move
    much = found["dispute_amount"] | ({"value": value} if value else {})
    told = {"affected_party": party, "type": way, "amount": much, "reason": reason}
    found.setdefault("money_movements", []).append(told)


def _hold(store, made, is_held):
    made["_disputed"] = is_held
    store.save(made)


def pass_time(store, now):
    """Orders end by themselves when they are asked for; nothing is told about it."""
