"""Places side by side: windows of free ones, nearest first, and what each would leave behind."""

import re
from bisect import insort
from functools import lru_cache
from operator import attrgetter
from typing import NamedTuple

from inventory.picking.states import SPACE, TAKEN

MOST_KEPT = 10  # places of the largest parties whose windows are kept


class Window(NamedTuple):
    """Places `start` to `end` (excluded) side by side. `singles` weighs the places it would leave
    alone, `far` is its mean distance to the focus, `breaks` how ill its run is left to the next."""

    singles: int
    far: float
    breaks: int
    start: int
    end: int

    @property
    def places(self):
        return list(range(self.start, self.end))


@lru_cache(64)
def _at_least(size):
    return re.compile(rb"\x00{%d,}" % size)


def runs(state, bench, size=1):
    """(start, end) of every unbroken run of at least `size` FREE places of a bench."""
    return [found.span() for found in _at_least(size).finditer(state, bench.start, bench.end)]


def nearest(state, size, *, view, split, count=1, section=None, strictly=True):
    """The `count` best windows of `size` places, best first, at most one of each run of free places.

    Those that leave nobody alone, and no run that the Split forbids, come before all others, which are
    returned only when there are none; unless it is taken `strictly`, a window near by comes before one
    far off whatever it leaves. Benches are visited from the focus outwards until none can be nearer, so
    that the whole house is looked at only when it is nearly full.
    """
    clean, others = [], []
    for near, bench in view.benches:
        if len(clean) >= count and near > view.not_much_farther(clean[count - 1].far):
            break
        if section is None or bench.section == section:
            for window in _best_of_runs(state, bench, size, view, split):
                if not (window.singles and strictly):
                    insort(clean, window, key=_far)
                elif not clean:
                    others.append(window)
    if count == 1 and clean:
        return [_least_harmful(clean, view)]
    return clean[:count] or sorted(others)[:count]


_far = attrgetter("far")


def _least_harmful(windows, view):
    """Of windows, the nearest first, the one that does least harm and is not much farther."""
    most = view.not_much_farther(windows[0].far)
    near = (window for window in windows if window.far <= most)
    return min(near, key=lambda window: (window.breaks, window.far))


def _best_of_runs(state, bench, size, view, split):
    """The best Window of each run of a bench that is long enough; kept until the bench changes, since
    from one choice to the next few do."""
    stands = state[bench.start : bench.end]
    known_of, kept = view.kept.get(bench.start, (None, {}))
    if known_of != (stands, split):
        kept = {}
    found = kept.get(size)
    if found is None:
        found = [_best_of(state, bench, run, size, view, split) for run in runs(state, bench, size)]
        if size <= MOST_KEPT:  # who invents sizes must not fill the memory
            kept[size] = found
            view.kept[bench.start] = (stands, split), kept
    return found


def _best_of(state, bench, run, size, view, split):
    """The best Window of a run of FREE places: the nearest, or one beside it, or one at an end."""
    sums, (first, last) = view.sums(bench), run
    at, most = first - bench.start, last - size - bench.start
    fars = [(sums[start + size] - sums[start]) / size for start in range(at, most + 1)]
    nearest_at = at + fars.index(min(fars))
    wanted = {at, at + 1, most - 1, most, nearest_at - 1, nearest_at, nearest_at + 1}
    every = []
    for offset in wanted:
        if at <= offset <= most:
            start = bench.start + offset
            singles = singles_beside(state, bench, start, start + size)
            singles += split.harm(start - first, size, last - size - start)
            breaks = _breaks(start - first, last - size - start)
            every.append(Window(singles, fars[offset - at], breaks, start, start + size))
    every.sort()
    return _least_harmful([each for each in every if each.singles == every[0].singles], view)


def singles_beside(state, bench, start, end):
    """What a window would leave alone: 2 for each place that nobody could join any more, 1 for one that
    only a wheelchair could."""
    before = _left_alone(state, start - 1, start - 2, bench.start - 1)
    return before + _left_alone(state, end, end + 1, bench.end)


def _left_alone(state, beside, beyond, wall):
    if beside == wall or state[beside] in (TAKEN, SPACE):
        return 0
    if beyond == wall or state[beyond] == TAKEN:
        return 2
    return int(state[beyond] == SPACE)


def _breaks(before, after):
    """How ill a run is left with so many places before and after: parted, or odd."""
    return 2 * bool(before and after) + before % 2 + after % 2


def longest_runs(house, stands):
    """{section: how many free places it has side by side at most}, a section that is full left out."""
    longest = {}
    for section, benches in house.sections.items():
        apart = b"\x01".join([stands[bench.start : bench.end] for bench in benches])
        longest[section] = max(map(len, _at_least(1).findall(apart)), default=0)
    return {section: length for section, length in longest.items() if length}
