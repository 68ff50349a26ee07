"""A request to take seats back on paper: which seats, and the credit that is expected."""

from dataclasses import dataclass

from core.money import Money, total
from inventory.models import EventSeat
from suppliers.models import ReturnLine
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
from venues.labels import section_name
from venues.places import in_words

SEATS, WORDS = 150, 112


@dataclass(frozen=True)
class Part:
    """Seats of one order line that are to go back: `lines` are their ReturnLines."""

    event: object
    section: str
    order: str
    places: str
    lines: list
    cost: Money


def with_places(lines):
    """[(ReturnLine, its LayoutSeat)] of a queryset of lines, in map order. The places are read apart:
    together that would be ten tables in one join."""
    lines = list(
        lines.select_related("acquisition__line__event__venue", "acquisition__line__order")
    )
    wanted = [line.acquisition.event_seat_id for line in lines]
    seats = EventSeat.objects.select_related("seat__section").in_bulk(wanted)
    found = [(line, seats[line.acquisition.event_seat_id].seat) for line in lines]
    return sorted(found, key=lambda each: (each[0].acquisition.line.event_id, each[1].ordinal))


def parts_of(asked):
    """Parts of a return, by order line; seats that stay ours after the answer are left out."""
    found = {}
    for row, seat in with_places(asked.lines.exclude(state=ReturnLine.State.KEPT)):
        found.setdefault((row.acquisition.line, seat.section), []).append((row, seat))
    return [_part(line, section, rows) for (line, section), rows in found.items()]


def _part(line, section, rows):
    return Part(
        event=line.event,
        section=section_name(section.label),
        order=line.order.number,
        places=in_words([seat for _, seat in rows]),
        lines=[row for row, _ in rows],
        cost=total((Money(row.cost, row.currency) for row, _ in rows), line.currency),
    )


def render(asked):
    """The PDF of a return, as bytes."""
    title = f"Return of seats {asked}"
    return printed(title, lambda sheet: _fill(sheet, title, asked))


def _fill(sheet, title, asked):
    letterhead(sheet, title, day_of(asked.requested_at))
    top = sheet.y
    sheet.block(LEFT, "To", to_supplier(asked.supplier))
    left_end, sheet.y = sheet.y, top
    sheet.block(MIDDLE, "What we ask", ["Please take these seats back.", asked.reason])
    sheet.y = max(left_end, sheet.y) + 5
    _head(sheet)
    for part in parts_of(asked):
        if sheet.room(20):
            _head(sheet)
        _draw(sheet, part)
    sheet.room(16)
    sheet.y += 4
    sheet.total("Credit expected", Money(asked.expected, asked.currency))


def _head(sheet):
    sheet.head((LEFT, "Event and places"), (SEATS, "Seats"), (RIGHT, "Cost"))


def _draw(sheet, part):
    sheet.put(SEATS, f"{len(part.lines):,}", TEXT, align="right")
    sheet.put(RIGHT, part.cost.display(), TEXT, align="right")
    night = part.event.starts_at.astimezone(part.event.zone)
    sheet.paragraph(LEFT, str(part.event), STRONG, measure=WORDS)
    place = f"{part.event.venue.name}, {night:%-d %b %Y, %H:%M}, order {part.order}"
    sheet.paragraph(LEFT, place, SMALL, measure=WORDS, colour=GREY)
    sheet.paragraph(LEFT, f"{part.section}: {part.places}", measure=WORDS)
    sheet.y -= 1
    sheet.rule()
    sheet.y += 5.4
