"""What has happened to tickets."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class TicketRenamed:
    """The place of a valid ticket is called otherwise since its event moved to another layout."""

    ticket_id: UUID
    move_id: UUID


@dataclass(frozen=True)
class TransferBegun:
    """Somebody was offered tickets that he has not got yet."""

    transfer_id: UUID


@dataclass(frozen=True)
class TransferSought:
    """The mail of an open offer is wanted once more; each request is answered once."""

    transfer_id: UUID
    request_id: UUID


@dataclass(frozen=True)
class TransferDecided:
    """An offer of tickets was taken, declined or taken back, or its time is over."""

    transfer_id: UUID
