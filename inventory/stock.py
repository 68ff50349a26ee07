"""What staff see of an event's places: all of them, with their state, money and where they stand."""

from collections import defaultdict
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from django.db import connection

from inventory.free import AS_IT_IS

STOCK = f"""
SELECT e.ordinal, c.id, c.label, s.row_position, s.row, s.label, s.index, s.x, s.y, s.kind,
       e.level_id, coalesce(e.price, l.price), e.cost, e.ownership, e.status, e.hold_id, e.channel,
       {AS_IT_IS}
FROM inventory_eventseat e
JOIN venues_layoutseat s ON s.id = e.seat_id
JOIN venues_layoutsection c ON c.id = s.section_id
LEFT JOIN events_pricelevel l ON l.id = e.level_id
WHERE e.event_id = %s ORDER BY e.ordinal
"""  # noqa: S608 - constants only


class StockPlace(NamedTuple):
    """A place as staff see it; a tuple, for an event may have 50,000. `price` is before fees, None
    without a level; `is_free`: it can be taken as it is, through whatever channel."""

    ordinal: int
    section_id: UUID
    section: str
    row_position: int
    row: str
    label: str
    index: int
    x: int
    y: int
    kind: str
    level_id: UUID | None
    price: Decimal | None
    cost: Decimal | None
    ownership: str
    status: str
    hold_id: UUID | None
    channel: str
    is_free: bool


def stock_of(event_id):
    """Every place of the event in map order, as StockPlace."""
    with connection.cursor() as cursor:
        cursor.execute(STOCK, [event_id])
        return list(map(StockPlace._make, cursor))


def best_first(places, focus):
    """These places row by row, so that neighbours stay together: the row nearest to the focal point
    (x, y of the plan) first, each from its beginning."""
    rows = defaultdict(list)
    for place in places:
        rows[place.section_id, place.row_position].append(place)
    ranked = sorted(rows.values(), key=lambda row: (_distance(row, focus), row[0].ordinal))
    return [place for row in ranked for place in sorted(row, key=lambda place: place.ordinal)]


def last_first(places, focus):
    """The same from the other end: the row farthest away first."""
    return best_first(places, focus)[::-1]


def _distance(row, focus):
    """Squared, of the row's middle."""
    x = sum(place.x for place in row) / len(row)
    y = sum(place.y for place in row) / len(row)
    return (x - focus[0]) ** 2 + (y - focus[1]) ** 2
