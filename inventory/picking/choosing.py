"""The best places for a party, in a house as it stands."""

import random
from dataclasses import dataclass

from core.errors import DomainError, Invalid
from inventory.picking.accessible import with_spaces
from inventory.picking.pieces import apart
from inventory.picking.splits import ANYHOW, Split
from inventory.picking.states import (
    FOR_ANYBODY,
    FOR_COMPANY,
    FOR_LACK_OF_OTHERS,
    FREE,
    over_each_other,
)
from inventory.picking.windows import nearest

MOST_COMPANY = 3
"""Companions that go with one wheelchair space in one step."""


class NoSuchGroup(DomainError):
    """No free places satisfy the request."""

    code = "no_such_group"


class TooMuchCompany(Invalid):
    """More places than go with one wheelchair space."""

    code = "wrong_quantity"

    def __init__(self):
        super().__init__(
            f"One wheelchair space goes with up to {MOST_COMPANY} companions in one step. Choose "
            f"{1 + MOST_COMPANY} or fewer; book further seats on their own."
        )


@dataclass(frozen=True, slots=True)
class Party:
    """Who wants to sit: so many, in which section (a label), only side by side or not, one of them in a
    wheelchair or not, near which point (x, y) instead of the focus of the house, and how
    rows may be parted. Raises TooMuchCompany."""

    size: int
    section: str | None = None
    together: bool = False
    wheelchair: bool = False
    near: tuple | None = None
    split: Split = ANYHOW

    def __post_init__(self):
        if self.wheelchair and self.size > 1 + MOST_COMPANY:
            raise TooMuchCompany


def choose(house, stands, party, *, spread=1):
    """The best places of a House for a Party, as positions in order; raises NoSuchGroup.

    `stands` has one byte a place: FREE, TAKEN or OTHER, whatever kind of place it is. Side by side
    comes first, leaving nobody alone if that can be; then standing places; then, unless the party must
    be `together`, a few pieces near each other. Of several parties at one moment each draws from the
    `spread` best groups, so that they seldom want the same.
    """
    state = over_each_other(stands, house.special)
    ways = [_with_space] if party.wheelchair else [_side_by_side, _standing]
    if not (party.together or party.wheelchair):
        ways.append(_apart)
    for way in ways:
        found = way(house, state, party, spread)
        if found:
            return sorted(found)
    raise NoSuchGroup(_words(party))


def _words(party):
    if party.wheelchair:
        return "There is no wheelchair space with that many places beside it."
    if party.together:
        return f"There are no {party.size} places together that fit your choice."
    return f"There are fewer than {party.size} places that fit your choice."


def _side_by_side(house, state, party, spread):
    """Companion seats are left to companions while there are others."""
    view = house.seen_from(party.near)
    for reading in (FOR_ANYBODY, FOR_LACK_OF_OTHERS):
        read = state.translate(reading)
        limits = {"view": view, "split": party.split, "section": party.section}
        found = nearest(read, party.size, count=spread, **limits)
        if found:
            farthest = view.not_much_farther(found[0].far) + spread * house.pitch
            return _drawn([window for window in found if window.far <= farthest]).places
    return []


def _standing(house, state, party, spread):
    free = [at for at in house.standing_in(party.section) if state[at] == FREE]
    return random.sample(free, party.size) if len(free) >= party.size else []


def _apart(house, state, party, spread):
    read = state.translate(FOR_LACK_OF_OTHERS)
    return apart(house, read, party.size, view=house.seen_from(party.near), section=party.section)


def _with_space(house, state, party, spread):
    read, view = state.translate(FOR_COMPANY), house.seen_from(party.near)
    found = with_spaces(house, read, party.size, view=view, count=spread, section=party.section)
    return _drawn(found) if found else []


def _drawn(groups):
    return random.choice(groups)  # noqa: S311 - spreads buyers, no secret
