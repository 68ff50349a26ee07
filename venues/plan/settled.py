"""Plans that come back as Tessera wrote them: they are taken as they are, to the last coordinate."""

from dataclasses import replace
from itertools import pairwise

from venues.plan.normal import FURTHEST, normalise
from venues.plan.parts import MARGIN, PlanRow


def settled(plan):
    """The sound plan itself when it is normalised already, else normalised."""
    whole = _in_whole_numbers(plan)
    return whole if is_normal(whole) else normalise(plan)


def is_normal(plan):
    """Whether a plan has the units, the order and the blocks that `normalise` gives."""
    return (
        plan.focal is not None
        and all(map(_is_whole, [plan.focal, *plan.focals.values()]))
        and all(map(_is_settled_section, plan.sections))
        and all(map(_is_settled_shape, plan.shapes))
    )


def _is_settled_section(section):
    rows = section.rows
    return (
        len(section.outline) >= 3
        and all(map(_is_on_sheet, section.outline))
        and all(row.seats for row in rows)
        and all(_is_on_sheet((seat.x, seat.y)) for row in rows for seat in row.seats)
        and all(_are_blocks([seat.block for seat in row.seats], section.kind) for row in rows)
    )


def _are_blocks(blocks, kind):
    if kind != "SEATS":
        return not any(blocks)
    return blocks[0] == 0 and all(b - a in (0, 1) for a, b in pairwise(blocks))


def _is_settled_shape(shape):
    if shape.points:
        is_plain = not (shape.x or shape.y or shape.w or shape.h or shape.rotation)
        return is_plain and all(map(_is_on_sheet, shape.points))
    is_upright = not shape.rotation or shape.kind == "text"
    edges = [(shape.x, shape.y), (shape.x + shape.w, shape.y + shape.h)]
    return is_upright and _is_whole((shape.w, shape.h)) and all(map(_is_on_sheet, edges))


def _is_whole(point):
    return all(isinstance(value, int) for value in point)


def _is_on_sheet(point):
    return _is_whole(point) and all(0 <= value <= FURTHEST - MARGIN for value in point)


def _in_whole_numbers(plan):
    """The plan with 12.0 written as 12, as drawings and spreadsheets do not tell them apart."""
    return replace(
        plan,
        sections=tuple(_whole_section(section) for section in plan.sections),
        shapes=tuple(_whole_shape(shape) for shape in plan.shapes),
        focal=plan.focal and _point(plan.focal),
        focals={zone: _point(at) for zone, at in plan.focals.items()},
    )


def _whole_section(section):
    rows = tuple(
        PlanRow(
            row.label,
            tuple(
                replace(seat, x=_number(seat.x), y=_number(seat.y), index=index)
                for index, seat in enumerate(row.seats)
            ),
        )
        for row in section.rows
    )
    return replace(section, rows=rows, outline=tuple(map(_point, section.outline)))


def _whole_shape(shape):
    sizes = {name: _number(getattr(shape, name)) for name in ("x", "y", "w", "h", "rotation")}
    return replace(shape, points=tuple(map(_point, shape.points)), **sizes)


def _point(point):
    return _number(point[0]), _number(point[1])


def _number(value):
    """An int for what is one to a millionth."""
    return round(value) if abs(value - round(value)) < 1e-6 else value
