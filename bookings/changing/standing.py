"""How the money of a change stands that has begun, by the rows of its refunds themselves."""

from dataclasses import dataclass

from django.db.models import Count, Q, Sum

from bookings.changing.proposing import extent_of
from bookings.models import Cancellation, ChangedBooking, Grounds
from core.money import Money
from payments.models import CreditEntry, Refund, RefundStatus
from payments.providers import BY_HAND

UNDER_WAY = Q(status__in=(RefundStatus.PENDING, RefundStatus.PROCESSING))
HANDED_OUT = Q(payment__provider__in=BY_HAND)
STATES = {
    "back": Q(status=RefundStatus.COMPLETED),
    "under_way": UNDER_WAY & ~HANDED_OUT,
    "by_hand": UNDER_WAY & HANDED_OUT,
    "failed": Q(status=RefundStatus.FAILED),
}


@dataclass(frozen=True)
class Standing:
    """So many refunds (or bookings, of what became credit or is left) of so much: `name` is back,
    under_way, by_hand, failed, credit or left."""

    name: str
    count: int
    money: Money


def cancellations_of(change):
    """What was given back because of this change (a queryset): also of bookings that another change
    of the event was about before."""
    rows = ChangedBooking.objects.filter(change=change)
    if not change.is_cancelled:
        rows = rows.filter(answer=ChangedBooking.Answer.REFUND)
    return Cancellation.objects.filter(
        grounds=Grounds.EVENT, booking__in=rows.values("booking"), made_at__gte=change.begun_at
    )


def refunds_of(change):
    """The Refunds (a queryset) by which its money goes back, those of credit that it was first, too."""
    made = cancellations_of(change).order_by()
    paid_out = CreditEntry.objects.filter(kind="PAID_OUT", reference__in=made.values("pk"))
    own = made.exclude(refund=None).values("refund")
    return Refund.objects.filter(Q(pk__in=own) | Q(pk__in=paid_out.order_by().values("refund")))


def standing_of(change):
    """[Standing] of a change that has begun, one for each name. Those of a cancelled event add up to
    what its dry run said."""
    currency = change.event.currency
    found = refunds_of(change).aggregate(
        **{name: Count("pk", filter=rule) for name, rule in STATES.items()},
        **{f"{name}_money": Sum("amount", filter=rule) for name, rule in STATES.items()},
    )
    credit = cancellations_of(change).filter(credited__gt=0)
    credit = credit.aggregate(count=Count("pk"), money=Sum("credited"))
    standings = [
        Standing(name, found[name], Money(found[f"{name}_money"] or 0, currency)) for name in STATES
    ]
    standings.append(Standing("credit", credit["count"], Money(credit["money"] or 0, currency)))
    if change.is_cancelled:
        left = extent_of(change.event)
        standings.append(Standing("left", left.bookings, left.money))
    return standings
