"""A purchase order on paper: A4 sheets with letterhead, lines, extra costs, terms and approval.

Positions are in millimetres from the upper left corner, sizes of type in points. The same order gives
the same bytes.
"""

from io import BytesIO

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from agencies.queries import current_agency, current_zone
from core.money import Money
from suppliers.models import AGREED, Basis
from suppliers.services.landed import extra_costs, total_of
from suppliers.services.lines import words_by_section
from tickets.faces import Style, cut, draw, width, wrap
from venues.models import LayoutSeat

INK, GREY, EDGE, ACCENT = map(HexColor, ("#1a1511", "#5d5751", "#c9c3bd", "#cf3617"))
LEFT, RIGHT, MIDDLE, BOTTOM = 18, 192, 108, 274
NAME = Style("Poster112", 20, -24)
TITLE = Style("Head", 18, -14)
HEADING = Style("Head", 10.5, -6)
STRONG = Style("Head", 9.5, -4)
TEXT = Style("Text", 9.5)
SMALL = Style("Text", 8)
LEADING = 4.4
# Right edges of the figures, and how wide the words before them may be.
SEATS, EACH, AMOUNT, WORDS = 132, 160, RIGHT, 96
OWED = {
    Basis.FIRM: "The seats are owed when they are delivered, at the payment terms below.",
    Basis.CONSIGNMENT: "On consignment: a seat is owed when it is sold, by a statement.",
    Basis.SALE_OR_RETURN: "Sale or return: a seat is owed when it is sold; the rest goes back.",
}


def render(order):
    """The PDF of an order, as bytes."""
    pages = _drawn(order, pages=0)[1]
    return _drawn(order, pages=pages)[0]


def _drawn(order, pages):
    """(the PDF, how many pages it has); `pages` is what the foot of each says."""
    file = BytesIO()
    canvas = Canvas(file, pagesize=A4, invariant=1, pageCompression=1, lang="en")
    canvas.setTitle(f"Purchase order {order.number}")
    canvas.setAuthor(current_agency().name)
    canvas.setCreator("Tessera")
    sheet = Sheet(canvas, f"Purchase order {order.number}", pages)
    _letterhead(sheet, order)
    _parties(sheet, order)
    _lines(sheet, order)
    _totals(sheet, order)
    _terms(sheet, order)
    _signed(sheet, order)
    sheet.end_page()
    canvas.save()
    return file.getvalue(), sheet.page


class Sheet:
    """Pages that are filled from top to bottom; `y` is where the next line goes."""

    def __init__(self, canvas, name, pages):
        self.canvas, self.name, self.pages = canvas, name, pages
        self.page, self.y = 1, 24

    def put(self, x, text, style=TEXT, *, align="left", colour=INK, y=None):
        """Draws a line of text with its baseline at `y`, or where the sheet is."""
        self.canvas.setFillColor(colour)
        draw(self.canvas, x * mm, _up(self.y if y is None else y), text, style, align)

    def paragraph(self, x, text, style=TEXT, *, measure, colour=INK):
        """Draws a text in as many lines as it needs, each below the other."""
        for part in text.splitlines():
            for line in wrap(part, style, measure * mm):
                self.room(LEADING)
                self.put(x, line, style, colour=colour)
                self.y += LEADING

    def rule(self, colour=EDGE):
        self.canvas.setStrokeColor(colour)
        self.canvas.setLineWidth(0.6)
        self.canvas.line(LEFT * mm, _up(self.y), RIGHT * mm, _up(self.y))

    def room(self, height):
        """Begins a page when so much does not fit on this one; returns whether it did."""
        if self.y + height <= BOTTOM:
            return False
        self.end_page()
        self.page, self.y = self.page + 1, 24
        return True

    def end_page(self):
        words = f"{self.name} · page {self.page} of {self.pages}"
        self.put(LEFT, words, SMALL, colour=GREY, y=286)
        self.canvas.showPage()


def _up(y):
    return A4[1] - y * mm


def _letterhead(sheet, order):
    agency = current_agency()
    sheet.put(LEFT, cut(agency.name, NAME, 90 * mm), NAME)
    contact = [*agency.address.splitlines(), agency.purchasing_email or agency.support_email]
    y = 19
    for line in filter(None, contact):
        sheet.put(RIGHT, line, SMALL, align="right", colour=GREY, y=y)
        y += 3.8
    sheet.y = max(y, 28) + 8
    sheet.put(LEFT, f"Purchase order {order.number}", TITLE)
    sheet.put(RIGHT, _day(order.confirmed_at or order.created_at), TEXT, align="right")
    if order.status not in AGREED:
        sheet.y += 6
        words = f"{order.get_status_display()}: this is not an order yet."
        sheet.put(LEFT, words, STRONG, colour=ACCENT)
    sheet.y += 5
    sheet.rule(INK)
    sheet.y += 7


def _parties(sheet, order):
    supplier, top = order.supplier, sheet.y
    _block(sheet, LEFT, "To", [
        supplier.name, supplier.contact_name, *supplier.address.splitlines(), supplier.email,
        supplier.tax_id and f"Tax id {supplier.tax_id}",
    ])  # fmt: skip
    left_end, sheet.y = sheet.y, top
    expected = order.expected_on and f"Expected on {order.expected_on:%-d %b %Y}"
    reference = order.supplier_reference and f"Your reference {order.supplier_reference}"
    _block(sheet, MIDDLE, "Delivery", [
        order.get_fulfillment_display(), *order.fulfillment_notes.splitlines(),
        *order.ship_to.splitlines(), expected, reference,
    ])  # fmt: skip
    sheet.y = max(left_end, sheet.y) + 5


def _block(sheet, x, title, lines):
    sheet.put(x, title, HEADING)
    sheet.y += 5.2
    for line in filter(None, lines):
        sheet.paragraph(x, line, measure=RIGHT - MIDDLE)


def _lines(sheet, order):
    _head_of_lines(sheet)
    lines = order.lines.select_related("event__venue", "section").order_by("position", "pk")
    for line in lines:
        if sheet.room(16):
            _head_of_lines(sheet)
        _line(sheet, line)


def _head_of_lines(sheet):
    sheet.put(LEFT, "Event and places", HEADING)
    for x, title in ((SEATS, "Seats"), (EACH, "Each"), (AMOUNT, "Amount")):
        sheet.put(x, title, HEADING, align="right")
    sheet.y += 2.2
    sheet.rule(INK)
    sheet.y += 5.4


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
    return words_by_section(list(places.select_related("section").order_by("ordinal")))


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
    sheet.y += 1.4
    sheet.put(AMOUNT, total.display(), TITLE, align="right")
    sheet.put(AMOUNT - width(total.display(), TITLE) / mm - 5, "Total", HEADING, align="right")
    sheet.y += 10


def _terms(sheet, order):
    sheet.room(20)
    _block(
        sheet, LEFT, "Terms", [f"Payment: {order.get_payment_terms_display()}.", OWED[order.basis]]
    )
    sheet.y += 4


def _signed(sheet, order):
    rows = [
        ("Ordered", order.submitted_by, order.submitted_at),
        ("Approved", order.approved_by, order.approved_at),
        ("Confirmed", order.confirmed_by, order.confirmed_at),
    ]
    words = [f"{what} by {by or 'the system'}, {_day(at)}" for what, by, at in rows if at]
    sheet.room(20)
    _block(sheet, LEFT, "Agreed", words or ["Not submitted yet."])


def _day(moment):
    return f"{moment.astimezone(current_zone()):%-d %b %Y}"
