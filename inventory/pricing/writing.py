"""Own prices of places as they are written: by whoever changes them, only here.

A place that somebody has reserved or bought is never changed, so a buyer's price stays what it was
when he reserved. Who reserves meanwhile gets through: what he has by the time the change has its lock
is left out of it.
"""

from collections import defaultdict
from dataclasses import dataclass, field

from django.core.cache import cache
from django.db import OperationalError, connection, transaction

from core.audit import because
from core.errors import DomainError
from core.ids import reference
from core.transactions import is_lock_timeout
from events.models import Event
from inventory.models import PriceChange

AT_ONCE = 5_000  # places in one statement: a transaction of any size stays below its time-out
STAMP_SECONDS = 3600
# In key order like everything that locks places. Who had to wait is looked at again: PostgreSQL
# re-checks the conditions on the row as it is now.
LOCK_PLACES = """
SELECT e.ordinal FROM inventory_eventseat e
JOIN unnest(%(ordinals)s::int[], %(before)s::numeric[], %(costs)s::numeric[])
  AS wanted (ordinal, before, cost) ON wanted.ordinal = e.ordinal
WHERE e.event_id = %(event)s AND e.ownership = 'OWNED'
  AND e.price IS NOT DISTINCT FROM wanted.before
  AND (wanted.cost IS NULL OR e.cost = wanted.cost)
  {unless_taken}
ORDER BY e.id FOR NO KEY UPDATE OF e
"""
UNLESS_TAKEN = "AND e.status NOT IN ('RESERVED', 'SOLD')"
WRITE_PRICES = """
UPDATE inventory_eventseat e SET price = wanted.after
FROM unnest(%(ordinals)s::int[], %(after)s::numeric[]) AS wanted (ordinal, after)
WHERE e.event_id = %(event)s AND e.ordinal = wanted.ordinal
"""


class NothingToChange(DomainError):
    """No place would have another price afterwards."""

    code = "nothing_to_change"


class PlacesBusy(DomainError):
    """Buyers are at some of the places and did not let go in time; nothing was changed."""

    code = "places_busy"


@dataclass(frozen=True, slots=True)
class Change:
    """What a PriceChange says of itself; `links` are the rule, or the change it undoes."""

    event: Event
    source: str
    reason: str
    by: object
    links: dict = field(default_factory=dict)


def write(change, given, tell=None):
    """The one place where own prices of many places are written: `given` {reason that the place keeps:
    [Move]}, each place once. Places that are not as their cohort says any more are left out. Returns
    the PriceChange; raises NothingToChange, PlacesBusy."""
    rows = {
        ordinal: (move.cohort.own, move.own, move.cohort.cost, why)
        for why, moves in given.items()
        for move in moves
        for ordinal in move.cohort.ordinals
    }
    event, free = change.event, _locked(change.event, rows)
    if not free:
        raise NothingToChange("No place would have another price. Nothing was written.")
    _write_own(event, {ordinal: rows[ordinal] for ordinal in free}, tell or (lambda written: None))
    transaction.on_commit(lambda: stamp_prices(event.pk))
    return PriceChange.objects.create(
        event=event,
        source=change.source,
        reason=change.reason,
        seats=len(free),
        currency=event.currency,
        ordinals=free,
        before=[rows[ordinal][0] for ordinal in free],
        after=[rows[ordinal][1] for ordinal in free],
        made_by=change.by,
        **change.links,
    )


def _locked(event, rows):
    """Locks those of {ordinal: (own price, …, cost, …)} that are still so and nobody's; ascending."""
    wanted = {
        "event": event.pk,
        "ordinals": list(rows),
        "before": [row[0] for row in rows.values()],
        "costs": [row[2] for row in rows.values()],
    }
    try:
        with connection.cursor() as cursor:
            cursor.execute(LOCK_PLACES.format(unless_taken=UNLESS_TAKEN), wanted)
            return sorted(ordinal for (ordinal,) in cursor)
    except OperationalError as error:
        if not is_lock_timeout(error):
            raise
        raise PlacesBusy(
            "Buyers are at some of these places just now. Nothing was changed: try again in a moment."
        ) from error


def _write_own(event, rows, tell):
    """Writes {ordinal: (…, own price, …, reason)} of locked places, reason by reason."""
    by_reason, written = defaultdict(list), 0
    for ordinal, row in rows.items():
        by_reason[row[3]].append(ordinal)
    for why, ordinals in by_reason.items():
        because(why)
        for first in range(0, len(ordinals), AT_ONCE):
            some = ordinals[first : first + AT_ONCE]
            prices = [rows[ordinal][1] for ordinal in some]
            with connection.cursor() as cursor:
                cursor.execute(WRITE_PRICES, {"event": event.pk, "ordinals": some, "after": prices})
            written += len(some)
            tell(written)
    because("")


# What remembers prices


def stamp_prices(event_id):
    """Tells every process that the event's prices are not those it remembers."""
    cache.set(_stamp(event_id), reference(8), STAMP_SECONDS)


def price_stamp(event_id):
    """What the remembered prices of an event must have been made under; None as long as none changed
    within the hour."""
    return cache.get(_stamp(event_id))


def _stamp(event_id):
    return f"prices:{event_id}"
