"""A booking's tickets on paper."""

from agencies.queries import current_agency
from tickets.pdf import PrintedTicket, render
from tickets.services import code_of


def pdf_of(booking):
    """All tickets of a sold booking that were not given back as one PDF (bytes)."""
    items = booking.items.filter(cancelled=None).order_by("ticket__ordinal")
    items = with_codes(items, booking.event)
    return render(
        [_printed(item.ticket, item.sum_of("total").display()) for item in items],
        agency=current_agency(),
        event=booking.event,
    )


def with_codes(items, event):
    """These BookingItems (a queryset) of an event, with their tickets and all that a code needs."""
    found = list(items.select_related("ticket__signing_key"))
    for item in found:
        item.ticket.event = event
    return found


def _printed(ticket, price):
    return PrintedTicket(
        number=ticket.number,
        code=code_of(ticket),
        section=ticket.section,
        row=ticket.row,
        seat=ticket.seat,
        kind=ticket.seat_kind,
        holder=ticket.holder_name,
        price=price,
        entrance=ticket.entrance,
        notes=("Restricted view",) if ticket.restricted_view else (),
        told=tuple(filter(None, [ticket.disclosure, ticket.view_note])),
    )
