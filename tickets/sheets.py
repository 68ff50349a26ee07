"""Papers: A4 sheets filled from top to bottom, with tables of lines and page numbers.

Positions are in millimetres from the upper left corner, sizes of type in points. The same content
gives the same bytes.
"""

from io import BytesIO

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from agencies.queries import current_agency
from tickets.faces import Style, draw, width, wrap

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

    def letterhead(self, title):
        """The agency's name, the title of the paper, and how the agency is reached."""
        agency = current_agency()
        self.put(LEFT, agency.name, NAME)
        self.y += 9
        self.put(LEFT, title, TITLE)
        for line in (*agency.address.splitlines(), agency.support_email):
            self.y += LEADING
            self.put(LEFT, line, SMALL, colour=GREY)

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
