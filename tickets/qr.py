"""QR symbols as drawings: level M, black on white, with the quiet zone of four modules."""

import qrcode
from django.utils.html import format_html

QUIET_ZONE = 4
# Trying all eight masks costs five times the work. For codes of our kind this one has the lowest
# mean and worst penalty, and tests read it back small, turned and blurred.
MASK = 2


def matrix(text):
    """The modules of the symbol, row by row: a square of bools (True is dark), no quiet zone."""
    symbol = qrcode.QRCode(border=0, error_correction=qrcode.ERROR_CORRECT_M, mask_pattern=MASK)
    symbol.add_data(text, optimize=0)
    symbol.make()
    return [[bool(module) for module in row] for row in symbol.modules]


def runs(rows):
    """The dark runs of a matrix as (x, y, length) in modules, top row first."""
    for y, row in enumerate(rows):
        start = None
        for x, dark in enumerate([*row, False]):
            if dark and start is None:
                start = x
            elif not dark and start is not None:
                yield start, y, x - start
                start = None


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
