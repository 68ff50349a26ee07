"""Links that prove a booking is somebody's: signed, in the mail, exchanged once for the session."""

from django.core.signing import BadSignature, Signer

from bookings.models import Booking
from core.errors import NotFound

SESSION_KEY = "bookings"
REMEMBERED = 50


def _signer():
    return Signer(salt="tessera.booking-link")


def mailed_key(booking):
    """The key that opens this booking's pages: a signature over its id."""
    return _signer().signature(str(booking.pk))


def key_fits(booking_id, key):
    try:
        _signer().unsign(f"{booking_id}:{key}")
    except BadSignature:
        return False
    return True


def remember(request, booking_id):
    """This browser may open the booking from now on."""
    known = request.session.get(SESSION_KEY, [])
    if str(booking_id) not in known:
        request.session[SESSION_KEY] = [*known, str(booking_id)][-REMEMBERED:]


def own_booking(request, booking_id):
    """The booking if this browser made it or opened its link; otherwise NotFound, as for none."""
    if str(booking_id) not in request.session.get(SESSION_KEY, []):
        raise NotFound("There is no such booking here. Find it with its number and your e-mail.")
    bookings = Booking.objects.select_related("event__venue", "customer")
    booking = bookings.filter(pk=booking_id).first()
    if booking is None:
        raise NotFound("There is no such booking.")
    return booking
