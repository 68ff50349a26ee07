"""Seat plans drawn in Inkscape, Illustrator, Figma and the like, and those Tessera wrote itself.

Circles, ellipses, rectangles and round paths of the usual size are seats; named groups are sections
and rows; whatever has no name is numbered (venues.importers.numbering). What the `data-` attributes
of docs/layouts.md say holds before anything is guessed.
"""

import math
from dataclasses import dataclass, fields

from venues.importers import numbering as rules
from venues.importers import reading, svg_drawing
from venues.importers.drafts import drawable, kind_of, room_to_stand
from venues.importers.numbering import Numbering
from venues.importers.svg_drawing import json_fact, point_of
from venues.importers.svg_rows import depth
from venues.importers.svg_seats import name_from_groups, seats_of
from venues.importers.svg_sections import blocks_of, front_first, name_rows
from venues.importers.svg_shapes import (
    areas_of,
    largest,
    sections_drawn,
    shapes_of,
    stage_of,
    with_outlines,
)
from venues.plan import Plan, PlanError, PlanRow, PlanSeat, PlanSection
from venues.plan.adjacency import order_around, physical_order
from venues.plan.soundness import FURTHEST, shown

MOST_WORDS_ON_SHAPES = 2_000

_TOLD = tuple(each.name for each in fields(PlanSection) if each.name not in ("rows", "outline"))


@dataclass
class Understood:
    """What was made of a drawing. `blocks` are sections of seats, of which names may be missing."""

    name: str
    blocks: list
    areas: list
    shapes: list
    focal: tuple | None
    facts: dict

    @property
    def is_complete(self):
        """Whether nothing must be numbered or asked."""
        known = all(keeps_rows(block) and keeps_seats(block) for block in self.blocks)
        return known and all(area.capacity for area in self.areas)

    def notes(self):
        """What a reader who did not choose should know, as sentences."""
        told = []
        for block in self.blocks:
            rule = usual(block)
            if rule.rows != rules.KEEP:
                told.append(f"Rows of {block.label} got letters, A in front.")
            if rule.seats != rules.KEEP:
                told.append(f"Seats of {block.label} got numbers, 1 on the left of each row.")
        return told


def parse(text):
    """The plan of a drawing in its own units; what has no name is numbered. Raises PlanError."""
    return numbered(understand(text))


def understand(text):
    """Understood of an SVG document. Raises PlanError when there is no seat and no area in it."""
    drawing = svg_drawing.read(reading.text_of(text))
    seats, others = seats_of(drawing)
    _refuse_lost(seats)
    reading.refuse_too_many(len(seats))
    facts = drawing.root.facts
    words = [word for word in drawing.words if "part" not in word.facts]
    words = name_from_groups(seats, words) if seats else words
    frames = largest([mark for mark in others if mark.points and drawable(mark.points)])
    stage = stage_of(frames, words)
    focal = _pair(facts.get("focal")) or (stage and (stage.x, stage.y))
    blocks = blocks_of(seats, sections_drawn(frames, seats), focal)
    words = name_rows(blocks, words)[:MOST_WORDS_ON_SHAPES]
    for block in blocks:
        front_first(block, focal)
    areas, rest = areas_of(frames, words, seats)
    used = {id(block.area) for block in blocks}
    rest = with_outlines(blocks, [mark for mark in rest if id(mark) not in used])
    kept = set(map(id, rest)) | {id(mark) for mark in others if not mark.points}
    found = Understood(
        name=facts.get("name") or reading.caption(drawing.root.name) or "Seat plan",
        blocks=blocks,
        areas=areas,
        shapes=shapes_of([mark for mark in others if id(mark) in kept], words, seats, stage),
        focal=focal,
        facts=facts,
    )
    if not blocks and not areas:
        raise PlanError(
            [
                "Drawing: no seats were found; draw them as circles, ellipses or rectangles of one size"
            ]
        )
    return found


def _refuse_lost(seats):
    """Before anything is measured: a seat that is nowhere, or far beyond any house."""
    problems = []
    for seat in seats:
        named = f"Seat {shown(reading.label(seat.label))}" if seat.label else f"A {seat.mark.tag}"
        for axis, value in zip("xy", seat.point, strict=True):
            if not math.isfinite(value):
                problems.append(f"{named}: its {axis} is missing or not a number")
            elif abs(value) > FURTHEST:
                problems.append(f"{named}: its {axis} is {value:.6g}, at most {FURTHEST:,.0f}")
    if problems:
        raise PlanError(reading.shortened(problems))


# The plan


def keeps_rows(block):
    """Whether the rows of a section can stay as they are drawn."""
    labels = [line.label for line in block.lines]
    return None not in labels and len(set(labels)) == len(labels)


def keeps_seats(block):
    """Whether the labels of its seats can stay. Marked ones do: twice the same is refused then."""
    if all("seat" in seat.mark.facts for seat in block.seats):
        return True
    for line in block.lines:
        labels = [seat.label for seat in line.seats]
        if None in labels or len(set(labels)) < len(labels):
            return False
    return True


def usual(block):
    """The Numbering a section gets when nobody chooses: as drawn, else letters and 1, 2, 3."""
    rows = rules.KEEP if keeps_rows(block) else rules.LETTERS
    return Numbering(rows=rows, seats=rules.KEEP if keeps_seats(block) else rules.ALL)


def numbered(understood, chosen=None, names=None, capacities=None):
    """The sound plan of an Understood, in its own units.

    `chosen` is {index of a section: Numbering}, `names` {index: label}, `capacities` {index of an
    area: places}; what is left out is as drawn or as usual. Raises PlanError, WrongNumbering.
    """
    chosen, names, capacities = chosen or {}, names or {}, capacities or {}
    capacities = [capacities.get(i) or area.capacity for i, area in enumerate(understood.areas)]
    seats = sum(len(block.seats) for block in understood.blocks)
    reading.refuse_too_many(seats, capacities)
    problems = []
    sections = [
        _section(block, chosen.get(i) or usual(block), names.get(i), understood.focal)
        for i, block in enumerate(understood.blocks)
    ]
    for area, places in zip(understood.areas, capacities, strict=True):
        kept = {key: area.facts.get(key, "") for key in ("zone", "floor", "entrance", "category")}
        section = room_to_stand(area.label, places, area.outline, problems, **kept)
        sections += [section] if section else []
    facts = understood.facts
    plan = Plan(
        name=understood.name,
        sections=tuple(sections),
        shapes=tuple(understood.shapes),
        focal=understood.focal,
        categories=tuple(map(_category, json_fact(facts, "categories", []))),
        focals={zone: point_of(at) for zone, at in json_fact(facts, "focals", {}).items()},
    )
    return reading.sound(plan, problems)


def _section(block, rule, label, focal):
    lines = block.lines
    labels = [line.label for line in lines]
    if rule.rows != rules.KEEP:
        lines = sorted(lines, key=lambda line: depth(line.points, focal))
        labels = rules.row_labels(rule, len(lines))
    given = {name: block.facts.get(name.replace("_", "-"), "") for name in _TOLD}
    given |= {"label": label or block.label, "kind": given["kind"] or "SEATS"}
    rows = tuple(
        _row(label or "", line, rule, given["kind"])
        for label, line in zip(labels, lines, strict=True)
    )
    outline = tuple(block.area.points) if block.area else ()
    return PlanSection(rows=rows, outline=outline, **given)


def _row(label, line, rule, kind):
    if rule.seats == rules.KEEP:
        return PlanRow(label, tuple(_seat(seat, seat.label or "") for seat in line.seats))
    order = order_around if kind == "TABLES" else physical_order
    seats = [line.seats[i] for i in order(line.points)]
    names = rules.seat_labels(rule, len(seats))
    return PlanRow(label, tuple(_seat(s, name) for s, name in zip(seats, names, strict=True)))


def _seat(seat, label):
    facts, x, y = seat.mark.facts, *seat.point
    spoken = "STANDARD" if "seat" in facts else kind_of(seat.mark.hint)
    return PlanSeat(
        label if "seat" in facts else reading.label(label),
        x,
        y,
        kind=facts.get("kind") or spoken,
        block=reading.whole(facts.get("block")) or 0,
        restricted_view=reading.flag(facts.get("restricted-view")),
        category=facts.get("category", ""),
        disclosure=facts.get("disclosure", ""),
    )


def _category(given):
    given = given if isinstance(given, list) else [given]
    key, label, colour = [*map(str, given), "", "", ""][:3]
    return key, label, reading.colour(colour)


def _pair(text):
    found = [reading.number(part) for part in (text or "").split()]
    return tuple(found) if len(found) == 2 and all(map(math.isfinite, found)) else None
