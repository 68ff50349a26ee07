"""A stadium set for a concert: three tiers all around, a field to stand on, a stage at its end.

Every tier follows one closed path, a rectangle with round corners: down the left side, a quarter
circle, along the bottom, a quarter circle, up the right side, and back over the top. Every row keeps
its distance from that path.
"""

import math
from dataclasses import dataclass, replace
from itertools import chain, count, cycle

from venues.generators.drawing import band, finished, on_circle, row, row_labels, seats_in
from venues.plan import PITCH, Plan, PlanRow, PlanSection, PlanShape, outlines, standing
from venues.plan.laying_out import ROW

STAIRS = 1.7 * PITCH
"""Between two sections of a tier."""

AISLE = 2.2 * PITCH
"""Through the middle of a section of the upper tier."""

STANDING = 0.12
"""Of all places."""

WHOLE = 100_000
"""Places of the house whose measures are drawn here; others are scaled."""

STANDS = {"left": "West", "bottom": "South", "right": "East", "top": "North"}
CORNERS = {-90: "South-west", 0: "South-east", 90: "North-east", 180: "North-west"}
UNDER_THE_ROOF = "The tier above hides high balls and the screens."


@dataclass(frozen=True)
class _Tier:
    """`shares` are the sections of a long side, of a short one and of a corner."""

    name: str
    first: int
    rows: int
    shares: tuple[int, int, int]
    view: str


TIERS = (
    _Tier("Lower tier", 101, 30, (7, 4, 3), "Close to the field; the stage is at eye level."),
    _Tier("Middle tier", 201, 25, (8, 5, 6), "The whole field and both screens."),
    _Tier("Upper tier", 301, 40, (10, 6, 10), "High up: the screens show what is on stage."),
)


def stadium(places=WHOLE, name="Stadium"):
    """The normalised plan of a stadium with exactly so many places (from 10,000 to 150,000)."""
    seats = places - round(places * STANDING)
    bowl = _Bowl.with_room_for(seats)
    sections = (_field(bowl, places - seats), *bowl.sections(excess=bowl.places - seats))
    deep = bowl.short + bowl.radius
    platform = PlanShape(
        "stage", "STAGE", x=-bowl.long * 0.4, y=-deep + 60, w=bowl.long * 0.8, h=220
    )
    desk = PlanShape("rectangle", "Sound", x=-90, y=deep - 220, w=180, h=90)
    return finished(Plan(name, sections, (platform, desk)))


def _field(bowl, places):
    """Between the stage and the sound desk."""
    half, deep = bowl.long + bowl.radius * 0.6, bowl.short + bowl.radius
    floor = outlines.rectangle(-half, -deep + 340, 2 * half, 2 * deep - 620)
    return standing("Field", places, floor, floor="Field", entrance="Gate N", category="Field")


@dataclass(frozen=True)
class _Stretch:
    """The part of the path that one section takes, as (start, end) on a side or a corner."""

    part: str
    start: float
    end: float

    @property
    def stand(self):
        return STANDS.get(self.part) or CORNERS[math.floor(self.start / 90) * 90]


@dataclass(frozen=True)
class _Bowl:
    """`scale` says how many rows there are, `length` stretches the path around the field."""

    scale: float
    length: float

    @classmethod
    def with_room_for(cls, seats):
        scale = math.sqrt(seats / (WHOLE * (1 - STANDING)))
        lengths = (scale * (0.5 + step / 200) for step in count())
        return next(bowl for length in lengths if (bowl := cls(scale, length)).places >= seats)

    @property
    def long(self):
        """Half of the straight part of the sides at the bottom and the top."""
        return 1500 * self.length

    @property
    def short(self):
        """Half of the straight part of the sides at the left and the right."""
        return 850 * self.length

    @property
    def radius(self):
        """Of the innermost row in the corners."""
        return 550 * self.length

    @property
    def places(self):
        return sum(sum(counts) for _, _, counts in self._laid_out())

    def sections(self, excess):
        """All sections, whose last rows are shorter by `excess` seats in all."""
        laid_out = [(tier, stretch, list(counts)) for tier, stretch, counts in self._laid_out()]
        for _, _, counts in _some(cycle(laid_out[::-1]), excess):
            counts[-1] -= 1
        numbers = {tier.name: count(tier.first) for tier in TIERS}
        return [
            self._section(tier, str(next(numbers[tier.name])), stretch, counts)
            for tier, stretch, counts in laid_out
        ]

    def _laid_out(self):
        """(tier, stretch, seats of each row) of every section, tier by tier."""
        for tier in TIERS:
            inner = self._inner(tier)
            for stretch in self._path(*tier.shares):
                rows = range(self._rows(tier))
                yield tier, stretch, [self._seats(tier, stretch, inner + d * ROW) for d in rows]

    def _rows(self, tier):
        return round(tier.rows * self.scale)

    def _inner(self, tier):
        """How far from the path a tier begins: behind those below it and a walkway."""
        return sum((self._rows(below) + 3) * ROW for below in TIERS[: TIERS.index(tier)])

    def _path(self, long, short, corner):
        sides = {"left": (-self.short, self.short, short), "bottom": (-self.long, self.long, long)}
        sides |= {"right": (self.short, -self.short, short), "top": (self.long, -self.long, long)}
        for turn, (part, (start, end, number)) in zip(
            (-90, 0, 90, 180), sides.items(), strict=True
        ):
            yield from (_Stretch(part, *ends) for ends in _parts(start, end, number))
            yield from (_Stretch("corner", *ends) for ends in _parts(turn, turn + 90, corner))

    def _seats(self, tier, stretch, distance):
        """How many seats fit on a stretch in the row at this distance from the path."""
        length = abs(stretch.end - stretch.start)
        if stretch.part == "corner":
            length = math.radians(length) * (self.radius + distance)
        return seats_in(length - STAIRS + PITCH - (AISLE - PITCH) * _has_aisle(tier))

    def _section(self, tier, label, stretch, counts):
        inner = self._inner(tier)
        lines = zip(row_labels(), counts, strict=False)
        rows = [
            row(letter, self._points(tier, stretch, inner + depth * ROW, seats))
            for depth, (letter, seats) in enumerate(lines)
        ]
        section = PlanSection(
            label,
            "SEATS",
            tuple(rows),
            self._outline(stretch, inner - 15, inner + (len(rows) - 1) * ROW + 15),
            zone=f"{stretch.stand} stand",
            floor=tier.name,
            entrance=f"Gate {stretch.stand[0]}",
            category=tier.name,
            view_note=_view(tier, stretch),
        )
        return _marked(section, tier)

    def _points(self, tier, stretch, distance, seats):
        """Seats of a row, centred on its stretch, in the direction of the path."""
        aisle = (AISLE - PITCH) * _has_aisle(tier)
        width = (seats - 1) * PITCH + aisle
        along = [i * PITCH + (aisle if i >= seats // 2 else 0) - width / 2 for i in range(seats)]
        middle = (stretch.start + stretch.end) / 2
        unit = 1 if stretch.end > stretch.start else -1
        if stretch.part == "corner":
            unit = math.degrees(1 / (self.radius + distance))
        return [self._at(stretch, middle + unit * place, distance) for place in along]

    def _at(self, stretch, place, distance):
        """The point of the path at a place, moved outwards by a distance."""
        if stretch.part == "corner":
            return on_circle(self._centre(stretch), self.radius + distance, place)
        out = self.radius + distance
        return {
            "left": (-self.long - out, place),
            "bottom": (place, self.short + out),
            "right": (self.long + out, place),
            "top": (place, -self.short - out),
        }[stretch.part]

    def _centre(self, stretch):
        turn = math.floor(stretch.start / 90) * 90
        return (self.long if turn in (0, 90) else -self.long), (
            self.short if turn in (-90, 0) else -self.short
        )

    def _outline(self, stretch, near, far):
        """Around the seats of a stretch, a little short of its stairs."""
        if stretch.part == "corner":
            inner, outer = self.radius + near, self.radius + far
            gap = math.degrees(4 / inner)
            turns = (stretch.start + gap, stretch.end - gap)
            return band(self._centre(stretch), inner, outer, *turns)
        rim = 4 if stretch.end > stretch.start else -4
        start, end = stretch.start + rim, stretch.end - rim
        corners = ((start, near), (end, near), (end, far), (start, far))
        return tuple(self._at(stretch, place, distance) for place, distance in corners)


def _has_aisle(tier):
    return tier is TIERS[-1]


def _parts(start, end, number):
    step = (end - start) / number
    return [(start + i * step, start + (i + 1) * step) for i in range(number)]


def _some(endless, number):
    return (next(endless) for _ in range(number))


def _view(tier, stretch):
    behind = stretch.part == "top" or stretch.stand in ("North-west", "North-east")
    return "Behind the stage: you see the artists from the back." if behind else tier.view


def _marked(section, tier):
    """Wheelchair platforms behind every other lower section; the last row there is under a roof."""
    if tier is not TIERS[0]:
        return section
    *others, above, last = section.rows
    kinds = chain(["WHEELCHAIR", "COMPANION"] * 3, cycle(["STANDARD"]))
    if int(section.label) % 2:
        last = PlanRow(
            last.label,
            tuple(replace(seat, kind=kind) for seat, kind in zip(last.seats, kinds, strict=False)),
        )
    return replace(section, rows=(*others, _under_the_roof(above), _under_the_roof(last)))


def _under_the_roof(each):
    return PlanRow(
        each.label, tuple(replace(seat, disclosure=UNDER_THE_ROOF) for seat in each.seats)
    )
