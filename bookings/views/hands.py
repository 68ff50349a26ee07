"""In whose hands the tickets of a booking are, and with which its buyer can do nothing for now."""

from bookings.cancelling import left_of
from bookings.received import hands_of
from tickets.models import Status

GIVEN_BACK = (Status.CANCELLED, Status.REFUNDED)


def hands(booking, items, now):
    """{ticket id: TransferredTicket} of those that its buyer gave to others or offers to them. Asks
    only when there are any."""
    gone = [
        item.ticket for item in items if item.ticket.holder_id or item.ticket.is_offered_at(now)
    ]
    rows = hands_of([each.pk for each in gone], booking.customer_id, now) if gone else {}
    return {ticket_id: row for (ticket_id, _), row in rows.items()}


def given_away(items, rows):
    """To whom all that is left of a booking was given, as "Bo Lind and Cy Roe", or "" where its buyer
    has one himself; `rows` are its `hands`."""
    left = [item.ticket for item in items if item.ticket.status not in GIVEN_BACK]
    if not left or any(each.holder_id is None for each in left):
        return ""
    names = [rows[each.pk].transfer.recipient_name for each in left if each.pk in rows]
    *others, last = dict.fromkeys(names) or ["somebody else"]
    return f"{', '.join(others)} and {last}" if others else last


def told_of(booking, now):
    """What the page of a step is told when there may be nothing to choose: `given_to` as of
    `given_away`, and `staying`, its buyer's tickets that the step is not for."""
    items = left_of(booking)
    rows = hands(booking, items, now)
    own = [item for item in items if item.ticket.holder_id is None]
    stuck = [
        {
            "ticket": item.ticket,
            "why": _why_stuck(item.ticket),
            "hand": rows.get(item.ticket_id),
        }
        for item in own
        if not is_free(item.ticket, now)
    ]
    return {
        "given_to": given_away(items, rows),
        "given_count": len(items) - len(own),
        "staying": stuck,
    }


def is_free(ticket, now):
    """Whether its buyer may do something with it: it is valid, not locked, offered to nobody."""
    is_valid = ticket.status == Status.CONFIRMED and ticket.holder_id is None
    return is_valid and not ticket.locked_because and not ticket.is_offered_at(now)


def _why_stuck(ticket):
    if ticket.status == Status.USED:
        return "Used at the gate."
    return "Locked: please write to us." if ticket.locked_because else ""
