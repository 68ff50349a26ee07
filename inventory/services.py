"""Who may make places scarcer: only here. Every function runs inside its caller's transaction."""

from dataclasses import dataclass
from decimal import Decimal

from django.db import connection

from core.errors import DomainError
from core.locks import lock
from core.transactions import use_case
from inventory.models import EventSeat, Ownership, Status

# Which level covers each row of the layout: of several the one that names rows, then the last. Found
# once a row, not once a place.
COVERED = """
WITH covered AS MATERIALIZED (
  SELECT r.section_id, r.row, (
    SELECT l.id FROM events_pricelevel l JOIN events_pricearea a ON a.level_id = l.id
    WHERE l.event_id = %(event)s AND a.section_id = r.section_id
      AND (cardinality(a.rows) = 0 OR r.row = ANY (a.rows))
    ORDER BY cardinality(a.rows) DESC, l.position DESC, l.id LIMIT 1
  ) AS level_id
  FROM (
    SELECT DISTINCT section_id, row FROM venues_layoutseat WHERE layout_id = %(layout)s
  ) r
)
"""
LAY_OUT = f"""
{COVERED}
INSERT INTO inventory_eventseat
  (agency_id, event_id, ordinal, seat_id, level_id, ownership, status, currency)
SELECT s.agency_id, %(event)s, s.ordinal, s.id, c.level_id, 'NOT_OWNED', 'AVAILABLE', %(currency)s
FROM venues_layoutseat s JOIN covered c ON c.section_id = s.section_id AND c.row = s.row
WHERE s.layout_id = %(layout)s AND s.ordinal NOT IN (
  SELECT ordinal FROM inventory_eventseat WHERE event_id = %(event)s
)
ON CONFLICT (event_id, ordinal) DO NOTHING
"""  # noqa: S608 - constants only
# Places can be ordered before prices are set, and levels change while an event is a draft.
RELEVEL = f"""
{COVERED}
UPDATE inventory_eventseat e SET level_id = c.level_id
FROM venues_layoutseat s JOIN covered c ON c.section_id = s.section_id AND c.row = s.row
WHERE e.event_id = %(event)s AND s.id = e.seat_id AND e.status NOT IN ('RESERVED', 'SOLD')
  AND e.level_id IS DISTINCT FROM c.level_id
"""  # noqa: S608 - constants only
# One statement: locks the places in key order, then takes those that are sellable. What another
# transaction took while we waited is seen by PostgreSQL's re-check and left out of the answer.
CLAIM = """
WITH wanted AS (
  SELECT id FROM inventory_eventseat
  WHERE event_id = %(event)s AND ordinal = ANY (%(ordinals)s)
  ORDER BY id FOR NO KEY UPDATE
)
UPDATE inventory_eventseat e
SET status = 'RESERVED', claimed_by = %(reference)s,
    claimed_until = clock_timestamp() + make_interval(secs => %(seconds)s)
FROM wanted, venues_layoutseat s, venues_layoutsection c, events_pricelevel l
WHERE e.id = wanted.id AND s.id = e.seat_id AND c.id = s.section_id AND l.id = e.level_id
  AND e.ownership = 'OWNED' AND e.status = 'AVAILABLE'
RETURNING e.id, e.ordinal, coalesce(e.price, l.price), e.cost, e.currency,
          c.label, s.row, s.label, s.kind, c.entrance, s.restricted_view, e.claimed_until
"""
LAPSED = """
SELECT DISTINCT claimed_by FROM inventory_eventseat
WHERE event_id = %(event)s AND ordinal = ANY (%(ordinals)s)
  AND status = 'RESERVED' AND claimed_until <= clock_timestamp()
"""


class SeatsTaken(DomainError):
    """Some of the wanted places are not for sale any more; none was taken."""

    code = "seats_taken"

    def __init__(self, ordinals):
        self.ordinals = sorted(ordinals)
        count = len(self.ordinals)
        places = "place has" if count == 1 else "places have"
        super().__init__(
            f"{count} {places} just been taken. Nothing was reserved and nothing was charged.",
            lost=self.ordinals,
        )


class NotReceivable(DomainError):
    """Places that the agency already owns, or that are not part of the event, cannot come in."""

    code = "not_receivable"


@dataclass(frozen=True, slots=True)
class ClaimedSeat:
    """A place as it was claimed: its key, its money and how it is called."""

    id: int
    ordinal: int
    price: Decimal
    cost: Decimal
    currency: str
    section: str
    row: str
    seat: str
    kind: str
    entrance: str
    restricted_view: bool
    until: object


def lay_out(event):
    """Gives the event one EventSeat per place of its layout, each with the level that covers it now.

    Repeating it adds what is missing and moves places that are not taken to the level that covers
    them. Returns how many places were added.
    """
    names = {"event": event.pk, "layout": event.layout_id, "currency": event.currency}
    with connection.cursor() as cursor:
        cursor.execute(LAY_OUT, names)
        added = cursor.rowcount
        cursor.execute(RELEVEL, names)
        return added


def claim(*, event, ordinals, reference, seconds):
    """Reserves these places of the event for `reference`, all or none.

    Returns ClaimedSeat rows by ordinal; `until` is the end by the database's clock. Raises SeatsTaken
    with the places lost; the caller's transaction must then be given up.
    """
    wanted = {
        "event": event.pk,
        "ordinals": list(ordinals),
        "reference": reference,
        "seconds": seconds,
    }
    with connection.prepared_cursor() as cursor:
        cursor.execute(CLAIM, wanted)
        seats = sorted((ClaimedSeat(*row) for row in cursor), key=lambda seat: seat.ordinal)
    lost = set(ordinals) - {seat.ordinal for seat in seats}
    if lost:
        raise SeatsTaken(lost)
    return seats


def lapsed_claims(*, event, ordinals):
    """Public ids of bookings whose reservation of any of these places is over."""
    with connection.cursor() as cursor:
        cursor.execute(LAPSED, {"event": event.pk, "ordinals": list(ordinals)})
        return [row[0] for row in cursor]


def lock_seats(seat_ids):
    """Locks places by key order and returns them as they are now."""
    return lock(EventSeat.objects.filter(pk__in=seat_ids))


def sell(*, seat_ids, reference):
    """Reserved by `reference` becomes sold; returns how many were."""
    return EventSeat.objects.filter(
        pk__in=seat_ids, claimed_by=reference, status=Status.RESERVED
    ).update(status=Status.SOLD, claimed_until=None)


def release(*, seat_ids, reference):
    """What `reference` still has reserved returns to sale; returns how many places did."""
    return EventSeat.objects.filter(
        pk__in=seat_ids, claimed_by=reference, status=Status.RESERVED
    ).update(status=Status.AVAILABLE, claimed_by=None, claimed_until=None)


@use_case
def take_ownership(*, event, ordinals, unit_cost, price=None):
    """The agency now owns these places, at `unit_cost` each and, if given, its own retail `price`
    (both Money, before fees). Returns {ordinal: EventSeat id}; raises NotReceivable."""
    seats = lock(EventSeat.objects.at(event, ordinals).only("ordinal", "ownership"))
    owned = [seat.ordinal for seat in seats if seat.ownership == Ownership.OWNED]
    missing = set(ordinals) - {seat.ordinal for seat in seats}
    if owned or missing:
        raise NotReceivable(
            f"{len(owned)} places are already owned and {len(missing)} are not part of this event.",
            owned=sorted(owned),
            missing=sorted(missing),
        )
    values = {"ownership": Ownership.OWNED, "cost": unit_cost.amount}
    if price is not None:
        values["price"] = price.amount
    EventSeat.objects.filter(pk__in=[seat.pk for seat in seats]).update(**values)
    return {seat.ordinal: seat.pk for seat in seats}
