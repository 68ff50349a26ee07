"""Places taken for a buyer, sold, given back. Every function runs in its caller's transaction."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from django.db import OperationalError, connection
from django.db.models.functions import Now

from core.errors import DomainError
from core.locks import lock_one
from core.postgres.fixed import FixedUpdate, Locking
from core.transactions import is_lock_timeout
from events.models import Event
from inventory.free import AS_IT_IS, DOOR, OPEN_BY_DOOR, OPEN_TO
from inventory.models import EventSeat, Status, StockChannel
from inventory.waking import wake
from venues.models import Layout

# One statement: whether it sells by the database's clock, then the places, locked, then those
# of them that are sellable taken. Nobody queues here. Places that were chosen are locked in key order
# and the first that somebody else has ends the statement: of several who want the same places one
# always gets through. What another transaction took meanwhile PostgreSQL's re-check leaves out.
CLAIM = """
WITH sale AS MATERIALIZED (
  SELECT {open} AS is_open, layout_id = %(layout)s AS is_as_seen
  FROM events_event WHERE id = %(event)s
), wanted AS (
  {wanted}
), claimed AS (
  UPDATE inventory_eventseat e
  SET status = 'RESERVED', claimed_by = %(reference)s,
      claimed_until = clock_timestamp() + make_interval(secs => %(seconds)s), hold_id = {hold}
  FROM sale, wanted, venues_layoutseat s, venues_layoutsection c, events_pricelevel l
  WHERE sale.is_open AND sale.is_as_seen AND e.id = wanted.id
    AND s.id = e.seat_id AND c.id = s.section_id AND l.id = e.level_id
    AND {free}
  RETURNING e.id, e.ordinal, coalesce(e.price, l.price), e.cost, e.currency,
            c.label, s.row, s.label, s.kind, c.entrance, s.restricted_view, s.disclosure,
            c.view_note, e.claimed_until
)
SELECT sale.is_open, sale.is_as_seen, claimed.* FROM sale LEFT JOIN claimed ON true
"""
CHOSEN = """
  SELECT id FROM inventory_eventseat
  WHERE event_id = %(event)s AND ordinal = ANY (%(ordinals)s)
  ORDER BY id FOR NO KEY UPDATE {when_locked}
"""
STANDING = """
  SELECT e.id FROM inventory_eventseat e
  JOIN venues_layoutseat s ON s.id = e.seat_id
  JOIN venues_layoutsection c ON c.id = s.section_id
  WHERE e.event_id = %(event)s AND {free} AND e.level_id IS NOT NULL
    AND s.kind = 'STANDING'
    AND (%(level)s::uuid IS NULL OR e.level_id = %(level)s)
    AND (%(section)s::text IS NULL OR c.label = %(section)s)
    AND (%(at_most)s::numeric IS NULL OR %(at_most)s >= coalesce(
      e.price, (SELECT l.price FROM events_pricelevel l WHERE l.id = e.level_id)))
  ORDER BY e.id LIMIT %(quantity)s FOR NO KEY UPDATE OF e SKIP LOCKED
"""
# A buyer's sale keeps the hours of the sale; staff sell out of a hold until the event begins.
ON_SALE = """status IN ('ON_SALE', 'SOLD_OUT') AND sale_starts_at <= clock_timestamp()
     AND clock_timestamp() < sale_ends_at"""
BY_STAFF = """status IN ('PUBLISHED', 'ON_SALE', 'SOLD_OUT') AND clock_timestamp() < starts_at"""
FREE_TO = f"{AS_IT_IS} AND {OPEN_TO}"
IN_PRESALE = "(SELECT runs FROM door)"
FREE_IN_PRESALE = f"{AS_IT_IS} AND {OPEN_BY_DOOR}"
HELD_BY = """e.ownership = 'OWNED' AND e.status = 'HELD' AND e.hold_id = %(hold)s AND EXISTS (
      SELECT FROM inventory_hold h WHERE h.id = %(hold)s AND h.status = 'ACTIVE'
        AND (h.until IS NULL OR clock_timestamp() < h.until))"""


def _claim(wanted, *, is_open=ON_SALE, free=FREE_TO, hold="NULL"):
    return CLAIM.format(wanted=wanted, open=is_open, free=free, hold=hold)


def _claim_in_presale(wanted):
    """Which places are its buyer's is decided by the same reading of the clock as that it runs."""
    statement = _claim(wanted, is_open=IN_PRESALE, free=FREE_IN_PRESALE)
    return statement.replace("WITH sale", f"WITH {DOOR}, sale", 1)


CLAIM_CHOSEN = _claim(CHOSEN.format(when_locked="NOWAIT"))
CLAIM_UNLOCKED = _claim(CHOSEN.format(when_locked="SKIP LOCKED"))
CLAIM_STANDING = _claim(STANDING.format(free=FREE_TO))
CLAIM_BY_DOOR = {
    CLAIM_CHOSEN: _claim_in_presale(CHOSEN.format(when_locked="NOWAIT")),
    CLAIM_UNLOCKED: _claim_in_presale(CHOSEN.format(when_locked="SKIP LOCKED")),
    CLAIM_STANDING: _claim_in_presale(STANDING.format(free=FREE_IN_PRESALE)),
}
CLAIM_HELD = _claim(
    CHOSEN.format(when_locked="NOWAIT"), is_open=BY_STAFF, free=HELD_BY, hold="e.hold_id"
)
KEPT_DAYS = 365  # longer than any repair of a confirmation takes
LAPSED = """
SELECT DISTINCT claimed_by FROM inventory_eventseat
WHERE event_id = %(event)s AND ordinal = ANY (%(ordinals)s)
  AND status = 'RESERVED' AND claimed_until <= clock_timestamp() AND hold_id IS NULL
"""
# What was taken out of a hold goes back to it while it is active, until its outermost pool ends.
RELEASE = """
WITH RECURSIVE around AS (
  SELECT id AS hold_id, pool_id, until FROM inventory_hold WHERE status = 'ACTIVE' AND id IN (
    SELECT hold_id FROM inventory_eventseat WHERE id = ANY (%(seats)s))
  UNION ALL
  SELECT a.hold_id, h.pool_id, h.until FROM around a JOIN inventory_hold h ON h.id = a.pool_id
), back AS (
  SELECT s.id, a.hold_id, a.until FROM inventory_eventseat s
  LEFT JOIN around a ON a.hold_id = s.hold_id AND a.pool_id IS NULL
  WHERE s.id = ANY (%(seats)s)
)
UPDATE inventory_eventseat e
SET status = CASE WHEN back.hold_id IS NULL THEN 'AVAILABLE' ELSE 'HELD' END,
    hold_id = back.hold_id, claimed_by = NULL, claimed_until = back.until
FROM back
WHERE e.id = back.id AND e.claimed_by = %(reference)s AND e.status = %(status)s
RETURNING e.event_id
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


class SeatsLocked(SeatsTaken):
    """Somebody is at some of the wanted places at this moment. Which ones is not known, so all are
    named, and he may yet give them back."""


class NotOnSale(DomainError):
    """The event does not sell now."""

    code = "not_on_sale"


class Redrawn(DomainError):
    """The event is on another version of its layout than the one the places were chosen on: their
    ordinals are other places' now."""

    code = "map_redrawn"

    def __init__(self):
        super().__init__(
            "The map of this house was redrawn a moment ago. Look at it again and choose your places. "
            "Nothing was reserved and nothing was charged."
        )


def keep_layout(event):
    """Locks the event, which then stays on the layout it was read with until the transaction ends.
    Raises Redrawn when it has moved to another already."""
    if lock_one(Event.objects.filter(pk=event.pk)).layout_id != event.layout_id:
        raise Redrawn


def check_drawn(event, drawn):
    """Raises Redrawn unless the event's layout has the hash `drawn`; nothing was said by None or ""."""
    if drawn and not Layout.objects.filter(pk=event.layout_id, content_hash=drawn).exists():
        raise Redrawn


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
    disclosure: str
    view_note: str
    until: object


def claim(*, event, ordinals, reference, seconds, channel=StockChannel.WEB):
    """Reserves these places of the event for `reference`, all or none; never waits for anybody.
    `channel` is the one through which they are sold; None may have what is set aside for any. Who sees
    the event through a presale is sold what that opens, while it runs; NotOnSale when it does not.

    Returns ClaimedSeat rows by ordinal; `until` is the end by the database's clock. Raises NotOnSale,
    Redrawn when the event is not on the layout of `event` any more, SeatsTaken with the places lost, or
    SeatsLocked when somebody is just taking some of them; the caller's transaction must then be given
    up.
    """
    wanted = {"event": event.pk, "ordinals": list(ordinals), "channel": channel}
    return _all_of(ordinals, _nowait(event, CLAIM_CHOSEN, wanted, reference, seconds))


def claim_unlocked(*, event, ordinals, reference, seconds, channel=StockChannel.WEB):
    """Like `claim`, but a place that somebody is at counts as lost like any other, so SeatsTaken names
    exactly the places that cannot be had now. Two who want the same may both lose to each other."""
    wanted = {"event": event.pk, "ordinals": list(ordinals), "channel": channel}
    return _all_of(ordinals, _claimed(event, CLAIM_UNLOCKED, wanted, reference, seconds))


def claim_standing(*, event, within, quantity, reference, seconds, channel=StockChannel.WEB):
    """Reserves any `quantity` standing places that nobody is at; `within` has `level` (a PriceLevel
    id), `section` (a label) and `at_most` (a price before fees), each perhaps None. Returns and raises
    like `claim`; which places were lost SeatsTaken then does not say."""
    wanted = {"event": event.pk, "quantity": quantity, "channel": channel, **within}
    seats = _claimed(event, CLAIM_STANDING, wanted, reference, seconds)
    if len(seats) < quantity:
        raise SeatsTaken([])
    return seats


def claim_held(*, hold, ordinals, reference, seconds):
    """Reserves these places out of an active Hold (its event is read), for whoever staff sell them to
    at any time before the event. Returns and raises like `claim`."""
    wanted = {"event": hold.event_id, "ordinals": list(ordinals), "hold": hold.pk}
    return _all_of(ordinals, _nowait(hold.event, CLAIM_HELD, wanted, reference, seconds))


def _nowait(event, statement, wanted, reference, seconds):
    try:
        return _claimed(event, statement, wanted, reference, seconds)
    except OperationalError as error:
        if not is_lock_timeout(error):
            raise
        raise SeatsLocked(wanted["ordinals"]) from error


def _claimed(event, statement, wanted, reference, seconds):
    with connection.prepared_cursor() as cursor:
        seen = {"layout": event.layout_id, "reference": reference, "seconds": seconds}
        if event.presale_id and "hold" not in wanted:
            statement, seen["presale"] = CLAIM_BY_DOOR[statement], event.presale_id
        cursor.execute(statement, {**wanted, **seen})
        rows = cursor.fetchall()
    if not rows or not rows[0][0]:
        raise NotOnSale(f"{event} is not on sale at the moment.")
    if not rows[0][1]:
        raise Redrawn
    wake(event.pk)
    seats = [ClaimedSeat(*row) for _, _, *row in rows if row[0] is not None]
    return sorted(seats, key=lambda seat: seat.ordinal)


def _all_of(ordinals, seats):
    lost = set(ordinals) - {seat.ordinal for seat in seats}
    if lost:
        raise SeatsTaken(lost)
    return seats


def lapsed_claims(*, event, ordinals):
    """Public ids of bookings whose reservation of any of these places is over."""
    with connection.cursor() as cursor:
        cursor.execute(LAPSED, {"event": event.pk, "ordinals": list(ordinals)})
        return [row[0] for row in cursor]


def _reserved(seat_ids, reference):
    mine = EventSeat.objects.filter(pk__among=seat_ids, claimed_by=reference)
    return mine.filter(status=Status.RESERVED)


SEATS = Locking(lambda ids: EventSeat.objects.filter(pk__among=ids))
SELL = FixedUpdate(
    lambda ids, reference: (
        _reserved(ids, reference),
        {"status": Status.SOLD, "claimed_until": None},
    )
)
KEEP = FixedUpdate(
    lambda ids, reference, until: (_reserved(ids, reference), {"claimed_until": until})
)


def lock_seats(seat_ids):
    """Locks places by key order and returns them as they are now."""
    return SEATS(list(seat_ids))


def sell(*, seat_ids, reference):
    """Reserved by `reference` becomes sold; returns how many were."""
    return SELL(list(seat_ids), reference)


def keep(*, seat_ids, reference, until=None):
    """What `reference` has reserved lapses not before `until`, so that nobody is shown it as free; if
    that is None, the money has arrived and it lapses no more. Returns how many places are kept."""
    if until is None:
        return _reserved(list(seat_ids), reference).update(
            claimed_until=Now() + timedelta(days=KEPT_DAYS)
        )
    return KEEP(list(seat_ids), reference, until)


def release(*, seat_ids, reference):
    """What `reference` still has reserved returns to sale, or to the hold it came from; returns how
    many places did."""
    return _give_back(seat_ids, reference, Status.RESERVED)


def take_back(*, seat_ids, reference):
    """What was sold to `reference` returns to sale, or to the hold it came from; returns how many."""
    return _give_back(seat_ids, reference, Status.SOLD)


def _give_back(seat_ids, reference, status):
    with connection.cursor() as cursor:
        cursor.execute(
            RELEASE, {"seats": list(seat_ids), "reference": reference, "status": str(status)}
        )
        events = [row[0] for row in cursor]
    for event_id in set(events):
        wake(event_id)
    return len(events)


def block_sold(*, seat_ids, reference):
    """What was sold to `reference` is nobody's any more, but is not sold either; returns how many."""
    return EventSeat.objects.filter(
        pk__in=seat_ids, claimed_by=reference, status=Status.SOLD
    ).update(status=Status.BLOCKED, claimed_by=None, hold=None)
