"""What somebody who draws a plan should look at before it is published, and where it is."""

import math
import re
from collections import Counter, defaultdict
from dataclasses import asdict, dataclass

from venues.plan import outlines
from venues.plan.normal import scale_of
from venues.plan.parts import PITCH, Plan
from venues.plan.soundness import MOST_PLACES, shown

TOO_NEAR = 0.6
"""Seats nearer to each other than this many pitches lie upon each other."""

MOST_FINDINGS = 300


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to look at: the object, what is wrong with it, and the point of the drawing where it is
    (None: the whole plan). `stops`: a plan with it cannot be published."""

    what: str
    why: str
    at: tuple[float, float] | None = None
    stops: bool = True

    @property
    def form(self):
        return asdict(self)


def findings_of(plan: Plan, *, licensed=None):
    """Every Finding about a plan as drawn, those that stop it first; at most 300.

    `licensed` is how many people the house may hold.
    """
    found = [
        *_findings_of_capacity(plan, licensed),
        *_findings_of_names(plan),
        *_findings_of_places(plan),
    ]
    return sorted(found, key=lambda finding: not finding.stops)[:MOST_FINDINGS]


def _findings_of_capacity(plan, licensed):
    if not plan.places:
        yield Finding("Plan", "there is not a single place in it")
    most = min(licensed or MOST_PLACES, MOST_PLACES)
    if plan.places > most:
        whose = "the house is licensed for" if licensed == most else "are possible at most"
        yield Finding("Plan", f"{plan.places:,} places, {most:,} {whose}")


# Names


def _findings_of_names(plan):
    times = Counter(section.label for section in plan.sections)
    for section in plan.sections:
        name = f"Section {shown(section.label)}"
        if not section.label:
            yield Finding("Section", "has no name", _middle(section))
        elif times[section.label] > 1:
            yield Finding(name, f"{times[section.label]} sections have this name", _middle(section))
        if not section.places:
            yield Finding(name, "has no places", _middle(section))
        yield from _findings_of_rows(name, section)


def _findings_of_rows(name, section):
    rows = [row for row in section.rows if row.seats]
    times = Counter(row.label for row in rows)
    for row in rows:
        at = _spot(row.seats[0])
        if times[row.label] > 1:
            label = f"labelled {shown(row.label)}" if row.label else "without a label"
            yield Finding(name, f"{times[row.label]} rows are {label}", at)
        yield from _findings_of_labels(f"{name}, row {shown(row.label)}", row)
    yield from _alike(name, [(row.label, _spot(row.seats[0])) for row in rows], "rows")


def _findings_of_labels(name, row):
    times = Counter(seat.label for seat in row.seats)
    for seat in row.seats:
        if not seat.label:
            yield Finding(name, "a seat has no number", _spot(seat))
        elif times[seat.label] > 1:
            yield Finding(
                f"{name}, seat {shown(seat.label)}",
                f"{times[seat.label]} seats have this number",
                _spot(seat),
            )
        if '"' in seat.label:
            yield Finding(
                f"{name}, seat {shown(seat.label)}",
                "a label with a quotation mark cannot be written in a list of seats",
                _spot(seat),
                stops=False,
            )
    yield from _alike(name, [(seat.label, _spot(seat)) for seat in row.seats], "seats")


def _alike(name, labels, what):
    """Labels that nobody reaches by typing or hearing them: they only differ in case or spaces."""
    groups = defaultdict(set)
    spots = {}
    for label, at in labels:
        key = re.sub(r"\s", "", label).casefold()
        groups[key].add(label)
        spots.setdefault(key, at)
    for key, alike in groups.items():
        if len(alike) > 1:
            words = " and ".join(shown(label) for label in sorted(alike))
            why = f"the {what} {words} cannot be told apart when they are typed"
            yield Finding(name, why, spots[key], stops=False)


# Places


def _findings_of_places(plan):
    near = TOO_NEAR * PITCH / (scale_of(plan) if plan.places else 1)
    cells = {}
    for section in plan.sections:
        if section.kind == "STANDING":
            continue
        for row in section.rows:
            for seat in row.seats:
                name = _named(section, row, seat)
                yield from _findings_of_seat(name, section, seat, cells, near)
                cells.setdefault(_cell(seat, near), []).append((seat, name))


def _findings_of_seat(name, section, seat, cells, near):
    other = _neighbour(seat, cells, near)
    if other:
        beside, whose = other
        is_same = (beside.x, beside.y) == (seat.x, seat.y)
        where = "lies exactly on" if is_same else "overlaps"
        yield Finding(_words(name), f"{where} {_words(whose)}", _spot(seat), stops=is_same)
    if len(section.outline) > 2 and not outlines.contains(section.outline, (seat.x, seat.y)):
        why = f"lies outside the outline of section {shown(section.label)}"
        yield Finding(_words(name), why, _spot(seat), stops=False)


def _neighbour(seat, cells, near):
    """(seat, name) of one seen before that is too near, or None."""
    column, line = _cell(seat, near)
    for x in (column - 1, column, column + 1):
        for y in (line - 1, line, line + 1):
            for other, name in cells.get((x, y), ()):
                if math.dist(_spot(other), _spot(seat)) < near:
                    return other, name
    return None


def _cell(seat, size):
    return int(seat.x // size), int(seat.y // size)


def _named(section, row, seat):
    return section.label, row.label, seat.label


def _words(name):
    parts = zip(("Section", "row", "seat"), name, strict=True)
    return ", ".join(f"{what} {shown(label)}" for what, label in parts if label)


def _spot(seat):
    return seat.x, seat.y


def _middle(section):
    seats = [seat for row in section.rows for seat in row.seats]
    points = [_spot(seat) for seat in seats] or list(section.outline)
    if not points:
        return None
    left, top, right, bottom = outlines.box(points)
    return (left + right) / 2, (top + bottom) / 2
