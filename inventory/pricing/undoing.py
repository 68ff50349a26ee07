"""Taking a change of prices back."""

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal

from core.transactions import use_case
from inventory.models import EventSeat, Ownership, PriceChange, Status
from inventory.moving.looking import moved_since
from inventory.pricing.looking import Move
from inventory.pricing.setting import Cohort
from inventory.pricing.writing import Change, NothingToChange, write


@dataclass(frozen=True, slots=True)
class Undoable:
    """What undoing a PriceChange would do: {ordinal: (present own price, what it becomes)}, and
    {ordinal: why not} for the rest."""

    back: dict
    rest: dict


def undoable(change):
    """Undoable of a PriceChange: exactly the places whose own price still is what it made it. Once the
    event was moved to another version of its layout, its ordinals are other places': nothing is."""
    if moved_since(change.event_id, change.made_at):
        return Undoable({}, dict.fromkeys(change.ordinals, "on the layout's former version"))
    seats = EventSeat.objects.at(change.event_id, change.ordinals).order_by()
    rows = seats.values_list("ordinal", "ownership", "status", "price")
    present = {ordinal: state for ordinal, *state in rows}
    back, rest = {}, {}
    for ordinal, before, after in zip(change.ordinals, change.before, change.after, strict=True):
        problem = _not_undone(*present[ordinal], after)
        if problem:
            rest[ordinal] = problem
        else:
            back[ordinal] = (after, before)
    return Undoable(back, rest)


def _not_undone(ownership, status, own, after):
    if ownership != Ownership.OWNED:
        return "not ours any more"
    if status in (Status.RESERVED, Status.SOLD):
        return "reserved since" if status == Status.RESERVED else "sold since"
    return "priced again since" if own != after else ""


@use_case
def undo_change(*, change, by):
    """Gives back their former own price to the places that still have the one of `change`; returns the
    PriceChange that did. Raises NothingToChange, also when it was undone before."""
    if change.undone_by.exists():
        raise NothingToChange("This change was undone already.")
    by_price = defaultdict(list)
    for ordinal, prices in undoable(change).back.items():
        by_price[prices].append(ordinal)
    reason = f"Undone: {change.reason}"[:200]
    moves = [
        Move(_as_it_is(change, now, ordinals), before)
        for (now, before), ordinals in by_price.items()
    ]
    undoing = Change(change.event, PriceChange.Source.UNDO, reason, by, {"undoes": change})
    return write(undoing, {reason: moves})


def _as_it_is(change, own, ordinals):
    """A Cohort of which only the own price matters."""
    unknown = {
        "section_id": None,
        "section": "",
        "level_id": None,
        "level": "",
        "level_price": None,
    }
    return Cohort(
        currency=change.currency,
        own=own,
        cost=None,
        least=Decimal(0),
        ordinals=tuple(ordinals),
        **unknown,
    )
