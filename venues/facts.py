"""What has happened with layouts, told with ids only."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class PublicationAsked:
    """Somebody has looked at a large layout and asked to publish it."""

    publication_id: UUID
