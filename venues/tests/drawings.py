"""Small SVG drawings as people make them, to be bent by the importer's tests."""

import math

from venues.importers import read, svg


def drawing(*parts, attributes='viewBox="0 0 800 600"', head=""):
    """An SVG document."""
    space = 'xmlns:inkscape="http://www.inkscape.org/namespaces/inkscape"'
    xlink = 'xmlns:xlink="http://www.w3.org/1999/xlink"'
    start = f'<svg xmlns="http://www.w3.org/2000/svg" {space} {xlink} {attributes}>'
    return f"{head}{start}{''.join(parts)}</svg>"


def group(*parts, **attributes):
    """A <g>; `label` is Inkscape's."""
    spelled = {"label": "inkscape:label"}
    given = " ".join(f'{spelled.get(k, k)}="{v}"' for k, v in attributes.items())
    return f"<g {given}>{''.join(parts)}</g>"


def circles(points, r=4, labels=None):
    ids = labels or [""] * len(points)
    return "".join(
        f'<circle cx="{x:.4f}" cy="{y:.4f}" r="{r}"{f" inkscape:label={name!r}" if name else ""}/>'
        for (x, y), name in zip(points, ids, strict=True)
    )


def line(count, *, x=0, y=0, step=12):
    return [(x + step * i, y) for i in range(count)]


def bow(count, radius, *, centre=(400, -300), step=12, middle=0.0):
    """Points of a curved row around a centre above, left to right."""
    turns = [middle + (i - (count - 1) / 2) * step / radius for i in range(count)]
    return [(centre[0] + radius * math.sin(t), centre[1] + radius * math.cos(t)) for t in turns]


def plan_of(text):
    return read("drawing.svg", text)[1]


def told(plan):
    """{section: {row: labels}}"""
    return {
        section.label: {
            row.label: " ".join(seat.label for seat in row.seats) for row in section.rows
        }
        for section in plan.sections
    }


def notes_of(text):
    return svg.understand(text).notes()
