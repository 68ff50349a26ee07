"""More time to pay, once."""

from datetime import timedelta

from django.db.models.functions import Now

from bookings.models import Booking
from bookings.orders import lock_order, lock_places, payments_of, still_due
from bookings.services.due import still_held
from bookings.services.expire import GRACE
from bookings.services.pay import keep_uses
from core.errors import DomainError
from core.transactions import use_case
from inventory.services import keep
from payments.models import Status


class RenewedAlready(DomainError):
    """Nobody keeps places from others for longer than twice the time of the event."""

    code = "renewed_already"

    def __init__(self, until):
        super().__init__("The time was prolonged before. It cannot be done twice.", until=until)


@use_case
def renew(booking_id):
    """Prolongs an unpaid reservation, and those of its order, once each, by the time the event gives;
    returns the Booking.

    A payment page that is open keeps its own end: after it another can be opened. Raises NotYours when
    the time is over, AlreadyPaid, NotRedeemed, or RenewedAlready.
    """
    bookings = lock_order(booking_id)
    booking = bookings[0]
    still_held(booking)
    wanted = [each for each in still_due(bookings) if each.renewed_at is None]
    if not wanted:
        raise RenewedAlready(booking.reserved_until.isoformat())
    for each, seats in lock_places(wanted):
        _prolong(each, seats)
    booking.refresh_from_db(fields=["renewed_at", "reserved_until"])
    return booking


def _prolong(booking, seats):
    until = booking.reserved_until + timedelta(seconds=booking.event.reservation_ttl)
    kept_until = until + _grace(booking)
    keep(seat_ids=seats, reference=booking.pk, until=kept_until)
    Booking.objects.filter(pk=booking.pk).update(reserved_until=until, renewed_at=Now())
    keep_uses(booking.pk, kept_until)


def _grace(booking):
    """Somebody who may be paying keeps his places a while longer, see `pay`."""
    is_paying = payments_of(booking).filter(status=Status.PROCESSING).exists()
    return GRACE if is_paying else timedelta(0)
