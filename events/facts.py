"""What has happened to events."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class EventPublished:
    event_id: UUID
