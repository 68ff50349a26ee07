"""Choosing places for a party: together, near the focal point, or near a place just lost."""

import random
from collections import defaultdict
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

from django.db import connection

from core.errors import DomainError

FREE = """
SELECT e.ordinal, c.position, c.label, s.row_position, s.row, s.label, s.block, s.index, s.x, s.y,
       s.kind, coalesce(e.price, l.price), l.id
FROM inventory_eventseat e
JOIN venues_layoutseat s ON s.id = e.seat_id
JOIN venues_layoutsection c ON c.id = s.section_id
JOIN events_pricelevel l ON l.id = e.level_id
WHERE e.event_id = %(event)s AND e.ownership = 'OWNED'
  AND (e.status = 'AVAILABLE'
       OR (e.status = 'RESERVED' AND e.claimed_until <= clock_timestamp()))
  AND (%(level)s::uuid IS NULL OR e.level_id = %(level)s)
  AND (%(section)s::text IS NULL OR c.label = %(section)s)
ORDER BY e.ordinal
"""
HAS_SEATS = """
SELECT EXISTS (
  SELECT 1 FROM inventory_eventseat e
  JOIN venues_layoutseat s ON s.id = e.seat_id
  JOIN venues_layoutsection c ON c.id = s.section_id
  WHERE e.event_id = %(event)s AND e.ownership = 'OWNED' AND s.kind <> 'STANDING'
    AND e.level_id IS NOT NULL
    AND (e.status = 'AVAILABLE'
         OR (e.status = 'RESERVED' AND e.claimed_until <= clock_timestamp()))
    AND (%(level)s::uuid IS NULL OR e.level_id = %(level)s)
    AND (%(section)s::text IS NULL OR c.label = %(section)s)
)
"""
# How many near-best groups a choice is drawn from, so that simultaneous buyers do not collide.
SPREAD = 4


class NoSuchGroup(DomainError):
    """No free places satisfy the request."""

    code = "no_such_group"


class FreePlace(NamedTuple):
    """A place that could be sold now. A tuple: every choice makes as many as there are free."""

    ordinal: int
    section_position: int
    section: str
    row_position: int
    row: str
    label: str
    block: int
    index: int
    x: int
    y: int
    kind: str
    price: Decimal
    level_id: object

    @property
    def is_standing(self):
        return self.kind == "STANDING"


def free_places(event, *, level=None, section=None):
    """The event's sellable places in map order; `level` is a PriceLevel id, `section` a label."""
    with connection.prepared_cursor() as cursor:
        cursor.execute(FREE, {"event": event.pk, "level": level, "section": section})
        return list(map(FreePlace._make, cursor))


def has_seats(event, *, level=None, section=None):
    """Whether any place but standing ones is free; words as of `free_places`."""
    with connection.prepared_cursor() as cursor:
        cursor.execute(HAS_SEATS, {"event": event.pk, "level": level, "section": section})
        return cursor.fetchone()[0]


def groups(places, size):
    """Every run of `size` adjacent places, and whether it strands some: same section, row and block,
    indexes without a gap. Wheelchair spaces are never taken for somebody who did not ask for them.
    """
    blocks = defaultdict(list)
    for place in places:
        if place.kind not in ("STANDING", "WHEELCHAIR"):
            blocks[place.section_position, place.row_position, place.block].append(place)
    for block in blocks.values():
        for stretch in _stretches(sorted(block, key=lambda place: place.index)):
            for before in range(len(stretch) - size + 1):
                after = len(stretch) - size - before
                yield stretch[before : before + size], _strands(before, after)


def _stretches(block):
    """The block's free places, parted where one is missing."""
    stretch = []
    for place in block:
        if stretch and place.index != stretch[-1].index + 1:
            yield stretch
            stretch = []
        stretch.append(place)
    yield stretch


def _strands(before, after):
    """Whether a run with so many free places on its sides leaves a single one there, or an odd number
    before it: counted in pairs, who come most, from its start, a row fills up whoever comes first."""
    return before % 2 == 1 or after == 1


def _distance(run, focus):
    x = sum(place.x for place in run) / len(run)
    y = sum(place.y for place in run) / len(run)
    return ((x - focus[0]) ** 2 + (y - focus[1]) ** 2) ** 0.5


def best(places, *, quantity, focus, together=True, wheelchair=False, spread=SPREAD):
    """The best `quantity` places as a list of FreePlace; raises NoSuchGroup.

    With `wheelchair`, one wheelchair space and the free places nearest to it. Otherwise one
    unbroken run that strands nobody comes first, then any unbroken run, then standing places, then,
    unless `together`, the fewest pieces near each other. It is drawn from the `spread` nearest.
    """
    if wheelchair:
        return _beside_wheelchair(places, quantity, focus, spread)
    ranked = sorted(
        ((strands, _distance(run, focus), run) for run, strands in groups(places, quantity)),
        key=lambda candidate: candidate[:2],
    )
    if ranked:
        return _drawn([run for strands, _, run in ranked[:spread] if strands == ranked[0][0]])
    standing = [place for place in places if place.is_standing]
    if len(standing) >= quantity:
        return random.sample(standing, quantity)
    if together:
        raise NoSuchGroup(f"There are no {quantity} places together that fit your choice.")
    return _in_pieces(places, quantity, focus, spread)


def _drawn(candidates):
    return random.choice(candidates)  # noqa: S311 - spreads buyers, no secret


def _beside_wheelchair(places, quantity, focus, spread):
    """A wheelchair space with its companions: the same row first, companion seats before others."""
    spaces = [place for place in places if place.kind == "WHEELCHAIR"]
    others = [place for place in places if place.kind not in ("WHEELCHAIR", "STANDING")]
    if not spaces or len(others) < quantity - 1:
        raise NoSuchGroup("There is no wheelchair space with that many places beside it.")
    spaces.sort(key=lambda place: _distance([place], focus))
    space = _drawn(spaces[: spread // SPREAD])
    others.sort(
        key=lambda place: (
            place.section_position != space.section_position,
            _distance([place], (space.x, space.y)) - (20 if place.kind == "COMPANION" else 0),
        )
    )
    return [space, *others[: quantity - 1]]


def _in_pieces(places, quantity, focus, spread):
    """The largest pieces that exist, each as near as possible to the first."""
    chosen, left = [], quantity
    while left:
        used = {place.ordinal for place in chosen}
        rest = [place for place in places if place.ordinal not in used]
        piece = _largest_piece(rest, left, focus, spread)
        if not piece:
            raise NoSuchGroup(f"There are fewer than {quantity} places that fit your choice.")
        chosen += piece
        left -= len(piece)
        focus, spread = (chosen[0].x, chosen[0].y), SPREAD
    return chosen


def _largest_piece(places, at_most, focus, spread):
    """Of the largest runs one of the nearest; the very nearest when nobody was faster yet."""
    for size in range(at_most, 0, -1):
        runs = [run for run, _ in groups(places, size)]
        if runs:
            runs.sort(key=lambda run: _distance(run, focus))
            return _drawn(runs[: spread // SPREAD])
    return []


def alternatives(places, *, quantity, near, at_most, count=3):
    """Up to `count` groups of `quantity` that cost no more than `at_most` each (Decimal, before
    fees), nearest to the point `near` first, no place in two groups."""
    affordable = [place for place in places if place.price <= at_most]
    standing = [place for place in affordable if place.is_standing]
    ranked = sorted(groups(affordable, quantity), key=lambda group: _distance(group[0], near))
    found, used = [], set()
    for run, _ in ranked:
        if used.isdisjoint(place.ordinal for place in run):
            found.append(run)
            used.update(place.ordinal for place in run)
        if len(found) == count:
            break
    if not found and len(standing) >= quantity:
        found = [standing[:quantity]]
    return found


def longest_run(places):
    """The largest number of adjacent places among these, per section label."""
    longest = defaultdict(int)
    blocks = defaultdict(list)
    for place in places:
        blocks[place.section, place.row_position, place.block].append(place.index)
    for (section, _, _), indexes in blocks.items():
        run = best_run = 1
        for before, after in pairwise(sorted(indexes)):
            run = run + 1 if after == before + 1 else 1
            best_run = max(best_run, run)
        longest[section] = max(longest[section], best_run)
    return dict(longest)
