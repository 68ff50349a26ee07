"""A party that finds no row: few pieces near each other, nobody on his own if that can be."""

import math
from collections import defaultdict
from itertools import product
from typing import NamedTuple

from inventory.picking.windows import runs, singles_beside

REACHES = (4, 8, 16, math.inf)  # pitches within which pieces are looked for, the nearest first
TRIES, SEATINGS = 600, 60  # how many runs are tried as the first piece, and how often with success
# What weighs as much as a pitch of distance between the pieces: one piece more, somebody on his own, a
# place left alone, another section, so much of the way to the focus.
PIECE, LONELY, SINGLE, ELSEWHERE, FOCUS = 1.5, 8.0, 0.5, 3.0, 0.3


class Run(NamedTuple):
    """FREE places `start` to `end` (excluded) side by side; (x, y) is the middle."""

    start: int
    end: int
    bench: object
    x: float
    y: float


def apart(house, state, size, *, view, section=None):
    """`size` FREE places in few pieces near each other, as positions; [] when there are fewer. For
    parties that no run of the house is long enough for."""
    free = [
        _run(house, bench, *span)
        for _, bench in view.benches
        if section is None or bench.section == section
        for span in runs(state, bench)
    ]
    if sum(run.end - run.start for run in free) < size:
        return []
    for reach in REACHES:
        found = list(_seatings(house, state, size, free, reach * house.pitch, view))
        if found:
            return min(found)[1]
    return []


def _run(house, bench, start, end):
    return Run(start, end, bench, *house.middle(range(start, end)))


def _seatings(house, state, size, free, reach, view):
    """(badness, positions), each begun with another of the first runs."""
    near = _neighbourhoods(free, reach)
    seated = 0
    for first in free[:TRIES]:
        pieces = _around(house, size, first, near(first))
        if not pieces:
            continue
        yield _badness(house, state, pieces, view), _places(pieces)
        seated += 1
        if seated == SEATINGS:
            return


def _neighbourhoods(free, reach):
    """A function that gives the runs of which some place may lie within reach of a run's middle."""
    if reach == math.inf:
        return lambda run: free
    cells = defaultdict(list)
    for run in free:
        cells[run.x // reach, run.y // reach].append(run)
    steps = list(product((-1, 0, 1), repeat=2))

    def near(run):
        column, line = run.x // reach, run.y // reach
        return [other for dx, dy in steps for other in cells.get((column + dx, line + dy), ())]

    return near


def _around(house, size, first, others):
    """Pieces that seat the party, begun with the run `first`, each next one the most that is nearest;
    [] when these do not suffice."""
    others = [run for run in others if run != first]
    if size > _length(first) + sum(map(_length, others)):
        return []
    pieces = [_part(house, first, size, (first.x, first.y))]
    others += _rest(house, first, pieces[0])
    left = size - _length(pieces[0])
    while left:
        near = pieces[0].x, pieces[0].y
        parts = [(run, _part(house, run, left, near)) for run in others]
        run, part = min(parts, key=lambda each: _reluctance(house, each[1], pieces[0], left))
        others.remove(run)
        others += _rest(house, run, part)
        pieces.append(part)
        left -= _length(part)
    return pieces


def _rest(house, run, part):
    """What a part leaves of its run."""
    spans = ((run.start, part.start), (part.end, run.end))
    return [_run(house, run.bench, *span) for span in spans if span[0] < span[1]]


def _places(pieces):
    return [at for run in pieces for at in range(run.start, run.end)]


def _length(run):
    return run.end - run.start


def _part(house, run, left, near):
    """What a party of which so many are left takes of a run: all it can, so that nobody remains alone,
    and of a longer run the end, the beginning or what is beside `near`, whichever is nearest."""
    take = min(_length(run), left)
    if left - take == 1 and take > 2:
        take -= 1
    if take == _length(run):
        return run
    starts = {run.start, run.end - take, _beside(house, run, take, near)}
    parts = [_run(house, run.bench, start, start + take) for start in sorted(starts)]
    return min(parts, key=lambda part: math.dist((part.x, part.y), near))


def _beside(house, run, take, near):
    """Where `take` places of a run begin that have the one nearest to a point in their middle."""
    places = range(run.start, run.end)
    closest = min(places, key=lambda at: math.dist((house.xs[at], house.ys[at]), near))
    return min(max(closest - take // 2, run.start), run.end - take)


def _reluctance(house, part, first, left):
    """How little one likes to go on with this part: for each place it gives."""
    far = math.dist((part.x, part.y), (first.x, first.y)) / house.pitch
    elsewhere = ELSEWHERE * (part.bench.section != first.bench.section)
    return far + elsewhere - PIECE * min(_length(part), left) + LONELY * (_length(part) == 1 < left)


def _badness(house, state, pieces, view):
    x, y = _middle(pieces)
    seats = _places(pieces)
    spread = max(math.hypot(house.xs[at] - x, house.ys[at] - y) for at in seats) / house.pitch
    focus = sum(_far(view, run) for run in pieces) / len(seats) / house.pitch
    return (
        2 * spread
        + PIECE * len(pieces)
        + LONELY * sum(_length(run) == 1 for run in pieces)
        + SINGLE * sum(singles_beside(state, run.bench, run.start, run.end) for run in pieces)
        + ELSEWHERE * (len({run.bench.section for run in pieces}) - 1)
        + FOCUS * focus
    )


def _middle(pieces):
    seats = sum(map(_length, pieces))
    return (
        sum(run.x * _length(run) for run in pieces) / seats,
        sum(run.y * _length(run) for run in pieces) / seats,
    )


def _far(view, run):
    """The distances of a piece's places to the focus, added up."""
    sums = view.sums(run.bench)
    return sums[run.end - run.bench.start] - sums[run.start - run.bench.start]
