"""A wheelchair space and its company, in one step."""

import math
import re
from bisect import insort
from heapq import nsmallest
from itertools import islice, takewhile

from inventory.picking.states import COMPANION, FREE, SPACE
from inventory.picking.windows import singles_beside

NEAR = 3  # pitches within which company that does not sit side by side is still company
TRIES = 40  # spaces looked at, the nearest ones
COMPANY = re.compile(b"[%c%c]" % (FREE, COMPANION))


def with_spaces(house, state, size, spaces=1, *, view, count=1, section=None):
    """Up to `count` groups (positions) of `size` places, `spaces` of them SPACEs, the rest FREE or
    COMPANION, best first.

    Side by side comes first; then within three pitches; then side by side on further spaces, which are
    taken from nobody unless there is no other way; then wherever it is nearest. For several spaces that
    is the only way.
    """
    found = _nearest_spaces(house, state, max(TRIES, count), view, section)
    for seated in (_beside, _around, _on_spaces) if spaces == 1 else ():
        every = (seated(house, state, size, bench, at) for at, bench in found)
        groups = list(islice(filter(None, every), count))
        if groups:
            return groups
    # Where the whole house has too few for one space, it has for every other.
    every = (_nearby(house, state, size, spaces, bench, at) for at, bench in found[:count])
    return list(takewhile(bool, every))


def _nearest_spaces(house, state, count, view, section):
    """(position, Bench) of the free wheelchair spaces nearest to the focus, the nearest first."""

    def far(space):
        at, bench = space
        sums = view.sums(bench)
        return sums[at - bench.start + 1] - sums[at - bench.start]

    free = _free_spaces(house, state, section)
    return nsmallest(count, ((at, house.bench_at(at)) for at in free), key=far)


def _free_spaces(house, state, section=None):
    """Positions of the free wheelchair spaces, of a section if one is named."""
    return (
        at
        for at, where in house.spaces
        if state[at] == SPACE and (section is None or where == section)
    )


def _windows_over(state, size, bench, at, kinds):
    """(start, end) of the windows of `size` places that contain a place, the others of `kinds`."""
    for start in range(max(bench.start, at - size + 1), min(at, bench.end - size) + 1):
        end = start + size
        if all(state[other] in kinds for other in range(start, end) if other != at):
            yield start, end


def _beside(house, state, size, bench, at):
    return _best_over(state, size, bench, at, {FREE, COMPANION})


def _on_spaces(house, state, size, bench, at):
    return _best_over(state, size, bench, at, {FREE, COMPANION, SPACE})


def _best_over(state, size, bench, at, kinds):
    """The window with the fewest other spaces, then the most companion seats."""
    found = list(_windows_over(state, size, bench, at, kinds))
    if not found:
        return []

    def harm(window):
        taken = state[slice(*window)]
        return taken.count(SPACE), -taken.count(COMPANION), singles_beside(state, bench, *window)

    return list(range(*min(found, key=harm)))


def _around(house, state, size, bench, at):
    """Company within three pitches, of the space's own section if that has enough so near."""
    reach = NEAR * house.pitch
    near = house.within(reach, at)
    for benches in ([each for each in near if each.section == bench.section], near):
        company = _company(house, state, at, benches, size - 1, reach)
        if len(company) == size - 1:
            return [at, *company]
    return []


def _nearby(house, state, size, spaces, bench, at):
    """The space, the nearest further ones and the nearest places, of its own section while there are
    enough, companion seats a little before others."""
    for section, benches in (
        (bench.section, house.sections[bench.section]),
        (None, house.benches),
    ):
        further = _further(house, state, at, spaces - 1, section)
        company = _company(house, state, at, benches, size - spaces)
        if len(further) + len(company) == size - 1:
            return [at, *further, *company]
    return []


def _further(house, state, at, count, section):
    """The `count` free spaces nearest to one that is free, itself left out."""
    others = (other for other in _free_spaces(house, state, section) if other != at)
    return nsmallest(count, others, key=lambda other: house.apart(at, other))


def _company(house, state, at, benches, count, reach=math.inf):
    """The `count` nearest places for company, none beyond `reach`; benches are visited from the space
    outwards until none can be nearer."""
    if not count:
        return []
    found = []
    for near, bench in house.outwards(at, benches):
        if len(found) == count and near - house.pitch > found[-1][0]:
            break
        for other in _for_company(state, bench):
            apart = house.apart(at, other)
            if apart <= reach:
                insort(found, (apart - house.pitch * (state[other] == COMPANION), other))
        del found[count:]
    return [other for _, other in found]


def _for_company(state, bench):
    return (found.start() for found in COMPANY.finditer(state, bench.start, bench.end))
