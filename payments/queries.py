"""Reads of payments for pages."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Exists, Max, Min, OuterRef, Q, Sum

from core.money import Money
from payments.models import (
    CAPTURED,
    Account,
    BankLine,
    LedgerEntry,
    LineState,
    Payment,
    Payout,
    PayoutLine,
    PayoutStatus,
    Refund,
    RefundStatus,
)

ARRIVES = timedelta(days=3)
"""How long after the day that the provider named a bank may take to book a payout."""
OUT_OF_TURN = timedelta(days=7)
"""How much later than others a sale may be paid out: cards, transfers and countries differ."""


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


def open_payouts():
    """Payouts of which something differs from our books, and nobody has said what it is."""
    waits = PayoutLine.objects.filter(payout=OuterRef("pk"), status=LineState.OPEN)
    unexplained = ~Q(problem="") & Q(explained_at=None)
    return Payout.objects.filter(unexplained | Exists(waits))


def late_payouts():
    """Payouts that stand on no statement, though one of days after them was read in."""
    later = BankLine.objects.filter(booked_on__gt=OuterRef("arrives_on") + ARRIVES)
    return Payout.objects.filter(Exists(later), status=PayoutStatus.PAID, amount__gt=0)


def not_paid_out():
    """Payments that stand in no payout, although sales of a week later do: those since the first payout
    that was read, the oldest first."""
    sales = PayoutLine.objects.filter(kind=PayoutLine.Kind.PAYMENT)
    known = sales.order_by("payout__provider", "currency").values("payout__provider", "currency")
    wanted = Q(pk__in=[])
    for each in known.annotate(first=Min("happened_at"), last=Max("happened_at")):
        wanted |= Q(
            provider=each["payout__provider"],
            currency=each["currency"],
            settled_at__gt=each["first"],
            settled_at__lt=each["last"] - OUT_OF_TURN,
        )
    told = sales.filter(payment=OuterRef("pk"))
    captured = Payment.objects.filter(wanted, ~Exists(told), status__in=CAPTURED)
    return captured.order_by("settled_at", "pk")


def under_way():
    """[(currency, what providers hold by our books, what they sent that is not in the bank yet)]."""
    held, sent = Account.PROVIDER_CLEARING, Account.MONEY_ON_ITS_WAY
    found = LedgerEntry.objects.filter(account__in=[held, sent]).order_by("currency")
    sums = found.values("currency").annotate(
        held=Sum("amount", filter=Q(account=held), default=0),
        sent=Sum("amount", filter=Q(account=sent), default=0),
    )
    return [(row["currency"], row["held"], row["sent"]) for row in sums]
