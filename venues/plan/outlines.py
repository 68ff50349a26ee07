"""Plane geometry of sections: hulls, areas, and standing places laid out inside an area.

A point is a tuple (x, y) of numbers in the plan's own units; a polygon is a list of points, not
closed. Angles are degrees, clockwise on the screen.
"""

import math


def rotated(points, degrees, centre):
    """The points turned clockwise around a centre."""
    if not degrees:
        return list(points)
    cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    cx, cy = centre
    return [
        (cx + (x - cx) * cosine - (y - cy) * sine, cy + (x - cx) * sine + (y - cy) * cosine)
        for x, y in points
    ]


def rectangle(x, y, w, h):
    """Corners of an upright rectangle whose top left is (x, y)."""
    return [(x, y), (x + w, y), (x + w, y + h), (x, y + h)]


def ellipse(cx, cy, rx, ry, steps=36):
    """A polygon of `steps` corners on an upright ellipse."""
    turns = [2 * math.pi * step / steps for step in range(steps)]
    return [(cx + rx * math.cos(turn), cy + ry * math.sin(turn)) for turn in turns]


def box(points):
    """(left, top, right, bottom) around at least one point."""
    xs, ys = zip(*points, strict=True)
    return min(xs), min(ys), max(xs), max(ys)


def area(polygon):
    """Surface of a simple polygon, in square units."""
    following = [*polygon[1:], polygon[0]]
    pairs = zip(polygon, following, strict=True)
    return abs(sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in pairs)) / 2


def contains(polygon, point):
    """Whether a point lies inside a simple polygon; the border may count either way."""
    crossings = _crossings(polygon, point[1])
    return sum(1 for x in crossings if x > point[0]) % 2 == 1


def hull(points, padding):
    """Convex polygon, clockwise on the screen, that keeps `padding` away from every point."""
    return _convex(
        list(
            dict.fromkeys(
                (x + dx * padding, y + dy * padding)
                for x, y in _convex(list(dict.fromkeys(points)))
                for dx, dy in _COMPASS
            )
        )
    )


_COMPASS = [(1, 0.4), (0.4, 1), (-0.4, 1), (-1, 0.4), (-1, -0.4), (-0.4, -1), (0.4, -1), (1, -0.4)]


def _convex(points):
    if len(points) < 3:
        return points
    points = sorted(points)
    return _half(points)[:-1] + _half(points[::-1])[:-1]


def _half(points):
    chain = []
    for point in points:
        while len(chain) > 1 and _turn(chain[-2], chain[-1], point) <= 0:
            chain.pop()
        chain.append(point)
    return chain


def _turn(a, b, c):
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def spread(polygon, count):
    """Exactly `count` points on a square grid inside a polygon, row by row from the top.

    A sliver has no room for a grid: its places stand in a square around its middle.
    """
    left, top, right, bottom = box(polygon)
    if area(polygon) <= max(right - left, bottom - top) ** 2 / 1000:
        polygon = _square((left + right) / 2, (top + bottom) / 2, 14 * math.sqrt(count))
    lines = _grid(polygon, _densest(polygon, count))
    surplus = sum(map(len, lines)) - count
    while surplus >= len(lines[-1]):
        surplus -= len(lines.pop())
    lines[-1] = lines[-1][surplus // 2 : len(lines[-1]) - (surplus + 1) // 2]
    return [place for line in lines for place in line]


def _square(cx, cy, side):
    return rectangle(cx - side / 2, cy - side / 2, side, side)


def _densest(polygon, count):
    """The widest pitch, to about one in a thousand, at which `count` points fit."""
    wide = math.sqrt(area(polygon) / count) * 1.5
    narrow = wide
    while _fits(polygon, narrow) < count:
        narrow *= 0.8
    while wide - narrow > narrow / 1000:
        middle = (wide + narrow) / 2
        wide, narrow = (wide, middle) if _fits(polygon, middle) >= count else (middle, narrow)
    return narrow


def _fits(polygon, pitch):
    return sum(len(line) for _, line in _lines(polygon, pitch))


def _grid(polygon, pitch):
    """Lists of points, a list a line."""
    return [
        [(start + pitch * step, y) for start, step in line] for y, line in _lines(polygon, pitch)
    ]


def _lines(polygon, pitch):
    """Pairs (y, places) where places are (start x of their stretch, number in the stretch)."""
    _, top, _, bottom = box(polygon)
    lines = max(1, round((bottom - top) / pitch))
    for line in range(lines):
        y = top + (bottom - top) * (line + 0.5) / lines
        xs = _crossings(polygon, y)
        yield (
            y,
            [
                place
                for pair in zip(xs[::2], xs[1::2], strict=False)
                for place in _stretch(*pair, pitch)
            ],
        )


def _stretch(left, right, pitch):
    """Places on one stretch of a line, centred, half a pitch away from its ends."""
    count = int((right - left) / pitch)
    start = (left + right - pitch * (count - 1)) / 2
    return [(start, step) for step in range(count)]


def _crossings(polygon, y):
    """Sorted x at which a horizontal line crosses the border."""
    found = []
    x1, y1 = polygon[-1]
    for x2, y2 in polygon:
        if (y1 > y) != (y2 > y):
            found.append(x1 + (y - y1) * (x2 - x1) / (y2 - y1))
        x1, y1 = x2, y2
    return sorted(found)


def middle(polygon):
    """Centre of gravity of a polygon; of its corners when it has no surface."""
    following = [*polygon[1:], polygon[0]]
    sums = [0.0, 0.0, 0.0]
    x0, y0 = polygon[0]
    for (x1, y1), (x2, y2) in zip(polygon, following, strict=True):
        cross = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
        sums = [sums[0] + cross, sums[1] + cross * (x1 + x2 + x0), sums[2] + cross * (y1 + y2 + y0)]
    if not sums[0]:
        left, top, right, bottom = box(polygon)
        return (left + right) / 2, (top + bottom) / 2
    return sums[1] / (3 * sums[0]), sums[2] / (3 * sums[0])
