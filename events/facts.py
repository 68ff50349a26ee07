"""What has happened to events."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class EventPublished:
    event_id: UUID


@dataclass(frozen=True)
class EventOver:
    """An event was cancelled, or has taken place: nothing of it sells any more."""

    event_id: UUID
