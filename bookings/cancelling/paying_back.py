"""Money of a payment given back by staff: always for tickets, of all bookings that it paid for."""

from dataclasses import dataclass, replace
from hashlib import blake2s

from bookings.cancelling.carrying_out import QuoteChanged, carry_out, lock_money, refundable
from bookings.cancelling.quoting import NotCancellable, Quote, preview
from bookings.models import SOLD, Booking, BookingItem
from core.errors import Invalid
from core.locks import database_now, lock
from core.money import Money, total
from core.transactions import use_case
from inventory.services import lock_seats
from payments.services import left_on_card
from payments.services.refund import RefundTooHigh
from tickets.services.issue import lock_tickets


class NotOfTickets(Invalid):
    """Another amount than these tickets bring: `refunded` is what they do."""

    code = "amount_not_of_tickets"


@dataclass(frozen=True)
class Whole:
    """Quotes of one payment's bookings taken together."""

    quotes: list[Quote]

    def _sum(self, name):
        return total((getattr(quote, name) for quote in self.quotes), self.currency)

    @property
    def currency(self):
        return self.quotes[0].booking.currency

    @property
    def booking(self):
        return self.quotes[0].booking

    @property
    def lines(self):
        return [line for quote in self.quotes for line in quote.lines]

    @property
    def paid(self):
        return self._sum("paid")

    @property
    def kept(self):
        return self._sum("kept")

    @property
    def refunded(self):
        return self._sum("refunded")

    @property
    def to_credit(self):
        return self._sum("to_credit")

    @property
    def by_payment(self):
        """What the payment's own provider is asked to send back."""
        return self.refunded - self._sum("becomes_credit")

    @property
    def name(self):
        """The same for the same tickets and money, and for nothing else."""
        names = [quote.name for quote in self.quotes]
        if len(names) == 1:
            return names[0]
        return blake2s(" ".join(names).encode(), digest_size=16).hexdigest()


def sum_up(quotes):
    """These Quotes (some) as one Whole, which is shown like a Quote."""
    return Whole(list(quotes))


def look_at_payment(payment, wish, *, amount=None, bookings=None):
    """The Whole of what giving back tickets that a payment paid for would bring now: those that the
    Wish names, or all that are left. Changes nothing.

    `amount` (Decimal) is what the caller expects to go back. Raises NotCancellable, NotPaidHere,
    RefundTooHigh where others were sent before, or NotOfTickets.
    """
    bookings = _sold_by(payment) if bookings is None else bookings
    now, taken, quotes = database_now(), {}, []
    for booking, tickets in _chosen(bookings, wish.tickets):
        quote = preview(booking, replace(wish, tickets=tickets), now=now, taken=taken)
        if quote.refunded:
            refundable(quote)
        quotes.append(quote)
    whole = sum_up(quotes)
    _check_left(whole, payment)
    _check_amount(whole, amount)
    return whole


@use_case
def pay_back(payment, wish, *, amount=None, seen=None):
    """Cancels the tickets as `look_at_payment` says, and has their money go back; returns (the Whole,
    [Cancellation]). With `seen` only if that is still the name of it.

    Raises like `look_at_payment`, QuoteChanged, or RefundTooHigh: no more goes back than was captured.
    """
    bookings = lock(_sold_by(payment))
    items = list(BookingItem.objects.filter(booking__in=bookings))
    lock_seats([item.event_seat_id for item in items])
    lock_tickets([item.ticket_id for item in items])
    if bookings:
        lock_money(bookings[0])
    whole = look_at_payment(payment, wish, bookings=bookings)
    if seen and whole.name != seen:
        raise QuoteChanged(whole)
    _check_amount(whole, amount)
    return whole, [carry_out(quote) for quote in whole.quotes]


def _sold_by(payment):
    sold = Booking.objects.filter(payment_id=payment.pk, status__in=SOLD)
    return sold.select_related("event", "terms").order_by("pk")


def _chosen(bookings, tickets):
    """[(Booking, ids of the tickets that are meant)], without bookings of which none is."""
    if not bookings:
        raise NotCancellable(
            "Nothing that was sold for this payment is left: it was not confirmed, or all was given "
            "back before."
        )
    if not tickets:
        return [(booking, frozenset()) for booking in bookings]
    of = {}
    found = BookingItem.objects.filter(booking__in=bookings, ticket__in=tickets)
    for booking_id, ticket_id in found.values_list("booking", "ticket"):
        of.setdefault(booking_id, set()).add(ticket_id)
    if sum(map(len, of.values())) < len(tickets):
        raise NotCancellable("Some of these tickets were not paid for with this payment.")
    return [(each, frozenset(of[each.pk])) for each in bookings if each.pk in of]


def _check_left(whole, payment):
    """The database would refuse it; who only looks is told as well."""
    money, left = whole.by_payment, left_on_card(payment)
    if money > left:
        raise RefundTooHigh(
            f"{money.display()} is more than is left of this payment, which is {left.display()}. "
            "Nothing was changed."
        )


def _check_amount(whole, amount):
    """Money goes back for tickets, so a sum that they do not bring is nobody's."""
    if amount is None or Money(amount, whole.currency) == whole.refunded:
        return
    raise NotOfTickets(
        f"{Money(amount, whole.currency).display()} is not what these tickets bring, which is "
        f"{whole.refunded.display()}. Name the tickets whose money goes back. Nothing was changed.",
        refunded=str(whole.refunded.amount),
        currency=whole.currency,
    )
