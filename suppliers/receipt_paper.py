"""A delivery receipt on paper: what arrived, from whom, how and for how much. A receipt never changes,
so its paper can be made again at any time."""

from core.money import Money, total
from core.words import many
from suppliers.paper import (
    GREY,
    LEFT,
    MIDDLE,
    RIGHT,
    SMALL,
    STRONG,
    TEXT,
    day_of,
    letterhead,
    printed,
    to_supplier,
)

# Right edges of the figures, and how wide the words before them may be.
SEATS, EACH, EXTRA, AMOUNT, WORDS = 112, 136, 162, RIGHT, 80


def render(receipt):
    """The PDF of a receipt, as bytes."""
    return printed(f"Delivery receipt {receipt}", lambda sheet: _fill(sheet, receipt))


def _fill(sheet, receipt):
    letterhead(sheet, f"Delivery receipt {receipt}", day_of(receipt.received_at))
    _parties(sheet, receipt)
    _head_of_lines(sheet)
    parts = list(parts_of(receipt))
    for part in parts:
        if sheet.room(16):
            _head_of_lines(sheet)
        _line(sheet, part)
    _total(sheet, receipt, parts)
    _ends(sheet, receipt)


def _parties(sheet, receipt):
    order, top = receipt.order, sheet.y
    sheet.block(LEFT, "From", to_supplier(order.supplier))
    left_end, sheet.y = sheet.y, top
    reference = receipt.delivery_reference
    delivered = receipt.delivered_on
    sheet.block(
        MIDDLE,
        "Delivery",
        [
            f"For purchase order {order.number}",
            reference and f"Their reference {reference}",
            delivered and f"Delivered on {delivered:%-d %b %Y}",
            receipt.get_fulfillment_display(),
            *receipt.transfer_details.splitlines(),
        ],
    )
    sheet.y = max(left_end, sheet.y) + 5


def _head_of_lines(sheet):
    sheet.head(
        (LEFT, "Event and places"),
        (SEATS, "Seats"),
        (EACH, "Each"),
        (EXTRA, "Extra costs"),
        (AMOUNT, "Total"),
    )


def _line(sheet, part):
    line = part.line
    for x, figure in (
        (SEATS, f"{part.quantity:,}"),
        (EACH, line.cost.display()),
        (EXTRA, part.extra.display()),
        (AMOUNT, part.money.display()),
    ):
        sheet.put(x, figure, TEXT, align="right")
    event = line.event
    night = event.starts_at.astimezone(event.zone)
    sheet.paragraph(LEFT, str(event), STRONG, measure=WORDS)
    place = f"{event.venue.name}, {night:%-d %b %Y, %H:%M}"
    sheet.paragraph(LEFT, place, SMALL, measure=WORDS, colour=GREY)
    sheet.paragraph(LEFT, _places(part), measure=RIGHT - LEFT)
    sheet.y -= 1
    sheet.rule()
    sheet.y += 5.4


def _places(part):
    section = part.line.section
    return f"{section.label}: {part.places}" if section else part.places


def _total(sheet, receipt, parts):
    sheet.room(12)
    sheet.y += 1.4
    words, extra = many(receipt.seats, "seat"), extra_of(receipt, parts)
    words += f", {extra.display()} of it extra costs" if extra else ""
    sheet.total(words, Money(receipt.amount, receipt.currency))


def parts_of(receipt):
    """Its lines with all that is shown of them."""
    return receipt.lines.select_related("line__event__venue", "line__section").order_by("pk")


def extra_of(receipt, parts):
    """The extra costs of all its lines, as Money."""
    return total((part.extra for part in parts), receipt.currency)


def _ends(sheet, receipt):
    sheet.room(20)
    by = receipt.received_by or "the system"
    words = f"By {by} on {day_of(receipt.received_at)}; the seats are owned since then."
    sheet.block(LEFT, "Received", [words])
