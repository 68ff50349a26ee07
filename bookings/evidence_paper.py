"""The evidence of a sale on paper."""

from tickets.sheets import (
    GREY,
    HEADING,
    LEADING,
    LEFT,
    RIGHT,
    SMALL,
    TEXT,
    printed,
)

GAP = 3


def paper_of(title, sections):
    """The PDF (bytes) of bookings.evidence Sections."""
    return printed(title, lambda sheet: _fill(sheet, title, sections))


def _fill(sheet, title, sections):
    sheet.letterhead(title)
    sheet.y += 9
    for section in sections:
        _section(sheet, section)


def _section(sheet, section):
    sheet.room(22)
    sheet.put(LEFT, section.title, HEADING)
    sheet.y += 2
    sheet.rule()
    sheet.y += LEADING + 0.6
    if not section.rows:
        sheet.put(LEFT, section.empty, TEXT, colour=GREY)
        sheet.y += LEADING
    else:
        _rows(sheet, section)
    sheet.y += 5


def _rows(sheet, section):
    """Columns of one width; what is longer than its column takes more lines."""
    wide = (RIGHT - LEFT) / len(section.columns)
    if len(section.columns) > 2:
        _row(sheet, section.columns, wide, colour=GREY)
    for row in section.rows:
        _row(sheet, row, wide)


def _row(sheet, cells, wide, **colour):
    sheet.room(3 * LEADING)
    top = lowest = sheet.y
    for number, cell in enumerate(cells):
        sheet.y = top
        sheet.paragraph(LEFT + number * wide, str(cell), SMALL, measure=wide - GAP, **colour)
        lowest = max(lowest, sheet.y)
    sheet.y = lowest + 0.8
