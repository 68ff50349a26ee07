"""Who asks over the API and which bookings are his: what a key sold, what its customer bought, or, for
staff, all of the agency. Anybody else's look like none."""

from django.db.models import Q

from accounts.api import KeyCaller, role
from accounts.models import ApiKey
from agencies.api import StaffView, may
from bookings.models import Booking
from core.errors import NotFound
from inventory.models import StockChannel

SELLERS = role("buyer", "partner")
SELLERS_AND_STAFF = SELLERS | may("bookings.booking")


class Selling(StaffView):
    """Mixed into views for who sells or buys with a key of his own, and for staff."""

    permission_classes = [SELLERS_AND_STAFF]


def is_staff(caller):
    """Whether a caller that was let in is a member of staff."""
    return not isinstance(caller, KeyCaller)


def name_of(caller):
    """What tells callers apart."""
    return f"user:{caller.pk}" if is_staff(caller) else str(caller)


def stock_of(key):
    """Whose allotment a key sells beside what is open to all."""
    return StockChannel.PARTNER if key.role == ApiKey.Role.PARTNER else StockChannel.WEB


def seen_by(caller):
    """The Bookings (a queryset) that a caller may see. Whoever reserves may name any customer, so of a
    customer whose key asks only what was bought is his."""
    if is_staff(caller):
        return Booking.objects.all()
    key = caller.key
    sold = Q(seller_key=key.pk)
    if key.customer_id:
        sold |= Q(customer=key.customer_id, confirmed_at__isnull=False)
    return Booking.objects.filter(sold)


def seen(caller, booking_id):
    """The Booking, with its event, that a caller may see; NotFound for anybody else's as for none."""
    return _found(seen_by(caller), booking_id)


def handled(caller, booking_id):
    """The Booking, with its event, that a caller may change: who sold it, and staff; else NotFound."""
    if is_staff(caller):
        return _found(Booking.objects.all(), booking_id)
    return own(caller.key, booking_id)


def own(key, booking_id):
    """The Booking of a key's holder; NotFound for anybody else's as for none."""
    return _found(Booking.objects.filter(seller_key=key.pk), booking_id)


def told_to(caller, reply):
    """A booking's reply for this caller: who has its link is its buyer, so staff are told none."""
    return reply | {"payment_url": None} if is_staff(caller) else reply


def _found(bookings, booking_id):
    booking = bookings.select_related("event").filter(pk=booking_id).first()
    if booking is None:
        raise NotFound("There is no such booking.")
    return booking
