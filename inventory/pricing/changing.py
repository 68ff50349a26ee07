"""Own prices of an event's places changed in one go: looked at first, then done, and undone.

A place that somebody has reserved or bought is never changed, so a buyer's price stays what it was
when he reserved. Who reserves meanwhile gets through: what he has by the time the change has its lock
is left out of it.
"""

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from django.core.cache import cache
from django.db import OperationalError, connection, transaction
from django.db.models import Max
from django.utils import timezone

from core.audit import because
from core.errors import DomainError
from core.ids import reference
from core.locks import lock_one
from core.outbox import record
from core.tenancy import acted_by
from core.transactions import is_lock_timeout, use_case
from events.models import Event
from inventory.facts import PriceJobAsked
from inventory.models import EventSeat, Ownership, PriceChange, PriceJob, SeatEntry, Status
from inventory.pricing.selecting import Left, Selection, chosen, cohorts_of, left_alone
from inventory.pricing.setting import Cohort, Setting

IN_A_PAGE = 20_000  # more places than this are changed by a worker
STAMP_SECONDS = 3600
# Entries of the seat ledger after which a preview no longer holds.
PRICED = ("BOUGHT", "RETURNED", "COSTED", "REPRICED")
KEEP_LEVELS = "SELECT id FROM events_pricelevel WHERE event_id = %s ORDER BY id FOR SHARE"
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


class BelowCost(DomainError):
    """Places would sell for less than they and their sale cost, and nobody said why."""

    code = "below_cost"


class PricesMoved(DomainError):
    """The prices or costs of the event are not those that were looked at."""

    code = "prices_moved"


class PlacesBusy(DomainError):
    """Buyers are at some of the places and did not let go in time; nothing was changed."""

    code = "places_busy"


@dataclass(frozen=True, slots=True)
class Wish:
    """A bulk change as somebody wants it. `below_cost_reason` allows prices below cost and fees."""

    selection: Selection
    setting: Setting
    reason: str
    below_cost_reason: str = ""

    @property
    def told(self):
        """The reason that every place and the change itself keep."""
        why = self.below_cost_reason
        return f"{self.reason} (below cost: {why})"[:200] if why else self.reason[:200]


@dataclass(frozen=True, slots=True)
class Move:
    """A cohort and its own price afterwards, None for its level's."""

    cohort: Cohort
    own: Decimal | None

    @property
    def price(self):
        """What the places sell for afterwards."""
        return self.cohort.level_price if self.own is None else self.own

    @property
    def is_below_cost(self):
        return self.price < self.cohort.least

    @property
    def count(self):
        return len(self.cohort.ordinals)


@dataclass(frozen=True)
class Look:
    """What a Wish would do now. `as_of` is the seat ledger's last price entry it knew; `same` places
    have that price already."""

    moves: list
    same: int
    left: Left
    as_of: int

    @cached_property
    def count(self):
        return sum(move.count for move in self.moves)

    @cached_property
    def below_cost(self):
        return [move for move in self.moves if move.is_below_cost]

    @property
    def before(self):
        """The present prices of what would change, added up."""
        return sum((move.count * (move.cohort.present or 0) for move in self.moves), Decimal(0))

    @property
    def after(self):
        return sum((move.count * move.price for move in self.moves), Decimal(0))


def look(event, wish):
    """The Look at a Wish; nothing is written. Raises Invalid when a price could not be made."""
    seats = chosen(event, wish.selection)
    as_of = last_price_entry(event)
    moves, same = [], 0
    for cohort in cohorts_of(seats):
        move = Move(cohort, wish.setting.own_price(cohort))
        if move.own == cohort.own or (move.own is not None and move.own == cohort.present):
            same += move.count
        else:
            moves.append(move)
    return Look(moves, same, left_alone(seats), as_of)


def last_price_entry(event):
    """The key of the last entry of the seat ledger that concerns what places cost or sell for."""
    entries = SeatEntry.objects.filter(event=event, kind__in=PRICED)
    return entries.aggregate(last=Max("pk"))["last"] or 0


@use_case
def change_prices(*, event, wish, by, as_of=None):
    """Does what the Wish says, all of it but places bought meanwhile; returns the PriceChange.

    `as_of` is that of the Look somebody agreed to. Raises NothingToChange, BelowCost, PricesMoved,
    PlacesBusy or Invalid; nothing is written then.
    """
    with connection.cursor() as cursor:
        cursor.execute(KEEP_LEVELS, [event.pk])
    found = look(event, wish)
    if as_of is not None and found.as_of != as_of:
        raise PricesMoved(
            f"Prices or costs of {event} have changed since you looked. Nothing was written: look "
            "at the new figures."
        )
    if found.below_cost and not wish.below_cost_reason:
        raise BelowCost(below_cost_in_words(found))
    given = {wish.told: found.moves}
    return write(event=event, given=given, source=PriceChange.Source.STAFF, reason=wish.told, by=by)


def below_cost_in_words(found):
    """How many places a Look would put below what they and their sale cost."""
    count = sum(move.count for move in found.below_cost)
    places = "place would sell" if count == 1 else "places would sell"
    return (
        f"{count:,} {places} below cost and what a sale costs. Choose other prices, or say why it is "
        "right."
    )


def write(*, event, given, source, reason, by, **links):
    """The one place where own prices of many places are written: `given` {reason that the place keeps:
    [Move]}, each place once. Places that are not as their cohort says any more are left out. `links`
    are the rule or the change undone. Returns the PriceChange; raises NothingToChange, PlacesBusy."""
    moves = [(move, why) for why, several in given.items() for move in several]
    rows = {
        ordinal: (move.cohort.own, move.own, move.cohort.cost, why)
        for move, why in moves
        for ordinal in move.cohort.ordinals
    }
    free = _locked(event, rows)
    if not free:
        raise NothingToChange("No place would have another price. Nothing was written.")
    by_reason = defaultdict(list)
    for ordinal in free:
        by_reason[rows[ordinal][3]].append(ordinal)
    for why, ordinals in by_reason.items():
        _write_own(event, ordinals, [rows[ordinal][1] for ordinal in ordinals], why)
    transaction.on_commit(lambda: stamp_prices(event.pk))
    return PriceChange.objects.create(
        event=event,
        source=source,
        reason=reason,
        seats=len(free),
        currency=event.currency,
        ordinals=free,
        before=[rows[ordinal][0] for ordinal in free],
        after=[rows[ordinal][1] for ordinal in free],
        made_by=by,
        **links,
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


def _write_own(event, ordinals, prices, reason):
    because(reason)
    with connection.cursor() as cursor:
        cursor.execute(WRITE_PRICES, {"event": event.pk, "ordinals": ordinals, "after": prices})
    because("")


# Undoing


@dataclass(frozen=True, slots=True)
class Undoable:
    """What undoing a PriceChange would do: {ordinal: (present own price, what it becomes)}, and
    {ordinal: why not} for the rest."""

    back: dict
    rest: dict


def undoable(change):
    """Undoable of a PriceChange: exactly the places whose own price still is what it made it."""
    seats = {
        seat.ordinal: seat
        for seat in EventSeat.objects.at(change.event_id, change.ordinals).only(
            "ordinal", "ownership", "status", "price"
        )
    }
    back, rest = {}, {}
    for ordinal, before, after in zip(change.ordinals, change.before, change.after, strict=True):
        problem = _not_undone(seats[ordinal], after)
        if problem:
            rest[ordinal] = problem
        else:
            back[ordinal] = (after, before)
    return Undoable(back, rest)


def _not_undone(seat, after):
    if seat.ownership != Ownership.OWNED:
        return "not ours any more"
    if seat.status in (Status.RESERVED, Status.SOLD):
        return "reserved since" if seat.status == Status.RESERVED else "sold since"
    return "priced again since" if seat.price != after else ""


@use_case
def undo_change(*, change, by):
    """Gives back their former own price to the places that still have the one of `change`; returns the
    PriceChange that did. Raises NothingToChange, also when it was undone before."""
    if change.undone_by.exists():
        raise NothingToChange("This change was undone already.")
    by_price = defaultdict(list)
    for ordinal, prices in undoable(change).back.items():
        by_price[prices].append(ordinal)
    reason = f"Undone: {change.reason}"[:200]
    moves = [
        Move(_as_it_is(change, now, ordinals), before)
        for (now, before), ordinals in by_price.items()
    ]
    return write(
        event=change.event,
        given={reason: moves},
        source=PriceChange.Source.UNDO,
        reason=reason,
        by=by,
        undoes=change,
    )


def _as_it_is(change, own, ordinals):
    """A Cohort of which only the own price matters."""
    unknown = {
        "section_id": None,
        "section": "",
        "level_id": None,
        "level": "",
        "level_price": None,
    }
    return Cohort(
        currency=change.currency,
        own=own,
        cost=None,
        least=Decimal(0),
        ordinals=tuple(ordinals),
        **unknown,
    )


# Large changes, by a worker


@use_case
def ask_for_change(*, event, wish, by, found):
    """Leaves a Wish to a worker, as far as the Look `found` still holds then; returns the PriceJob.
    What would be refused now is refused at once: BelowCost, NothingToChange."""
    if not found.moves:
        raise NothingToChange("No place would have another price. Nothing was written.")
    if found.below_cost and not wish.below_cost_reason:
        raise BelowCost(below_cost_in_words(found))
    job = PriceJob.objects.create(
        event=event,
        selection=wish.selection.as_json(),
        setting={
            "way": wish.setting.way,
            "value": str(wish.setting.value),
            "rounding": wish.setting.rounding,
        },
        reason=wish.reason,
        below_cost_reason=wish.below_cost_reason,
        seats=found.count,
        as_of=found.as_of,
        made_by=by,
    )
    record(PriceJobAsked(job_id=job.pk))
    return job


@use_case
def carry_out(job_id):
    """Does a PriceJob once; a refusal stands in its `problem`."""
    job = lock_one(PriceJob.objects.filter(pk=job_id))
    if job.done_at:
        return
    event = Event.objects.select_related("layout").get(pk=job.event_id)
    try:
        with acted_by(f"user:{job.made_by_id}"):
            job.change = change_prices(
                event=event, wish=_wish_of(job), by=job.made_by, as_of=job.as_of
            )
    except DomainError as refused:
        job.problem = refused.message
    job.done_at = timezone.now()
    job.save(update_fields=["change", "problem", "done_at"])


def _wish_of(job):
    setting = {**job.setting, "value": Decimal(job.setting["value"])}
    return Wish(
        Selection.from_json(job.selection), Setting(**setting), job.reason, job.below_cost_reason
    )


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
