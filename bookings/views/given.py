"""Tickets that somebody wants to give for other seats, kept in his session until he has."""

from contextlib import suppress

from bookings.links import own_booking
from bookings.models import Booking
from bookings.services import abandon
from core.errors import DomainError

SESSION_KEY = "exchange"
"""Key of the session: what is given, as {"booking", "tickets"}, and "new", the id of the reservation
that was chosen for it last."""


def choose(request, new):
    """This reservation is wanted for what is given; the one that was chosen before is let go."""
    said = request.session[SESSION_KEY]
    request.session[SESSION_KEY] = {**said, "new": str(new.pk)}
    if said.get("new") not in (None, str(new.pk)):
        with suppress(DomainError, Booking.DoesNotExist):  # it is over, or was paid for after all
            abandon(said["new"])


def chosen_for_others(request):
    """The id of the reservation that was chosen for what is given, or None: it is paid for by that, and
    is put to no order."""
    return request.session.get(SESSION_KEY, {}).get("new")


def given_for(request, event):
    """(the paid Booking of this event, the ids of its tickets) to be given, or None. Asks only where
    somebody wants to."""
    known = request.session.get(SESSION_KEY)
    if not known:
        return None
    try:
        old = own_booking(request, known["booking"])
    except DomainError:
        return None
    return (old, known["tickets"]) if old.event_id == event.pk else None
