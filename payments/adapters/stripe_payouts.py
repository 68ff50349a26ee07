"""Stripe's payouts and balance transactions, as dicts, in the words of `payments.adapters`."""

from datetime import UTC, datetime

from payments.adapters import ProviderPayout, ProviderPayoutLine
from payments.adapters.stripe_units import money_of

STATES = {"pending": "pending", "in_transit": "pending", "paid": "paid"}
LINES = {"completed": "ready", "in_progress": "coming"}
DESCRIPTOR = "STRIPE"
"""What banks show of a payout that has no descriptor of its own."""
OF_SOURCE = {"charge": "payment", "refund": "refund", "dispute": "dispute", "payout": "returned"}
FEES = ("stripe_fee", "stripe_fx_fee", "tax_fee")


def payout_of(found):
    money = money_of(found["amount"], found["currency"])
    trace = found.get("trace_id") or {}
    return ProviderPayout(
        ref=found["id"],
        state=STATES.get(found["status"], "failed"),
        amount=money.amount,
        currency=money.currency,
        arrives_on=datetime.fromtimestamp(found["arrival_date"], UTC).date(),
        created_at=datetime.fromtimestamp(found["created"], UTC),
        lines=LINES.get(found["reconciliation_status"], "none"),
        descriptor=found["statement_descriptor"] or DESCRIPTOR,
        trace=trace.get("value") or "",
    )


def is_itself(found, ref):
    """Whether a balance transaction is the payout's own, which takes its lines from the balance."""
    return found["type"] == "payout" and (found["source"] or {}).get("id") == ref


def line_of(found):
    """A balance transaction whose source is expanded; Stripe's own fees and adjustments have none."""
    currency = found["currency"]
    source = found["source"] or {}
    kind = OF_SOURCE.get(source.get("object"))
    if kind is None:
        kind = "fee" if found["type"] in FEES else "other"
        kind = "adjustment" if found["type"] == "adjustment" else kind
    return ProviderPayoutLine(
        ref=found["id"],
        kind=kind,
        gross=money_of(found["amount"], currency).amount,
        fee=money_of(found["fee"], currency).amount,
        net=money_of(found["net"], currency).amount,
        currency=currency.upper(),
        created_at=datetime.fromtimestamp(found["created"], UTC),
        payment_ref=source.get("payment_intent") or "",
        about=source["id"] if kind in ("refund", "dispute", "returned") else "",
        description=found["description"] or "",
    )
