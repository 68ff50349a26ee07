"""What happened to the inventory."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class PriceJobAsked:
    """Somebody asked for a bulk change that a worker carries out."""

    job_id: UUID


@dataclass(frozen=True)
class HoldRunsOut:
    """A hold ends soon; each notice is told once."""

    hold_id: UUID
    notice_id: UUID
