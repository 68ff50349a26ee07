"""What happened to promotions."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID


@dataclass(frozen=True)
class PresaleLinkAsked:
    """Somebody asked for a link that lets this e-mail into a presale. Told whether it is on a list
    or not, so that asking takes as long; who has it is looked up where nobody waits."""

    personal: ClassVar = True
    event_id: UUID
    email: str
    request_id: UUID


@dataclass(frozen=True)
class CodesAsked:
    """Somebody asked for unique codes that a worker draws."""

    batch_id: UUID
