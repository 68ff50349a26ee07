"""Which way the money of an event went that would go back, for whoever decides that it shall."""

from collections import defaultdict
from dataclasses import dataclass

from django.db.models import Count, Sum

from bookings.cancelling import Wish, preview
from bookings.cancelling.carrying_out import is_disputed
from bookings.cancelling.sources import take
from bookings.models import SOLD, Booking, BookingItem, Cancellation, Grounds, Rule
from core.locks import database_now
from core.money import Money, total
from payments.models import CreditEntry, Payment, Refund, Status

CREDIT = "credit"
MIXED = "mixed"
DISPUTED = "disputed"
UNPAID = "unpaid"
"""Of what was paid for, but not through us; what cost nothing has no way at all."""
NEEDED = ("provider", "status", "credit", "amount", "currency", "covers")


@dataclass(frozen=True)
class Way:
    """What would go back by one way of payment: to a provider of this name, or as credit. DISPUTED and
    UNPAID money a person has to settle. Bookings paid in part with credit count in both their ways."""

    name: str
    bookings: int
    tickets: int
    money: Money


def ways_of(event, *, most=100):
    """[Way] of all that was paid for tickets of the event that are left, the most money first. Its sums
    are what Extent.money says.

    Credit that seats were changed with goes back to the payments it stems from, see
    bookings.cancelling.sources. For that their bookings are looked at one by one, as are those of which
    something went back before; when these are more than `most`, they are MIXED.
    """
    parts = defaultdict(list)
    for name, row, money in _parts(event, most):
        parts[name].append((row, money))
    found = [
        Way(
            name,
            bookings=len({row["booking"] for row, _ in these}),
            tickets=sum({row["booking"]: row["tickets"] for row, _ in these}.values()),
            money=total((money for _, money in these), event.currency),
        )
        for name, these in parts.items()
    ]
    return sorted(found, key=lambda way: (-way.money.amount, way.name))


def _parts(event, most):
    """(way, row, Money of it that goes this way)."""
    rows = [row for row in _rows(event) if row["paid"]]
    paid_by = {each.pk: each for each in _payments(event).only(*NEEDED)}
    mixed = []
    for row in rows:
        payment, money = paid_by.get(row["booking__payment_id"]), Money(row["paid"], event.currency)
        if payment is None or payment.status == Status.DISPUTED:
            yield DISPUTED if payment else UNPAID, row, money
        elif payment.credit:
            mixed.append((row, payment, money))
        else:
            yield payment.provider, row, money
    moved = _moved([payment for _, payment, _ in mixed])
    yield from _as_paid([each for each in mixed if each[1].pk not in moved])
    mixed = [each for each in mixed if each[1].pk in moved]
    if len(mixed) > most:
        yield from ((MIXED, row, money) for row, _, money in mixed)
    elif mixed:
        yield from _looked_at(mixed)


def _moved(payments):
    """The ids of payments of which something went back, or whose credit stems from others, for seats
    were changed with it."""
    covered = {booking for each in payments for booking in each.covers}
    given = Cancellation.objects.filter(exchanged_for__in=covered)
    given = set(given.values_list("exchanged_for", flat=True))
    went_back = (
        Refund.objects.filter(payment__in=payments),
        CreditEntry.objects.filter(payment__in=payments, kind__in=CreditEntry.CAME_BACK),
    )
    return {
        *(each.pk for each in payments if given.intersection(each.covers)),
        *(pk for rows in went_back for pk in rows.values_list("payment", flat=True)),
    }


def _as_paid(mixed):
    """The parts of bookings of which all is left as it was paid: what was charged goes back there, what
    was credit becomes it again, and comes last. It needs no look at each."""
    taken = {}
    for row, payment, money in sorted(mixed, key=_booking):
        charged = payment.charged - taken.get(payment.pk, Money.zero(money.currency))
        back = take(payment, min(money, charged), taken)
        parts = ((payment.provider, back), (CREDIT, money - back))
        yield from ((name, row, part) for name, part in parts if part)


def _booking(part):
    return part[0]["booking"]


def _looked_at(mixed):
    """The parts of bookings whose payment had credit in it, each as it would be cancelled."""
    bookings = Booking.objects.filter(pk__in=[row["booking"] for row, *_ in mixed])
    known = {each.pk: each for each in bookings.select_related("event", "terms")}
    wish = Wish(grounds=Grounds.EVENT, rule=Rule.ALL_BACK, reason="It is only looked at")
    taken, now = {}, database_now()
    for row, payment, money in sorted(mixed, key=_booking):
        booking = known[row["booking"]]
        if is_disputed(booking):
            yield DISPUTED, row, money
            continue
        quote = preview(booking, wish, now=now, taken=taken)
        ways = [
            (payment.provider, quote.refunded - quote.becomes_credit),
            (CREDIT, quote.to_credit),
        ]
        ways += [(source.provider, part) for source, part in quote.paid_out]
        yield from ((name, row, part) for name, part in ways if part)


def _rows(event):
    left = BookingItem.objects.filter(
        booking__event=event, booking__status__in=SOLD, cancelled=None
    )
    by_booking = left.order_by("booking").values("booking", "booking__payment_id")
    return by_booking.annotate(tickets=Count("pk"), paid=Sum("total"))


def _payments(event):
    wanted = Booking.objects.filter(event=event, status__in=SOLD).values("payment_id")
    return Payment.objects.filter(pk__in=wanted)
