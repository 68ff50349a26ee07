"""Papers to suppliers: A4 sheets with letterhead, parties, a table of lines and a total.

Positions are in millimetres from the upper left corner, sizes of type in points. The same content
gives the same bytes.
"""

from io import BytesIO

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from agencies.queries import current_agency, current_zone
from tickets.faces import Style, cut, draw, width, wrap

INK, GREY, EDGE, ACCENT = map(HexColor, ("#1a1511", "#5d5751", "#c9c3bd", "#cf3617"))
LEFT, RIGHT, MIDDLE, BOTTOM = 18, 192, 108, 274
NAME = Style("Poster112", 20, -24)
TITLE = Style("Head", 18, -14)
HEADING = Style("Head", 10.5, -6)
STRONG = Style("Head", 9.5, -4)
TEXT = Style("Text", 9.5)
SMALL = Style("Text", 8)
LEADING = 4.4


def printed(title, fill):
    """The PDF that `fill(sheet)` draws, as bytes; `title` is on the foot of each page."""
    pages = _drawn(title, fill, pages=0)[1]
    return _drawn(title, fill, pages=pages)[0]


def _drawn(title, fill, pages):
    """(the PDF, how many pages it has); `pages` is what the foot of each says."""
    file = BytesIO()
    canvas = Canvas(file, pagesize=A4, invariant=1, pageCompression=1, lang="en")
    canvas.setTitle(title)
    canvas.setAuthor(current_agency().name)
    canvas.setCreator("Tessera")
    sheet = Sheet(canvas, title, pages)
    fill(sheet)
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

    def block(self, x, title, lines):
        """A title with lines below it, empty ones left out, half the sheet wide."""
        self.put(x, title, HEADING)
        self.y += 5.2
        for line in filter(None, lines):
            self.paragraph(x, line, measure=RIGHT - MIDDLE)

    def head(self, *columns):
        """The head of a table: (x, title) each; the first stands left, the others end at their x."""
        (left, first), *figures = columns
        self.put(left, first, HEADING)
        for x, title in figures:
            self.put(x, title, HEADING, align="right")
        self.y += 2.2
        self.rule(INK)
        self.y += 5.4

    def total(self, words, money):
        """The last sum, large, at the right edge."""
        self.put(RIGHT, money.display(), TITLE, align="right")
        left = RIGHT - width(money.display(), TITLE) / mm - 5
        self.put(left, words, HEADING, align="right")
        self.y += 10

    def end_page(self):
        words = f"{self.name} · page {self.page} of {self.pages}"
        self.put(LEFT, words, SMALL, colour=GREY, y=286)
        self.canvas.showPage()


def _up(y):
    return A4[1] - y * mm


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
