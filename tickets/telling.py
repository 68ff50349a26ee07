"""What happened to tickets, in the words of the trade."""

from accounts.models import ApiKey
from core.admin_names import names_keys, tells
from tickets.models import Gate, Status, Ticket, Transfer, TransferStatus

WORDS = {
    Status.RESERVED: "Ticket reserved again",
    Status.CONFIRMED: "Ticket valid",
    Status.TRANSFERRED: "Ticket passed on",
    Status.USED: "Ticket used at the gate",
    Status.CANCELLED: "Ticket void: its code opens no door",
    Status.REFUNDED: "The money for the ticket is back",
}


@names_keys
def gates_named(ids):
    """The devices at a gate go by its name."""
    keys = ApiKey.objects.filter(pk__in=ids, gate_id__isnull=False).values_list("pk", "gate_id")
    gates = dict(Gate.objects.filter(pk__in=[gate for _, gate in keys]).values_list("pk", "name"))
    return {str(key): f"Gate {gates[gate]}" for key, gate in keys if gate in gates}


@tells(Ticket)
def told(change, ticket):
    if change.is_new:
        status = change.after["status"]
        return "Ticket reserved" if status == Status.RESERVED else WORDS[status]
    words = WORDS.get(change.became("status"), "")
    if change.became("status") == Status.REFUNDED and change.was("status") == Status.USED:
        words = "Ticket given back after it was used"
    new = getattr(ticket, "changed_for", "")  # as who shows a booking knows
    if new and change.became("status") in (Status.CANCELLED, Status.REFUNDED):
        words = f"Ticket changed for {new}: its code opens no door"
    return ", ".join(filter(None, [words, *_others(change)]))


def _others(change):
    if change.became("holder_id") and change.was("status") == change.became("status"):
        yield "passed on once more"
    if change.was("generation") and change.became("generation"):
        yield "a new code replaces the old one"
    if change.became("event_seat_id"):
        yield "it is for another place"
    if change.became("locked_because") is not None:
        why = change.after["locked_because"]
        yield f"locked: {why}" if why else "not locked any more"


@tells(Transfer)
def told_of_transfer(change, transfer):
    if change.is_new:
        said = f": {change.after['reason']}" if change.after["reason"] else ""
        whom = f" to {transfer.recipient_name}" if transfer else ""
        return f"Tickets offered{whom}{said}"
    status = change.became("status")
    why = change.became("why_over")
    words = {
        TransferStatus.ACCEPTED: "Accepted: the old codes open no door any more",
        TransferStatus.DECLINED: "Declined",
        TransferStatus.CANCELLED: f"Taken back: {why}" if why else "Taken back",
        TransferStatus.EXPIRED: "Lapsed: nobody took them in time",
    }
    return words.get(status, "")
