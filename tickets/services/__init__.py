"""Use cases of tickets, one module each."""

from tickets.services.admit import GateGone, ScanResult, admit
from tickets.services.attend import NAMEABLE, Attendee, NotNameable, name_attendees, said_of
from tickets.services.issue import (
    cancel_tickets,
    confirm_tickets,
    lock_out,
    name_holder,
    new_tickets,
    refund_tickets,
    reopen_tickets,
    unlock,
    void_tickets,
)
from tickets.services.keys import active_key, code_of, public_keys, rotate_signing_key

__all__ = [
    "NAMEABLE",
    "Attendee",
    "GateGone",
    "NotNameable",
    "ScanResult",
    "active_key",
    "admit",
    "cancel_tickets",
    "code_of",
    "confirm_tickets",
    "lock_out",
    "name_attendees",
    "name_holder",
    "new_tickets",
    "public_keys",
    "refund_tickets",
    "reopen_tickets",
    "rotate_signing_key",
    "said_of",
    "unlock",
    "void_tickets",
]
