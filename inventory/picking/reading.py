"""What the picker works on, read from the database: the house of a layout, which never changes, and how
an event's places stand now."""

from functools import lru_cache
from itertools import pairwise
from types import SimpleNamespace

import brotli
from django.db import connection

from inventory.free import DOOR, OPEN_BY_DOOR, OPEN_TO
from inventory.free import FREE as IS_FREE
from inventory.models import StockChannel
from inventory.picking.house import SPECIAL, Bench, House, Span
from inventory.picking.states import FREE, OTHER
from inventory.services import Redrawn
from venues.geometry import decode
from venues.models import Layout

HOUSES_KEPT = 8  # 50,000 places take about ten megabytes, what is kept of their benches included


def _stands(is_open, door=""):
    return f"""
{door} SELECT (SELECT layout_id FROM events_event WHERE id = %(event)s), string_agg(CASE
    WHEN e.level_id IS NOT NULL AND {IS_FREE} AND {is_open} THEN CASE
      WHEN (%(level)s::uuid IS NULL OR e.level_id = %(level)s)
       AND (%(at_most)s::numeric IS NULL OR coalesce(e.price, l.price) <= %(at_most)s)
      THEN '\\x00'::bytea ELSE '\\x02'::bytea END
    ELSE '\\x01'::bytea END, ''::bytea ORDER BY e.ordinal)
FROM inventory_eventseat e LEFT JOIN events_pricelevel l ON l.id = e.level_id
WHERE e.event_id = %(event)s
"""  # noqa: S608 - constants only


STANDS = _stands(OPEN_TO)
STANDS_BY_DOOR = _stands(OPEN_BY_DOOR, f"WITH {DOOR}")


def stands(event, *, level=None, at_most=None, channel=StockChannel.WEB):
    """How every place of the event stands, one byte each in map order: states.FREE, TAKEN, or
    OTHER: free, but not of this `level` (PriceLevel id) or dearer than `at_most` (before fees).
    Open to the `channel` are its own places and everybody's; None has them all. Who sees the event
    through a presale has what that opens to him as well, and nothing before either is open. Raises
    Redrawn when the event is on another layout than when it was read: its house is not the one
    these are places of."""
    limits = {"event": event.pk, "level": level, "at_most": at_most, "channel": channel}
    asked = STANDS
    if event.presale_id:
        asked, limits["presale"] = STANDS_BY_DOOR, event.presale_id
    with connection.prepared_cursor() as cursor:
        cursor.execute(asked, limits)
        layout_id, now = cursor.fetchone()
    if layout_id != event.layout_id:
        raise Redrawn
    return bytes(now or b"")


@lru_cache(HOUSES_KEPT)
def house_of(layout_id):
    """The House of a published layout (its id), whose positions are the layout's ordinals."""
    packed = Layout.objects.values_list("geometry_brotli", flat=True).get(pk=layout_id)
    return house_in(brotli.decompress(packed))


def house_in(geometry):
    """The House of a geometry file (bytes). Made column by column: a process that has just started does
    it for its first buyer."""
    plan = SimpleNamespace(**{"focals": {}, **decode(geometry)})
    special, restricted = _flagged(plan)
    return House(
        xs=plan.x,
        ys=plan.y,
        spans=[_span(section) for section in plan.sections],
        benches=[bench for section in plan.sections for bench in _benches(section)],
        special=special,
        restricted=restricted,
        focus={
            each["label"]: tuple(plan.focals.get(each["zone"]) or plan.focal)
            for each in plan.sections
        },
    )


def _span(section):
    return Span(section["label"], section["first"], section["first"] + section["count"])


def _benches(section):
    """The Benches of a section, a block of a row each; none where one stands."""
    if section["kind"] == "STANDING":
        return
    for row in section["rows"]:
        first, label = row["first"], row["label"]
        for start, end in pairwise([*row["blocks"], row["count"]]):
            yield Bench(first + start, first + end, section["label"], label)


def _flagged(plan):
    """The layers of a House that say which places are special and which have a restricted view."""
    special, restricted = bytearray(plan.count), bytearray(plan.count)
    for ordinal, flag in plan.flags.items():
        words = flag.split()
        restricted[int(ordinal)] = OTHER if "restricted" in words else FREE
        for word in words:
            special[int(ordinal)] |= SPECIAL.get(word.upper(), FREE)
    for section in plan.sections:
        if section["kind"] == "STANDING":
            _, start, end = _span(section)
            special[start:end] = bytes(end - start)
    return bytes(special), bytes(restricted)
