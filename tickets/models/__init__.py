"""Tables of tickets, by topic."""

from tickets.models.tickets import (
    LIVE,
    MOVES,
    VALID,
    Admission,
    Download,
    Gate,
    Scan,
    SigningKey,
    Status,
    Ticket,
)
from tickets.models.transfers import Transfer, TransferredTicket, TransferStatus

__all__ = [
    "LIVE",
    "MOVES",
    "VALID",
    "Admission",
    "Download",
    "Gate",
    "Scan",
    "SigningKey",
    "Status",
    "Ticket",
    "Transfer",
    "TransferStatus",
    "TransferredTicket",
]
