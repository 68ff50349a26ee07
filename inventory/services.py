"""Who may make places scarcer: only here. Every function runs inside its caller's transaction."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from django.db import OperationalError, connection
from django.db.models.functions import Now

from core.errors import DomainError
from core.locks import lock
from core.transactions import is_lock_timeout, use_case
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
# One statement: whether the event sells by the database's clock, then the places, locked, then those
# of them that are sellable taken. Nobody queues here. Places that were chosen are locked in key order
# and the first that somebody else has ends the statement: of several who want the same places one
# always gets through. What another transaction took meanwhile PostgreSQL's re-check leaves out.
CLAIM = """
WITH sale AS MATERIALIZED (
  SELECT status IN ('ON_SALE', 'SOLD_OUT') AND sale_starts_at <= clock_timestamp()
     AND clock_timestamp() < sale_ends_at AS is_open
  FROM events_event WHERE id = %(event)s
), wanted AS (
  {wanted}
), claimed AS (
  UPDATE inventory_eventseat e
  SET status = 'RESERVED', claimed_by = %(reference)s,
      claimed_until = clock_timestamp() + make_interval(secs => %(seconds)s)
  FROM sale, wanted, venues_layoutseat s, venues_layoutsection c, events_pricelevel l
  WHERE sale.is_open AND e.id = wanted.id
    AND s.id = e.seat_id AND c.id = s.section_id AND l.id = e.level_id
    AND e.ownership = 'OWNED' AND e.status = 'AVAILABLE'
  RETURNING e.id, e.ordinal, coalesce(e.price, l.price), e.cost, e.currency,
            c.label, s.row, s.label, s.kind, c.entrance, s.restricted_view, e.claimed_until
)
SELECT sale.is_open, claimed.* FROM sale LEFT JOIN claimed ON true
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
  WHERE e.event_id = %(event)s AND e.ownership = 'OWNED' AND e.status = 'AVAILABLE'
    AND e.level_id IS NOT NULL AND s.kind = 'STANDING'
    AND (%(level)s::uuid IS NULL OR e.level_id = %(level)s)
    AND (%(section)s::text IS NULL OR c.label = %(section)s)
    AND (%(at_most)s::numeric IS NULL OR %(at_most)s >= coalesce(
      e.price, (SELECT l.price FROM events_pricelevel l WHERE l.id = e.level_id)))
  ORDER BY e.id LIMIT %(quantity)s FOR NO KEY UPDATE OF e SKIP LOCKED
"""
CLAIM_CHOSEN = CLAIM.format(wanted=CHOSEN.format(when_locked="NOWAIT"))
CLAIM_UNLOCKED = CLAIM.format(wanted=CHOSEN.format(when_locked="SKIP LOCKED"))
CLAIM_STANDING = CLAIM.format(wanted=STANDING)
# Each place at its own cost: thousands at once.
TAKE_OWNERSHIP = """
UPDATE inventory_eventseat e
SET ownership = 'OWNED', cost = bought.cost, price = coalesce(%(price)s::numeric, e.price)
FROM unnest(%(seats)s::bigint[], %(costs)s::numeric[]) AS bought(id, cost)
WHERE e.id = bought.id
"""
KEPT_DAYS = 365  # longer than any repair of a confirmation takes
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


class SeatsLocked(SeatsTaken):
    """Somebody is at some of the wanted places at this moment. Which ones is not known, so all are
    named, and he may yet give them back."""


class NotOnSale(DomainError):
    """The event does not sell now."""

    code = "not_on_sale"


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
    """Reserves these places of the event for `reference`, all or none; never waits for anybody.

    Returns ClaimedSeat rows by ordinal; `until` is the end by the database's clock. Raises NotOnSale,
    SeatsTaken with the places lost, or SeatsLocked when somebody is just taking some of them; the
    caller's transaction must then be given up.
    """
    wanted = {"event": event.pk, "ordinals": list(ordinals)}
    try:
        seats = _claimed(event, CLAIM_CHOSEN, wanted, reference, seconds)
    except OperationalError as error:
        if not is_lock_timeout(error):
            raise
        raise SeatsLocked(ordinals) from error
    return _all_of(ordinals, seats)


def claim_unlocked(*, event, ordinals, reference, seconds):
    """Like `claim`, but a place that somebody is at counts as lost like any other, so SeatsTaken names
    exactly the places that cannot be had now. Two who want the same may both lose to each other."""
    wanted = {"event": event.pk, "ordinals": list(ordinals)}
    return _all_of(ordinals, _claimed(event, CLAIM_UNLOCKED, wanted, reference, seconds))


def claim_standing(*, event, within, quantity, reference, seconds):
    """Reserves any `quantity` standing places that nobody is at; `within` has `level` (a PriceLevel
    id), `section` (a label) and `at_most` (a price before fees), each perhaps None. Returns and raises
    like `claim`; which places were lost SeatsTaken then does not say."""
    wanted = {"event": event.pk, "quantity": quantity, **within}
    seats = _claimed(event, CLAIM_STANDING, wanted, reference, seconds)
    if len(seats) < quantity:
        raise SeatsTaken([])
    return seats


def _claimed(event, statement, wanted, reference, seconds):
    with connection.prepared_cursor() as cursor:
        cursor.execute(statement, {**wanted, "reference": reference, "seconds": seconds})
        rows = cursor.fetchall()
    if not rows or not rows[0][0]:
        raise NotOnSale(f"{event} is not on sale at the moment.")
    seats = [ClaimedSeat(*row) for _, *row in rows if row[0] is not None]
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


def lock_seats(seat_ids):
    """Locks places by key order and returns them as they are now."""
    return lock(EventSeat.objects.filter(pk__in=seat_ids))


def sell(*, seat_ids, reference):
    """Reserved by `reference` becomes sold; returns how many were."""
    return EventSeat.objects.filter(
        pk__in=seat_ids, claimed_by=reference, status=Status.RESERVED
    ).update(status=Status.SOLD, claimed_until=None)


def keep(*, seat_ids, reference):
    """The money for what `reference` has reserved has arrived: these places lapse no more while they
    wait to be sold, so that nobody is shown them as free. Returns how many are kept."""
    return EventSeat.objects.filter(
        pk__in=seat_ids, claimed_by=reference, status=Status.RESERVED
    ).update(claimed_until=Now() + timedelta(days=KEPT_DAYS))


def release(*, seat_ids, reference):
    """What `reference` still has reserved returns to sale; returns how many places did."""
    return EventSeat.objects.filter(
        pk__in=seat_ids, claimed_by=reference, status=Status.RESERVED
    ).update(status=Status.AVAILABLE, claimed_by=None, claimed_until=None)


@use_case
def take_ownership(*, event, costs, price=None):
    """The agency now owns these places: `costs` is {ordinal: Money}, what each was bought for, and
    `price` its own retail price (Money, before fees), if it has one. Returns {ordinal: EventSeat id};
    raises NotReceivable."""
    seats = lock(EventSeat.objects.at(event, list(costs)).only("ordinal", "ownership"))
    owned = [seat.ordinal for seat in seats if seat.ownership == Ownership.OWNED]
    missing = set(costs) - {seat.ordinal for seat in seats}
    if owned or missing:
        raise NotReceivable(
            f"{len(owned)} places are already owned and {len(missing)} are not part of this event.",
            owned=sorted(owned),
            missing=sorted(missing),
        )
    taken = {
        "seats": [seat.pk for seat in seats],
        "costs": [costs[seat.ordinal].amount for seat in seats],
        "price": None if price is None else price.amount,
    }
    with connection.cursor() as cursor:
        cursor.execute(TAKE_OWNERSHIP, taken)
    return {seat.ordinal: seat.pk for seat in seats}
