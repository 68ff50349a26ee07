"""QR symbols as drawings: level M, black on white, with the quiet zone of four modules."""

import re

from django.utils.html import format_html

from tickets.symbols import matrix

__all__ = ["QUIET_ZONE", "matrix", "runs", "svg", "svg_path"]

QUIET_ZONE = 4
DARK = re.compile(b"\x01+")


def runs(rows):
    """The dark runs of a matrix as (x, y, length) in modules, top row first."""
    for y, row in enumerate(rows):
        for run in DARK.finditer(bytes(row)):
            yield run.start(), y, run.end() - run.start()


def svg_path(rows):
    """One SVG path of the dark modules, in modules, moved in by the quiet zone."""
    return "".join(
        f"M{x + QUIET_ZONE} {y + QUIET_ZONE}h{length}v1h-{length}z" for x, y, length in runs(rows)
    )


def svg(text, label="Ticket code"):
    """The symbol as an inline picture for a page, safe to put into a template."""
    rows = matrix(text)
    return format_html(
        '<svg viewBox="0 0 {size} {size}" role="img" aria-label="{label}"'
        ' shape-rendering="crispEdges"><path fill="#fff" d="M0 0h{size}v{size}H0z"/>'
        '<path fill="#000" d="{path}"/></svg>',
        size=len(rows) + 2 * QUIET_ZONE,
        label=label,
        path=svg_path(rows),
    )
