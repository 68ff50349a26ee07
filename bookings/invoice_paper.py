"""An Invoice on paper."""

from decimal import Decimal

from agencies.queries import current_zone
from core.money import Money
from tickets.sheets import (
    GREY,
    HEADING,
    LEADING,
    LEFT,
    MIDDLE,
    NAME,
    RIGHT,
    SMALL,
    TEXT,
    TITLE,
    printed,
)


def paper_of(invoice):
    """The PDF (bytes) of an Invoice: the same each time, whatever has become of the agency's name."""
    return printed(_title(invoice), lambda sheet: _fill(sheet, invoice))


def _title(invoice):
    return f"{invoice.get_kind_display()} {invoice.number}"


def _fill(sheet, invoice):
    said = invoice.content
    name, *address = filter(None, said["seller"])
    sheet.put(LEFT, name, NAME)
    sheet.y += 9
    sheet.put(LEFT, _title(invoice), TITLE)
    issued = invoice.issued_at.astimezone(current_zone())
    sheet.put(RIGHT, f"{issued:%-d %B %Y}", TEXT, align="right")
    sheet.y += 4
    top = sheet.y = sheet.y + 6
    sheet.block(LEFT, "Sold by", address or [name])
    below, sheet.y = sheet.y, top
    sheet.block(MIDDLE, "To", said["buyer"])
    sheet.y = max(below, sheet.y) + 6
    words = f"Booking {said['booking']}" + (f", invoice {said['of']}" if said["of"] else "")
    sheet.put(LEFT, words, HEADING)
    sheet.y += 6
    sheet.paragraph(LEFT, said["event"], measure=150)
    sheet.y += 4
    sheet.head((LEFT, "Place"), (RIGHT, "Credited" if said["of"] else "Price, all in"))
    _amounts(sheet, said["lines"], invoice.currency)
    sheet.y += 4
    _amounts(sheet, said["rows"], invoice.currency)
    sheet.y += 4
    sheet.room(12)
    sheet.total("Total", invoice.money)
    contained = [(f"of which {words}", amount) for words, amount in said["contained"]]
    _amounts(sheet, contained, invoice.currency, SMALL, GREY)
    for words in said.get("notes", []):
        sheet.y += 4
        sheet.paragraph(LEFT, words, measure=150)


def _amounts(sheet, rows, currency, style=TEXT, colour=None):
    shade = {"colour": colour} if colour else {}
    for words, amount in rows:
        sheet.room(LEADING + 1)
        sheet.put(LEFT, words, style, **shade)
        sheet.put(RIGHT, Money(Decimal(amount), currency).display(), style, align="right", **shade)
        sheet.y += LEADING + 1
