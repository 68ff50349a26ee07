"""What a page says of a draw."""

from dataclasses import dataclass

from django.utils import timezone

from customers.models import Draw, DrawEntry
from inventory.presales import opened_to


@dataclass(frozen=True, slots=True)
class ShownDraw:
    """A draw, and its phase by the clock (Draw.phase_at)."""

    draw: Draw
    phase: str

    @property
    def is_open(self):
        return self.phase == "OPEN"

    @property
    def reserve(self):
        """How many of the drawn order may still be let in."""
        return self.draw.most - self.draw.let_in


@dataclass(frozen=True, slots=True)
class ShownEntry:
    """What became of an entry: `is_in`, or its place `behind` those who are in, 0 before the draw.
    `presales` are those it opens."""

    entry: DrawEntry
    is_in: bool
    behind: int
    presales: list

    @property
    def may_come_in(self):
        """Whether one of its presales runs."""
        return any(presale.starts_at <= timezone.now() for presale in self.presales)


def phases(draws):
    """The ShownDraws of these."""
    return [phase_of(draw) for draw in draws]


def phase_of(draw):
    return ShownDraw(draw, draw.phase_at(timezone.now()))


def entry_shown(draw, entry):
    """The ShownEntry of an entry of this draw."""
    rank = entry.rank or 0
    is_in = draw.is_drawn and 0 < rank <= draw.let_in
    presales = opened_to(draw.buyers_id, draw.event_id) if is_in else []
    return ShownEntry(entry, is_in, 0 if is_in else max(rank - draw.let_in, 0), presales)
