"""Reads of payments for pages."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import OuterRef, Subquery, Sum

from core.money import Money
from payments.models import CAPTURED, CreditEntry, Refund, RefundStatus


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


def left_on_cards(payments):
    """{id: Money} of these Payments (a queryset): what of each can still go back to where it was paid
    from, as `payments.services.left_on_card` says of one."""
    sent = Refund.objects.exclude(status=RefundStatus.FAILED)
    back = CreditEntry.objects.filter(kind=CreditEntry.Kind.BACK)
    found = payments.annotate(sent_back=_sum_for(sent), credited=_sum_for(back))
    return {each.pk: _left_on_card(each) for each in found}


def _sum_for(rows):
    of_one = rows.filter(payment=OuterRef("pk")).order_by().values("payment")
    return Subquery(of_one.values(sum=Sum("amount")))


def _left_on_card(payment):
    credited = Money(payment.credited or 0, payment.currency) - payment.by_credit
    sent = Money(payment.sent_back or 0, payment.currency)
    return payment.charged - sent - max(credited, Money.zero(payment.currency))
