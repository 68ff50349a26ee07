"""Which way the money of an event went that would go back, for whoever decides that it shall."""

from collections import defaultdict
from dataclasses import dataclass

from django.db.models import Count, Sum

from bookings.models import SOLD, Booking, BookingItem
from core.money import Money, total
from payments.models import Payment, Status
from payments.queries import left_on_cards

CREDIT = "credit"
DISPUTED = "disputed"
UNPAID = "unpaid"
"""Of what was paid for, but not through us; what cost nothing has no way at all."""


@dataclass(frozen=True)
class Way:
    """What would go back by one way of payment: to a provider of this name, or as credit. DISPUTED and
    UNPAID money a person has to settle. Bookings paid in part with credit count in both their ways."""

    name: str
    bookings: int
    tickets: int
    money: Money


def ways_of(event):
    """[Way] of all that was paid for tickets of the event that are left, the most money first. Its sums
    are what Extent.money says."""
    parts = defaultdict(list)
    for name, row, money in _parts(_rows(event), _payments(event), event.currency):
        parts[name].append((row, money))
    found = [
        Way(
            name,
            bookings=len(these),
            tickets=sum(row["tickets"] for row, _ in these),
            money=total((money for _, money in these), event.currency),
        )
        for name, these in parts.items()
    ]
    return sorted(found, key=lambda way: (-way.money.amount, way.name))


def _rows(event):
    left = BookingItem.objects.filter(
        booking__event=event, booking__status__in=SOLD, cancelled=None
    )
    by_booking = left.order_by("booking").values("booking", "booking__payment_id")
    return by_booking.annotate(tickets=Count("pk"), paid=Sum("total"))


def _payments(event):
    wanted = Booking.objects.filter(event=event, status__in=SOLD).values("payment_id")
    return Payment.objects.filter(pk__in=wanted)


def _parts(rows, payments, currency):
    """(way, row, Money of it that goes this way). What was paid with credit goes back last, as when it
    is done (cancelling.quoting)."""
    known = {each.pk: each for each in payments.only("provider", "status", "credit", "currency")}
    left = left_on_cards(payments.filter(credit__gt=0))
    for row in rows:
        payment, paid = known.get(row["booking__payment_id"]), Money(row["paid"], currency)
        if not paid:
            continue
        if payment is None or payment.status == Status.DISPUTED:
            yield DISPUTED if payment else UNPAID, row, paid
            continue
        to_card = min(paid, left.get(payment.pk, paid))
        if payment.pk in left:
            left[payment.pk] -= to_card
        if to_card:
            yield payment.provider, row, to_card
        if paid - to_card:
            yield CREDIT, row, paid - to_card
