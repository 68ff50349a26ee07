"""A published layout as a file that other programs, and `venues.importers`, can read.

JSON and SVG hold all of a plan: read again they are the same version. CSV holds its places.
"""

from dataclasses import dataclass

from django.utils.text import slugify

from core.errors import Invalid
from venues.exporters import flat_csv, svg, tessera
from venues.plan import from_canonical


class NoSuchFormat(Invalid):
    """Layouts are not written in the wanted format."""

    code = "no_such_format"


@dataclass(frozen=True)
class File:
    name: str
    content_type: str
    text: str


FORMATS = {
    "json": (tessera.write, "application/json"),
    "csv": (flat_csv.write, "text/csv; charset=utf-8"),
    "svg": (svg.write, "image/svg+xml"),
}


def export(layout, name):
    """The File of a Layout in the format of this name: json, csv or svg. Raises NoSuchFormat."""
    if name not in FORMATS:
        raise NoSuchFormat(f"A layout is written as {', '.join(FORMATS)}, not as {name}.")
    write, content_type = FORMATS[name]
    filename = f"{slugify(layout.name)[:80] or 'layout'}-v{layout.version}.{name}"
    return File(filename, content_type, write(from_canonical(layout.plan)))
