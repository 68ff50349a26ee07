"""Choosing places for a party: together, near the focal point, or near a place just lost."""

import random
from collections import defaultdict
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

from django.db import connection

from core.errors import DomainError
from inventory.free import FREE, OPEN_TO
from inventory.models import StockChannel

WITHIN = f"""{FREE} AND {OPEN_TO}
  AND (%(level)s::uuid IS NULL OR e.level_id = %(level)s)
  AND (%(section)s::text IS NULL OR c.label = %(section)s)
  AND (%(at_most)s::numeric IS NULL OR coalesce(e.price, l.price) <= %(at_most)s)"""
FREE_PLACES = f"""
SELECT e.ordinal, c.position, c.label, s.row_position, s.row, s.label, s.block, s.index, s.x, s.y,
       s.kind, s.restricted_view, coalesce(e.price, l.price), l.id
FROM inventory_eventseat e
JOIN venues_layoutseat s ON s.id = e.seat_id
JOIN venues_layoutsection c ON c.id = s.section_id
JOIN events_pricelevel l ON l.id = e.level_id
WHERE e.event_id = %(event)s AND {WITHIN}
ORDER BY e.ordinal
"""  # noqa: S608 - constants only
HAS_SEATS = f"""
SELECT EXISTS (
  SELECT 1 FROM inventory_eventseat e
  JOIN venues_layoutseat s ON s.id = e.seat_id
  JOIN venues_layoutsection c ON c.id = s.section_id
  JOIN events_pricelevel l ON l.id = e.level_id
  WHERE e.event_id = %(event)s AND s.kind <> 'STANDING' AND {WITHIN}
)
"""  # noqa: S608 - constants only
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
    restricted_view: bool
    price: Decimal
    level_id: object

    @property
    def is_standing(self):
        return self.kind == "STANDING"


def free_places(event, **within):
    """The event's sellable places in map order; `within` a `level` (PriceLevel id), a `section`
    (label) and a price before fees that none exceeds (`at_most`), as far as these are given, and what
    is open to a `channel`, the website if none is named."""
    with connection.prepared_cursor() as cursor:
        cursor.execute(FREE_PLACES, _limits(event, **within))
        return list(map(FreePlace._make, cursor))


def has_seats(event, **within):
    """Whether any place but standing ones is free; words as of `free_places`."""
    with connection.prepared_cursor() as cursor:
        cursor.execute(HAS_SEATS, _limits(event, **within))
        return cursor.fetchone()[0]


def _limits(event, *, level=None, section=None, at_most=None, channel=StockChannel.WEB):
    limits = {"level": level, "section": section, "at_most": at_most, "channel": channel}
    return {"event": event.pk, **limits}


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
            _nearness(place, space),
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


def alternatives(places, wanted, *, count=3):
    """Up to `count` groups of `places` that are as good as the `wanted` ones (both of any kind that has
    kind, restricted_view, price, x and y), nearest first, no place in two of them.

    None costs more, by place or in all, and none has what the wanted had not: a restricted view, a
    companion's seat. Who wanted wheelchair spaces gets as many. Only when no seats are left, whoever
    wanted seats is told of standing places.
    """
    near = _middle(wanted)
    eligible = [place for place in places if _is_as_good(place, wanted)]
    spaces = _count(wanted, "WHEELCHAIR")
    if spaces:
        found = _with_spaces(eligible, spaces, len(wanted), near)
        return _apart(found, wanted, count)
    standing = _standing_group(eligible, len(wanted), near)
    seated = sorted(
        (run for run, _ in groups(eligible, len(wanted))), key=lambda run: _distance(run, near)
    )
    if all(place.kind == "STANDING" for place in wanted):
        return _apart([*standing, *seated], wanted, count)
    return _apart(seated, wanted, count) or _apart(standing, wanted, count)


def _middle(places):
    return tuple(sum(getattr(place, axis) for place in places) / len(places) for axis in "xy")


def _count(places, kind):
    return sum(place.kind == kind for place in places)


def _is_as_good(place, wanted):
    kinds = {each.kind for each in wanted}
    return (
        place.price <= max(each.price or 0 for each in wanted)
        and (not place.restricted_view or any(each.restricted_view for each in wanted))
        and (place.kind != "COMPANION" or bool(kinds & {"COMPANION", "WHEELCHAIR"}))
    )


def _apart(candidates, wanted, count):
    """The first `count` that share no place and are not worse or dearer than the wanted in all."""
    found, used = [], set()
    for group in candidates:
        if used.isdisjoint(place.ordinal for place in group) and _is_no_worse(group, wanted):
            found.append(group)
            used.update(place.ordinal for place in group)
        if len(found) == count:
            break
    return found


def _is_no_worse(group, wanted):
    has, had = (
        (
            sum(place.price or 0 for place in places),
            sum(place.restricted_view for place in places),
        )
        for places in (group, wanted)
    )
    return all(now <= before for now, before in zip(has, had, strict=True))


def _standing_group(places, size, near):
    """A list of one group, or an empty one."""
    standing = [place for place in places if place.is_standing]
    standing.sort(key=lambda place: _distance([place], near))
    return [standing[:size]] if len(standing) >= size else []


def _with_spaces(places, spaces, size, near):
    """Groups of so many wheelchair spaces near each other with the nearest seats of their section."""
    free = [place for place in places if place.kind == "WHEELCHAIR"]
    others = [place for place in places if place.kind not in ("WHEELCHAIR", "STANDING")]
    free.sort(key=lambda place: _distance([place], near))
    while len(free) >= spaces:
        first = free[0]
        free.sort(key=lambda place: _distance([place], (first.x, first.y)))
        beside = _beside(others, first)[: size - spaces]
        group, free = [*free[:spaces], *beside], free[spaces:]
        if len(group) == size:
            yield group
            others = [place for place in others if place not in beside]
        free.sort(key=lambda place: _distance([place], near))


def _beside(others, space):
    """Places of the space's section, nearest first, companions' seats a little before others."""
    same = [place for place in others if place.section_position == space.section_position]
    return sorted(same, key=lambda place: _nearness(place, space))


def _nearness(place, space):
    return _distance([place], (space.x, space.y)) - (20 if place.kind == "COMPANION" else 0)


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
