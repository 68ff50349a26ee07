"""Tickets on paper: one A4 page each. The upper half is the ticket, the lower half what to know.

Folded in half and in half again, the page is a card with the whole code in one quarter. Positions
are in millimetres from the upper left corner, sizes of type in points. The same input gives the
same bytes. What all tickets of a booking share is drawn once and placed on every page.
"""

from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from itertools import pairwise

from babel.dates import format_datetime, get_timezone_name
from reportlab import rl_config
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from tickets import qr
from tickets.faces import Style, cut, draw, fit, width, wrap
from venues.labels import bare

LOCALE = "en"
rl_config.useA85 = 0  # binary streams: a fifth smaller than reportlab's printable ones
STOCKS = {
    "music": HexColor("#ffbbac"),
    "stage": HexColor("#a9dafc"),
    "sport": HexColor("#a4e5ba"),
    "comedy": HexColor("#f0d67f"),
    "family": HexColor("#dcc6fb"),
    "plain": HexColor("#e9e5e0"),
}
INK, GREY, EDGE, ACCENT, WHITE = map(
    HexColor, ("#1a1511", "#5d5751", "#857f7a", "#cf3617", "#ffffff")
)
KIND_NOTES = {"WHEELCHAIR": "Wheelchair space", "COMPANION": "Companion seat", "VIP": "VIP"}

# The ticket: left, top, right and bottom edge, where the stub begins, and its padding.
LEFT, TOP, RIGHT, BOTTOM, STUB = 10, 10, 200, 138.5, 142
PAD = 8
MEASURE = (STUB - LEFT - 2 * PAD) * mm
STUB_MEASURE = (RIGHT - STUB - 2 * 5) * mm
FOLD, SECOND_FOLD = 148.5, 105
TOLD_AT = 247

NAME_TOP, NAME_HEIGHT, SUBTITLE_HEIGHT = 17.5, 35.5 * mm, 7 * mm
NAME_LEADING, NAME_TRACKING = 0.96, -24
LARGEST_NAME, WIDE_ENOUGH_NAME, SMALLEST_NAME = 66, 33, 9
NAME_FACES = ("Poster112", "Poster92", "Poster70")

LABEL = Style("Text", 8.5)
TEXT = Style("Text", 10)
SMALL = Style("Text", 8)
STRONG = Style("Head", 11, -8)
DATE = Style("Head", 13, -10)
HEADING = Style("Head", 14, -12)
SEAT = Style("Poster92", 90, -20)
SEAT_GAP = 22
SMALLEST_FACT = 7
WRITE_TO_US = "Write to us beforehand; somebody else may come instead."
COUNT_AS_WORDS = 44  # under this size a section's name gets a line of its own


@dataclass(frozen=True)
class PrintedTicket:
    """What one page says. `kind` is a LayoutSeat kind, `price` a finished all-in amount ("€64.80")
    or empty, `notes` short remarks that the door must see ("Restricted view"), `told` what the buyer
    was told of the place and its view."""

    number: str
    code: str
    section: str
    row: str
    seat: str
    kind: str
    holder: str
    price: str
    entrance: str = ""
    notes: tuple = ()
    told: tuple = ()


def render(tickets, *, agency, event, cannot_come=WRITE_TO_US):
    """The PDF of some PrintedTickets of one event, as bytes. `cannot_come` tells who cannot come what
    he can do.

    `agency` has name, address and support_email; `event` has title, subtitle, stock, starts_at,
    doors_at, zone, organizer and venue (name, address, postcode, city, directions), as our models.
    """
    file = BytesIO()
    canvas = Canvas(file, pagesize=A4, invariant=1, pageCompression=1, lang=LOCALE)
    _describe(canvas, tickets, agency, event)
    canvas.beginForm("shared")
    _draw_shared(canvas, agency, event, cannot_come)
    canvas.endForm()
    for position, ticket in enumerate(tickets, start=1):
        canvas.doForm("shared")
        _draw_ticket(canvas, ticket, event)
        _draw_stub(canvas, ticket, event, place=(position, len(tickets)))
        canvas.bookmarkPage(ticket.number)
        canvas.addOutlineEntry(f"{event.title}, {_place(ticket)}", ticket.number)
        canvas.showPage()
    canvas.save()
    return file.getvalue()


def _describe(canvas, tickets, agency, event):
    day = _format(event.starts_at, event.zone, "d MMMM y")
    canvas.setTitle(f"{event.title}, {day}: {len(tickets)} ticket{'s' * (len(tickets) > 1)}")
    canvas.setAuthor(agency.name)
    canvas.setSubject(f"{event.venue.name}, {day}")
    canvas.setCreator("Tessera")
    canvas.setViewerPreference("DisplayDocTitle", "true")
    canvas.setViewerPreference("PrintScaling", "None")


# --- what every ticket of the booking shares --------------------------------------------------


def _draw_shared(canvas, agency, event, cannot_come):
    _draw_paper(canvas, STOCKS.get(event.stock, STOCKS["plain"]))
    _draw_name(canvas, event)
    _draw_date_and_place(canvas, event)
    _draw_folds(canvas)
    _draw_programme(canvas, event)
    _draw_advice(canvas, agency, cannot_come)
    _draw_foot(canvas, agency, event)


def _draw_paper(canvas, stock):
    """The coloured ticket with a perforated stub and the white field of its code."""
    canvas.setFillColor(stock)
    canvas.roundRect(*_box(LEFT, TOP, RIGHT, BOTTOM), 4 * mm, stroke=0, fill=1)
    canvas.setFillColor(WHITE)
    for edge in (TOP, BOTTOM):
        canvas.circle(STUB * mm, _up(edge), 3 * mm, stroke=0, fill=1)
    canvas.roundRect(*_box(STUB + 5, 18, RIGHT - 5, 66), 2 * mm, stroke=0, fill=1)
    canvas.setStrokeColor(INK)
    _dotted(canvas, STUB, TOP + 5, STUB, BOTTOM - 5, width=1.4)
    canvas.setLineWidth(0.8)
    canvas.line((LEFT + PAD) * mm, _up(78), (STUB - PAD) * mm, _up(78))


def _draw_name(canvas, event):
    """The name as large as its block allows, and the subtitle under it."""
    canvas.setFillColor(INK)
    style, lines = _set_name(event.title, NAME_HEIGHT - SUBTITLE_HEIGHT * bool(event.subtitle))
    baseline = _up(NAME_TOP) - 0.69 * style.size
    for line in lines:
        draw(canvas, (LEFT + PAD) * mm - 0.03 * style.size, baseline, line, style)
        baseline -= NAME_LEADING * style.size
    if event.subtitle:
        y = baseline + (NAME_LEADING - 0.25) * style.size - 12
        draw(canvas, (LEFT + PAD) * mm, y, cut(event.subtitle, TEXT, MEASURE), TEXT)


@lru_cache(maxsize=256)
def _set_name(name, height):
    """(style, lines): the widest face in which the name can be large, else the slimmest one."""
    for face in NAME_FACES:
        style = Style(face, LARGEST_NAME, NAME_TRACKING)
        while style.size > SMALLEST_NAME and not _name_fits(name, style, height):
            style = style.at(style.size - 1)
        if style.size >= WIDE_ENOUGH_NAME:
            break
    return style, _balanced(name, style)


def _name_fits(name, style, height):
    lines = wrap(name, style, MEASURE)
    whole_words = " ".join(lines) == " ".join(name.split())
    high = (0.69 + NAME_LEADING * (len(lines) - 1)) * style.size
    return whole_words and high <= height and len(lines) <= 4


def _balanced(name, style):
    """The lines of a name, in the narrowest measure that needs no more of them."""
    lines, measure = wrap(name, style, MEASURE), MEASURE
    while len(narrower := wrap(name, style, measure - 6)) <= len(lines) and measure > 60:
        if " ".join(narrower) != " ".join(lines):
            break
        lines, measure = narrower, measure - 6
    return lines


def _draw_date_and_place(canvas, event):
    left, right = LEFT + PAD, LEFT + PAD + 62
    day = _format(event.starts_at, event.zone, "EEEE d MMMM y")
    draw(canvas, left * mm, _up(64), day, fit(day, DATE, (right - left - 4) * mm, 9))
    draw(canvas, left * mm, _up(69.5), _times(event), TEXT)
    draw(canvas, left * mm, _up(74), _zone_name(event), SMALL)
    measure = (STUB - PAD - right) * mm
    venue = event.venue
    style = fit(venue.name, DATE, measure, 9)
    draw(canvas, right * mm, _up(64), cut(venue.name, style, measure), style)
    draw(canvas, right * mm, _up(69.5), cut(venue.address, TEXT, measure), TEXT)
    city = " ".join(part for part in (venue.postcode, venue.city) if part)
    draw(canvas, right * mm, _up(74), cut(city, SMALL, measure), SMALL)


def _draw_folds(canvas):
    canvas.setStrokeColor(EDGE)
    canvas.setFillColor(GREY)
    words = "Fold here, then once more"
    half = (width(words, SMALL) / mm + 6) / 2
    _dotted(canvas, 6, FOLD, SECOND_FOLD - half, FOLD, width=0.7)
    _dotted(canvas, SECOND_FOLD + half, FOLD, 204, FOLD, width=0.7)
    draw(canvas, SECOND_FOLD * mm, _up(FOLD + 1), words, SMALL, "middle")
    canvas.setLineWidth(0.5)
    for start, end in ((3, 7), (290, 294)):
        canvas.line(SECOND_FOLD * mm, _up(start), SECOND_FOLD * mm, _up(end))


def _draw_programme(canvas, event):
    """Left below the fold: when, and where."""
    left, right = LEFT + PAD, 97
    y = _heading(canvas, left, right, 166, "On the day")
    for moment, words in ((event.doors_at, "Doors open"), (event.starts_at, "Start")):
        if moment:
            draw(canvas, left * mm, _up(y), _clock(moment, event.zone), STRONG)
            draw(canvas, (left + 16) * mm, _up(y), words, TEXT)
            y += 6
    draw(canvas, left * mm, _up(y), _zone_name(event), SMALL)
    y = _heading(canvas, left, right, y + 14, "Getting there")
    venue = event.venue
    address = ", ".join(p for p in (venue.address, f"{venue.postcode} {venue.city}".strip()) if p)
    y = _paragraphs(canvas, left, right, y, [venue.name], STRONG)
    _paragraphs(canvas, left, right, y - 1, [address, venue.directions])


def _draw_advice(canvas, agency, cannot_come):
    """Right below the fold: how the ticket is used."""
    left, right = 113, RIGHT - PAD
    y = _heading(canvas, left, right, 166, "Good to know")
    help_line = f"Questions? {agency.support_email}" if agency.support_email else ""
    _paragraphs(canvas, left, right, y, [
        "Each ticket admits one person. The first scan of a code counts; a copy is turned away.",
        "A photo of the code is as good as the ticket. Keep it to yourself until you are in.",
        "On a phone, turn the brightness up. On paper, keep the code flat and dry.",
        f"Can’t come? {cannot_come}",
        help_line,
    ])  # fmt: skip


def _draw_foot(canvas, agency, event):
    canvas.setFillColor(INK)
    for column, row in ((0, 0), (1, 0), (0, 1)):
        canvas.rect((18 + 2.6 * column) * mm, _up(276 + 2.6 * row), 2.2 * mm, 2.2 * mm, 0, 1)
    canvas.setFillColor(ACCENT)
    canvas.rect(20.6 * mm, _up(278.6), 2.2 * mm, 2.2 * mm, 0, 1)
    canvas.setFillColor(INK)
    draw(canvas, 25 * mm, _up(277.9), agency.name, Style("Poster112", 13, -24))
    canvas.setFillColor(GREY)
    organizer = f" for {event.organizer.name}" if event.organizer else ""
    words = f"Sold by {agency.name}{organizer}. The price includes every fee."
    measure = (RIGHT - PAD - 18) * mm
    for line, y in zip(wrap(words, SMALL, measure, most=2), (284.5, 288), strict=False):
        draw(canvas, 18 * mm, _up(y), line, SMALL)


# --- what differs from ticket to ticket -------------------------------------------------------


def _draw_ticket(canvas, ticket, event):
    canvas.setFillColor(INK)
    _draw_seat(canvas, _cells(ticket))
    notes = [KIND_NOTES[ticket.kind]] if ticket.kind in KIND_NOTES else []
    notes += ticket.notes
    facts = [("Entrance", bare(ticket.entrance, "Entrance")), ("Guest", ticket.holder)]
    facts = [fact for fact in facts if fact[1]]
    facts += [("Price paid", f"{ticket.price}, all in")] if ticket.price else []
    _draw_facts(canvas, facts, 116.5 if notes else 122)
    _draw_notes(canvas, notes, 134)
    if ticket.told:
        _draw_told(canvas, ticket.told)


def _cells(ticket):
    """Label and value of each part of the place."""
    if ticket.kind == "STANDING":
        return [("Standing", bare(ticket.section, "Section"))]
    cells = [("Section", ticket.section), ("Row", ticket.row), ("Seat", ticket.seat)]
    return [(kind, bare(label, kind)) for kind, label in cells if label]


def _draw_seat(canvas, cells):
    """The place as the largest thing on the page; a section that is words gets its own line."""
    style = _seat_style(cells, SEAT.size)
    if style.size >= COUNT_AS_WORDS or len(cells) == 1:
        _draw_cells(canvas, cells, style, label_at=84)
        return
    _draw_cells(canvas, cells[:1], _seat_style(cells[:1], 25), label_at=82.5)
    _draw_cells(canvas, cells[1:], _seat_style(cells[1:], 50), label_at=96.5)


def _seat_style(cells, size):
    """The seat's style at this size, or smaller so that the cells stand in one line."""
    room = MEASURE - SEAT_GAP * (len(cells) - 1)
    needed = sum(width(value, SEAT) for _, value in cells) / SEAT.size
    return SEAT.at(min(size, room / needed))


def _draw_cells(canvas, cells, style, label_at):
    x = (LEFT + PAD) * mm
    baseline = _up(label_at + 1.8) - 0.72 * style.size
    for label, value in cells:
        draw(canvas, x, _up(label_at), label, LABEL)
        draw(canvas, x - 0.04 * style.size, baseline, value, style)
        x += max(width(value, style), width(label, LABEL)) + SEAT_GAP


def _draw_facts(canvas, facts, label_at):
    """Up to three facts side by side, each of two lines at most."""
    column = MEASURE / 3
    for index, (label, value) in enumerate(facts):
        x = (LEFT + PAD) * mm + index * column
        draw(canvas, x, _up(label_at), label, LABEL)
        style = _fact_style(value, column - 8)
        for line, text in enumerate(wrap(value, style, column - 8, most=2)):
            draw(canvas, x, _up(label_at + 5 + 4.3 * line), text, style)


def _fact_style(value, measure):
    """Small enough that two lines hold the value without breaking a word."""
    style = STRONG
    while style.size > SMALLEST_FACT:
        lines = wrap(value, style, measure)
        if len(lines) <= 2 and " ".join(lines) == " ".join(value.split()):
            break
        style = style.at(style.size - 0.5)
    return style


def _draw_notes(canvas, notes, baseline):
    """Each remark in paper colour on ink, left to right while there is room."""
    x, end = (LEFT + PAD) * mm, (STUB - PAD) * mm
    for note in notes:
        length = width(note, STRONG) + 12
        if x + length > end:
            break
        canvas.setFillColor(INK)
        canvas.roundRect(x, _up(baseline) - 4.5, length, 17, 3, stroke=0, fill=1)
        canvas.setFillColor(WHITE)
        draw(canvas, x + 6, _up(baseline), note, STRONG)
        x += length + 5


def _draw_told(canvas, told):
    """At the end of what to know, over its whole width: what is to be known of this place."""
    left, right = LEFT + PAD, RIGHT - PAD
    y = _heading(canvas, left, right, TOLD_AT, "Your place")
    for line in wrap(" · ".join(told), SMALL, (right - left) * mm, most=4):
        draw(canvas, left * mm, _up(y), line, SMALL)
        y += 4.4


def _draw_stub(canvas, ticket, event, place):
    """The code, the number, and the place once more for whoever keeps the stub."""
    _draw_code(canvas, ticket.code, STUB + 5, 18, RIGHT - STUB - 10)
    middle = (STUB + RIGHT) / 2 * mm
    canvas.setFillColor(INK)
    number = _grouped(ticket.number)
    draw(canvas, middle, _up(73), number, fit(number, STRONG.at(13), STUB_MEASURE, 7), "middle")
    draw(canvas, middle, _up(78), f"Ticket {place[0]} of {place[1]}", LABEL, "middle")
    left = (STUB + 5) * mm
    canvas.setStrokeColor(INK)
    canvas.setLineWidth(0.8)
    canvas.line(left, _up(92), (RIGHT - 5) * mm, _up(92))
    y = 98
    for line in wrap(event.title, STRONG, STUB_MEASURE, most=2):
        draw(canvas, left, _up(y), line, STRONG)
        y += 4.6
    when = _format(event.starts_at, event.zone, "EEE d MMM y, HH:mm")
    draw(canvas, left, _up(y + 0.6), when, LABEL)
    _draw_rows(canvas, _cells(ticket), y + 8)


def _draw_rows(canvas, cells, y):
    left, right = (STUB + 5) * mm, (RIGHT - 5) * mm
    for label, value in cells:
        draw(canvas, left, _up(y), label, LABEL)
        room = STUB_MEASURE - width(label, LABEL) - 8
        draw(canvas, right, _up(y), cut(value, STRONG, room), STRONG, "right")
        y += 5.6


def _draw_code(canvas, code, left, top, side):
    """The symbol with its quiet zone in a square field of `side` mm, as one vector path."""
    rows = qr.matrix(code)
    module = side * mm / (len(rows) + 2 * qr.QUIET_ZONE)
    canvas.saveState()
    canvas.translate(left * mm + qr.QUIET_ZONE * module, _up(top) - qr.QUIET_ZONE * module)
    canvas.scale(module, -module)
    canvas.setFillColorRGB(0, 0, 0)
    canvas.addLiteral(" ".join(f"{x} {y} {length} 1 re" for x, y, length in qr.runs(rows)) + " f")
    canvas.restoreState()


# --- small parts --------------------------------------------------------------------------------


def _up(y):
    """Millimetres from the upper edge as PDF points from the lower one."""
    return A4[1] - y * mm


def _box(left, top, right, bottom):
    return left * mm, _up(bottom), (right - left) * mm, (bottom - top) * mm


def _dotted(canvas, x1, y1, x2, y2, width):
    canvas.saveState()
    canvas.setLineWidth(width)
    canvas.setLineCap(1)
    canvas.setDash([0, 2.6 * width])
    canvas.line(x1 * mm, _up(y1), x2 * mm, _up(y2))
    canvas.restoreState()


def _heading(canvas, left, right, y, words):
    """A heading over a rule; returns where the text goes on."""
    canvas.setFillColor(INK)
    draw(canvas, left * mm, _up(y), words, HEADING)
    canvas.setStrokeColor(INK)
    canvas.setLineWidth(0.8)
    canvas.line(left * mm, _up(y + 2.5), right * mm, _up(y + 2.5))
    return y + 9


def _paragraphs(canvas, left, right, y, texts, style=TEXT):
    """The texts one under another; returns where the next would go."""
    for text in texts:
        for line in wrap(text, style, (right - left) * mm):
            draw(canvas, left * mm, _up(y), line, style)
            y += 4.8
        y += 1.8 * bool(text)
    return y


def _place(ticket):
    return ", ".join(f"{label.lower()} {value}" for label, value in _cells(ticket))


def _grouped(number):
    """A number in groups of four that can be read aloud, unless it has groups already."""
    if not number.isalnum():
        return number
    return " ".join(number[a:b] for a, b in pairwise([*range(0, len(number), 4), len(number)]))


def _times(event):
    start = f"starts {_clock(event.starts_at, event.zone)}"
    if not event.doors_at:
        return start.capitalize()
    return f"Doors {_clock(event.doors_at, event.zone)}, {start}"


def _clock(moment, zone):
    return _format(moment, zone, "HH:mm")


def _format(moment, zone, pattern):
    return format_datetime(moment, pattern, tzinfo=zone, locale=LOCALE)


def _zone_name(event):
    """Central European Standard Time (Paris)"""
    name = get_timezone_name(event.starts_at.astimezone(event.zone), locale=LOCALE)
    city = event.zone.key.rpartition("/")[2].replace("_", " ")
    return f"{name} ({city})"
