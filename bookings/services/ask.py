"""What became of a booking's money, asked of the provider by whoever wants to know now."""

from bookings.models import Booking, Status
from bookings.orders import due_of, present_payment, sum_of
from bookings.services.paid import sell_paid
from bookings.services.pay import pay
from core.errors import DomainError
from payments.adapters import ProviderRefused, ProviderUnavailable
from payments.models import Status as PaymentStatus
from payments.services import ProviderAway, settle

ASKABLE = (PaymentStatus.PROCESSING, PaymentStatus.FAILED)
WAITING = (Status.RESERVED, Status.EXPIRED)


class NotPaid(DomainError):
    """No money has come for it, so nothing was confirmed."""

    code = "not_paid"


def ask_provider(booking_id):
    """Has the provider say what became of a booking's payment, and sells what was paid for; returns the
    Booking, which is sold then. What costs nothing is sold at once. Safe to repeat, at any time.

    Raises NotPaid, ProviderAway when the provider is silent, and for what is free as `pay` does.
    """
    booking = Booking.objects.get(pk=booking_id)
    if booking.is_sold:
        return booking
    due = due_of(booking)
    if booking in due and not sum_of(due):
        pay(booking_id)
    else:
        _hear(booking)
    booking.refresh_from_db()
    if not booking.is_sold:
        raise NotPaid(_words(booking), booking_status=booking.status)
    return booking


def _hear(booking):
    payment = present_payment(booking)
    if payment is None:
        return
    if payment.status in ASKABLE and payment.opened_at:
        try:
            payment = settle(payment.pk)
        except (ProviderUnavailable, ProviderRefused) as error:
            raise ProviderAway(
                "The provider does not say at the moment whether it was paid. Ask again soon; what "
                "it tells us meanwhile counts without asking."
            ) from error
    if payment.status == PaymentStatus.SUCCEEDED and booking.status in WAITING:
        try:
            sell_paid(payment.pk)
        except ProviderUnavailable as error:
            raise ProviderAway("It is paid; whether by a card too often used is asked.") from error


def _words(booking):
    if booking.status == Status.RESERVED:
        return "No payment has come for this booking yet. Nothing was confirmed."
    return f"This booking is {booking.get_status_display().lower()}. Nothing was confirmed."
