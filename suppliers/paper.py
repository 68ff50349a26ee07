"""Papers to suppliers: sheets with letterhead, parties, a table of lines and a total."""

from reportlab.lib.units import mm

from agencies.queries import current_agency, current_zone
from tickets.faces import cut
from tickets.sheets import (
    ACCENT,
    GREY,
    HEADING,
    INK,
    LEADING,
    LEFT,
    MIDDLE,
    NAME,
    RIGHT,
    SMALL,
    STRONG,
    TEXT,
    TITLE,
    printed,
)

__all__ = [
    "GREY", "HEADING", "INK", "LEADING", "LEFT", "MIDDLE", "RIGHT", "SMALL", "STRONG", "TEXT",
    "TITLE", "day_of", "letterhead", "printed", "to_supplier",
]  # fmt: skip


def letterhead(sheet, title, on, warning=""):
    """The agency's name and address, what the paper is, and its day."""
    agency = current_agency()
    sheet.put(LEFT, cut(agency.name, NAME, 90 * mm), NAME)
    contact = [*agency.address.splitlines(), agency.purchasing_email or agency.support_email]
    y = 19
    for line in filter(None, contact):
        sheet.put(RIGHT, line, SMALL, align="right", colour=GREY, y=y)
        y += 3.8
    sheet.y = max(y, 28) + 8
    sheet.put(LEFT, title, TITLE)
    sheet.put(RIGHT, on, TEXT, align="right")
    if warning:
        sheet.y += 6
        sheet.put(LEFT, warning, STRONG, colour=ACCENT)
    sheet.y += 5
    sheet.rule(INK)
    sheet.y += 7


def to_supplier(supplier):
    """The lines of a supplier's address."""
    return [
        supplier.name, supplier.contact_name, *supplier.address.splitlines(), supplier.email,
        supplier.tax_id and f"Tax id {supplier.tax_id}",
    ]  # fmt: skip


def day_of(moment):
    """13 Mar 2027 on the agency's calendar."""
    return f"{moment.astimezone(current_zone()):%-d %b %Y}"
