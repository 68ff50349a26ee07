"""The nights as events: with their levels, their gates, and laid out, in the state before the sale."""

from datetime import datetime, time, timedelta
from decimal import Decimal
from functools import cache
from zoneinfo import ZoneInfo

from config.demo.venues import gates_of
from core.money import Money
from events.models import Event
from events.services import free_slug, price_sections, publish
from tickets.models import Gate
from venues.models import LayoutSeat

SALE_OPENS = time(10)
HOLIDAYS = {(12, 24), (12, 25), (12, 31), (1, 1)}
SALE_CLOSES = timedelta(minutes=30)
"""Before the doors close for those without a ticket."""


def make_event(night, *, layout, organizer, today):
    """The Event of a Night on its day after `today`, published unless it is a draft."""
    zone = ZoneInfo(layout.venue.time_zone)
    day = day_of(night, today)
    starts_at = datetime.combine(day, time.fromisoformat(night.starts), zone)
    opens_on = min(today + timedelta(days=night.on_sale_in), day - timedelta(days=14))
    event = Event.objects.create(
        slug=free_slug(night.title, starts_at),
        title=night.title,
        subtitle=night.subtitle,
        description=night.description,
        kind=night.kind,
        venue=layout.venue,
        layout=layout,
        organizer=organizer if night.organizer else None,
        series=night.series,
        starts_at=starts_at,
        doors_at=starts_at - timedelta(minutes=night.doors),
        ends_at=starts_at + timedelta(minutes=night.minutes),
        time_zone=layout.venue.time_zone,
        sale_starts_at=datetime.combine(opens_on, SALE_OPENS, zone),
        sale_ends_at=starts_at - SALE_CLOSES,
        currency=night.currency,
        max_per_booking=night.most,
        is_featured=night.featured,
    )
    _price(event, night.levels)
    _open_gates(event, night.house)
    if night.becomes != "DRAFT":
        publish(event.pk)
    return Event.objects.select_related("venue", "layout").get(pk=event.pk)


def day_of(night, today):
    """The first of its weekdays from `in_days` after today on; a week later if that is a holiday."""
    earliest = today + timedelta(days=night.in_days)
    day = earliest + timedelta(days=(night.weekday - earliest.weekday()) % 7)
    while (day.month, day.day) in HOLIDAYS:
        day += timedelta(days=7)
    return day


def _price(event, levels):
    rows_of = _rows(event.layout_id)
    for level in levels:
        price_sections(
            event=event,
            name=level.name,
            price=Money(Decimal(level.price), event.currency),
            position=level.position,
            areas=[
                (section, _span(rows, rows_of[section.pk]) if rows else [])
                for sections, rows in level.areas.items()
                for section in sections_in(event.layout, sections)
            ],
        )


def _open_gates(event, house):
    Gate.objects.bulk_create(
        Gate(event=event, name=name, entrances=entrances)
        for name, entrances in gates_of(house).items()
    )


@cache
def _rows(layout_id):
    """{section id: [row labels from front to back]} of a layout, which never changes."""
    found = {}
    seats = LayoutSeat.objects.filter(layout=layout_id).order_by("section", "row_position")
    for section, row in seats.values_list("section", "row").distinct("section", "row_position"):
        found.setdefault(section, []).append(row)
    return found


def sections_in(layout, words):
    """The sections that words such as "Floor A-C, 105" mean, in the layout's order."""
    known = {section.label: section for section in layout.sections.order_by("position")}
    labels = [label for part in words.split(", ") for label in _span(part, list(known))]
    return [known[label] for label in labels]


def _span(words, labels):
    """The labels from the first to the last of "A-J", "105-112" or "Floor A-C"; or the one named."""
    if words in labels:
        return [words]
    first, _, last = words.rpartition("-")
    if last not in labels:
        last = first[: -len(last)] + last
    return labels[labels.index(first) : labels.index(last) + 1]
