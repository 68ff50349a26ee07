"""Who comes with a ticket: said by whoever bought it, until somebody came."""

from dataclasses import dataclass, replace

from core.errors import DomainError
from core.transactions import use_case
from tickets.models import Status, Ticket
from tickets.services.issue import lock_tickets

NAMEABLE = (Status.RESERVED, Status.CONFIRMED)


class NotNameable(DomainError):
    """A ticket that was used, passed on or is not valid any more keeps the name it had."""

    code = "ticket_not_nameable"


@dataclass(frozen=True)
class Attendee:
    """Who comes. E-mail and phone are for news of the day, both perhaps empty."""

    name: str
    email: str = ""
    phone: str = ""


@use_case
def name_attendees(attendees):
    """Writes who comes with which ticket: {ticket id: Attendee}. All or none; raises NotNameable.

    What is in other hands is refused before anything is compared: whether a name was guessed right is
    nobody's business."""
    for ticket in lock_tickets(attendees):
        attendee = attendees[ticket.pk]
        _check_its_buyers(ticket)
        if said_of(ticket) == attendee:
            continue
        if ticket.status not in NAMEABLE:
            words = ticket.get_status_display().lower()
            raise NotNameable(
                f"Ticket {ticket.number} is {words}: its name stays. Nothing was changed."
            )
        Ticket.objects.filter(pk=ticket.pk).update(
            holder_name=attendee.name, holder_email=attendee.email, holder_phone=attendee.phone
        )


def _check_its_buyers(ticket):
    """Whatever became of it since: who was given it is told to nobody by this."""
    if ticket.holder_id is not None:
        raise NotNameable(
            f"{ticket.place} was given to somebody else: its name stays. Nothing was changed."
        )


def amended(ticket, **said):
    """The Attendee that the ticket has, but for what is `said`; raises NotNameable for one that is in
    other hands."""
    _check_its_buyers(ticket)
    return replace(said_of(ticket), **said)


def said_of(ticket):
    """The Attendee that the ticket has now."""
    return Attendee(ticket.holder_name, ticket.holder_email, ticket.holder_phone)
