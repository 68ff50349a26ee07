"""Seats that others were given for: which, and how they were paid for."""

from dataclasses import dataclass

from bookings.models import Booking, Cancellation, PlannedExchange
from core.money import Money
from payments.models import CAPTURED, Payment
from payments.telling import PAID_BY


@dataclass(frozen=True)
class ChangedFrom:
    """The tickets of the booking `old` were given for these seats and paid `worth` (Money) of them;
    `more` was paid besides, `way` (such as "in cash")."""

    old: Booking
    worth: Money
    more: Money
    way: str

    @property
    def besides(self):
        """Such as ", and €10.60 in cash"; nothing where nothing was missing."""
        return f", and {self.more.display()} {self.way}" if self.more else ""

    @property
    def in_words(self):
        paid = f"{self.worth.display()}{self.besides}"
        return f"Paid with the value of booking {self.old.number}, {paid}."


def changed_from(booking):
    """The ChangedFrom of a Booking, or None where no tickets were given for it."""
    if booking.instead_of_id is None:
        return None
    given = Cancellation.objects.select_related("booking").get(exchanged_for=booking.pk)
    worth = min(given.credited_money, booking.money)
    more = booking.money - worth
    return ChangedFrom(given.booking, worth, more, _way(booking) if more else "")


def _way(booking):
    """How a difference was paid: at the desk by the booking's own payment, on the site before it."""
    paid = Payment.objects.get(pk=booking.payment_id)
    if not paid.charged:
        plans = PlannedExchange.objects.filter(new=booking, payment__status__in=CAPTURED)
        paid = plans.select_related("payment").order_by("made_at", "pk").last().payment
    return PAID_BY.get(paid.provider, f"by {paid.provider}")
