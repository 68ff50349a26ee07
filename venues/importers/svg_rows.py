"""Which seats make a row, from where they stand alone. Rows may be straight, slanted or curved."""

import math
from collections import defaultdict
from statistics import median_low

from venues.plan.outlines import box

REACH = 1.75  # of the usual distance: further apart two seats are not neighbours
SHARPEST = math.cos(math.radians(50))  # a row never turns more from one seat to the next
STRAIGHT = math.cos(math.radians(14))  # across an aisle it goes on as it was
WIDEST_AISLE = 9
BESIDE = 0.9  # how unevenly a row may bend over an aisle, in distances
ACROSS = 0.15  # a neighbour who sits towards the stage counts as so much further away
CLEARLY_FEWER = 0.7
CROWDED = 64  # points of one cell: more than there are around any seat of a house
FINEST = 1e-9
MANY = 20_000  # in one group: looked at in one way only


def rows_of(points, focal=None):
    """The indexes of the points, row by row, front to back; each row along the room.

    Neighbours are linked, the nearest first, as long as a row does not turn sharply; then rows are
    joined across aisles. `focal` is what all look at; without it the front is above.
    """
    if len(points) < 2:
        return [list(range(len(points)))] if points else []
    usual = _usual_distance(points)
    first, *others = [_linked(points, usual, view) for view in _views(points, focal)]
    best = min(others, key=len, default=first)
    rows = best if len(best) < CLEARLY_FEWER * len(first) else first
    return sorted(rows, key=lambda row: depth([points[i] for i in row], focal))


def _linked(points, usual, view):
    chains = _Chains(points, usual, view)
    chains.link()
    return chains.rows()


def _views(points, focal):
    """Ways to see the stage from a point, as functions to a vector: rows may bend around it, all look
    its way together, or just be level. The first counts unless it tears rows apart."""
    if focal is None:
        return [None]

    def around(x, y):
        return focal[0] - x, focal[1] - y

    if len(points) > MANY:
        return [around]
    cx = sum(x for x, _ in points) / len(points)
    cy = sum(y for _, y in points) / len(points)
    return [
        around,
        lambda x, y: (focal[0] - cx, focal[1] - cy),
        lambda x, y: (0.0, 1.0),
    ]


def depth(points, focal=None):
    """How far back a row is."""
    if focal is None:
        return sum(y for _, y in points) / len(points)
    return min(math.dist(point, focal) for point in points)


def _usual_distance(points):
    """The median distance to the nearest neighbour that is not on the same spot."""
    points = list(dict.fromkeys(points))
    left, top, right, bottom = box(points)
    step = max(FINEST, math.sqrt(max(right - left, 1e-9) * max(bottom - top, 1e-9) / len(points)))
    step = max(step, (right - left + bottom - top) / max(1, len(points) - 1))
    grid = _Grid(points, step)
    while grid.is_crowded and step > FINEST:
        step /= 2
        grid = _Grid(points, step)
    some = range(0, len(points), max(1, len(points) // 4000))
    nearest = [min((d for d, _ in grid.near(i)), default=0) for i in some]
    nearest = [distance for distance in nearest if distance > 0]
    return median_low(nearest) if nearest else step


class _Grid:
    """Finds points near others: all within a cell's width, a few of those heaped up in one cell."""

    def __init__(self, points, step):
        self.points, self.step = points, step
        self.cells = defaultdict(list)
        for i, (x, y) in enumerate(points):
            self.cells[int(x // step), int(y // step)].append(i)

    @property
    def is_crowded(self):
        """Whether most points share their cell with many, as all do when one lies far away."""
        crowds = (len(cell) for cell in self.cells.values() if len(cell) > CROWDED)
        return 2 * sum(crowds) > len(self.points)

    def near(self, i, reach=math.inf):
        """(distance, index) of the points in the cells around point i."""
        x, y = self.points[i]
        column, line = int(x // self.step), int(y // self.step)
        for a in (column - 1, column, column + 1):
            for b in (line - 1, line, line + 1):
                for j in self.cells.get((a, b), ())[:CROWDED]:
                    if j != i:
                        distance = math.dist(self.points[i], self.points[j])
                        if distance <= reach:
                            yield distance, j


class _Chains:
    """Points linked to at most two others each, never in a ring."""

    def __init__(self, points, usual, view):
        self.points, self.usual, self.view = points, usual, view
        self.links = [[] for _ in points]
        self.chain_of = list(range(len(points)))

    def link(self):
        for _, i, j in sorted(self._neighbours()):
            if self._fits(i, j, SHARPEST) and self._fits(j, i, SHARPEST):
                self._join(i, j)
        for _, i, j in sorted(self._across_aisles()):
            if self._fits(i, j, STRAIGHT) and self._fits(j, i, STRAIGHT):
                self._join(i, j)

    def rows(self):
        """The chains from end to end; left to right, or down where they are steep."""
        seen, rows = set(), []
        for start in [i for i, links in enumerate(self.links) if len(links) < 2]:
            if start not in seen:
                row = self._walk(start)
                seen.update(row)
                rows.append(self._rightwards(row))
        return rows

    def _walk(self, start):
        row, before = [start], None
        while True:
            following = [j for j in self.links[row[-1]] if j != before]
            if not following:
                return row
            before = row[-1]
            row.append(following[0])

    def _rightwards(self, row):
        (x1, y1), (x2, y2) = self.points[row[0]], self.points[row[-1]]
        dx, dy = x2 - x1, y2 - y1
        return row if (dx > 0 if abs(dx) * 1.1 >= abs(dy) else dy > 0) else row[::-1]

    def _neighbours(self):
        grid = _Grid(self.points, self.usual * REACH)
        for i in range(len(self.points)):
            for distance, j in grid.near(i, self.usual * REACH):
                if i < j:
                    yield distance * (1 + ACROSS * self._towards_stage(i, j)), i, j

    def _towards_stage(self, i, j):
        """1 when one sits right before the other, as seen from the stage; 0 side by side."""
        if self.view is None:
            return 0
        (x1, y1), (x2, y2) = self.points[i], self.points[j]
        view = self.view((x1 + x2) / 2, (y1 + y2) / 2)
        long = math.hypot(*view) * math.dist(self.points[i], self.points[j])
        return ((view[0] * (x2 - x1) + view[1] * (y2 - y1)) / long) ** 2 if long else 0

    def _across_aisles(self):
        """Ends of rows that lie on the line of another's end."""
        ends = [i for i, links in enumerate(self.links) if len(links) == 1]
        spots = [self.points[i] for i in ends]
        reach = WIDEST_AISLE * self.usual
        grid = _Grid(spots, reach)
        for a, i in enumerate(ends):
            for distance, b in grid.near(a, reach):
                j = ends[b]
                if i < j and abs(self._aside(i, j) + self._aside(j, i)) < BESIDE * self.usual:
                    yield distance, i, j

    def _aside(self, i, j):
        """How far to the right of the line that ends with i point j lies. Where a row bends over an
        aisle as it does elsewhere, it lies as far to the left of the line that ends with j."""
        (x1, y1), (x2, y2) = self.points[self.links[i][0]], self.points[i]
        x3, y3 = self.points[j]
        long = math.hypot(x2 - x1, y2 - y1) or 1
        return ((x2 - x1) * (y3 - y2) - (y2 - y1) * (x3 - x2)) / long

    def _fits(self, i, j, sharpest):
        """Whether the chain may go on from i to j."""
        if len(self.links[i]) > 1 or self._chain(i) == self._chain(j):
            return False
        if not self.links[i]:
            return True
        (x0, y0), (x1, y1) = self.points[self.links[i][0]], self.points[i]
        x2, y2 = self.points[j]
        along = (x1 - x0) * (x2 - x1) + (y1 - y0) * (y2 - y1)
        return along >= sharpest * math.hypot(x1 - x0, y1 - y0) * math.hypot(x2 - x1, y2 - y1)

    def _join(self, i, j):
        self.links[i].append(j)
        self.links[j].append(i)
        self.chain_of[self._chain(i)] = self._chain(j)

    def _chain(self, i):
        while self.chain_of[i] != i:
            self.chain_of[i] = self.chain_of[self.chain_of[i]]
            i = self.chain_of[i]
        return i
