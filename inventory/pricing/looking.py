"""What a bulk change would do: the look that somebody takes before it is done."""

from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from django.db.models import Max

from inventory.models import SeatEntry
from inventory.pricing.selecting import Left, Selection, chosen, cohorts_of, left_alone
from inventory.pricing.setting import Cohort, Setting

# Entries of the seat ledger after which a preview no longer holds.
PRICED = ("BOUGHT", "RETURNED", "COSTED", "REPRICED")


@dataclass(frozen=True, slots=True)
class Wish:
    """A bulk change as somebody wants it. `below_cost_reason` allows prices below cost and fees."""

    selection: Selection
    setting: Setting
    reason: str
    below_cost_reason: str = ""

    @property
    def told(self):
        """The reason that every place and the change itself keep."""
        why = self.below_cost_reason
        return f"{self.reason} (below cost: {why})"[:200] if why else self.reason[:200]


@dataclass(frozen=True, slots=True)
class Move:
    """A cohort and its own price afterwards, None for its level's."""

    cohort: Cohort
    own: Decimal | None

    @property
    def price(self):
        """What the places sell for afterwards."""
        return self.cohort.level_price if self.own is None else self.own

    @property
    def is_below_cost(self):
        return self.price < self.cohort.least

    @property
    def count(self):
        return len(self.cohort.ordinals)


@dataclass(frozen=True)
class Look:
    """What a Wish would do now. `as_of` is the seat ledger's last price entry it knew; `same` places
    have that price already."""

    moves: list
    same: int
    left: Left
    as_of: int

    @cached_property
    def count(self):
        return sum(move.count for move in self.moves)

    @cached_property
    def below_cost(self):
        return [move for move in self.moves if move.is_below_cost]

    @property
    def before(self):
        """The present prices of what would change, added up."""
        return sum((move.count * (move.cohort.present or 0) for move in self.moves), Decimal(0))

    @property
    def after(self):
        return sum((move.count * move.price for move in self.moves), Decimal(0))


def look(event, wish):
    """The Look at a Wish; nothing is written. Raises Invalid when a price could not be made."""
    seats = chosen(event, wish.selection)
    as_of = last_price_entry(event)
    moves, same = [], 0
    for cohort in cohorts_of(seats):
        move = Move(cohort, wish.setting.own_price(cohort))
        if move.own == cohort.own or (move.own is not None and move.own == cohort.present):
            same += move.count
        else:
            moves.append(move)
    return Look(moves, same, left_alone(seats), as_of)


def last_price_entry(event):
    """The key of the last entry of the seat ledger that concerns what places cost or sell for."""
    entries = SeatEntry.objects.filter(event=event, kind__in=PRICED)
    return entries.aggregate(last=Max("pk"))["last"] or 0


def below_cost_in_words(found):
    """How many places a Look would put below what they and their sale cost."""
    count = sum(move.count for move in found.below_cost)
    places = "place would sell" if count == 1 else "places would sell"
    return (
        f"{count:,} {places} below cost and what a sale costs. Choose other prices, or say why it is "
        "right."
    )
