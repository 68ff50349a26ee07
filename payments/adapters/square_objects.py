"""Square's orders, payments, refunds and disputes, as dicts, in the words of `payments.adapters`."""

import hashlib
from datetime import datetime
from decimal import Decimal

from core.money import Money
from payments.adapters import (
    ProviderCharge,
    ProviderDispute,
    ProviderRefund,
    ProviderRefused,
    ProviderSession,
    WebhookEvent,
)

CURRENCIES = frozenset(["AUD", "CAD", "EUR", "GBP", "JPY", "USD"])
"""Those of the countries where Square pays out; it counts them as ISO 4217 does."""
MOST = 9_999_999_999  # units
REFUND_STATES = {"COMPLETED": "completed", "PENDING": "pending"}
RISKS = {"NORMAL": "normal", "MODERATE": "elevated", "HIGH": "highest"}
DISPUTE_STATES = {
    "INQUIRY_EVIDENCE_REQUIRED": "inquiry",
    "INQUIRY_PROCESSING": "inquiry",
    "INQUIRY_CLOSED": "closed",
    "EVIDENCE_REQUIRED": "needs_response",
    "PROCESSING": "under_review",
    "WON": "won",
    "LOST": "lost",
    "ACCEPTED": "lost",
}
MONEY_IS_HERE = ("inquiry", "closed", "won")
UNDER_WAY = ("APPROVED", "PENDING")


def units_of(money, currency):
    """The Money as Square writes it; ProviderRefused when a location of this `currency` cannot take
    it."""
    if money.currency != currency:
        raise ProviderRefused(f"This Square location takes {currency}, not {money.currency}.")
    if not 0 < money.minor <= MOST:
        raise ProviderRefused(f"Square cannot take {money}.")
    return {"amount": money.minor, "currency": currency}


def money_of(told):
    """The Money in one of Square's amounts."""
    return Money.from_minor(told["amount"], told["currency"])


def session_of(order, payments, *, ref, url, location_id):
    """The order and all `payments` that were tried on it as a session. What another location than
    `location_id` sells does not bear our names, so that nobody takes it for ours."""
    taken = [one for one in payments if one["status"] == "COMPLETED"]
    coming = [one for one in payments if one["status"] in UNDER_WAY]
    money = money_of(order["total_money"])
    amount = sum((money_of(one["total_money"]).amount for one in taken), Decimal(0))
    state = _state(order, taken, coming)
    return ProviderSession(
        ref=ref,
        url=url if state == "open" else "",
        state=state,
        amount=amount if taken else money.amount,
        currency=taken[0]["total_money"]["currency"] if taken else money.currency,
        payment_ref=_biggest(taken or coming),
        metadata=_names(order) if order["location_id"] == location_id else {},
    )


def _state(order, taken, coming):
    if taken:
        return "paid"
    if coming:
        return "open"
    return "expired" if order["state"] == "CANCELED" else "open"


def _biggest(payments):
    """The id of the payment that the most can be sent back of: a gift card may have paid a part."""
    found = max(payments, key=lambda one: one["total_money"]["amount"], default=None)
    return found and found["id"]


def _names(order):
    known = order.get("metadata") or {}
    return {name: known[name] for name in ("payment_id", "reference") if name in known}


def is_under_way(session):
    """Whether money of a ProviderSession may still come without anybody's doing."""
    return session.state == "open" and bool(session.payment_ref)


def refund_of(found):
    money = money_of(found["amount_money"])
    return ProviderRefund(
        ref=found["id"],
        state=REFUND_STATES.get(found["status"], "failed"),
        amount=money.amount,
        currency=money.currency,
    )


def charge_of(payment):
    """Square tells its fee some seconds later; the fingerprint of a card is longer than we keep."""
    money = money_of(payment["total_money"])
    fees = [money_of(one["amount_money"]) for one in payment.get("processing_fee") or []]
    risk = (payment.get("risk_evaluation") or {}).get("risk_level", "")
    card = ((payment.get("card_details") or {}).get("card") or {}).get("fingerprint", "")
    return ProviderCharge(
        ref=payment["id"],
        amount=money.amount,
        currency=money.currency,
        fee=sum((fee.amount for fee in fees), Decimal(0)) if fees else None,
        fee_currency=fees[0].currency if fees else "",
        risk_level=RISKS.get(risk, ""),
        card=hashlib.sha256(card.encode()).hexdigest() if card else "",
    )


def dispute_of(found):
    """From the moment a bank takes the money Square holds it back, until the dispute is won. What it
    charges for that it does not tell."""
    money = money_of(found["amount_money"])
    state = DISPUTE_STATES.get(found["state"], "under_review")
    due = found.get("due_at")
    return ProviderDispute(
        ref=found.get("id") or found["dispute_id"],
        payment_ref=found["disputed_payment"].get("payment_id", ""),
        state=state,
        reason=found.get("reason", "").lower(),
        amount=money.amount,
        currency=money.currency,
        is_withdrawn=state not in MONEY_IS_HERE,
        created_at=moment(found["created_at"]),
        evidence_due_at=moment(due) if due else None,
        fee_currency=money.currency,
    )


def event_of(told):
    session_ref, payment_ref = _refs(told["type"], told["data"]["object"])
    return WebhookEvent(
        id=told["event_id"],
        kind=told["type"],
        session_ref=session_ref,
        payment_ref=payment_ref,
        created_at=moment(told["created_at"]),
    )


def _refs(kind, about):
    """(id of the order, id of the payment) that a notice is about, empty where it does not say."""
    if kind.startswith("payment."):
        return about["payment"].get("order_id") or "", about["payment"]["id"]
    if kind.startswith("order."):
        # {"order_updated": {"order_id": …}}, named after the kind of notice
        return next(iter(about.values()))["order_id"], ""
    if kind.startswith("refund."):
        return "", about["refund"]["payment_id"]
    if kind.startswith("dispute."):
        return "", about["dispute"]["disputed_payment"].get("payment_id") or ""
    return "", ""


def moment(text):
    """An aware datetime from 2026-11-22T10:00:00Z; ValueError for what is none."""
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError(f"{text} has no time zone.")
    return found
