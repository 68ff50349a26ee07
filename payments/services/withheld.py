"""Credit of money that a bank took back as well: withheld while the bank has it, free again after."""

from decimal import Decimal

from core import failpoints
from core.ids import uuid7
from core.money import Money
from payments.models import CreditEntry, RefundStatus
from payments.services.credit import come_or_go, left_of, let_lapse
from payments.services.refund import withdrawn_of

Kind = CreditEntry.Kind
NOTHING = Decimal(0)


def follow_bank(payment):
    """Of a locked Payment that became credit, what its bank took as well is withheld as far as it is
    there still, and free again when the bank gave it back. Safe to repeat."""
    lots = list(payment.credit_entries.filter(kind=Kind.BACK).order_by("-made_at", "-pk"))
    if not lots:
        return
    more = _had_twice(payment) - sum(withheld_of(lot).amount for lot in lots)
    for lot in lots:
        more -= _withhold(lot, more) if more > 0 else -_free(lot, -more)


def withheld_of(lot):
    """What of a BACK entry is withheld now, as Money."""
    moves = lot.paid_out.filter(kind__in=(Kind.WITHHELD, Kind.FREED))
    return Money(-sum((each.amount for each in moves), NOTHING), lot.currency)


def _had_twice(payment):
    """What of a Payment's money became credit, and has been taken by its bank."""
    back = sum(
        each.amount for each in payment.credit_entries.filter(kind__in=CreditEntry.CAME_BACK)
    )
    of_card = max(back - payment.credit, NOTHING)
    sent = sum(each.amount for each in payment.refunds.exclude(status=RefundStatus.FAILED))
    gone = sent + withdrawn_of(payment) + of_card
    return min(of_card, max(gone - payment.charged.amount, NOTHING))


def _withhold(lot, most):
    let_lapse(lot.customer_id, lot.currency)
    amount = min(left_of(lot).amount, most)
    failpoints.reach("withheld.after_look")
    _write(Kind.WITHHELD, lot, -amount)
    return amount


def _free(lot, most):
    amount = min(withheld_of(lot).amount, most)
    _write(Kind.FREED, lot, amount)
    return amount


def _write(kind, lot, amount):
    if amount:
        come_or_go(
            kind=kind,
            customer_id=lot.customer_id,
            money=Money(amount, lot.currency),
            key=f"bank:{uuid7()}",
            payment=lot.payment,
            of=lot,
            expires_at=lot.expires_at,
        )
