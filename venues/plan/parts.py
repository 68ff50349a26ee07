"""What a seat plan is made of."""

from dataclasses import dataclass, field
from itertools import count

from core.errors import Invalid
from venues.plan import outlines

PITCH = 20
MARGIN = 2 * PITCH

SECTION_KINDS = ("SEATS", "STANDING", "TABLES")
SEAT_KINDS = ("STANDARD", "VIP", "WHEELCHAIR", "COMPANION", "STANDING")


class PlanError(Invalid):
    """A plan that cannot be used. `problems` names each object and what is wrong with it."""

    code = "plan_refused"

    def __init__(self, problems):
        self.problems = list(problems)
        shown = "; ".join(self.problems[:3])
        more = len(self.problems) - 3
        also = f"; and {more:,} more" if more > 0 else ""
        super().__init__(f"This seat plan was refused. {shown}{also}.", problems=self.problems)


@dataclass(frozen=True, slots=True)
class PlanSeat:
    """One place. `block` and `index` say who sits beside whom: same block, index one apart.

    `disclosure` is what a buyer must know before buying it, such as "pillar to the left".
    """

    label: str
    x: float
    y: float
    kind: str = "STANDARD"
    block: int = 0
    index: int = 0
    restricted_view: bool = False
    category: str = ""
    disclosure: str = ""


@dataclass(frozen=True, slots=True)
class PlanRow:
    label: str
    seats: tuple[PlanSeat, ...]


@dataclass(frozen=True, slots=True)
class PlanSection:
    """Rows that share a name. A standing section has one row, labelled "", with all its places.

    `view_note` tells a buyer what is seen from here.
    """

    label: str
    kind: str
    rows: tuple[PlanRow, ...]
    outline: tuple[tuple[float, float], ...] = ()
    zone: str = ""
    floor: str = ""
    entrance: str = ""
    category: str = ""
    view_note: str = ""

    @property
    def places(self):
        return sum(len(row.seats) for row in self.rows)


@dataclass(frozen=True, slots=True)
class PlanShape:
    """Something drawn that nobody can buy: a polygon (`points`), or the upright box x, y, w, h.

    x, y is the top left of the box; `rotation` is clockwise degrees around its middle. In a
    normalised plan only texts are still rotated.
    """

    kind: str
    label: str = ""
    points: tuple[tuple[float, float], ...] = ()
    x: float = 0
    y: float = 0
    w: float = 0
    h: float = 0
    rotation: float = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """`focal` is the point all seats look at; None lets `normalise` take the stage. A zone may look
    at a point of its own: `focals` {zone: (x, y)}.

    `categories` are (key, label, colour) as the drawing had them.
    """

    name: str
    sections: tuple[PlanSection, ...]
    shapes: tuple[PlanShape, ...] = ()
    focal: tuple[float, float] | None = None
    categories: tuple[tuple[str, str, str], ...] = ()
    focals: dict[str, tuple[float, float]] = field(default_factory=dict)

    @property
    def places(self):
        return sum(section.places for section in self.sections)


def ordinals(plan):
    """(ordinal, section, row, seat) of every place: the order of keys on the wire."""
    number = count()
    for section in plan.sections:
        for row in section.rows:
            for seat in row.seats:
                yield next(number), section, row, seat


def extent(plan):
    """(left, top, right, bottom) around all places, outlines and shapes."""
    points = [(seat.x, seat.y) for _, _, _, seat in ordinals(plan)]
    points += [point for section in plan.sections for point in section.outline]
    points += [point for shape in plan.shapes for point in corners(shape)]
    return outlines.box(points)


def size(plan):
    """(width, height) of the sheet a normalised plan is drawn on, margin included."""
    _, _, right, bottom = extent(plan)
    return right + MARGIN, bottom + MARGIN


def corners(shape):
    """The points a shape covers."""
    if shape.points:
        return shape.points
    middle = (shape.x + shape.w / 2, shape.y + shape.h / 2)
    upright = outlines.rectangle(shape.x, shape.y, shape.w, shape.h)
    return outlines.rotated(upright, shape.rotation, middle)
