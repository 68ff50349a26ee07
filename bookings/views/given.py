"""Tickets that somebody wants to give for other seats, kept in his session until he has."""

from bookings.links import own_booking
from core.errors import DomainError

SESSION_KEY = "exchange"
"""Key of the session: what is given, as {"booking", "tickets"}."""


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
