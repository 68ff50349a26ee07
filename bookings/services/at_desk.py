"""A reservation paid at the desk: taken and confirmed at once."""

from bookings.models import Booking
from bookings.services.confirm import confirm
from bookings.services.pay import AlreadyPaid, NoContact, still_held
from core.errors import DomainError
from core.locks import lock_one
from core.status import WrongState
from core.transactions import use_case
from inventory.services import lock_seats
from payments.adapters import ProviderRefused, ProviderUnavailable
from payments.models import CAPTURED, OPEN, Payment
from payments.models import Status as PaymentStatus
from payments.services import close_payment, open_payment, take_at_desk
from tickets.services.issue import lock_tickets


class PageStillOpen(DomainError):
    """The buyer may still pay on a provider's page, which cannot be shut now."""

    code = "page_still_open"


def pay_at_desk(booking_id, *, way, by, given=None, reference=""):
    """Takes the whole money for a reservation in cash or on the terminal (`way` of DeskTaking.Way) and
    confirms it; returns the DeskTaking.

    A page of a provider that was opened before is shut first. Raises AlreadyPaid, NotYours when the
    time is over, NoContact, PageStillOpen, WrongState, or NotTakeable; then nothing was taken.
    """
    still_held(Booking.objects.get(pk=booking_id))
    shut_page(booking_id)
    return _take(booking_id, way=way, by=by, given=given, reference=reference)


def shut_page(booking_id):
    """Nobody can pay for this booking on a provider's page any more; raises PageStillOpen."""
    if Payment.objects.filter(reference=booking_id, status=PaymentStatus.PROCESSING).exists():
        try:
            close_payment(booking_id)
        except (ProviderUnavailable, ProviderRefused) as error:
            raise PageStillOpen(
                "This guest has a payment page open, and its provider gives no answer: he might pay "
                "twice. Take nothing now; try again in a moment."
            ) from error


@use_case
def _take(booking_id, **how):
    booking = lock_one(Booking.objects.select_related("event", "customer").filter(pk=booking_id))
    still_held(booking)
    if booking.customer is None:
        raise NoContact("Say who buys first, so that the tickets can reach him.")
    items = list(booking.items.all())
    lock_seats([item.event_seat_id for item in items])
    lock_tickets([item.ticket_id for item in items])
    payment = payment_due(booking)
    taking = take_at_desk(payment.pk, **how)
    if not confirm(booking.pk, payment_id=payment.pk).is_sold:
        raise WrongState("An offer in this booking is used up by others. Nothing was taken.")
    return taking


def payment_due(booking):
    """The open payment of the booking, made if an earlier one came to nothing."""
    known = list(Payment.objects.filter(reference=booking.pk))
    if any(payment.status in CAPTURED for payment in known):
        raise AlreadyPaid("The money for this booking has arrived.")
    still_open = [payment for payment in known if payment.status in OPEN]
    return next(iter(still_open), None) or open_payment(
        reference=booking.pk, money=booking.money, description=booking.in_words
    )
