"""What a delivery was read as."""

import hashlib
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum


class Kind(StrEnum):
    """Why something of a line cannot be received, or should be looked at."""

    UNREADABLE = "unreadable"
    UNKNOWN_EVENT = "unknown_event"
    UNKNOWN_SECTION = "unknown_section"
    UNKNOWN_PLACE = "unknown_place"
    AMBIGUOUS = "ambiguous"
    DUPLICATE = "duplicate"
    CLASH = "clash"
    OWNED = "owned"
    RECEIVED = "received"
    OVER_RECEIPT = "over_receipt"
    NOT_ORDERED = "not_ordered"
    CODE = "code"
    DAY = "day"


@dataclass(frozen=True, slots=True)
class Problem:
    """Something of one line of the input that is not received: a full sentence, the names that may
    have been meant, and the places it concerns where they are known."""

    number: int
    text: str
    kind: Kind
    reason: str
    candidates: tuple[str, ...] = ()
    event_id: object = None
    ordinals: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Match:
    """A section that is not written as the house prints it. `is_guess`: somebody must look at it."""

    written: str
    section: str
    is_guess: bool
    first_line: int
    lines: int


@dataclass(frozen=True, slots=True)
class Remark:
    """What somebody may want to know about a line of which all is received."""

    number: int
    text: str
    reason: str


@dataclass(frozen=True)
class Part:
    """What arrived of one order line: its ordinals in map order, and by ordinal the supplier's own
    barcodes, files and days in hand, where he gave them."""

    line_id: object
    ordinals: tuple[int, ...]
    codes: dict[int, str] = field(default_factory=dict)
    files: dict[int, str] = field(default_factory=dict)
    in_hand: dict[int, date] = field(default_factory=dict)


@dataclass(frozen=True)
class Reading:
    """What an input means to an order: a Part for each order line of which something came, and what
    cannot be received, by line of the input. `lines` counts those that say anything."""

    parts: tuple[Part, ...]
    problems: tuple[Problem, ...]
    matches: tuple[Match, ...]
    remarks: tuple[Remark, ...]
    lines: int

    @property
    def seats(self):
        return sum(len(part.ordinals) for part in self.parts)

    @property
    def ordinals_by_line(self):
        """{line id: [ordinal, …]}, as `receive_delivery` takes it."""
        return {part.line_id: list(part.ordinals) for part in self.parts}

    @property
    def guesses(self):
        return [match for match in self.matches if match.is_guess]

    @property
    def fingerprint(self):
        """Names exactly what is received and what comes with it."""
        spelled = repr(
            [(str(part.line_id), part.ordinals, *map(sorted, _extras(part))) for part in self.parts]
        )
        return hashlib.sha256(spelled.encode()).hexdigest()[:16]


def _extras(part):
    return part.codes.items(), part.files.items(), part.in_hand.items()
