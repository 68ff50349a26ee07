"""What the picker works on, read from the database: the house of a layout, which never changes, and how
an event's places stand now."""

from functools import lru_cache
from types import SimpleNamespace

import brotli
from django.db import connection

from inventory.free import FREE as IS_FREE
from inventory.free import OPEN_TO
from inventory.models import StockChannel
from inventory.picking.house import House, Place
from venues.geometry import decode
from venues.models import Layout

HOUSES_KEPT = 8  # a process's memory; 50,000 places take about ten megabytes
STANDS = f"""
SELECT string_agg(CASE
    WHEN e.level_id IS NOT NULL AND {IS_FREE} AND {OPEN_TO} THEN CASE
      WHEN (%(level)s::uuid IS NULL OR e.level_id = %(level)s)
       AND (%(at_most)s::numeric IS NULL OR coalesce(e.price, l.price) <= %(at_most)s)
      THEN '\\x00'::bytea ELSE '\\x02'::bytea END
    ELSE '\\x01'::bytea END, ''::bytea ORDER BY e.ordinal)
FROM inventory_eventseat e LEFT JOIN events_pricelevel l ON l.id = e.level_id
WHERE e.event_id = %(event)s
"""  # noqa: S608 - constants only


def stands(event, *, level=None, at_most=None, channel=StockChannel.WEB):
    """How every place of the event stands, one byte each in map order: states.FREE, TAKEN, or OTHER:
    free, but not of this `level` (PriceLevel id) or dearer than `at_most` (before fees). Open to the
    `channel` are its own places and everybody's; None has them all."""
    limits = {"event": event.pk, "level": level, "at_most": at_most, "channel": channel}
    with connection.prepared_cursor() as cursor:
        cursor.execute(STANDS, limits)
        return bytes(cursor.fetchone()[0] or b"")


@lru_cache(HOUSES_KEPT)
def house_of(layout_id):
    """The House of a published layout (its id), whose positions are the layout's ordinals."""
    packed = Layout.objects.values_list("geometry_brotli", flat=True).get(pk=layout_id)
    return house_in(brotli.decompress(packed))


def house_in(geometry):
    """The House of a geometry file (bytes)."""
    plan = SimpleNamespace(**{"focals": {}, **decode(geometry)})
    focals = {zone: tuple(point) for zone, point in plan.focals.items()}
    return House(list(_places(plan)), tuple(plan.focal), focals)


def _places(plan):
    flags = {int(ordinal): words.split() for ordinal, words in plan.flags.items()}
    for section in plan.sections:
        stands = section["kind"] == "STANDING"
        for row in section["rows"]:
            starts = set(row["blocks"])
            block = -1
            for index in range(row["count"]):
                block += index in starts
                at = row["first"] + index
                words = flags.get(at, ())
                yield Place(
                    *(section["label"], row["label"], block, index, plan.x[at], plan.y[at]),
                    kind="STANDING" if stands else _kind(words),
                    zone=section["zone"],
                    restricted_view="restricted" in words,
                )


def _kind(words):
    """The kind of a place by the words of its flag, of which the picker minds two."""
    return next((word.upper() for word in words if word in ("wheelchair", "companion")), "STANDARD")
