"""A seat plan as one static SVG: a path per class of seats, whatever their number.

For the page without JavaScript, thumbnails, print and the admin's overlays. Colours are the style
sheet's business: every part has a class, and its attributes only say how it looks without one. No
style attribute and no id, so that it stands in a page under a strict policy, and more than once.
"""

from collections import defaultdict
from dataclasses import dataclass
from html import escape
from itertools import chain, product, repeat

from venues.plan import corners, ordinals, outlines, size

SEAT = 15
TAKEN, HOLE = 13, 9  # of a ring: whatever the colours, what is taken is hollow
LETTER = 0.62
LABEL_PIXELS = (10, 22)
SEATED_LABEL = 20  # pixels at most, for a name among seats
CELL = 10  # half a pitch


@dataclass(frozen=True)
class Drawing:
    """What of a plan's picture never changes: text `below` and `above` its places, its width in pixels,
    its `size` (w, h) in the plan's units, and `sections` (places, diameter of a standing place, 0 where
    one sits) in their order."""

    name: str
    size: tuple
    width: int
    below: str
    above: str
    sections: tuple
    has_links: bool


def drawing_of(plan, *, width=960, links=()):
    """The Drawing of a normalised plan. `width` is in pixels; the height follows. `links` are (address,
    accessible name) of every section: with them the sections are links, without them the whole is one
    image."""
    w, h = size(plan)
    pixel = w / width
    return Drawing(
        name=plan.name,
        size=(w, h),
        width=width,
        below="\n".join([*_areas(plan, links), *filter(None, _shapes(plan, pixel))]),
        above="\n".join(filter(None, _labels(plan, pixel))),
        sections=tuple((section.places, _standing_size(section)) for section in plan.sections),
        has_links=bool(links),
    )


def painted(drawing, points, classes, *, title=""):
    """The picture as text: `points` (x, y) and `classes` (CSS) of every place by ordinal; `title` is
    what an image is called."""
    w, h = drawing.size
    role = "group" if drawing.has_links else "img"
    named = f'role="{role}" aria-label="{escape(title or drawing.name)}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="seatmap" viewBox="0 0 {w} {h}" '
        f'width="{drawing.width}" height="{round(drawing.width * h / w)}" {named}>',
        drawing.below,
        *_dots(drawing.sections, points, classes),
        drawing.above,
        "</svg>",
    ]
    return "\n".join(filter(None, parts))


def svg(plan, classes, *, width=960, title="", links=()):
    """The picture of a normalised plan, at once: see `drawing_of` and `painted`."""
    points = [(seat.x, seat.y) for _, _, _, seat in ordinals(plan)]
    return painted(drawing_of(plan, width=width, links=links), points, classes, title=title)


def numbered_svg(plan, *, width=960, title=""):
    """The picture of a normalised plan by kinds of places, with the labels of its rows beside them and
    those of the first and last seat of each row on them."""
    classes = [f"kind-{seat.kind.lower()}" for _, _, _, seat in ordinals(plan)]
    drawn = svg(plan, classes, width=width, title=title)
    names = "".join(
        _row_names(row) for s in plan.sections if s.kind != "STANDING" for row in s.rows
    )
    return drawn.replace("</svg>", f'<g class="seatmap-names" aria-hidden="true">{names}</g></svg>')


def _row_names(row):
    first, last = row.seats[0], row.seats[-1]
    dx, dy = last.x - first.x, last.y - first.y
    long = (dx * dx + dy * dy) ** 0.5
    ax, ay = (dx / long, dy / long) if long else (1, 0)
    ends = [first, last] if long else [first]
    on = "".join(_text("seatmap-seat-name", s.label, (s.x, s.y), 8, 'fill="#ffffff"') for s in ends)
    beside = (round(first.x - 18 * ax), round(first.y - 18 * ay))
    return _text("seatmap-row-name", row.label, beside, 12, 'fill="#1a1511"') + on


def compared_svg(before, after, found, *, width=960, title=""):
    """The picture of a normalised plan with what a Difference from an earlier one says of its places:
    colours by class, and a sign on each so that colour is not needed. What is gone is crossed out where
    it was; a line leads from where a place stood to where it stands."""
    kinds = {c.after.ordinal: c.kind.lower() for c in found.changes if c.after}
    classes = [f"diff-{kinds.get(ordinal, 'same')}" for ordinal, *_ in ordinals(after)]
    drawn = svg(after, classes, width=width, title=title)
    return drawn.replace("</svg>", f'<g aria-hidden="true">{"".join(_signs(found))}</g></svg>')


def _signs(found):
    dx, dy = found.shift
    marks = {"removed": [], "added": [], "moved": [], "renamed": []}
    for change in found.changes:
        name, at = change.kind.lower(), change.after
        if name == "removed":
            x, y = change.before.x + dx, change.before.y + dy
            marks[name].append(f"M{x - 6} {y - 6}l12 12m-12 0l12-12")
        elif name == "added":
            marks[name].append(f"M{at.x - 4} {at.y}h8m-4-4v8")
        if "RENAMED" in change.kinds:
            marks["renamed"].append(f"M{at.x - 4} {at.y - 2}h8m-8 4h8m-6 3l4-10")
        if "MOVED" in change.kinds:
            marks["moved"].append(f"M{change.before.x + dx} {change.before.y + dy}L{at.x} {at.y}")
    for name, steps in marks.items():
        if steps:
            paint = "#b3261e" if name in ("removed", "moved") else "#ffffff"
            yield (
                f'<path class="diff-sign diff-sign--{name}" fill="none" stroke="{paint}" '
                f'stroke-width="2.5" stroke-linecap="round" d="{"".join(steps)}"/>'
            )


# Seats


def _dots(sections, points, classes):
    """Seats of equal class share a path of zero-length strokes with round ends: a dot each."""
    across = chain.from_iterable(repeat(standing, places) for places, standing in sections)
    groups = defaultdict(list)
    for look, point in zip(zip(across, classes, strict=True), points, strict=True):
        groups[look].append(point)
    drawn = sorted((*_round_of(*look), at) for look, at in groups.items())
    for diameter, name, is_ring, at in drawn:
        yield _round(name, diameter, "currentColor", at)
        if is_ring:
            yield _round("seatmap-hole", HOLE, "#f6f4f1", at)


def _round_of(standing, look):
    """(diameter, class, whether hollow) of a place: a standing one has a diameter of its own."""
    is_ring = look == "taken" and not standing
    name = f"seatmap-seats{' seatmap-places' if standing else ''} {look}"
    return standing or (TAKEN if is_ring else SEAT), name, is_ring


def _round(name, across, colour, points):
    return (
        f'<path class="{escape(name)}" fill="none" stroke="{colour}" '
        f'stroke-width="{across}" stroke-linecap="round" d="{_path_of(points)}"/>'
    )


def _path_of(points):
    """Each point relative to the one before, which is short, as rows are regular."""
    x = y = 0
    steps = []
    for px, py in points:
        steps.append(f"m{px - x} {py - y}h0")
        x, y = px, py
    return "".join(steps)


def _standing_size(section):
    """Diameter of a standing place: half of what each has for itself; 0 where one sits."""
    if section.kind != "STANDING":
        return 0
    return max(1, round((outlines.area(section.outline) / section.places) ** 0.5 / 2))


# Sections and shapes


def _areas(plan, links):
    for number, section in enumerate(plan.sections):
        kind = "" if section.kind == "SEATS" else f" seatmap-{section.kind.lower()}"
        area = (
            f'<path class="seatmap-section{kind}" fill="#f3f0ec" '
            f'stroke="#dbd7d2" stroke-width="2" d="{_polygon(section.outline)}"/>'
        )
        if links:
            address, name = links[number]
            area = f'<a href="{escape(address)}" aria-label="{escape(name)}">{area}</a>'
        yield area


def _shapes(plan, pixel):
    for shape in plan.shapes:
        dark = shape.kind == "stage"
        if shape.kind != "text":
            paint = 'fill="#1a1511"' if dark else 'fill="none" stroke="#857f7a" stroke-width="3"'
            name = f"seatmap-shape seatmap-{_word(shape.kind)}"
            yield f'<path class="{name}" {paint} {_form(shape)}/>'
        if shape.label:
            yield _shape_label(shape, pixel)


def _shape_label(shape, pixel):
    left, top, right, bottom = outlines.box(corners(shape))
    x, y = round((left + right) / 2), round((top + bottom) / 2)
    turn = f' transform="rotate({shape.rotation} {x} {y})"' if shape.rotation else ""
    room = (right - left, bottom - top) if right > left else (9e9, 24 * pixel)
    on_stage = shape.kind == "stage"
    name = f"seatmap-shape-label{' seatmap-stage-label' if on_stage else ''}"
    paint = f'fill="{"#ffffff" if on_stage else "#5d5751"}"{turn}'
    return _text(name, shape.label, (x, y), _font(shape.label, room, pixel), paint)


def _labels(plan, pixel):
    """Names of sections, where they hide no seat if there is such a place: in the middle, else above,
    else below. They have a halo; the list beside the map is what is read."""
    crowd = _crowd(plan)
    yield '<g aria-hidden="true" stroke="#ffffff" paint-order="stroke" stroke-linejoin="round">'
    for section in plan.sections:
        left, top, right, bottom = outlines.box(section.outline)
        middle = tuple(round(value) for value in outlines.middle(section.outline))
        font = _font(section.label, (right - left, bottom - top), pixel)
        if font and section.kind != "STANDING":
            font = min(font, round(SEATED_LABEL * pixel))
            half = LETTER * font * len(section.label) / 2, font / 2
            middle = _clear(middle, half, (top - 2 * font, bottom + 2 * font), crowd)
        halo = f'fill="#1a1511" stroke-width="{4 * pixel:.0f}"'
        yield _text("seatmap-label", section.label, middle, font, halo)
    yield "</g>"


def _crowd(plan):
    """The cells of a grid in which something stands: seats, or shapes."""
    cells = {
        (seat.x // CELL, seat.y // CELL)
        for _, section, _, seat in ordinals(plan)
        if section.kind != "STANDING"
    }
    for shape in plan.shapes:
        if shape.kind != "text":
            cells.update(_cells(outlines.box(corners(shape))))
    return cells


def _cells(box):
    left, top, right, bottom = (int(edge // CELL) for edge in box)
    return product(range(left, right + 1), range(top, bottom + 1))


def _clear(at, half, limits, crowd):
    """The place nearest to `at`, upwards and then downwards within the limits, at which a label of
    this half size hides nothing, which it then takes; `at` itself when there is none."""
    x, y = at
    ways = (range(y, int(limits[0]), -CELL), range(y, int(limits[1]), CELL))
    for place in (each for way in ways for each in way):
        reach = half[0] + SEAT / 2, half[1] + SEAT / 2
        box = (x - reach[0], place - reach[1], x + reach[0], place + reach[1])
        if crowd.isdisjoint(_cells(box)):
            crowd.update(_cells(box))
            return x, place
    return at


def _font(text, room, pixel):
    """As large as the room allows; 0 where it could not be read."""
    smallest, largest = LABEL_PIXELS
    fits = min(room[0] / (LETTER * len(text)), room[1] * 0.7) / pixel
    if fits < smallest * 0.7:
        return 0
    return round(max(smallest, min(largest, fits)) * pixel)


def _text(name, text, at, font, paint):
    """A centred text; nothing for font 0."""
    if not font:
        return ""
    return (
        f'<text class="{name}" x="{at[0]}" y="{at[1]}" font-size="{font}" font-weight="700" '
        f'font-family="sans-serif" text-anchor="middle" dominant-baseline="central" {paint}>'
        f"{escape(text)}</text>"
    )


def _form(shape):
    if shape.points:
        return f'd="{_polygon(shape.points)}"'
    if shape.kind == "circle":
        return f'd="{_ellipse(shape.x, shape.y, shape.w, shape.h)}"'
    return f'd="M{shape.x} {shape.y}h{shape.w}v{shape.h}h{-shape.w}z"'


def _ellipse(x, y, w, h):
    arc = f"a{w / 2:g} {h / 2:g} 0 1 0"
    return f"M{x} {y + h / 2:g}{arc} {w} 0{arc} {-w} 0z"


def _polygon(points):
    (x, y), *rest = points
    return f"M{x} {y}L{' '.join(f'{px} {py}' for px, py in rest)}z"


def _word(kind):
    return "".join(c for c in kind.lower() if c.isalnum() and c.isascii()) or "shape"
