"""More time to pay, once."""

from datetime import timedelta

from django.db.models.functions import Now

from bookings.models import Booking
from bookings.services.expire import GRACE
from bookings.services.pay import keep_uses, still_held
from core.errors import DomainError
from core.locks import lock_one
from core.transactions import use_case
from inventory.services import keep, lock_seats
from payments.models import Payment, Status


class RenewedAlready(DomainError):
    """Nobody keeps places from others for longer than twice the time of the event."""

    code = "renewed_already"

    def __init__(self, until):
        super().__init__("The time was prolonged before. It cannot be done twice.", until=until)


@use_case
def renew(booking_id):
    """Prolongs an unpaid reservation once, by the time the event gives; returns the Booking.

    A payment page that is open keeps its own end: after it another can be opened. Raises NotYours when
    the time is over, AlreadyPaid, NotRedeemed, or RenewedAlready.
    """
    booking = lock_one(Booking.objects.select_related("event").filter(pk=booking_id))
    still_held(booking)
    if booking.renewed_at is not None:
        raise RenewedAlready(booking.reserved_until.isoformat())
    booking.reserved_until += timedelta(seconds=booking.event.reservation_ttl)
    seats = [seat.pk for seat in lock_seats(booking.items.values("event_seat_id"))]
    kept_until = booking.reserved_until + _grace(booking)
    keep(seat_ids=seats, reference=booking.pk, until=kept_until)
    Booking.objects.filter(pk=booking.pk).update(
        reserved_until=booking.reserved_until, renewed_at=Now()
    )
    keep_uses(booking.pk, kept_until)
    booking.refresh_from_db(fields=["renewed_at"])
    return booking


def _grace(booking):
    """Somebody who may be paying keeps his places a while longer, see `pay`."""
    is_paying = Payment.objects.filter(reference=booking.pk, status=Status.PROCESSING).exists()
    return GRACE if is_paying else timedelta(0)
