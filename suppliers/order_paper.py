"""A purchase order on paper: lines, extra costs, terms and approval."""

from reportlab.lib.units import mm

from core.money import Money
from suppliers.models import AGREED, Basis
from suppliers.paper import (
    GREY,
    LEADING,
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
from suppliers.services.landed import extra_costs, total_of
from suppliers.services.lines import words_by_section
from tickets.faces import cut
from venues.models import LayoutSeat
from venues.places import named

# Right edges of the figures, and how wide the words before them may be.
SEATS, EACH, AMOUNT, WORDS = 132, 160, RIGHT, 96
OWED = {
    Basis.FIRM: "The seats are owed when they are delivered.",
    Basis.CONSIGNMENT: "On consignment: a seat is owed when it is sold, by a statement.",
    Basis.SALE_OR_RETURN: "Sale or return: a seat is owed when it is sold; the rest goes back.",
}


def render(order):
    """The PDF of an order, as bytes."""
    return printed(f"Purchase order {order.number}", lambda sheet: _fill(sheet, order))


def _fill(sheet, order):
    is_agreed = order.status in AGREED
    warning = "" if is_agreed else f"{order.get_status_display()}: this is not an order yet."
    on = day_of(order.confirmed_at or order.created_at)
    letterhead(sheet, f"Purchase order {order.number}", on, warning)
    _parties(sheet, order)
    _lines(sheet, order)
    _totals(sheet, order)
    _terms(sheet, order)
    _signed(sheet, order)


def _parties(sheet, order):
    supplier, top = order.supplier, sheet.y
    sheet.block(LEFT, "To", to_supplier(supplier))
    left_end, sheet.y = sheet.y, top
    expected = order.expected_on and f"Expected on {order.expected_on:%-d %b %Y}"
    reference = order.supplier_reference and f"Your reference {order.supplier_reference}"
    sheet.block(MIDDLE, "Delivery", [
        order.get_fulfillment_display(), *order.fulfillment_notes.splitlines(),
        *order.ship_to.splitlines(), expected, reference,
    ])  # fmt: skip
    sheet.y = max(left_end, sheet.y) + 5


def _lines(sheet, order):
    _head_of_lines(sheet)
    lines = order.lines.select_related("event__venue", "section").order_by("position", "pk")
    for line in lines:
        if sheet.room(16):
            _head_of_lines(sheet)
        _line(sheet, line)


def _head_of_lines(sheet):
    sheet.head((LEFT, "Event and places"), (SEATS, "Seats"), (EACH, "Each"), (AMOUNT, "Amount"))


def _line(sheet, line):
    for x, figure in (
        (SEATS, f"{line.ordered:,}"),
        (EACH, line.cost.display()),
        (AMOUNT, line.amount.display()),
    ):
        sheet.put(x, figure, TEXT, align="right")
    event = line.event
    night = event.starts_at.astimezone(event.zone)
    sheet.paragraph(LEFT, str(event), STRONG, measure=WORDS)
    place = f"{event.venue.name}, {night:%-d %b %Y, %H:%M}"
    sheet.paragraph(LEFT, place, SMALL, measure=WORDS, colour=GREY)
    sheet.paragraph(LEFT, _places(line), measure=RIGHT - LEFT)
    notes = _notes(line)
    if notes:
        sheet.paragraph(LEFT, notes, SMALL, measure=RIGHT - LEFT, colour=GREY)
    sheet.y -= 1
    sheet.rule()
    sheet.y += 5.4


def _places(line):
    places = LayoutSeat.objects.filter(layout=line.event.layout_id, ordinal__in=line.ordinals)
    return words_by_section(named(places))


def _notes(line):
    face = line.face_value is not None and Money(line.face_value, line.currency).display()
    days = [("in hand on", line.in_hand_on), ("returnable until", line.return_by)]
    parts = [
        line.item_code and f"code {line.item_code}",
        face and f"face value {face}",
        *(day and f"{words} {day:%-d %b %Y}" for words, day in days),
        line.cancelled and f"{line.cancelled:,} called off",
    ]
    return " · ".join(filter(None, parts))


def _totals(sheet, order):
    total = total_of(order)
    extra = list(order.landed_costs.order_by("kind", "pk"))
    rows = [(str(cost), cost.money) for cost in extra]
    if extra:
        rows.insert(0, ("Seats", total - extra_costs(order)))
    sheet.room(LEADING * (len(rows) + 3))
    for words, money in rows:
        sheet.put(EACH, cut(words, TEXT, 80 * mm), TEXT, align="right")
        sheet.put(AMOUNT, money.display(), TEXT, align="right")
        sheet.y += LEADING + 0.6
    sheet.y += 3.6
    sheet.total("Total", total)


def _terms(sheet, order):
    sheet.room(20)
    sheet.block(
        LEFT, "Terms", [f"Payment: {order.get_payment_terms_display()}.", OWED[order.basis]]
    )
    sheet.y += 4


def _signed(sheet, order):
    rows = [
        ("Ordered", order.submitted_by, order.submitted_at),
        ("Approved", order.approved_by, order.approved_at),
        ("Confirmed", order.confirmed_by, order.confirmed_at),
    ]
    words = [f"{what} by {by or 'the system'}, {day_of(at)}" for what, by, at in rows if at]
    sheet.room(20)
    sheet.block(LEFT, "Agreed", words or ["Not submitted yet."])
