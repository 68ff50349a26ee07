"""What makes a plan unfit to sell from. Every problem is told, as 'object: reason'."""

import math
import re
import unicodedata
from collections import Counter

from venues.plan.parts import SEAT_KINDS, SECTION_KINDS, PlanError, ordinals

MOST_PLACES = 150_000
LONGEST_LABEL = 60
LONGEST_NAME = 120
LONGEST_NOTE = 300
FURTHEST = 1e7
MOST_CORNERS = 2_000
MOST_TOLD = 200

_MARKUP = re.compile(r"<\s*[/!?a-z]", re.IGNORECASE)
_TURNING = set("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def validate(plan):
    """Raise PlanError with everything `problems_of` finds."""
    problems = problems_of(plan)
    if problems:
        raise PlanError(problems)


def problems_of(plan):
    """Every problem of a plan, drawn or normalised; at most 200 are spelled out."""
    if plan.places > MOST_PLACES:
        return [_too_many(plan)]
    return shortened([*_unfinished(plan), *_faults(plan)])


def faults_of(plan):
    """Those problems that not even a plan still being drawn may have."""
    if plan.places > MOST_PLACES:
        return [_too_many(plan)]
    return shortened(list(_faults(plan)))


def _too_many(plan):
    return f"Plan: {plan.places:,} places, at most {MOST_PLACES:,} are possible"


def _unfinished(plan):
    """What somebody who draws may leave for later: names, and one place for everything."""
    if not plan.places:
        yield "Plan: there is not a single place in it"
    yield from _twice(plan.sections, "Plan", "sections are")
    for section in plan.sections:
        yield from _unfinished_section(section)
    yield from _stacked(plan)


def _unfinished_section(section):
    name = f"Section {shown(section.label)}"
    if not section.label:
        yield f"{name}: has no name"
    if not section.places:
        yield f"{name}: has no places"
    yield from _twice(section.rows, name, "rows are")
    for row in section.rows:
        spot = _row_spot(name, row)
        yield from _twice([seat for seat in row.seats if seat.label], spot, "seats are")
        for number, seat in enumerate(row.seats, start=1):
            if not seat.label:
                yield f"{spot}, seat number {number} in the file: has no label"


def _faults(plan):
    yield from _label_problems("Plan", "name", plan.name, LONGEST_NAME)
    for section in plan.sections:
        yield from _section_problems(section)
    yield from _focal_problems(plan)
    for shape in plan.shapes:
        yield from _shape_problems(shape)


def bad_label(text, longest=LONGEST_LABEL):
    """Why a text cannot be printed on a ticket, or ""."""
    if len(text) > longest:
        return f"is {len(text)} characters long, at most {longest} are possible"
    if _MARKUP.search(text):
        return f"has markup in it: {shown(text)}"
    if text.isascii() and text.isprintable():
        return ""
    if any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") or c in _TURNING for c in text):
        return f"has control characters: {text!a}"
    return ""


def shortened(problems):
    """The first 200 of a list of problems, and how many there are besides."""
    more = len(problems) - MOST_TOLD
    told = problems[:MOST_TOLD]
    return [*told, f"Plan: {more:,} more problems like these"] if more > 0 else told


def _focal_problems(plan):
    yield from _point_problems("Focal point", plan.focal or (0, 0))
    for zone, point in plan.focals.items():
        name = f"Focal point of zone {shown(zone)}"
        yield from _label_problems(name, "zone", zone)
        yield from _point_problems(name, point)


def _section_problems(section):
    name = f"Section {shown(section.label)}"
    if section.kind not in SECTION_KINDS:
        yield f"{name}: its kind {shown(section.kind)} is not one of {', '.join(SECTION_KINDS)}"
    for what in ("label", "zone", "floor", "entrance", "category"):
        yield from _label_problems(name, what, getattr(section, what))
    yield from _label_problems(name, "view note", section.view_note, LONGEST_NOTE)
    yield from _outline_problems(name, section.outline)
    yield from _row_problems(name, section)


def _row_problems(name, section):
    for row in section.rows:
        spot = _row_spot(name, row)
        yield from _label_problems(spot, "row label", row.label)
        for number, seat in enumerate(row.seats, start=1):
            named = shown(seat.label) if seat.label else f"number {number} in the file"
            yield from _seat_problems(f"{spot}, seat {named}", seat)


def _row_spot(name, row):
    return f"{name}, row {shown(row.label)}" if row.label else name


def _seat_problems(spot, seat):
    if seat.kind not in SEAT_KINDS:
        yield f"{spot}: its kind {shown(seat.kind)} is not one of {', '.join(SEAT_KINDS)}"
    yield from _label_problems(spot, "label", seat.label)
    yield from _label_problems(spot, "category", seat.category)
    yield from _label_problems(spot, "disclosure", seat.disclosure, LONGEST_NAME)
    yield from _point_problems(spot, (seat.x, seat.y))


def _stacked(plan):
    """Seats drawn on top of each other: no buyer could choose between them."""
    seen = {}
    for _, section, row, seat in ordinals(plan):
        if section.kind == "STANDING" or not math.isfinite(seat.x + seat.y):
            continue
        first = seen.setdefault((seat.x, seat.y), (section, row, seat))
        if first[2] is not seat:
            yield f"{_spot(section, row, seat)}: lies exactly on {_spot(*first)}"


def _spot(section, row, seat):
    parts = [("Section", section.label), ("row", row.label), ("seat", seat.label)]
    return ", ".join(f"{what} {shown(label)}" for what, label in parts if label)


def _outline_problems(name, outline):
    if len(outline) > MOST_CORNERS:
        yield f"{name}: its outline has {len(outline):,} corners, at most {MOST_CORNERS:,}"
        return
    for point in outline:
        yield from _point_problems(f"{name}, outline", point)


def _shape_problems(shape):
    name = f"Shape {shown(shape.label or shape.kind)}"
    yield from _label_problems(name, "label", shape.label, LONGEST_NAME)
    if len(shape.points) > MOST_CORNERS:
        yield f"{name}: has {len(shape.points):,} corners, at most {MOST_CORNERS:,}"
        return
    for point in (*shape.points, (shape.x, shape.y), (shape.w, shape.h)):
        yield from _point_problems(name, point)


def _point_problems(spot, point):
    lost = [axis for axis, value in zip("xy", point, strict=True) if not math.isfinite(value)]
    if lost:
        yield f"{spot}: {' and '.join(lost)} missing or not a number"
    for axis, value in zip("xy", point, strict=True):
        if math.isfinite(value) and abs(value) > FURTHEST:
            yield f"{spot}: its {axis} is {value:.6g}, at most {FURTHEST:,.0f} is possible"


def _label_problems(spot, what, text, longest=LONGEST_LABEL):
    reason = bad_label(text, longest)
    if reason:
        yield f"{spot}: its {what} {reason}"


def _twice(parts, spot, what):
    for label, times in Counter(part.label for part in parts).items():
        if times > 1:
            yield f"{spot}: {times:,} {what} labelled {shown(label)}"


def shown(text):
    """A label as it may stand in a message: short, one line, quoted when it is odd."""
    text = text if len(text) <= 40 else f"{text[:39]}…"
    return f"'{text}'" if text.isprintable() else ascii(text)
