"""Who sits beside whom: the physical order of a row and its blocks, from positions alone.

Printed numbers never count: they may run odd and even, right to left, or not at all.
"""

import math
from itertools import pairwise
from statistics import median_low

AISLE = 1.8
"""A gap wider than this many times the row's median pitch is an aisle."""


def physical_order(points):
    """Indexes of the points as one walks along the row, from its left (or upper) end.

    Rows may be straight, rotated or curved. The way along the row's main direction is taken
    unless the given order is shorter, as in a row that bends back on itself.
    """
    if len(points) < 2:
        return list(range(len(points)))
    along = _main_direction(points)
    projected = sorted(range(len(points)), key=lambda i: (_dot(points[i], along), i))
    given = list(range(len(points)))
    best = min(projected, given, key=lambda order: round(_length(points, order), 6))
    ends = [points[best[0]], points[best[-1]]]
    return best if _points_right(*way(ends)) else best[::-1]


def order_around(points):
    """Indexes of the points clockwise around their middle, beginning at the top: a table."""
    cx = sum(x for x, _ in points) / len(points)
    cy = sum(y for _, y in points) / len(points)
    return sorted(
        range(len(points)),
        key=lambda i: round(math.atan2(points[i][0] - cx, cy - points[i][1]) % math.tau, 6),
    )


def way(points):
    """The vector from the first to the last seat of a row in physical order."""
    (x1, y1), (x2, y2) = points[0], points[-1]
    return x2 - x1, y2 - y1


def runs_against(points, direction):
    """Whether a row runs clearly against a direction, so that neighbours would be walked apart."""
    dx, dy = way(points)
    along = dx * direction[0] + dy * direction[1]
    return along < -0.2 * math.hypot(dx, dy) * math.hypot(*direction)


def gaps(points):
    """Distances between neighbours of a row that is in physical order."""
    return [math.dist(a, b) for a, b in pairwise(points)]


def blocks(points, authored, usual):
    """Block number of each seat of a row in physical order, counted from 0.

    `authored` are block numbers the drawing brought along: a change is a break wherever it is.
    `usual` is the pitch of the surroundings; it decides in rows too short to have their own.
    """
    distances = gaps(points)
    pitch = min([usual, *distances]) if len(distances) < 3 else median_low(distances)
    numbers, block = [0] * len(points), 0
    for i, distance in enumerate(distances):
        block += distance > AISLE * pitch or authored[i + 1] != authored[i]
        numbers[i + 1] = block
    return numbers


def _main_direction(points):
    """Unit vector of the largest spread (first principal component)."""
    cx = sum(x for x, _ in points) / len(points)
    cy = sum(y for _, y in points) / len(points)
    xx = sum((x - cx) ** 2 for x, _ in points)
    yy = sum((y - cy) ** 2 for _, y in points)
    xy = sum((x - cx) * (y - cy) for x, y in points)
    angle = math.atan2(2 * xy, xx - yy) / 2
    return math.cos(angle), math.sin(angle)


def _dot(a, b):
    return round(a[0] * b[0] + a[1] * b[1], 6)


def _length(points, order):
    return sum(math.dist(points[a], points[b]) for a, b in pairwise(order))


def _points_right(dx, dy):
    """To the right, or down where a row is steep. Rows at 45° are common and count as level."""
    return dx > 0 if abs(dx) * 1.1 >= abs(dy) else dy > 0
