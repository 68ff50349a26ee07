"""A plan as an SVG document: a picture for people and drawing programs, and all of the plan for the
SVG importer, in `data-` attributes (docs/layouts.md)."""

import json
from dataclasses import asdict, replace
from xml.sax.saxutils import escape, quoteattr

from venues.plan import corners, outlines, size

RADIUS = 7.5
ROW_LABEL = 9
COLOURS = {
    "STANDARD": "#5b6c8f",
    "VIP": "#a05a00",
    "WHEELCHAIR": "#0b6e99",
    "COMPANION": "#4c8fb0",
    "STANDING": "#8a8f98",
}
STYLE = (
    ".section{fill:#f3f0ec;stroke:#dbd7d2;stroke-width:2}.stage{fill:#1a1511}"
    ".shape{fill:none;stroke:#857f7a;stroke-width:3}"
    ".word{font:700 16px sans-serif;fill:#5d5751;text-anchor:middle}"
    ".on-stage{fill:#ffffff}.row{font:9px sans-serif;fill:#5d5751;text-anchor:middle}"
    + "".join(f".{kind.lower()}{{fill:{colour}}}" for kind, colour in COLOURS.items())
)


def write(plan):
    """The text of an SVG document of a normalised plan."""
    w, h = size(plan)
    facts = {
        "name": plan.name,
        "focal": " ".join(map(str, plan.focal)),
        "categories": [list(each) for each in plan.categories],
        "focals": {zone: list(at) for zone, at in plan.focals.items()},
    }
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {w} {h}"{_facts(facts)}>',
            f"<title>{escape(plan.name)}</title><style>{STYLE}</style>",
            *(_shape(shape) for shape in plan.shapes),
            *(line for section in plan.sections for line in _section(section)),
            "</svg>\n",
        ]
    )


def _section(section):
    facts = asdict(replace(section, rows=()))
    facts = {name: facts[name] for name in facts if name not in ("rows", "outline", "label")}
    yield f"<g data-section={_quoted(section.label)}{_facts(facts)}>"
    yield f'<polygon class="section" data-part="outline" points="{_points(section.outline)}"/>'
    for row in section.rows:
        yield f"<g data-row={_quoted(row.label)}>"
        yield from (_seat(section, row, seat) for seat in row.seats)
        yield "</g>"
        if row.label:
            yield _row_label(row)
    yield f"{_name(section)}</g>"


def _seat(section, row, seat):
    facts = asdict(seat)
    facts = {name: facts[name] for name in facts if name not in ("label", "x", "y", "index")}
    facts["kind"] = "" if seat.kind == "STANDARD" else seat.kind
    radius = RADIUS if section.kind != "STANDING" else _standing_radius(section)
    named = ", ".join(filter(None, [section.label, row.label and f"row {row.label}", seat.label]))
    return (
        f'<circle class="{seat.kind.lower()}" cx="{seat.x}" cy="{seat.y}" r="{radius:g}" '
        f"data-seat={_quoted(seat.label)}{_facts(facts)}><title>{escape(named)}</title></circle>"
    )


def _standing_radius(section):
    return max(0.5, round((outlines.area(section.outline) / section.places) ** 0.5 / 4, 1))


def _row_label(row):
    """Before the first seat, on the line of the row."""
    first = row.seats[0]
    second = row.seats[1] if len(row.seats) > 1 else replace(first, x=first.x + 1)
    dx, dy = first.x - second.x, first.y - second.y
    long = (dx * dx + dy * dy) ** 0.5 or 1
    x, y = first.x + 18 * dx / long, first.y + 18 * dy / long + ROW_LABEL / 3
    return f'<text class="row" data-part="row" x="{x:.0f}" y="{y:.0f}">{escape(row.label)}</text>'


def _name(section):
    left, top, right, _ = outlines.box(section.outline)
    at = f'x="{(left + right) / 2:.0f}" y="{top - 6}"'
    return f'<text class="word" data-part="name" {at}>{escape(section.label)}</text>'


def _shape(shape):
    facts = {"shape": shape.kind, "label": shape.label}
    if shape.kind == "text" and not shape.points:
        return _text(shape, facts)
    look = "stage" if shape.kind == "stage" else "shape"
    return f'<{_form(shape)} class="{look}"{_facts(facts)}/>' + _written_on(shape, look)


def _text(shape, facts):
    turn = f' transform="rotate({shape.rotation} {shape.x} {shape.y})"' if shape.rotation else ""
    spot = f'<text class="word" data-part="text" x="{shape.x}" y="{shape.y}"{turn}>'
    mark = f"<polygon{_facts({**facts, **_apart(shape)})}/>"
    return f"{mark}{spot}{escape(shape.label)}</text>"


def _form(shape):
    """The element of a shape without its end; what has no surface says in figures where it is."""
    if len(shape.points) >= 3:
        return f'polygon points="{_points(shape.points)}"'
    if shape.points or not (shape.w and shape.h):
        return f"polygon{_facts(_apart(shape))}"
    if shape.kind == "circle":
        cx, cy = shape.x + shape.w / 2, shape.y + shape.h / 2
        return f'ellipse cx="{cx:g}" cy="{cy:g}" rx="{shape.w / 2:g}" ry="{shape.h / 2:g}"'
    return f'rect x="{shape.x}" y="{shape.y}" width="{shape.w}" height="{shape.h}"'


def _apart(shape):
    if shape.points:
        return {"points": [list(point) for point in shape.points]}
    return {"box": [shape.x, shape.y, shape.w, shape.h, shape.rotation]}


def _written_on(shape, look):
    if not shape.label:
        return ""
    left, top, right, bottom = outlines.box(corners(shape))
    name = "word on-stage" if look == "stage" else "word"
    at = f'x="{(left + right) / 2:.0f}" y="{(top + bottom) / 2 + 5:.0f}"'
    return f'<text class="{name}" data-part="label" {at}>{escape(shape.label)}</text>'


def _points(points):
    return " ".join(f"{x},{y}" for x, y in points)


def _facts(facts):
    """data- attributes; what is at its default is left out, what is no text is JSON."""
    return "".join(
        f" data-{name.replace('_', '-')}={_quoted(value)}"
        for name, value in facts.items()
        if value not in ("", 0, False, [], {}, ())
    )


def _quoted(value):
    return quoteattr(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
