"""A house as the picker sees it: who sits beside whom, and how far every place is from what is looked
at. It never changes; how its places stand comes with each request as one byte a place."""

import math
from bisect import bisect_right
from collections import defaultdict
from functools import cached_property, lru_cache
from itertools import accumulate, groupby, pairwise
from operator import attrgetter
from statistics import median_low
from typing import NamedTuple

from inventory.picking.states import COMPANION, FREE, OTHER, SPACE

SPECIAL = {"WHEELCHAIR": SPACE, "COMPANION": COMPANION}
SLACK, LEEWAY = 1.04, 0.3  # times as far, and pitches
FOCUSES_KEPT = 16  # a house's own, and those of the latest clicks
REACHES_KEPT = 1000  # of wheelchair spaces; each names a few benches


class Place(NamedTuple):
    """A place of a house. Two sit together when section, row and block are the same and their indexes
    differ by one. `kind` is one of the layout's; standing places sit beside nobody."""

    section: str
    row: str
    block: int
    index: int
    x: float
    y: float
    kind: str = "STANDARD"
    category: str = ""
    zone: str = ""
    restricted_view: bool = False


class Bench(NamedTuple):
    """Places `start` to `end` (excluded), each beside the next."""

    start: int
    end: int
    section: str
    row: str


class View:
    """A house from its focus: `benches` are (how near it comes at most, Bench), nearest first. What is
    measured place by place is measured when it is first asked for."""

    def __init__(self, house, focus_of):
        self._house, self._focus_of, self._sums = house, focus_of, {}
        self._leeway = LEEWAY * house.pitch
        self.kept = {}  # by windows.nearest: ((places, Split), {size: what it found}) of benches
        self.benches = sorted(
            (_to_box(house.boxes[bench], focus_of(bench)), bench) for bench in house.benches
        )

    def not_much_farther(self, far):
        """How far a place may be from the focus that is as good as one that is `far` from it."""
        return far * SLACK + self._leeway

    def sums(self, bench):
        """Sums of the distances of a bench's places, from 0 on: one more than it has places."""
        found = self._sums.get(bench.start)
        if found is None:
            x, y = self._focus_of(bench)
            span = slice(bench.start, bench.end)
            xs, ys = self._house.xs[span], self._house.ys[span]
            far = map(math.hypot, (at - x for at in xs), (at - y for at in ys))
            found = self._sums[bench.start] = list(accumulate(far, initial=0))
        return found


class Span(NamedTuple):
    """Places `start` to `end` (excluded) of one section."""

    section: str
    start: int
    end: int


class House:
    """Places are known by their positions from 0, at `xs` and `ys`; `spans` are all of them, in their
    order, and `focus` {section: (x, y)} what each looks at. `special` has a byte a place, SPACE,
    COMPANION or FREE, `restricted` OTHER or FREE. Who has no place on a bench stands."""

    def __init__(self, *, xs, ys, spans, benches, special, restricted, focus):
        self.xs, self.ys, self.spans, self.benches = xs, ys, spans, benches
        self.special, self.restricted = special, restricted
        self.sections = defaultdict(list)
        for bench in benches:
            self.sections[bench.section].append(bench)
        self.boxes = {bench: self._box(bench) for bench in benches}
        self._focus = focus
        self._starts = [bench.start for bench in benches]
        self.seen_from = lru_cache(FOCUSES_KEPT)(self._seen_from)
        self.within = lru_cache(REACHES_KEPT)(self._within)

    @classmethod
    def of(cls, places, focal, focals=None):
        """The House of these Places; benches must lie in them in one piece, index by index. `focal` is
        what is looked at, `focals` of zones that look elsewhere: {zone: (x, y)}."""
        return cls(
            xs=[place.x for place in places],
            ys=[place.y for place in places],
            spans=list(_spans(places)),
            benches=list(_benches(places)),
            special=bytes(SPECIAL.get(place.kind, FREE) for place in places),
            restricted=bytes(OTHER if place.restricted_view else FREE for place in places),
            focus={place.section: (focals or {}).get(place.zone) or focal for place in places},
        )

    def __len__(self):
        return len(self.xs)

    @cached_property
    def standing(self):
        """Positions of the standing places."""
        seated = [0, *(edge for bench in self.benches for edge in bench[:2]), len(self)]
        between = zip(seated[::2], seated[1::2], strict=True)
        return [at for start, end in between for at in range(start, end)]

    @cached_property
    def pitch(self):
        """The usual distance of two who sit side by side."""
        steps = [
            self.apart(at, at + 1)
            for bench in self.benches
            for at in range(bench.start, bench.end - 1)
        ]
        return (median_low(steps) if steps else 0) or 1

    def bench_at(self, position):
        """The Bench of a place; of a standing place none."""
        at = bisect_right(self._starts, position) - 1
        return self.benches[at] if at >= 0 and position < self.benches[at].end else None

    def apart(self, one, other):
        return math.hypot(self.xs[one] - self.xs[other], self.ys[one] - self.ys[other])

    def outwards(self, position, benches):
        """(how near it comes at most, Bench) of these benches, the nearest to a place first."""
        point = self.xs[position], self.ys[position]
        return sorted((_to_box(self.boxes[bench], point), bench) for bench in benches)

    def _within(self, far, position):
        """The Benches that come so near to a place."""
        return [bench for near, bench in self.outwards(position, self.benches) if near <= far]

    def middle(self, positions):
        """The point between these places."""
        return (
            sum(self.xs[at] for at in positions) / len(positions),
            sum(self.ys[at] for at in positions) / len(positions),
        )

    def _seen_from(self, focus=None):
        """The View from a point, or from where each zone looks."""
        if focus:
            return View(self, lambda bench: focus)
        return View(self, self.focus_of)

    def focus_of(self, bench):
        """The point that the places of a bench look at."""
        return self._focus[bench.section]

    def _box(self, bench):
        span = slice(bench.start, bench.end)
        xs, ys = self.xs[span], self.ys[span]
        return min(xs), min(ys), max(xs), max(ys)

    def standing_in(self, section=None):
        """Positions of the standing places, of a section if one is named."""
        if section is None:
            return self.standing
        spans = [span for span in self.spans if span.section == section]
        return [at for at in self.standing if any(start <= at < end for _, start, end in spans)]

    @cached_property
    def nearest(self):
        """{section: how near its seats come to what they look at}; standing ones are left out."""
        found = {}
        for near, bench in self.seen_from(None).benches:
            found.setdefault(bench.section, near)
        return found

    @cached_property
    def spaces(self):
        """(position, section) of every wheelchair space."""
        found = [at for at, kind in enumerate(self.special) if kind == SPACE]
        return [(at, self.bench_at(at).section) for at in found]


def _to_box(box, point):
    """The distance of a point to (left, top, right, bottom); nothing in it is nearer."""
    left, top, right, bottom = box
    x, y = point
    return math.hypot(max(left - x, 0, x - right), max(top - y, 0, y - bottom))


def _spans(places):
    start = 0
    for section, members in groupby(places, key=attrgetter("section")):
        end = start + sum(1 for _ in members)
        yield Span(section, start, end)
        start = end


def _benches(places):
    """Unbroken runs of the places; whoever stands has no place beside him."""
    start = None
    for at, (before, place) in enumerate(pairwise([None, *places, None])):
        joins = before and place and _adjoin(before, place)
        if not joins:
            if start is not None:
                yield Bench(start, at, before.section, before.row)
            start = None if place is None or place.kind == "STANDING" else at


def _adjoin(one, other):
    together = one[:3] == other[:3] and other.index == one.index + 1
    return together and "STANDING" not in (one.kind, other.kind)
