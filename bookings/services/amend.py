"""What of a booking may be said again: who buys it, until it is paid, and who comes, until he came."""

from bookings.models import BookingItem
from bookings.orders import lock_order
from bookings.services.pay import contact as name_buyer
from core.errors import NotFound
from core.transactions import use_case
from tickets.services import amended, name_attendees


@use_case
def amend(booking_id, *, contact=None, attendees=None):
    """Says who buys a booking (`contact`: email, name, phone) and who comes with its tickets
    (`attendees`: {ticket id: {name, email, phone}}, what is left out stays): all of it or nothing.

    Raises AlreadyPaid or NotYours for a contact that comes too late, NotFound for a ticket of another
    booking, NotNameable, and as `contact` does.
    """
    lock_order(booking_id)
    if contact:
        name_buyer(booking_id, **contact)
    if attendees:
        name_attendees(_named(booking_id, attendees))


def _named(booking_id, attendees):
    """{ticket id: Attendee} of tickets of this booking."""
    items = BookingItem.objects.filter(booking=booking_id, ticket__in=attendees)
    tickets = [item.ticket for item in items.select_related("ticket")]
    if len(tickets) < len(attendees):
        raise NotFound("There is no such ticket.")
    return {each.pk: amended(each, **attendees[each.pk]) for each in tickets}
