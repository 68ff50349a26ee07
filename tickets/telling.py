"""What happened to tickets, in the words of the trade."""

from core.admin_names import tells
from tickets.models import Status, Ticket

WORDS = {
    Status.RESERVED: "Ticket reserved again",
    Status.CONFIRMED: "Ticket valid",
    Status.TRANSFERRED: "Ticket passed on",
    Status.USED: "Ticket used at the gate",
    Status.CANCELLED: "Ticket void: its code opens no door",
    Status.REFUNDED: "The money for the ticket is back",
}


@tells(Ticket)
def told(change, ticket):
    if change.is_new:
        status = change.after["status"]
        return "Ticket reserved" if status == Status.RESERVED else WORDS[status]
    words = WORDS.get(change.became("status"), "")
    if change.became("status") == Status.REFUNDED and change.was("status") == Status.USED:
        words = "Ticket given back after it was used"
    return ", ".join(filter(None, [words, *_others(change)]))


def _others(change):
    if change.was("generation") and change.became("generation"):
        yield "a new code replaces the old one"
    if change.became("event_seat_id"):
        yield "it is for another place"
    if change.became("locked_because") is not None:
        why = change.after["locked_because"]
        yield f"locked: {why}" if why else "not locked any more"
