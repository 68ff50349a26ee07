"""A theatre of about 1,180 seats: curved stalls with two aisles, circle, balcony and boxes."""

import math
from dataclasses import replace

from venues.generators.drawing import (
    arc,
    band,
    finished,
    line,
    on_circle,
    row,
    row_labels,
    seats_in,
    stage,
)
from venues.plan import PITCH, Plan, PlanRow, PlanSection

CENTRE = (0, -430)
"""All rows are arcs around this point behind the stage."""

AISLE = 2.4 * PITCH


def theatre(name="Theatre"):
    """The normalised plan: Stalls, Dress circle, Balcony, Boxes left, Boxes right."""
    stalls = [_row(r, 27) for r in range(510, 510 + 20 * 24, 24)]
    circle = [_row(r, 27) for r in range(1090, 1090 + 6 * 24, 24)]
    balcony = [_row(r, 24) for r in range(1330, 1330 + 5 * 24, 24)]
    sections = (
        _tier("Stalls", _with_wheelchairs(_lettered(stalls)), (510, 966, 27)),
        _tier("Dress circle", _lettered(circle, leftwards=True), (1090, 1210, 27), floor="First"),
        _tier("Balcony", _with_poor_ends(_lettered(balcony)), (1330, 1426, 24), floor="Second"),
        _boxes("Boxes left", -1),
        _boxes("Boxes right", 1),
    )
    return finished(Plan(name, sections, (stage(480, 130, front=-16),)))


def _row(radius, half):
    """Three lists of points: left, middle and right of the two aisles."""
    third = 2 * half / 3
    seats = seats_in(math.radians(third) * radius - AISLE + PITCH)
    return [arc(CENTRE, radius, middle, seats) for middle in (-third, 0, third)]


def _lettered(rows, leftwards=False):
    """Rows with letters; seats numbered through, from the right in some houses."""
    lettered = []
    for label, parts in zip(row_labels(), rows, strict=False):
        points = [point for part in parts for point in part]
        lettered.append(row(label, points[::-1] if leftwards else points))
    return lettered


def _tier(label, rows, reach, floor=""):
    inner, outer, half = reach
    outline = band(CENTRE, inner - 18, outer + 18, -half - 1, half + 1)
    return PlanSection(label, "SEATS", tuple(rows), outline, floor=floor, category=label)


def _with_wheelchairs(rows):
    """The last row has three spaces with a companion's seat at either end."""
    *others, last = rows
    ends = [*range(6), *range(len(last.seats) - 6, len(last.seats))]
    kinds = dict(zip(ends, ["WHEELCHAIR", "COMPANION"] * 6, strict=True))
    seats = [replace(seat, kind=kinds.get(i, seat.kind)) for i, seat in enumerate(last.seats)]
    return [*others, PlanRow(last.label, tuple(seats))]


def _with_poor_ends(rows):
    """The rail hides the stage from the five outer seats of the first two rows."""
    return [
        PlanRow(
            r.label,
            tuple(
                replace(seat, restricted_view=min(i, len(r.seats) - 1 - i) < 5)
                for i, seat in enumerate(r.seats)
            ),
        )
        if depth < 2
        else r
        for depth, r in enumerate(rows)
    ]


def _boxes(label, side):
    """Five boxes of four chairs along a side wall."""
    middles = [on_circle(CENTRE, radius, side * 36) for radius in range(570, 970, 84)]
    rows = tuple(
        row(f"Box {number}", line(x, y, 4)) for number, (x, y) in enumerate(middles, start=1)
    )
    return PlanSection(label, "SEATS", rows, floor="First")
