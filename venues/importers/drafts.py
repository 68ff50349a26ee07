"""Sections while they are being read: rows are still gathered, nothing is checked."""

import re
from dataclasses import dataclass, field, replace

from venues.plan import MOST_PLACES, PlanRow, PlanSection, standing
from venues.plan.outlines import box
from venues.plan.soundness import FURTHEST, MOST_CORNERS, shown

_KINDS = (
    ("WHEELCHAIR", re.compile(r"wheel|rollstuhl|fauteuil|roulant|\bpmr\b|accessib|disab|\bada\b")),
    ("COMPANION", re.compile(r"companion|begleit|accompag|carer")),
    ("VIP", re.compile(r"\bvip\b")),
)
_STAGE = re.compile(
    r"(main )?stage|bühne|sc[eè]ne|podium|escenario|palco(scenico)?|screen|leinwand"
)


@dataclass
class Draft:
    """A section to be. Rows of the same label are one row, whose parts need not touch."""

    label: str
    kind: str = "SEATS"
    zone: str = ""
    floor: str = ""
    entrance: str = ""
    category: str = ""
    outline: tuple = ()
    rows: dict = field(default_factory=dict)

    def add(self, row_label, seats):
        self.rows.setdefault(row_label, []).extend(seats)

    @property
    def names(self):
        """What all kinds of sections have."""
        return {
            "zone": self.zone,
            "floor": self.floor,
            "entrance": self.entrance,
            "category": self.category,
        }

    def section(self):
        rows = tuple(PlanRow(label, tuple(seats)) for label, seats in self.rows.items() if seats)
        return PlanSection(self.label, self.kind, rows, tuple(self.outline), **self.names)


class Drafts:
    """The sections of a file in the order they appear, found again by label and kind."""

    SUFFIXES = {"SEATS": "seats", "TABLES": "tables", "STANDING": "standing"}

    def __init__(self):
        self.by_label = {}

    def of(self, label, kind="SEATS", **names):
        """The draft of this label and kind; if another kind has the label, the kind is added."""
        draft = self.by_label.setdefault(label, Draft(label, kind, **names))
        if draft.kind != kind:
            longer = f"{label} {self.SUFFIXES[kind]}"
            draft = self.by_label.setdefault(longer, Draft(longer, kind, **names))
        return draft

    def sections(self):
        sections = [draft.section() for draft in self.by_label.values()]
        return [section for section in sections if section.places]


def kind_of(category):
    """The kind of place a category's name speaks of."""
    words = category.lower()
    return next((kind for kind, pattern in _KINDS if pattern.search(words)), "STANDARD")


def is_stage(caption):
    """Whether a drawn word says that here is what everybody looks at."""
    return bool(_STAGE.fullmatch(caption.lower()))


def drawable(points):
    """Whether a decoration can be kept; one that cannot is no reason to refuse a plan."""
    few = 0 < len(points) <= MOST_CORNERS
    return few and all(abs(value) <= FURTHEST for point in points for value in point)


def room_to_stand(label, places, outline, problems, **names):
    """A standing section, or None after telling why not. `places` is None when it is no number."""
    if not drawable(outline):
        reason = "its outline is missing, has too many corners or is not made of numbers"
    elif not places or not 0 < places <= MOST_PLACES:
        reason = f"its capacity must be a whole number from 1 to {MOST_PLACES:,}"
    else:
        return standing(label, places, outline, **names)
    problems.append(f"Section {shown(label)}: {reason}")
    return None


def overlap(one, others):
    """Whether seats of some sections lie where seats of others already are."""
    taken = {_cell(seat) for section in others for row in section.rows for seat in row.seats}
    mine = {_cell(seat) for section in one for row in section.rows for seat in row.seats}
    return len(mine & taken) > 0.05 * len(mine)


def _cell(seat):
    if seat.x - seat.x or seat.y - seat.y:
        return None
    return seat.x // 30, seat.y // 30


def shifted(shape, dx, dy):
    """A decoration somewhere else."""
    points = tuple((x + dx, y + dy) for x, y in shape.points)
    return replace(shape, points=points, x=shape.x + dx, y=shape.y + dy)


def reach(sections):
    """(left, top, right, bottom) around the places of sections with finite coordinates."""
    seats = [seat for section in sections for row in section.rows for seat in row.seats]
    return box([(seat.x, seat.y) for seat in seats if not (seat.x - seat.x or seat.y - seat.y)])
