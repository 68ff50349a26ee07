"""The shapes of a seats.io drawing: areas, decorations, and where the inside of a section lies."""

from math import isfinite

from venues.importers import reading
from venues.importers.drafts import drawable, is_stage
from venues.plan import PlanShape, outlines


def to_chart_of(form, inside, outline, scale):
    """The function that brings points of a section's inside to the chart.

    Drawings differ in whether the inside is local and on which scale: the way that brings most of
    its seats within the section's outline is taken, the documented one first.
    """
    left, top = reading.point(form, "topLeft")
    if not isfinite(left + top):
        box = outlines.box(outline) if outline else (0, 0, 0, 0)
        left, top = box[0] - 1, box[1] - 1
    ways = [
        lambda x, y: (x + left, y + top),
        lambda x, y: (x * scale + left, y * scale + top),
        lambda x, y: (x, y),
    ]
    seats = [reading.point(seat) for row in rows(inside) for seat in reading.parts(row, "seats")]
    if not outline or not seats or len(outline) > 200:
        return ways[0]
    some = seats[:: max(1, len(seats) // 40)]
    return max(ways, key=lambda way: sum(outlines.contains(outline, way(*seat)) for seat in some))


def rows(chart):
    return [*reading.parts(chart, "rows"), *reading.parts(chart, "tables")]


def corners(form):
    """Corners of an area: a polygon, else a circle (two radii) or rectangle turned as it is."""
    points = [reading.point(corner) for corner in reading.decorations(form, "points")]
    if points:
        return points
    cx, cy = reading.point(form, "center")
    rx = reading.number(form.get("radius1"), reading.number(form.get("radius"), 0))
    if rx:
        ry = reading.number(form.get("radius2"), rx)
        points = outlines.ellipse(cx, cy, rx, ry)
    else:
        w, h = reading.number(form.get("width")), reading.number(form.get("height"))
        points = outlines.rectangle(cx - w / 2, cy - h / 2, w, h)
    return outlines.rotated(points, reading.number(form.get("rotationAngle"), 0), (cx, cy))


def drawn(form, to_chart, usual, label=None):
    """A shape, table or booth as a list of one decoration, or of none when it is not whole."""
    points = tuple(to_chart(*corner) for corner in corners(form))
    if not drawable(points):
        return []
    named = reading.caption(form.get("label")) if label is None else label
    if reading.label(form.get("smartType")).lower() == "stage" or is_stage(named):
        return [PlanShape("stage", named, points)]
    kind = reading.label(form.get("type")) or usual
    if form.get("points") or reading.number(form.get("rotationAngle"), 0):
        return [PlanShape(kind, named, points)]
    left, top, right, bottom = outlines.box(points)
    kind = "circle" if kind in ("circle", "round") else "rectangle"
    return [PlanShape(kind, named, x=left, y=top, w=right - left, h=bottom - top)]


def text_shape(form, to_chart):
    x, y = to_chart(reading.number(form.get("centerX")), reading.number(form.get("centerY")))
    text = reading.caption(form.get("text"))
    if not text or not drawable([(x, y)]):
        return []
    rotation = reading.number(form.get("rotationAngle"), 0)
    return [PlanShape("text", text, x=x, y=y, rotation=rotation if isfinite(rotation) else 0)]
