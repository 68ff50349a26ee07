"""What has happened to tickets."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class TicketRenamed:
    """The place of a valid ticket is called otherwise since its event moved to another layout."""

    ticket_id: UUID
    move_id: UUID
