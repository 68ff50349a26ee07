"""Stripe's objects, as dicts, in the words of `payments.adapters`."""

from datetime import UTC, datetime

from payments.adapters import (
    ProviderCharge,
    ProviderDispute,
    ProviderRefund,
    ProviderSession,
    WebhookEvent,
)
from payments.adapters.stripe_units import money_of

REFUND_STATES = {"succeeded": "completed", "pending": "pending", "requires_action": "pending"}
DISPUTE_STATES = {
    "warning_needs_response": "inquiry",
    "warning_under_review": "inquiry",
    "warning_closed": "closed",
    "prevented": "closed",
    "needs_response": "needs_response",
    "appeal_needs_response": "needs_response",
    "under_review": "under_review",
    "appeal_under_review": "under_review",
    "won": "won",
    "lost": "lost",
}


def session_of(found):
    money = money_of(found["amount_total"], found["currency"])
    return ProviderSession(
        ref=found["id"],
        url=found["url"] or "",
        state=_state(found),
        amount=money.amount,
        currency=money.currency,
        payment_ref=found["payment_intent"],
        metadata=found["metadata"],
    )


def _state(found):
    if found["payment_status"] == "paid":
        return "paid"
    return "expired" if found["status"] == "expired" else "open"


def refund_of(found):
    money = money_of(found["amount"], found["currency"])
    return ProviderRefund(
        ref=found["id"],
        state=REFUND_STATES.get(found["status"], "failed"),
        amount=money.amount,
        currency=money.currency,
    )


def charge_of(found):
    money = money_of(found["amount"], found["currency"])
    booked = found["balance_transaction"]
    fee = booked and money_of(booked["fee"], booked["currency"])
    outcome = found["outcome"] or {}
    level = outcome.get("risk_level")
    return ProviderCharge(
        ref=found["id"],
        amount=money.amount,
        currency=money.currency,
        fee=fee.amount if fee else None,
        fee_currency=fee.currency if fee else "",
        risk_level=level if level in ("normal", "elevated", "highest") else "",
        risk_score=outcome.get("risk_score"),
        risk_reason=outcome.get("reason") or "",
        card=_fingerprint(found["payment_method_details"] or {}),
    )


def _fingerprint(details):
    return (details.get("card") or {}).get("fingerprint") or ""


def dispute_of(found):
    money = money_of(found["amount"], found["currency"])
    due_by = found["evidence_details"].get("due_by")
    booked = found["balance_transactions"]
    fee_currency = booked[0]["currency"] if booked else found["currency"]
    fee = money_of(sum(one["fee"] for one in booked), fee_currency)
    return ProviderDispute(
        ref=found["id"],
        payment_ref=found["payment_intent"] or "",
        state=DISPUTE_STATES[found["status"]],
        reason=found["reason"],
        amount=money.amount,
        currency=money.currency,
        is_withdrawn=sum(one["amount"] for one in booked) < 0,
        created_at=datetime.fromtimestamp(found["created"], UTC),
        evidence_due_at=datetime.fromtimestamp(due_by, UTC) if due_by else None,
        fee=fee.amount,
        fee_currency=fee.currency,
    )


def event_of(told):
    about = told["data"]["object"]
    kind = about["object"]
    payment_ref = about["id"] if kind == "payment_intent" else about.get("payment_intent")
    return WebhookEvent(
        id=told["id"],
        kind=told["type"],
        session_ref=about["id"] if kind == "checkout.session" else "",
        payment_ref=payment_ref or "",
        created_at=datetime.fromtimestamp(told["created"], UTC),
    )
