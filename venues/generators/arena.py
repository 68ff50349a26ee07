"""An arena: six floor blocks in a horseshoe of two rings, sections 101 to 116 and 201 to 220.

The rings follow one path around the floor: down the left side, a quarter circle, along the bottom,
a quarter circle, up the right side. Every row keeps its distance from that path, so that all rows
are concentric.
"""

import math
from dataclasses import dataclass, replace
from itertools import count, cycle, islice

from venues.generators.drawing import (
    band,
    finished,
    line,
    on_circle,
    row,
    row_labels,
    seats_in,
    stage,
)
from venues.plan import PITCH, Plan, PlanRow, PlanSection, PlanShape
from venues.plan.laying_out import ROW

STAIRS = 1.7 * PITCH
"""Between two sections of a ring."""


def arena(seats=12_000, name="Arena"):
    """The normalised plan of an arena with exactly so many seats (from 2,000 to 60,000)."""
    house = _House.with_room_for(seats)
    sections = (*house.floor(), *house.rings(excess=house.places - seats))
    shapes = (
        stage(house.width * 1.05, 190),
        PlanShape("rectangle", "Sound desk", x=-90, y=house.depth + 80, w=180, h=70),
    )
    return finished(Plan(name, sections, shapes))


@dataclass(frozen=True)
class _Stretch:
    """The part of a ring that one section takes, as (start, end) on a part of the path."""

    part: str
    start: float
    end: float


@dataclass(frozen=True)
class _House:
    """Measures of the building: `rows` say how much of everything, `length` stretches the sides."""

    rows: float
    length: float

    @classmethod
    def with_room_for(cls, seats):
        rows = math.sqrt(seats / 12_000)
        lengths = (rows * (0.7 + step / 400) for step in count())
        return next(house for length in lengths if (house := cls(rows, length)).places >= seats)

    @property
    def places(self):
        rings = sum(sum(counts) for ring in self.stretches() for _, counts in ring)
        return rings + 6 * self.block[0] * self.block[1]

    @property
    def block(self):
        """(rows, seats) of a floor block."""
        return round(19 * self.rows), round(20 * self.rows)

    @property
    def width(self):
        """Of a row of three floor blocks."""
        return 3 * self.block[1] * PITCH + 4 * PITCH

    @property
    def depth(self):
        """From the stage to behind the last floor row."""
        return (2 * self.block[0] + 6) * ROW

    @property
    def corner(self):
        """Radius of the innermost row in the corners."""
        return 260 * self.length

    @property
    def half(self):
        """From the middle line to the innermost row at the sides."""
        return max(self.width / 2 + 5 * PITCH, self.corner + 360 * self.length)

    @property
    def side(self):
        """Length of the straight sides."""
        return max(self.depth - 4 * PITCH, 760 * self.length)

    def rings(self, excess):
        """The 36 sections of both rings; the last rows above are shorter by `excess` seats."""
        lower, upper = self.stretches()
        shortened = _shortened([counts for _, counts in upper], excess)
        upper = [(stretch, fewer) for (stretch, _), fewer in zip(upper, shortened, strict=True)]
        return [
            *self._ring(lower, first=101, inner=0, category="Lower ring"),
            *self._ring(upper, first=201, inner=self.upper, category="Upper ring"),
        ]

    @property
    def upper(self):
        """How much further out the upper ring begins."""
        return (round(16 * self.rows) + 3) * ROW

    def stretches(self):
        """Both rings: pairs of a stretch and the number of seats in each of its rows."""
        return [
            self._counted((4, 3, 2), 0, round(16 * self.rows)),
            self._counted((4, 4, 4), self.upper, round(19 * self.rows)),
        ]

    def _counted(self, shares, inner, rows):
        return [
            (stretch, [self._seats(stretch, inner + depth * ROW) for depth in range(rows)])
            for stretch in self._path(*shares)
        ]

    def _path(self, sides, corners, bottoms):
        """Stretches from the upper left around to the upper right."""
        floor = self.half - self.corner
        down = [_Stretch("left", *part) for part in _parts(0, self.side, sides)]
        left = [_Stretch("corner", *part) for part in _parts(-90, 0, corners)]
        along = [_Stretch("bottom", *part) for part in _parts(-floor, floor, bottoms)]
        right = [_Stretch("corner", *part) for part in _parts(0, 90, corners)]
        up = [_Stretch("right", *part) for part in _parts(self.side, 0, sides)]
        return [*down, *left, *along, *right, *up]

    def _seats(self, stretch, distance):
        """How many seats fit on a stretch in the row at this distance from the path."""
        length = abs(stretch.end - stretch.start)
        if stretch.part == "corner":
            length = math.radians(length) * (self.corner + distance)
        return seats_in(length - STAIRS + PITCH)

    def _ring(self, stretches, first, inner, category):
        for number, (stretch, counts) in zip(count(first), stretches, strict=False):
            rows = [
                row(label, self._points(stretch, inner + depth * ROW, seats))
                for depth, (label, seats) in enumerate(zip(row_labels(), counts, strict=False))
            ]
            outline = self._outline(stretch, inner - 15, inner + (len(rows) - 1) * ROW + 15)
            section = PlanSection(
                str(number), "SEATS", tuple(rows), outline, category=category, zone=category
            )
            yield _marked(section)

    def _points(self, stretch, distance, seats):
        """Seats of a row, centred on its stretch, in the direction of the path."""
        middle = (stretch.start + stretch.end) / 2
        onward = 1 if stretch.end > stretch.start else -1
        step = onward * PITCH
        if stretch.part == "corner":
            step = math.degrees(PITCH / (self.corner + distance))
        places = [middle + (i - (seats - 1) / 2) * step for i in range(seats)]
        return [self._at(stretch, place, distance) for place in places]

    def _at(self, stretch, place, distance):
        """The point of the path at a place, moved outwards by a distance."""
        if stretch.part == "left":
            return -self.half - distance, place
        if stretch.part == "right":
            return self.half + distance, place
        if stretch.part == "bottom":
            return place, self.side + self.corner + distance
        return on_circle(self._centre(stretch), self.corner + distance, place)

    def _centre(self, stretch):
        floor = self.half - self.corner
        return (-floor if stretch.end <= 0 else floor), self.side

    def _outline(self, stretch, near, far):
        """Around the seats of a stretch, a little short of its stairs."""
        rim = 4 if stretch.end > stretch.start else -4
        if stretch.part == "corner":
            inner, outer = self.corner + near, self.corner + far
            gap = math.degrees(4 / inner)
            turns = (stretch.start + gap, stretch.end - gap)
            return band(self._centre(stretch), inner, outer, *turns)
        start, end = stretch.start + rim, stretch.end - rim
        corners = ((start, near), (end, near), (end, far), (start, far))
        return tuple(self._at(stretch, place, distance) for place, distance in corners)

    def floor(self):
        """Blocks A, B, C in front and D, E, F behind them."""
        rows, seats = self.block
        across = seats * PITCH + 2 * PITCH
        for number, label in enumerate("ABCDEF"):
            x = (number % 3 - 1) * across
            y = 4 * PITCH + number // 3 * (rows + 2) * ROW
            lines = zip(row_labels(), range(rows), strict=False)
            block = tuple(
                row(letter, line(x, y + depth * ROW, seats), _floor_kind(label, depth))
                for letter, depth in lines
            )
            yield PlanSection(f"Floor {label}", "SEATS", block, category="Floor", zone="Floor")


def _floor_kind(block, depth):
    """The first three rows of the middle block are sold with a reception."""
    return "VIP" if block == "B" and depth < 3 else "STANDARD"


def _parts(start, end, number):
    step = (end - start) / number
    return [(start + i * step, start + (i + 1) * step) for i in range(number)]


def _shortened(counts, excess):
    """Row lengths with `excess` seats fewer, taken in turn from the last rows of the sections."""
    counts = [list(lengths) for lengths in counts]
    for lengths in islice(cycle(counts), excess):
        lengths[-1] -= 1
        if not lengths[-1]:
            lengths.pop()
    return counts


def _marked(section):
    """Wheelchair platforms at the back of some lower sections; poor sight beside the stage."""
    if section.label in ("102", "108", "109", "115"):
        *front, last = section.rows
        return replace(section, rows=(*front, _platform(last)))
    if section.label in ("201", "220"):
        return replace(section, rows=tuple(_poor_sight(each) for each in section.rows))
    return section


def _platform(last):
    kinds = cycle(("WHEELCHAIR", "COMPANION"))
    return PlanRow(last.label, tuple(replace(seat, kind=next(kinds)) for seat in last.seats))


def _poor_sight(each):
    nearest = sorted(each.seats, key=lambda seat: seat.y)[:3]
    return PlanRow(
        each.label, tuple(replace(seat, restricted_view=seat in nearest) for seat in each.seats)
    )
