"""Brings a sound plan to the plan's own units and order."""

import math
from dataclasses import replace
from itertools import accumulate, chain
from statistics import median_low

from venues.plan import adjacency, outlines
from venues.plan.parts import (
    MARGIN,
    PITCH,
    PlanError,
    PlanRow,
    PlanSeat,
    corners,
    extent,
    ordinals,
)

FURTHEST = 0xFFFF
OUTLINE_PADDING = 0.75 * PITCH


def normalise(plan):
    """The plan with pitch 20, whole coordinates from the margin on, rows ordered, blocks numbered.

    Sections without an outline get their convex hull; a plan without a focal point looks at its
    stage. Raises PlanError when the plan is too wide for its seats. The plan must be sound.
    """
    plan = replace(plan, sections=tuple(_in_order(section) for section in plan.sections))
    scale = scale_of(plan)
    plan = _mapped(plan, lambda x, y: (x * scale, y * scale), scale)
    plan = replace(
        plan,
        sections=tuple(_outlined(section) for section in plan.sections),
        shapes=tuple(_upright(shape) for shape in plan.shapes),
    )
    return _on_the_sheet(replace(plan, focal=plan.focal or _stage(plan)))


def authored(plan):
    """A normalised plan with those breaks only that its gaps do not make by themselves.

    As such it can be drawn on: closing a gap joins its blocks. Normalised it is the same again.
    """
    return replace(plan, sections=tuple(_authored_section(section) for section in plan.sections))


def _authored_section(section):
    if section.kind != "SEATS":
        return section
    usual = _usual_gap(section.rows)
    return replace(section, rows=tuple(_authored_row(row, usual) for row in section.rows))


def _authored_row(row, usual):
    plain = adjacency.blocks(_points(row.seats), [0] * len(row.seats), usual)
    made = [seat.block for seat in row.seats]
    extra = accumulate(
        (made[i] - made[i - 1]) - (plain[i] - plain[i - 1]) if i else 0 for i in range(len(made))
    )
    return PlanRow(
        row.label,
        tuple(replace(seat, block=block) for seat, block in zip(row.seats, extra, strict=True)),
    )


def moved(section, dx, dy):
    """The section somewhere else."""
    return _mapped_section(section, lambda x, y: (x + dx, y + dy))


def scaled(section, factor):
    """The section larger or smaller, seen from the origin."""
    return _mapped_section(section, lambda x, y: (x * factor, y * factor))


def section_box(section):
    """(left, top, right, bottom) around the places and the outline of a section."""
    points = [(seat.x, seat.y) for row in section.rows for seat in row.seats]
    return outlines.box([*points, *section.outline])


# Order of seats


def _in_order(section):
    section = replace(section, rows=tuple(row for row in section.rows if row.seats))
    if section.kind == "STANDING":
        return replace(section, rows=tuple(_counted(row) for row in section.rows))
    if section.kind == "TABLES":
        return replace(section, rows=tuple(_around(row) for row in section.rows))
    rows = _same_way([_along(row) for row in section.rows])
    usual = _usual_gap(rows)
    return replace(section, rows=tuple(_with_blocks(row, usual) for row in rows))


def _counted(row):
    """Standing places keep their order; nobody stands beside anybody in particular."""
    return _placed(row.label, row.seats, [0] * len(row.seats))


def _around(row):
    """Everybody at a table sits together."""
    seats = [row.seats[i] for i in adjacency.order_around(_points(row.seats))]
    return _placed(row.label, seats, [0] * len(seats))


def _along(row):
    order = adjacency.physical_order(_points(row.seats))
    return PlanRow(row.label, tuple(row.seats[i] for i in order))


def _same_way(rows):
    """The rows of a section, all walked in the direction of its longest."""
    if not rows:
        return rows
    ways = [adjacency.way(_points(row.seats)) for row in rows]
    longest = max(ways, key=lambda vector: round(math.hypot(*vector)))
    return [
        PlanRow(row.label, row.seats[::-1])
        if adjacency.runs_against(_points(row.seats), longest)
        else row
        for row in rows
    ]


def _with_blocks(row, usual):
    authored = [seat.block for seat in row.seats]
    return _placed(row.label, row.seats, adjacency.blocks(_points(row.seats), authored, usual))


def _placed(label, seats, blocks):
    numbered = zip(seats, blocks, strict=True)
    return PlanRow(
        label,
        tuple(
            PlanSeat(
                *(s.label, s.x, s.y, s.kind, block, index),
                *(s.restricted_view, s.category, s.disclosure),
            )
            for index, (s, block) in enumerate(numbered)
        ),
    )


def _usual_gap(rows):
    every = [gap for row in rows for gap in adjacency.gaps(_points(row.seats))]
    return median_low(every) if every else PITCH


def _points(seats):
    return [(seat.x, seat.y) for seat in seats]


# Units


def scale_of(plan):
    """What brings the median pitch to 20; a drawing within 2 % of it is left as it is."""
    pitch = next((pitch for pitch in map(_pitch, _by_rank(plan)) if pitch), PITCH)
    return 1 if 0.98 < PITCH / pitch < 1.02 else PITCH / pitch


def _by_rank(plan):
    """Rows whose spacing counts: those of seats, else tables, else standing places."""
    for kind in ("SEATS", "TABLES", "STANDING"):
        sections = [section for section in plan.sections if section.kind == kind]
        yield list(chain.from_iterable(section.rows for section in sections))


def _pitch(rows):
    gaps = [gap for row in rows for gap in adjacency.gaps(_points(row.seats)) if gap > 0]
    return median_low(gaps) if gaps else 0


def _mapped(plan, move, scale=1):
    """The plan with every point sent through `move` and every length multiplied by `scale`."""
    return replace(
        plan,
        sections=tuple(_mapped_section(section, move) for section in plan.sections),
        shapes=tuple(_mapped_shape(shape, move, scale) for shape in plan.shapes),
        focal=plan.focal and move(*plan.focal),
        focals={zone: move(*point) for zone, point in plan.focals.items()},
    )


def _mapped_section(section, move):
    rows = tuple(
        PlanRow(row.label, tuple(_at(seat, *move(seat.x, seat.y)) for seat in row.seats))
        for row in section.rows
    )
    return replace(section, rows=rows, outline=tuple(move(*point) for point in section.outline))


def _at(s, x, y):
    return PlanSeat(
        s.label, x, y, s.kind, s.block, s.index, s.restricted_view, s.category, s.disclosure
    )


def _mapped_shape(shape, move, scale):
    x, y = move(shape.x, shape.y)
    points = tuple(move(*point) for point in shape.points)
    return replace(shape, points=points, x=x, y=y, w=shape.w * scale, h=shape.h * scale)


# Outlines, shapes, sheet


def _outlined(section):
    if len(section.outline) >= 3:
        return section
    points = [(seat.x, seat.y) for row in section.rows for seat in row.seats]
    return replace(section, outline=tuple(outlines.hull(points, OUTLINE_PADDING)))


def _upright(shape):
    """Turned boxes become polygons, so that only texts carry a rotation."""
    if shape.points or shape.kind == "text" or not shape.rotation:
        return shape
    points = corners(shape)
    if shape.kind == "circle":
        middle = (shape.x + shape.w / 2, shape.y + shape.h / 2)
        upright = outlines.ellipse(*middle, shape.w / 2, shape.h / 2)
        points = outlines.rotated(upright, shape.rotation, middle)
    return replace(shape, points=tuple(points), x=0, y=0, w=0, h=0, rotation=0)


def _stage(plan):
    """The middle of the stage, else the middle of the plan's upper edge."""
    for shape in plan.shapes:
        if shape.kind == "stage":
            left, top, right, bottom = outlines.box(corners(shape))
            return (left + right) / 2, (top + bottom) / 2
    left, top, right, _ = extent(plan)
    return (left + right) / 2, top


def _on_the_sheet(plan):
    """Shifted to the margin and rounded; far-off decoration is left out, far-off seats refused."""
    near = replace(plan, shapes=_near(plan))
    left, top, right, bottom = extent(near)
    if max(right - left, bottom - top) + 2 * MARGIN > FURTHEST:
        raise PlanError([_too_wide(plan, right - left, bottom - top)])
    dx, dy = MARGIN - left, MARGIN - top
    near = _mapped(near, lambda x, y: (round(x + dx), round(y + dy)))
    return replace(near, shapes=tuple(_whole(shape) for shape in near.shapes))


def _near(plan):
    """The shapes not further from the places than these are from each other."""
    left, top, right, bottom = extent(replace(plan, shapes=()))
    reach = max(right - left, bottom - top, 20 * PITCH)
    boxes = [(shape, outlines.box(corners(shape))) for shape in plan.shapes]
    return tuple(
        shape
        for shape, (x1, y1, x2, y2) in boxes
        if min(x1 - left, y1 - top, right - x2, bottom - y2) > -reach
    )


def _whole(shape):
    if shape.points:
        return replace(shape, x=0, y=0, w=0, h=0)
    return replace(shape, w=round(shape.w), h=round(shape.h), rotation=round(shape.rotation))


def _too_wide(plan, width, height):
    seats = [seat for _, _, _, seat in ordinals(plan)]
    cx, cy = median_low([seat.x for seat in seats]), median_low([seat.y for seat in seats])
    _, section, row, seat = max(
        ordinals(plan), key=lambda at: abs(at[3].x - cx) + abs(at[3].y - cy)
    )
    return (
        f"Plan: is {width / PITCH:,.0f} by {height / PITCH:,.0f} seat widths, at most "
        f"{FURTHEST // PITCH:,} are possible; furthest out is section '{section.label}', "
        f"row '{row.label}', seat '{seat.label}'"
    )
