"""A booking's tickets on paper."""

from agencies.queries import current_agency
from bookings.cancelling import may_exchange, may_give_back, policy_of
from bookings.models import BookingItem
from core.locks import database_now
from core.postgres.fixed import Fixed
from tickets.pdf import WRITE_TO_US, PrintedTicket, render
from tickets.services import code_of


def coded(items):
    """These BookingItems (a queryset) with their tickets and the keys of their codes."""
    return items.select_related("ticket__signing_key")


ALL = Fixed(lambda booking: coded(BookingItem.objects.filter(booking=booking).order_by("position")))
GIVE_IT_BACK = "On the page that our mail leads to you can pass it on, or give it back."
VALID = Fixed(
    lambda booking: coded(
        BookingItem.objects.filter(booking=booking, cancelled=None, ticket__holder=None).order_by(
            "ticket__ordinal"
        )
    )
)


def items_with_codes(booking):
    """[BookingItem] of a Booking in their order, with their tickets and all that a code needs."""
    return with_event(ALL(booking.pk), booking.event)


def pdf_of(booking):
    """All tickets of a sold booking that its buyer has neither given back nor to others, nor offers to
    anybody, as one PDF (bytes); None when there are none."""
    now = database_now()
    items = with_event(VALID(booking.pk), booking.event)
    items = [item for item in items if not item.ticket.is_offered_at(now)]
    return items and render(
        [_printed(item.ticket, item.sum_of("total").display()) for item in items],
        agency=current_agency(),
        event=booking.event,
        cannot_come=_cannot_come(booking, now),
    )


def attached(name, pdf):
    """[(file name, bytes, type)] of a mail that has a PDF of tickets, if there is any."""
    return [(f"tickets-{name}.pdf", pdf, "application/pdf")] if pdf else []


def pdf_of_held(tickets, event):
    """Tickets that somebody was given (with their keys read) as one PDF (bytes): what was paid for them
    is not his to see."""
    for ticket in tickets:
        ticket.event = event
    printed = [_printed(ticket, "") for ticket in tickets]
    return render(printed, agency=current_agency(), event=event, cannot_come=GIVE_IT_BACK)


def with_event(items, event):
    """These BookingItems, whose tickets know their event."""
    for item in items:
        item.ticket.event = event
    return items


def _cannot_come(booking, now):
    """What who cannot come is told: to use the booking's page as far as its policy lets him."""
    event = booking.event
    if booking.customer_id is None:
        return WRITE_TO_US
    ways = []
    if may_give_back(booking, now):
        last = max(end for _, end in policy_of(booking).ends(event.starts_at))
        ways.append(f"give it back until {last.astimezone(event.zone):%-d %B %Y, %H:%M}")
    if may_exchange(booking, now):
        ways.append("change your seat")
    if event.is_transferable:
        ways.append("give it to somebody else")
    if not ways:
        return WRITE_TO_US
    first = ", ".join(ways[:-1])
    said = f"{first} or {ways[-1]}" if first else ways[-1]
    return f"On your booking’s page, which our mail leads to, you can {said}."


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
