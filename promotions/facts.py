"""What happened to promotions."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class CodesAsked:
    """Somebody asked for unique codes that a worker draws."""

    batch_id: UUID
