"""The places of a plan as a flat list, one line a place, with the columns the CSV importer knows.

What a list cannot say is left out: outlines, shapes, breaks without a gap, notes, focal points, and
that a row is a table.
"""

from core.exports import write_csv
from venues.plan import ordinals

COLUMNS = [
    "section",
    "row",
    "seat",
    "x",
    "y",
    "type",
    "category",
    "zone",
    "floor",
    "entrance",
    "restricted_view",
]


def write(plan):
    """The text of a CSV file."""
    return write_csv(
        COLUMNS, (_line(section, row, seat) for _, section, row, seat in ordinals(plan))
    )


def _line(section, row, seat):
    return [
        *(section.label, row.label, seat.label, seat.x, seat.y, seat.kind.lower()),
        *(seat.category or section.category, section.zone, section.floor, section.entrance),
        seat.restricted_view,
    ]
