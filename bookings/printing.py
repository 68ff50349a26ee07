"""A booking's tickets on paper."""

from agencies.queries import current_agency
from core.money import Money
from tickets.pdf import PrintedTicket, render
from tickets.queries import printable
from tickets.services import code_of


def pdf_of(booking):
    """All tickets of a sold booking that were not given back as one PDF (bytes)."""
    items = booking.items.filter(cancelled=None)
    totals = {item.ticket_id: Money(item.total, item.currency).display() for item in items}
    tickets = printable(list(totals))
    return render(
        [_printed(ticket, totals[ticket.pk]) for ticket in tickets],
        agency=current_agency(),
        event=tickets[0].event,
    )


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
