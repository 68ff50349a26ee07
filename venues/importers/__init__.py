"""Seat plans from other people's files: which format it is, and the plan in it."""

from venues.importers import flat_csv, pretix, reading, seatsio, svg, tessera
from venues.plan import PlanError, normalise, settled

OWN = (svg, tessera)
"""Formats Tessera writes itself: what comes back unchanged keeps its coordinates."""

FOREIGN = {
    b"PK\x03\x04": "a spreadsheet or archive; save it as CSV",
    b"%PDF": "a PDF document",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"\x1f\x8b": "compressed; unpack it first",
}


def read(filename, content):
    """(format name, normalised plan) of a file's bytes or text.

    The content decides, not the name. Raises PlanError, naming every object that is wrong; a file
    is taken whole or not at all.
    """
    _refuse_foreign(content)
    text = reading.text_of(content)
    name, importer = _format(filename, text)
    bring = settled if importer in OWN else normalise
    return name, bring(importer.parse(text))


def notes(filename, content):
    """What was decided for the reader of a file, as sentences: names a drawing did not have."""
    if not is_drawing(content):
        return []
    return svg.understand(reading.text_of(content)).notes()


def is_complete(drawing):
    """Whether a drawing names all its rows and seats and the places of its areas. Raises PlanError."""
    return svg.understand(reading.text_of(drawing)).is_complete


def is_drawing(content):
    """Whether a file's bytes or text look like SVG."""
    start = reading.text_of(content[:20_000]).lstrip()
    return start.startswith("<") and "<svg" in start


def _refuse_foreign(content):
    start = content[:4] if isinstance(content, bytes) else b""
    for mark, what in FOREIGN.items():
        if start.startswith(mark):
            raise PlanError([f"File: is {what}"])


def _format(filename, text):
    start = text.lstrip()[:1]
    if not start:
        raise PlanError(["File: is empty"])
    if start in "{[":
        return _json_format(reading.json_of(text))
    if start == "<":
        if is_drawing(text):
            return "svg", svg
        raise PlanError(["File: is a web page or other document; drawings come as SVG"])
    if flat_csv.is_list(text) or filename.lower().endswith((".csv", ".tsv", ".txt")):
        return "csv", flat_csv
    raise PlanError(["File: is neither a seats.io chart, a pretix seating plan nor a seat list"])


def _json_format(form):
    if tessera.is_plan(form):
        return "tessera", tessera
    if seatsio.is_chart(form):
        return "seats.io", seatsio
    if pretix.is_plan(form):
        return "pretix", pretix
    raise PlanError(["File: is neither a seats.io chart nor a pretix seating plan"])
