"""What happened to payments, refunds and disputes, in the words of the trade."""

from core.admin_names import tells
from payments.models import Dispute, DisputeStatus, Payment, Refund, RefundStatus, Status
from payments.models.payments import NOTHING_DUE
from payments.providers import IN_WORDS

PAID_BY = {
    "stripe": "by card or wallet",
    "paypal": "by PayPal",
    "square": "by card or wallet, by Square",
    "simulated": "at the simulated provider",
    "cash": "in cash",
    "terminal": "by card at the desk",
    "bank": "by bank transfer",
    "credit": "with credit",
}


AT_DESK = ("cash", "terminal")


@tells(Payment)
def told_of_payment(change, payment):
    if change.is_new:
        is_paid = change.after["status"] == Status.SUCCEEDED
        return _moved(change, payment) if is_paid else f"{change.money('amount')} to be paid"
    return ", ".join(filter(None, [_moved(change, payment), *_asked(change)]))


def _moved(change, payment):
    status = change.became("status")
    money = payment.money.display() if payment else "The money"
    words = {
        Status.PROCESSING: "" if _is_at_desk(change, payment) else "The buyer was sent to pay",
        Status.SUCCEEDED: f"Paid {money}{_way(payment)}",
        Status.FAILED: _failed(payment),
        Status.REFUNDED: "All of it went back",
        Status.DISPUTED: "The buyer’s bank disputes it",
    }
    return words.get(status, "")


def _failed(payment):
    """Nothing of one that was open while the money was taken elsewhere: that it was not paid would read
    as if money was missing."""
    why = payment.failure if payment else ""
    if why == NOTHING_DUE:
        return ""
    return f"Not paid: {why}" if why else "Not paid"


def _is_at_desk(change, payment):
    """Who pays there is sent nowhere; the money is taken in the same moment."""
    return (change.became("provider") or getattr(payment, "provider", "")) in AT_DESK


def _way(payment):
    if payment is None:
        return ""
    part = payment.credit and payment.charged
    with_credit = f", {payment.by_credit.display()} of it with credit" if part else ""
    return f" {_by(payment.provider)}{with_credit}"


def _by(provider):
    """by card or wallet; in cash"""
    return PAID_BY.get(provider, f"by {IN_WORDS.get(provider, provider)}")


def _asked(change):
    if change.became("amount") is not None:
        yield f"{change.money('amount')} to be paid now, {change.old_money('amount')} before"
    if change.became("provider") and not _is_at_desk(change, None):
        yield f"To be paid {_by(change.after['provider'])}"


@tells(Refund)
def told_of_refund(change, refund):
    money = refund.money.display() if refund else "The money"
    if change.is_new:
        return f"{change.money('amount')} to go back: {change.label('reason').lower()}"
    words = {
        RefundStatus.PROCESSING: f"{money} on its way back",
        RefundStatus.COMPLETED: f"{money} went back{_other_way(refund)}",
        RefundStatus.FAILED: f"{money} could not be sent back",
    }
    return words.get(change.became("status"), "")


def _other_way(refund):
    if refund is None or not refund.other_way:
        return ""
    return f" {refund.by_other_way}, said {refund.other_way_by}: {refund.other_way_note}"


@tells(Dispute)
def told_of_dispute(change, dispute):
    money = dispute.money.display() if dispute else "The money"
    if change.is_new:
        return (
            f"The buyer’s bank disputes {change.money('amount')}: {change.label('status').lower()}"
        )
    words = {
        DisputeStatus.WON: f"Won: {money} stays ours",
        DisputeStatus.LOST: f"Lost: {money} is gone",
    }
    status = change.became("status")
    said = words.get(status) or (change.label("status") if status else "")
    fee = f"the provider took {change.money('fee')} for it" if change.became("fee") else ""
    return ", ".join(filter(None, [said, fee]))
