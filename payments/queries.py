"""Reads of payments for pages."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from core.money import Money
from payments.models import CAPTURED, Payment, Refund, RefundStatus


@dataclass(frozen=True)
class Movement:
    """Money that came from a buyer, or went back to him (`is_refund`; `is_done` once it is there)."""

    reference: UUID
    at: datetime
    money: Money
    is_refund: bool = False
    is_done: bool = True


def money_moved(references):
    """The Movements for these references (booking ids), the newest first."""
    payments = Payment.objects.filter(reference__in=references, status__in=CAPTURED)
    refunds = Refund.objects.filter(payment__reference__in=references).select_related("payment")
    came = [Movement(each.reference, each.settled_at, each.money) for each in payments]
    went = [
        Movement(
            each.payment.reference,
            each.completed_at or each.created_at,
            each.money,
            is_refund=True,
            is_done=each.status == RefundStatus.COMPLETED,
        )
        for each in refunds
    ]
    return sorted(came + went, key=lambda movement: movement.at, reverse=True)
