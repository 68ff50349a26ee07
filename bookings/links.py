"""Links that prove a booking is somebody's: signed, in the mail, exchanged once for the session."""

from datetime import date, timedelta

from django.core.signing import Signer
from django.db.models import Q
from django.db.models.functions import Now
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from bookings.models import Booking, Status
from bookings.orders import order_of
from core.errors import NotFound
from core.locks import database_now
from core.postgres.rows import read
from customers.links import customer_id_of
from customers.models import Customer
from events.queries import event_of_buyer

SESSION_KEY = "bookings"
REMEMBERED = 50
KEY_OUTLIVES_EVENT = timedelta(days=30)


def mailed_key(booking):
    """The key that opens this booking's pages (its event is read): the last day on which it does, as
    an ordinal, and a signature over that and the booking."""
    event = booking.event
    end = max(event.ends_at or event.starts_at, timezone.now()) + KEY_OUTLIVES_EVENT
    last_day = end.date().toordinal()
    return f"{last_day}.{_signature(booking.pk, last_day)}"


def _signature(booking_id, last_day):
    return Signer(salt="tessera.booking-link").signature(f"{booking_id}.{last_day}")


def key_fits(booking_id, key):
    """Whether we made this key for this booking and its last day is not over."""
    last_day, _, signature = key.partition(".")
    if not constant_time_compare(signature, _signature(booking_id, last_day)):
        return False
    return date.fromordinal(int(last_day)) >= timezone.now().date()


def exchange_key(request, booking_id, page):
    """The way on for a request that carries a key: to the booking's `page` without it. A key that
    fits becomes a line in the session, so none stays in an address."""
    if key_fits(booking_id, request.GET["k"]):
        for each in _opened_by(booking_id):
            remember(request, each.pk)
    return redirect(page, booking_id)


def _opened_by(booking_id):
    """The booking and those that its buyer has, or had, to pay for together with it."""
    booking = Booking.objects.filter(pk=booking_id).first()
    if booking is None:
        return []
    others = order_of(booking).filter(customer=booking.customer_id, payment_id=booking.payment_id)
    return [booking, *others.exclude(pk=booking_id)] if booking.customer_id else [booking]


def remember(request, booking_id):
    """This browser may open the booking from now on."""
    known = request.session.get(SESSION_KEY, [])
    if str(booking_id) not in known:
        request.session[SESSION_KEY] = [*known, str(booking_id)][-REMEMBERED:]


def held_here(request, event, ordinals):
    """This browser's open reservation of exactly these places, or None."""
    known = request.session.get(SESSION_KEY, [])
    mine = Booking.objects.filter(pk__in=known, event=event, status=Status.RESERVED)
    for booking in mine.filter(reserved_until__gt=Now()) if known and ordinals else ():
        held = booking.items.values_list("ticket__ordinal", flat=True)
        if sorted(held) == sorted(ordinals):
            return booking
    return None


def last_held_here(request, but=None):
    """The last reservation that this browser holds, or None, without the one of this id. Asks only when
    there may be one."""
    known = request.session.get(SESSION_KEY, [])
    if not known:
        return None
    held = Booking.objects.filter(pk__in=known, status=Status.RESERVED).exclude(pk=but)
    return held.filter(reserved_until__gt=database_now()).order_by("-reserved_at", "-pk").first()


def has_open(request, most):
    """Whether this browser has at least `most` open reservations. Asks only when it might."""
    known = request.session.get(SESSION_KEY, [])
    if len(known) < most:
        return False
    mine = Booking.objects.filter(pk__in=known, status=Status.RESERVED)
    return mine.filter(reserved_until__gt=database_now()).count() >= most


def bought_here(request, booking):
    """Other bookings of the same event that were bought and that whoever looks has proven to be his,
    the newest first. Nothing is said of those that he merely might have made."""
    known = set(request.session.get(SESSION_KEY, [])) - {str(booking.pk)}
    if not known and not customer_id_of(request):
        return []
    found = _openable(request).sold().filter(event=booking.event_id).exclude(pk=booking.pk)
    return list(found.order_by("-confirmed_at", "pk"))


class BookingElsewhere(NotFound):
    """A booking's page without the key of its mail, in a browser that did not make it; or none."""

    code = "booking_elsewhere"


class CheckoutElsewhere(NotFound):
    """An unpaid booking's page in a browser that did not make it; or none."""

    code = "checkout_elsewhere"


def own_booking(request, booking_id):
    """The booking if this browser made it, opened its link, or is that of its customer; else NotFound,
    as for none."""
    booking = read(Booking, id=booking_id)
    if booking is None or not _is_openable(request, booking):
        raise _elsewhere(request)
    booking.event = event_of_buyer(booking.event_id)
    booking.customer = read(Customer, id=booking.customer_id) if booking.customer_id else None
    return booking


def _is_openable(request, booking):
    """Whoever reserves may name any e-mail, so only what was bought is its customer's."""
    if str(booking.pk) in request.session.get(SESSION_KEY, []):
        return True
    customer_id = customer_id_of(request)
    return bool(customer_id and booking.confirmed_at) and booking.customer_id == customer_id


def _openable(request):
    """All that _is_openable, as a queryset."""
    mine = Q(pk__in=request.session.get(SESSION_KEY, []))
    customer_id = customer_id_of(request)
    if customer_id:
        mine |= Q(customer=customer_id, confirmed_at__isnull=False)
    return Booking.objects.filter(mine)


def _elsewhere(request):
    """Decided by the address alone, so that it tells nothing of the booking."""
    if request.path.startswith("/checkout/"):
        return CheckoutElsewhere(
            "Seats are paid for in the browser in which they were chosen. Go on there."
        )
    return BookingElsewhere("Open it by the link in your mail, or find your booking.")
