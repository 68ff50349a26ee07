"""What became of the money of a booking: what was paid for each ticket, what went back, and what giving
it back would bring now."""

from dataclasses import dataclass

from django.db.models import Q

from bookings.cancelling import NotCancellable, Quote, Wish, preview
from bookings.models import Booking, BookingItem, CancelledItem
from bookings.orders import payments_of
from bookings.queries import items_with_tickets
from core.locks import database_now
from core.money import Money, total
from payments.models import Payment, Refund
from tickets.models import Status as TicketStatus


@dataclass(frozen=True)
class SummedUp:
    """A ticket's item, and its CancelledItem if it was given back."""

    item: BookingItem
    gone: CancelledItem | None


@dataclass(frozen=True)
class Summary:
    """`lines` of tickets, the `payments` that were for it and the `refunds` of what was paid for it,
    the first first. `offer` is the Quote of giving all back that can be; else `stays` says why not."""

    booking: Booking
    lines: list[SummedUp]
    payments: list[Payment]
    refunds: list[Refund]
    offer: Quote | None
    stays: str

    @property
    def paid(self):
        """What was paid for it, with credit or otherwise."""
        return self.booking.money if self.booking.confirmed_at else Money.zero(self.currency)

    @property
    def kept(self):
        """What was kept of cancelled tickets."""
        return self._of_gone(lambda gone: gone.kept)

    @property
    def given_back(self):
        """What was decided to go back, or to become credit, whether it has arrived or not."""
        return self._of_gone(lambda gone: gone.money)

    @property
    def left(self):
        return self.paid - self.given_back

    @property
    def currency(self):
        return self.booking.currency

    def _of_gone(self, amount):
        gone = (amount(line.gone) for line in self.lines if line.gone)
        return total(gone, self.currency)


def summary_of(booking, wish):
    """The Summary of a Booking (its event is read) for whoever would give it back with this Wish."""
    gone = {
        each.item_id: each
        for each in CancelledItem.objects.filter(item__booking=booking).select_related("item")
    }
    items = items_with_tickets(booking)
    payments = list(payments_of(booking).order_by("created_at", "pk"))
    offer, stays = _offer(booking, wish, [item for item in items if item.pk not in gone])
    return Summary(
        booking,
        [SummedUp(item, gone.get(item.pk)) for item in items],
        payments,
        _refunds(booking, payments),
        offer,
        stays,
    )


def _offer(booking, wish, left):
    """(the Quote of all tickets that can be given back, or None, why not)."""
    now = database_now()
    own = [item.ticket for item in left if item.ticket.status == TicketStatus.CONFIRMED]
    valid = frozenset(each.pk for each in own if not each.is_offered_at(now))
    try:
        return preview(booking, Wish(valid, wish.grounds, by=wish.by), now=now), ""
    except NotCancellable as no:
        return None, no.message


def _refunds(booking, payments):
    """Of what was cancelled of it, and of payments that nothing was sold for; not those of other
    bookings that were paid for together with it, nor of credit that became money again."""
    made = booking.cancellations.values("pk")
    of_ours = Q(cancellations__booking=booking) | Q(credit_entries__reference__in=made)
    whole = Q(payment__in=payments, cancellations=None, credit_entries=None)
    found = Refund.objects.filter(of_ours | whole).select_related("payment")
    return list(found.distinct().order_by("created_at", "pk"))
