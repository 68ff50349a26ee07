"""What has happened to customers."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID


@dataclass(frozen=True)
class CustomerSought:
    """Somebody asked for the link to all bookings of an e-mail; each request is answered once."""

    customer_id: UUID
    request_id: UUID


@dataclass(frozen=True)
class DrawLinkAsked:
    """Somebody asked for a link to enter a draw with this e-mail, or to see its entry. Told whether it
    is in or not, so that asking takes as long."""

    personal: ClassVar = True
    draw_id: UUID
    email: str
    request_id: UUID


@dataclass(frozen=True)
class DrawEntered:
    """Somebody who reads the mailbox entered it into a draw."""

    entry_id: UUID


@dataclass(frozen=True)
class DrawEntryWithdrawn:
    """An entry was taken out, by the fan (`why` is empty) or by staff. The address is nowhere else any
    more."""

    personal: ClassVar = True
    draw_id: UUID
    entry_id: UUID
    number: str
    email: str
    why: str


@dataclass(frozen=True)
class DrawDecided:
    """It is known what became of the entries at the places above `after`, up to `last`."""

    draw_id: UUID
    after: int
    last: int


@dataclass(frozen=True)
class DrawEntryDecided:
    """It is known what became of an entry, or has changed: it was let in later, or all is off."""

    entry_id: UUID


@dataclass(frozen=True)
class DrawCalledOff:
    """A draw was called off; its entries with ids above `after` are to be told."""

    draw_id: UUID
    after: UUID
