"""Use cases of tickets, one module each."""

from tickets.services.admit import GateGone, ScanResult, admit
from tickets.services.attend import (
    NAMEABLE,
    Attendee,
    NotNameable,
    amended,
    name_attendees,
    said_of,
)
from tickets.services.issue import (
    cancel_tickets,
    confirm_tickets,
    lock_out,
    name_holder,
    new_tickets,
    refund_tickets,
    reopen_tickets,
    void_tickets,
)
from tickets.services.keys import active_key, code_of, public_keys, rotate_signing_key
from tickets.services.offer import (
    Recipient,
    begin_transfer,
    is_token_of,
    mail_offer_again,
    new_token,
    why_it_stays,
)
from tickets.services.transfer import (
    NotTransferable,
    OfferOver,
    accept_transfer,
    decline_transfer,
    end_offers_of,
    lapse_transfer,
    take_back_transfer,
    why_event_stays,
)

__all__ = [
    "NAMEABLE",
    "Attendee",
    "GateGone",
    "NotNameable",
    "NotTransferable",
    "OfferOver",
    "Recipient",
    "ScanResult",
    "accept_transfer",
    "active_key",
    "admit",
    "amended",
    "begin_transfer",
    "cancel_tickets",
    "code_of",
    "confirm_tickets",
    "decline_transfer",
    "end_offers_of",
    "is_token_of",
    "lapse_transfer",
    "lock_out",
    "mail_offer_again",
    "name_attendees",
    "name_holder",
    "new_tickets",
    "new_token",
    "public_keys",
    "refund_tickets",
    "reopen_tickets",
    "rotate_signing_key",
    "said_of",
    "take_back_transfer",
    "void_tickets",
    "why_event_stays",
    "why_it_stays",
]
