"""Reads of the seat inventory: what the map shows, what is left and for how much."""

import math
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from django.db import connection

from inventory.free import DOOR, FREE, OPEN_BY_DOOR, PUBLIC, SHUT_BY_DOOR
from inventory.models import StockChannel

SELLABLE = f"{FREE} AND {PUBLIC}"
SELLABLE_BY_DOOR = f"{FREE} AND {OPEN_BY_DOOR}"


def _status_of(sellable, door="", shut="false"):
    """The layout of an event and one byte a place, in map order: 0 available, 1 taken, 2 not for
    sale to who looks."""
    return f"""
{door} SELECT layout_id, (
  SELECT string_agg(CASE
    WHEN e.ownership <> 'OWNED' OR e.level_id IS NULL OR {shut} THEN '\\x02'::bytea
    WHEN {sellable} THEN '\\x00'::bytea
    ELSE '\\x01'::bytea END, ''::bytea ORDER BY e.ordinal)
  FROM inventory_eventseat e WHERE e.event_id = %(event)s
) FROM events_event WHERE id = %(event)s
"""  # noqa: S608 - constants only


STATUS = _status_of(SELLABLE)
STATUS_BY_DOOR = _status_of(SELLABLE_BY_DOOR, f"WITH {DOOR}", SHUT_BY_DOOR)
LEFT_BY_EVENT = f"""
SELECT left_over.*, NOT EXISTS (
  SELECT 1 FROM events_event v JOIN venues_layoutsection c ON c.layout_id = v.layout_id
  WHERE v.id = left_over.event_id AND c.kind <> 'STANDING')
FROM (
  SELECT e.event_id, min(coalesce(e.price, l.price)), max(coalesce(e.price, l.price)), count(*)
  FROM inventory_eventseat e JOIN events_pricelevel l ON l.id = e.level_id
  WHERE e.event_id = ANY (%s) AND {SELLABLE} GROUP BY e.event_id
) left_over
"""  # noqa: S608 - constants only


def _section_seats(sellable, door="", shut="false"):
    return f"""
{door} SELECT e.ordinal, s.row_position, s.row, s.label, s.kind, s.restricted_view, s.disclosure,
       s.block, s.index, coalesce(e.price, l.price), l.name, l.position, {sellable},
       e.ownership = 'OWNED' AND NOT {shut}
FROM inventory_eventseat e
JOIN venues_layoutseat s ON s.id = e.seat_id
LEFT JOIN events_pricelevel l ON l.id = e.level_id
WHERE e.event_id = %(event)s AND s.section_id = %(section)s
  AND (s.disclosure <> '' OR NOT %(disclosed_only)s) ORDER BY e.ordinal
"""  # noqa: S608 - constants only


SECTION_SEATS = _section_seats(SELLABLE)
SECTION_SEATS_BY_DOOR = _section_seats(SELLABLE_BY_DOOR, f"WITH {DOOR}", SHUT_BY_DOOR)
WHEELCHAIR_LEFT = f"""
SELECT e.event_id, count(*)
FROM inventory_eventseat e JOIN venues_layoutseat s ON s.id = e.seat_id
WHERE e.event_id = ANY (%s) AND s.kind = 'WHEELCHAIR' AND e.level_id IS NOT NULL AND {SELLABLE}
GROUP BY e.event_id
"""  # noqa: S608 - constants only
# Where something else begins: told by the level and the own price of the place before.
PRICE_RUNS = """
SELECT v.layout_id, d.content_hash, run.level_id, l.name, l.position, coalesce(run.price, l.price),
  lead(run.ordinal, 1, run.places) OVER (ORDER BY run.ordinal) - run.ordinal
FROM events_event v LEFT JOIN venues_layout d ON d.id = v.layout_id LEFT JOIN (
  SELECT e.ordinal, e.level_id, e.price, (
      (e.level_id, e.price) IS DISTINCT FROM (lag(e.level_id) OVER found, lag(e.price) OVER found)
      OR row_number() OVER found = 1
    ) AS begins, (
      SELECT max(ordinal) + 1 FROM inventory_eventseat WHERE event_id = %(event)s
    ) AS places
  FROM inventory_eventseat e WHERE e.event_id = %(event)s WINDOW found AS (ORDER BY e.ordinal)
) run ON run.begins LEFT JOIN events_pricelevel l ON l.id = run.level_id
WHERE v.id = %(event)s ORDER BY run.ordinal
"""
NEXT_LAPSE = """
SELECT extract(epoch FROM min(moment) - clock_timestamp()) FROM (
  SELECT claimed_until FROM inventory_eventseat
  WHERE event_id = %(event)s AND status IN ('RESERVED', 'HELD')
  UNION ALL
  SELECT unnest(ARRAY[p.starts_at, p.ends_at, v.sale_starts_at])
  FROM inventory_presale p JOIN events_event v ON v.id = p.event_id
  WHERE p.event_id = %(event)s AND p.status = 'ACTIVE'
) next (moment) WHERE moment > clock_timestamp()
"""
PLACES = """
SELECT e.ordinal, c.label, s.row, s.label, s.kind, s.restricted_view,
       coalesce(e.price, l.price), s.x, s.y, s.disclosure
FROM inventory_eventseat e
JOIN venues_layoutseat s ON s.id = e.seat_id
JOIN venues_layoutsection c ON c.id = s.section_id
LEFT JOIN events_pricelevel l ON l.id = e.level_id
WHERE e.event_id = %s AND e.ordinal = ANY (%s) ORDER BY e.ordinal
"""


@dataclass(frozen=True, slots=True)
class Left:
    """How many places can be bought and between which prices (before fees). Of an event also whether
    its house has nothing but standing places (`is_standing`)."""

    low: Decimal
    high: Decimal
    count: int
    is_standing: bool = False

    @property
    def noun(self):
        return "place" if self.is_standing else "seat"


class PriceRun(NamedTuple):
    """So many `places` one after the other at one price, before fees; without a level unpriced. The
    next may have the same one."""

    level_id: UUID | None
    level: str | None
    position: int | None
    price: Decimal | None
    places: int


class Priced(NamedTuple):
    """What an event's places cost: the id and the hash of the layout that orders them, and their
    PriceRuns."""

    layout_id: UUID | None
    content_hash: str | None
    runs: list


@dataclass(frozen=True, slots=True)
class SectionSeat:
    """A place as the list of a section shows it."""

    ordinal: int
    row_position: int
    row: str
    label: str
    kind: str
    restricted_view: bool
    disclosure: str
    block: int
    index: int
    price: Decimal | None
    level: str | None
    level_position: int | None
    is_free: bool
    is_offered: bool


@dataclass(frozen=True, slots=True)
class NamedPlace:
    """A place with its name, price before fees and position on the map."""

    ordinal: int
    section: str
    row: str
    label: str
    kind: str
    restricted_view: bool
    price: Decimal | None
    x: int
    y: int
    disclosure: str = ""

    @property
    def name(self):
        if self.kind == "STANDING":
            return f"{self.section}, standing"
        row = f", row {self.row}" if self.row else ""
        return f"{self.section}{row}, seat {self.label}"


def _rows(sql, parameters):
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()


def seconds_to_next_lapse(event_id):
    """Until the next reservation or hold of the event runs out, or a presale of it begins or ends;
    infinity when nothing does."""
    with connection.cursor() as cursor:
        cursor.execute(NEXT_LAPSE, {"event": event_id})
        seconds = cursor.fetchone()[0]
    return math.inf if seconds is None else max(0.0, float(seconds))


def left_by_event(event_ids):
    """{event id: Left}; an event with nothing left is absent."""
    return {row[0]: Left(*row[1:]) for row in _rows(LEFT_BY_EVENT, [list(event_ids)])}


def section_seats(event, section_id, *, disclosed_only=False):
    """Every place of a section in map order, as SectionSeat, or only those of which something must be
    told. Free are those that may be sold to who sees the event as `event` is seen."""
    wanted = {"event": event.pk, "section": section_id, "disclosed_only": disclosed_only}
    if event.presale_id is None:
        return [SectionSeat(*row) for row in _rows(SECTION_SEATS, wanted)]
    wanted |= {"presale": event.presale_id, "channel": StockChannel.WEB}
    return [SectionSeat(*row) for row in _rows(SECTION_SEATS_BY_DOOR, wanted)]


def price_runs(event_id):
    """The Priced places of an event, in one look: it moves to another layout with all its places."""
    rows = _rows(PRICE_RUNS, {"event": event_id})
    return Priced(*rows[0][:2], [PriceRun(*run) for _, _, *run in rows if run[-1]])


def named_places(event_id, ordinals):
    """NamedPlace rows of these places of the event, unknown ones left out."""
    return [NamedPlace(*row) for row in _rows(PLACES, [event_id, list(ordinals)])]


def wheelchair_spaces_by_event(event_ids):
    """{event id: how many wheelchair spaces can be bought}; an event with none is absent."""
    return dict(_rows(WHEELCHAIR_LEFT, [list(event_ids)]))
