"""A delivery receipt on paper: what arrived, from whom, how and for how much. A receipt never changes,
so its paper can be made again at any time."""

from core.money import Money
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
SEATS, EACH, AMOUNT, WORDS = 132, 160, RIGHT, 96


def render(receipt):
    """The PDF of a receipt, as bytes."""
    return printed(f"Delivery receipt {receipt}", lambda sheet: _fill(sheet, receipt))


def _fill(sheet, receipt):
    letterhead(sheet, f"Delivery receipt {receipt}", day_of(receipt.received_at))
    _parties(sheet, receipt)
    _head_of_lines(sheet)
    for part in receipt.lines.select_related("line__event__venue", "line__section").order_by("pk"):
        if sheet.room(16):
            _head_of_lines(sheet)
        _line(sheet, part)
    _total(sheet, receipt)
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
    sheet.head((LEFT, "Event and places"), (SEATS, "Seats"), (EACH, "Each"), (AMOUNT, "Amount"))


def _line(sheet, part):
    line, amount = part.line, Money(part.amount, part.currency)
    for x, figure in (
        (SEATS, f"{part.quantity:,}"),
        (EACH, line.cost.display()),
        (AMOUNT, amount.display()),
    ):
        sheet.put(x, figure, TEXT, align="right")
    event = line.event
    night = event.starts_at.astimezone(event.zone)
    sheet.paragraph(LEFT, str(event), STRONG, measure=WORDS)
    place = f"{event.venue.name}, {night:%-d %b %Y, %H:%M}"
    sheet.paragraph(LEFT, place, SMALL, measure=WORDS, colour=GREY)
    sheet.paragraph(LEFT, _places(part), measure=RIGHT - LEFT)
    extra = amount - line.cost * part.quantity
    if extra:
        words = f"{extra.display()} of it is its share of the order’s extra costs."
        sheet.paragraph(LEFT, words, SMALL, measure=RIGHT - LEFT, colour=GREY)
    sheet.y -= 1
    sheet.rule()
    sheet.y += 5.4


def _places(part):
    section = part.line.section
    return f"{section.label}: {part.places}" if section else part.places


def _total(sheet, receipt):
    sheet.room(12)
    sheet.y += 1.4
    sheet.total(f"{receipt.seats:,} seats", Money(receipt.amount, receipt.currency))


def _ends(sheet, receipt):
    sheet.room(20)
    by = receipt.received_by or "the system"
    words = f"By {by} on {day_of(receipt.received_at)}; the seats are owned since then."
    sheet.block(LEFT, "Received", [words])
