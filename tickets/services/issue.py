"""Tickets from the reservation to the end of their life. Each runs in its caller's transaction."""

from django.db.models.functions import Now

from core.ids import reference
from core.postgres.fixed import FixedUpdate, Locking
from tickets.models import VALID, Status, Ticket
from tickets.services.keys import active_key

TICKETS = Locking(lambda ids: Ticket.objects.filter(pk__among=ids))
CONFIRM = FixedUpdate(
    lambda ids, key: (
        Ticket.objects.filter(pk__among=ids, status=Status.RESERVED),
        {
            "status": Status.CONFIRMED,
            "generation": 1,
            "signing_key_id": key,
            "confirmed_at": Now(),
        },
    )
)


def new_number():
    """BCDF-GHJK-2345: 57 random bits, readable aloud, never sequential."""
    letters = reference(12)
    return f"{letters[:4]}-{letters[4:8]}-{letters[8:]}"


def new_tickets(*, event, seats):
    """One RESERVED ticket per ClaimedSeat, in the same order, for the reservation to write."""
    return [
        Ticket(
            event=event,
            event_seat_id=seat.id,
            ordinal=seat.ordinal,
            number=new_number(),
            section=seat.section,
            row=seat.row,
            seat=seat.seat,
            seat_kind=seat.kind,
            entrance=seat.entrance,
            restricted_view=seat.restricted_view,
            disclosure=seat.disclosure,
            view_note=seat.view_note,
        )
        for seat in seats
    ]


def lock_tickets(ticket_ids):
    """Locks tickets by key order and returns them as they are now."""
    return TICKETS(list(ticket_ids))


def confirm_tickets(ticket_ids):
    """Reserved tickets become valid and may be given a code; returns how many did."""
    return CONFIRM(list(ticket_ids), active_key().pk)


def cancel_tickets(ticket_ids):
    """Reserved tickets of a reservation that ended; returns how many were cancelled."""
    return Ticket.objects.filter(pk__in=ticket_ids, status=Status.RESERVED).update(
        status=Status.CANCELLED
    )


def void_tickets(ticket_ids):
    """Valid tickets that were given back admit nobody from now on; returns how many. Who had offered
    them to somebody has to end that as well, see `transfer.end_offers_of`."""
    return Ticket.objects.filter(pk__in=ticket_ids, status__in=VALID).update(
        status=Status.CANCELLED
    )


def refund_tickets(ticket_ids):
    """Cancelled tickets whose money is back, and used ones that are taken back nevertheless; returns
    how many."""
    over = (Status.CANCELLED, Status.USED)
    return Ticket.objects.filter(pk__in=ticket_ids, status__in=over).update(status=Status.REFUNDED)


def reopen_tickets(ticket_ids):
    """For money that came late: tickets that lapsed without ever having a code are reserved again."""
    return Ticket.objects.filter(pk__in=ticket_ids, status=Status.CANCELLED, generation=0).update(
        status=Status.RESERVED
    )


def lock_out(ticket_ids, because):
    """These tickets admit nobody until it is said again with an empty string; returns how many were not
    so before. `because` is a sentence for the person at the door."""
    changed = Ticket.objects.filter(pk__in=ticket_ids).exclude(locked_because=because)
    return changed.update(locked_because=because)


def name_holder(ticket_ids, name):
    """Writes who holds the tickets; returns how many were named."""
    return Ticket.objects.filter(pk__in=ticket_ids).update(holder_name=name)
