"""Gives places to what has none: standing areas, rows without coordinates, loose sections."""

from dataclasses import replace

from venues.plan import outlines
from venues.plan.normal import moved, section_box
from venues.plan.parts import PITCH, PlanRow, PlanSeat, PlanSection

ROW = 24
"""Distance from one row to the next."""

BESIDE, BEHIND = 3 * PITCH, 3.5 * PITCH


def standing(label, places, outline, **names):
    """A standing section: one row of numbered places on a grid inside the outline.

    `names` may give zone, floor, entrance and category.
    """
    spots = enumerate(outlines.spread(outline, places), start=1)
    seats = tuple(PlanSeat(str(number), x, y, "STANDING") for number, (x, y) in spots)
    return PlanSection(label, "STANDING", (PlanRow("", seats),), tuple(outline), **names)


def in_rows(rows):
    """Rows laid out one behind the other, each seat beside the last, every row centred on x = 0."""
    return tuple(
        PlanRow(
            row.label,
            tuple(
                replace(seat, x=(i - (len(row.seats) - 1) / 2) * PITCH, y=depth * ROW)
                for i, seat in enumerate(row.seats)
            ),
        )
        for depth, row in enumerate(rows)
    )


def in_front_of_a_stage(sections):
    """Sections moved apart, in their order: side by side while there is room, then behind.

    Whatever stands comes first, as a floor does. Returns sections whose middle is x = 0 and whose
    front is y = 0.
    """
    boxes = [section_box(section) for section in sections]
    upright = [i for i, section in enumerate(sections) if section.kind == "STANDING"]
    seated = [i for i, section in enumerate(sections) if section.kind != "STANDING"]
    room = _room(boxes)
    placed, top = [], 0
    for shelf in _shelves(upright, boxes, room) + _shelves(seated, boxes, room):
        widths = [boxes[i][2] - boxes[i][0] for i in shelf]
        left = -(sum(widths) + BESIDE * (len(shelf) - 1)) / 2
        for i, width in zip(shelf, widths, strict=True):
            placed.append(moved(sections[i], left - boxes[i][0], top - boxes[i][1]))
            left += width + BESIDE
        top += BEHIND + max(boxes[i][3] - boxes[i][1] for i in shelf)
    return tuple(placed)


def _room(boxes):
    """Width of the house: about one and a half times its depth, and as wide as its widest part."""
    sizes = [(right - left, bottom - top) for left, top, right, bottom in boxes]
    surface = sum((width + BESIDE) * (depth + BEHIND) for width, depth in sizes)
    return max((1.5 * surface) ** 0.5, *(width for width, _ in sizes))


def _shelves(indexes, boxes, room):
    """The indexes in lists whose boxes fit side by side."""
    shelves, used = [], 0
    for i in indexes:
        width = boxes[i][2] - boxes[i][0]
        if not shelves or used + width > room:
            shelves.append([])
            used = 0
        shelves[-1].append(i)
        used += width + BESIDE
    return shelves
