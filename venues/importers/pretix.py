"""Seating plans of pretix: zones, rows and seats, each placed relative to the one around it.

A zone is a section. The format knows neither wheelchair spaces nor standing areas; a category that
speaks of wheelchairs, companions or VIPs says so for its seats.
"""

from collections import Counter
from dataclasses import replace

from venues.importers import reading
from venues.importers.drafts import Draft, drawable, is_stage, kind_of
from venues.plan import (
    Plan,
    PlanError,
    PlanSeat,
    PlanShape,
    in_front_of_a_stage,
    in_rows,
    outlines,
)


def parse(content):
    """The plan of a pretix seating plan, in its own units. Raises PlanError."""
    form = reading.json_of(reading.text_of(content))
    if not is_plan(form):
        raise PlanError(["File: is not a pretix seating plan, it has no list of zones"])
    zones = reading.parts(form, "zones")
    reading.refuse_too_many(sum(_seats_in(zone) for zone in zones))
    names = _section_names(zones, form)
    sections = [_section(zone, name) for zone, name in zip(zones, names, strict=True)]
    sections = [section for section in sections if section.places]
    plan = Plan(
        name=reading.caption(form.get("name")) or "Seat plan",
        sections=_placed(sections),
        shapes=tuple(shape for zone in zones for shape in _areas(zone)),
        categories=tuple(_category(each) for each in reading.decorations(form, "categories")),
    )
    return reading.sound(plan, [])


def is_plan(form):
    """Whether a JSON document looks like a pretix seating plan."""
    return any("rows" in zone for zone in reading.decorations(form, "zones"))


def _seats_in(zone):
    return sum(len(reading.parts(row, "seats")) for row in reading.parts(zone, "rows"))


def _section_names(zones, form):
    """A name for each zone: its own, with a number when an earlier zone has it too."""
    seen, names = Counter(), []
    for zone in zones:
        name = reading.first_label(zone.get("name"), form.get("name"), "Main")[:60]
        seen[name] += bool(_seats_in(zone))
        names.append(name if seen[name] < 2 else f"{name} {seen[name]}")
    return names


def _section(zone, name):
    draft = Draft(name)
    for row in reading.parts(zone, "rows"):
        label = reading.first_label(row.get("row_number"), row.get("row_label"))
        draft.add(label, [_seat(zone, row, seat) for seat in reading.parts(row, "seats")])
    return draft.section()


def _seat(zone, row, seat):
    category = reading.label(seat.get("category"))
    x, y = _sum(_offset(zone), _offset(row), _position(seat))
    return PlanSeat(
        reading.first_label(seat.get("seat_number"), seat.get("seat_label")),
        x,
        y,
        kind=kind_of("wheelchair" if reading.flag(seat.get("wheelchair")) else category),
        category=category,
    )


def _placed(sections):
    """The sections where they are drawn; those drawn in a single point are laid out in rows."""
    if not any(_in_one_point(section) for section in sections):
        return tuple(sections)
    laid_out = [
        replace(section, rows=in_rows(section.rows)) if _in_one_point(section) else section
        for section in sections
    ]
    return in_front_of_a_stage(laid_out)


def _in_one_point(section):
    """Whether no row has its seats apart: a plan that was made without positions."""
    rows = [{(seat.x, seat.y) for seat in row.seats} for row in section.rows if row.seats[1:]]
    return bool(rows) and all(len(points) == 1 for points in rows)


# Positions


def _position(form):
    return reading.point(form, "position")


def _offset(form):
    """The origin of a zone or row, which may be left out."""
    position = reading.part(form, "position")
    return reading.number(position.get("x"), 0), reading.number(position.get("y"), 0)


def _sum(*points):
    return sum(x for x, _ in points), sum(y for _, y in points)


# Areas


def _areas(zone):
    """Decorations of a zone: an area turns around its own position."""
    for area in reading.decorations(zone, "areas"):
        at = _sum(_offset(zone), _offset(area))
        caption = _caption(area)
        points = outlines.rotated(_corners(area, at), reading.number(area.get("rotation"), 0), at)
        if points and drawable(points):
            kind = "stage" if is_stage(caption) else reading.label(area.get("shape")) or "rectangle"
            yield PlanShape(kind, caption, tuple(points))
        elif caption and drawable([at]):
            x, y = _sum(at, _offset(reading.part(area, "text")))
            yield PlanShape("text", caption, x=x, y=y)


def _caption(area):
    text = area.get("text")
    return reading.caption(text.get("text") if isinstance(text, dict) else text)


def _corners(area, at):
    x, y = at
    size = reading.part(area, "rectangle") or area
    w, h = reading.number(size.get("width"), 0), reading.number(size.get("height"), 0)
    radius = reading.part(area, "circle").get("radius")
    radii = reading.part(reading.part(area, "ellipse"), "radius") or {"x": radius, "y": radius}
    corners = reading.decorations(reading.part(area, "polygon"), "points")
    if corners:
        return [_sum(at, reading.point(corner)) for corner in corners]
    if radii["x"]:
        return outlines.ellipse(x, y, *reading.point(radii))
    return outlines.rectangle(x, y, w, h) if w and h else []


def _category(form):
    name = reading.label(form.get("name"))
    return name, name, reading.colour(form.get("color"))
