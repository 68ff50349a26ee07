"""PayPal's orders, captures, refunds and disputes, as dicts, in the words of `payments.adapters`."""

from datetime import datetime
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

from core.money import Money
from payments.adapters import (
    ProviderCharge,
    ProviderDispute,
    ProviderRefund,
    ProviderRefused,
    ProviderSession,
    WebhookEvent,
)

WHOLE = frozenset(["HUF", "JPY", "TWD"])
"""Forints and Taiwan dollars have decimals in life, and none at PayPal."""
WITH_CENTS = frozenset(
    ["AUD", "BRL", "CAD", "CHF", "CNY", "CZK", "DKK", "EUR", "GBP", "HKD", "ILS"]  # noqa: RUF005
    + ["MXN", "MYR", "NOK", "NZD", "PHP", "PLN", "SEK", "SGD", "THB", "USD"]
)
TAKEN = ("COMPLETED", "PARTIALLY_REFUNDED", "REFUNDED")
REFUND_STATES = {"COMPLETED": "completed", "PENDING": "pending"}
OPEN_DISPUTES = {
    "OPEN": "needs_response",
    "WAITING_FOR_SELLER_RESPONSE": "needs_response",
    "WAITING_FOR_BUYER_RESPONSE": "under_review",
    "UNDER_REVIEW": "under_review",
    "OTHER": "under_review",
}
FOR_THE_BUYER = ("RESOLVED_BUYER_FAVOUR", "ACCEPTED")


def takes_currency(currency):
    return currency in WHOLE | WITH_CENTS


def amount_of(money):
    """The Money as PayPal writes it; ProviderRefused when PayPal cannot take that amount."""
    if not takes_currency(money.currency):
        raise ProviderRefused(f"PayPal does not take {money.currency}.")
    amount = money.amount
    if money.currency in WHOLE:
        if amount != int(amount):
            raise ProviderRefused(f"PayPal cannot take {money}: {money.currency} has no decimals.")
        amount = int(amount)
    return {"currency_code": money.currency, "value": str(amount)}


def money_of(told):
    """The Money in one of PayPal's amounts."""
    return Money(Decimal(told["value"]), told["currency_code"])


def session_of(order, merchant_id=""):
    """The order as a session. What is paid to another merchant than `merchant_id` (empty: whoever's
    key we have) does not bear our names, so that nobody takes it for ours."""
    unit = order["purchase_units"][0]
    capture = _capture_in(unit)
    is_taken = capture is not None and capture["status"] in TAKEN
    money = money_of(capture["amount"] if is_taken else unit["amount"])
    payee = unit.get("payee", {}).get("merchant_id")
    names = {"payment_id": unit.get("custom_id", ""), "reference": unit.get("reference_id", "")}
    return ProviderSession(
        ref=order["id"],
        url=_link(order, "payer-action") or _link(order, "approve"),
        state=_state(order, capture),
        amount=money.amount,
        currency=money.currency,
        payment_ref=capture["id"] if capture else None,
        metadata={} if merchant_id and payee != merchant_id else names,
    )


def _capture_in(unit):
    """The capture that counts: one that took the money before one still under way, before the rest."""
    made = unit.get("payments", {}).get("captures", [])
    return min(made, key=_standing, default=None)


def _standing(capture):
    if capture["status"] in TAKEN:
        return 0
    return 1 if capture["status"] == "PENDING" else 2


def _state(order, capture):
    if capture:
        return ("paid", "open", "failed")[_standing(capture)]
    return {"APPROVED": "approved", "VOIDED": "expired", "COMPLETED": "failed"}.get(
        order["status"], "open"
    )


def is_under_way(session):
    """Whether money of a ProviderSession may still come without our doing: a capture is pending."""
    return session.state == "open" and bool(session.payment_ref)


def refund_of(found):
    money = money_of(found["amount"])
    return ProviderRefund(
        ref=found["id"],
        state=REFUND_STATES.get(found["status"], "failed"),
        amount=money.amount,
        currency=money.currency,
    )


def order_of(capture):
    """The id of the order that a capture belongs to."""
    related = capture.get("supplementary_data", {}).get("related_ids", {})
    return related.get("order_id") or _last_part(_link(capture, "up"))


def charge_of(capture, order):
    """`order` is the capture's, or None: it tells whose PayPal account paid."""
    money = money_of(capture["amount"])
    fee = capture.get("seller_receivable_breakdown", {}).get("paypal_fee")
    fee = fee and money_of(fee)
    source = (order or {}).get("payment_source", {}).get("paypal", {})
    return ProviderCharge(
        ref=capture["id"],
        amount=money.amount,
        currency=money.currency,
        fee=fee.amount if fee else None,
        fee_currency=fee.currency if fee else "",
        card=source.get("account_id", ""),
    )


def dispute_of(found):
    money = money_of(found["dispute_amount"])
    due = found.get("seller_response_due_date")
    fees = [one for one in _debits(found) if _is_fee(one)]
    fee = sum((_signed(one) for one in fees), Decimal(0))
    return ProviderDispute(
        ref=found["dispute_id"],
        payment_ref=found["disputed_transactions"][0].get("seller_transaction_id", ""),
        state=_dispute_state(found),
        reason=found.get("reason", "").lower(),
        amount=money.amount,
        currency=money.currency,
        is_withdrawn=_is_withdrawn(found),
        created_at=moment(found["create_time"]),
        evidence_due_at=moment(due) if due else None,
        fee=max(fee, Decimal(0)),
        fee_currency=fees[0]["amount"]["currency_code"] if fees else money.currency,
    )


def _dispute_state(found):
    is_inquiry = found["dispute_life_cycle_stage"] == "INQUIRY"
    if found["status"] != "RESOLVED":
        return "inquiry" if is_inquiry else OPEN_DISPUTES.get(found["status"], "under_review")
    if _is_withdrawn(found):
        return "lost"
    return "closed" if is_inquiry else "won"


def _is_withdrawn(found):
    """From the stage of a claim on PayPal holds the money back; in the end it moves or it does not."""
    if found["status"] != "RESOLVED":
        return found["dispute_life_cycle_stage"] != "INQUIRY"
    moved = [_signed(one) for one in _debits(found) if not _is_fee(one)]
    if moved:
        return sum(moved) > 0
    return found.get("dispute_outcome", {}).get("outcome_code") in FOR_THE_BUYER


def _debits(found):
    """What a dispute took from us, or gave us back."""
    moved = found.get("money_movements", [])
    return [one for one in moved if one.get("affected_party") == "SELLER"]


def _is_fee(movement):
    return movement.get("reason", "").endswith("FEE")


def _signed(movement):
    value = Decimal(movement["amount"]["value"])
    return value if movement["type"] == "DEBIT" else -value


def next_token(listed):
    """What names the next page of a list, empty on the last."""
    query = parse_qs(urlsplit(_link(listed, "next")).query)
    return next(iter(query.get("next_page_token", [])), "")


def event_of(told):
    kind, about = told["event_type"], told["resource"]
    session_ref, payment_ref = _refs(kind, about)
    return WebhookEvent(
        id=told["id"],
        kind=kind,
        session_ref=session_ref,
        payment_ref=payment_ref,
        created_at=moment(told["create_time"]),
    )


def _refs(kind, about):
    """(id of the order, id of the capture) that a notice is about, empty where it does not say."""
    if kind.startswith("CHECKOUT.ORDER."):
        return about["id"], ""
    if kind.startswith("CUSTOMER.DISPUTE."):
        return "", about["disputed_transactions"][0].get("seller_transaction_id", "")
    if kind in ("PAYMENT.CAPTURE.REFUNDED", "PAYMENT.CAPTURE.REVERSED"):
        return "", _last_part(_link(about, "up"))
    if kind.startswith("PAYMENT.CAPTURE."):
        return order_of(about), about["id"]
    return "", ""


def moment(text):
    """An aware datetime from 2026-11-22T10:00:00Z; ValueError for what is none."""
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError(f"{text} has no time zone.")
    return found


def _link(found, rel):
    links = found.get("links", [])
    return next((link["href"] for link in links if link["rel"] == rel), "")


def _last_part(address):
    return address.rpartition("/")[2]
