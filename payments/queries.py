"""Reads of payments for pages."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from core.money import Money
from payments.models import CAPTURED, Refund, RefundStatus


@dataclass(frozen=True)
class Movement:
    """Money that came from a buyer for what these ids name, or went back to him (`is_refund`; `is_done`
    once it is there)."""

    covers: tuple[UUID, ...]
    at: datetime
    money: Money
    is_refund: bool = False
    is_done: bool = True


def money_moved(payments):
    """The Movements of these Payments (a queryset), the newest first. What was paid with credit is no
    money that came: it stands among the credit."""
    refunds = Refund.objects.filter(payment__in=payments).select_related("payment")
    came = [
        Movement(tuple(each.covers), each.settled_at, each.charged)
        for each in payments.filter(status__in=CAPTURED)
        if each.charged
    ]
    went = [
        Movement(
            tuple(each.payment.covers),
            each.completed_at or each.created_at,
            each.money,
            is_refund=True,
            is_done=each.status == RefundStatus.COMPLETED,
        )
        for each in refunds
    ]
    return sorted(came + went, key=lambda movement: movement.at, reverse=True)
