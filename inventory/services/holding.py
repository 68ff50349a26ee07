"""Holds: places withheld for somebody, given back, sent on, killed. All or nothing.

The hold's row is locked before its places, a pool's before its parts'. Every place of a pool and of
its parts carries the end of the outermost pool: only then may a buyer have it. A part that ends
before gives its places back to its pool.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.db import OperationalError, connection
from django.db.models.functions import Now

from core.audit import because
from core.errors import DomainError, Invalid
from core.ids import uuid7
from core.locks import database_now, lock, lock_one
from core.outbox import record
from core.status import WrongState
from core.transactions import is_lock_timeout, use_case
from inventory.facts import HoldRunsOut
from inventory.free import AS_IT_IS
from inventory.models import EventSeat, Hold, HoldStatus, Status
from inventory.services.claiming import keep_layout
from inventory.stock import best_first, last_first, stock_of
from inventory.waking import wake
from venues.models import LayoutSeat
from venues.places import in_words

# Places that somebody is taking just now are not waited for.
TAKE = """
WITH wanted AS (
  SELECT id FROM inventory_eventseat
  WHERE event_id = %(event)s AND ordinal = ANY (%(ordinals)s)
  ORDER BY id FOR NO KEY UPDATE NOWAIT
)
UPDATE inventory_eventseat e SET status = 'HELD', hold_id = %(hold)s, claimed_until = %(until)s
FROM wanted WHERE e.id = wanted.id AND {may}
RETURNING e.ordinal
"""
TAKE_FREE = TAKE.format(may=AS_IT_IS)
TAKE_FROM_POOL = TAKE.format(
    may="e.ownership = 'OWNED' AND e.status = 'HELD' AND e.hold_id = %(pool)s"
)
PARTS = """
WITH RECURSIVE tree AS (
  SELECT id FROM inventory_hold WHERE id = %s
  UNION SELECT h.id FROM inventory_hold h JOIN tree ON h.pool_id = tree.id
  WHERE h.status = 'ACTIVE'
)
SELECT id FROM tree
"""
UP = """
WITH RECURSIVE up AS (
  SELECT pool_id, until FROM inventory_hold WHERE id = %s
  UNION ALL SELECT h.pool_id, h.until FROM inventory_hold h JOIN up ON h.id = up.pool_id
)
SELECT {what} FROM up WHERE {where}
"""
OUTERMOST = UP.format(what="until", where="pool_id IS NULL")
POOLS = UP.format(what="pool_id", where="pool_id IS NOT NULL")
BEST, LAST = "BEST", "LAST"
TRIES = 4  # to find so many places in what is free, while others buy


class NotHoldable(DomainError):
    """Some of the wanted places cannot be held; none was."""

    code = "not_holdable"


class WrongTerms(Invalid):
    """The times or words of a hold do not fit together."""

    code = "wrong_terms"


@dataclass(frozen=True)
class Terms:
    """For whom and until when places are held. `notice_at`: when owner and contact are told."""

    kind: str
    name: str
    until: datetime | None = None
    notice_at: datetime | None = None
    owner: object = None
    contact: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Wanted:
    """Places one by one (`ordinals`), or a `quantity` of those that are free in a section and of a
    level (ids, either perhaps None), the BEST or the LAST first."""

    ordinals: tuple = ()
    quantity: int | None = None
    section_id: UUID | None = None
    level_id: UUID | None = None
    order: str = BEST


# Making and filling


def make_hold(*, event, wanted, terms, by=None, pool=None):
    """Holds these places of the event, out of `pool` if one is given; returns the Hold.

    Raises WrongTerms, NotHoldable naming the places that are not free, WrongState when the pool is
    over, or Redrawn when the event has moved to another layout since it was read. Places that a buyer
    let lapse can be held once they have been tidied, within seconds.
    """
    return _trying(lambda: _make(event, wanted, terms, by, pool), wanted)


def add_places(hold, wanted):
    """Adds places to an active hold, out of its pool if it has one; returns how many. Raises like
    `make_hold`."""
    return _trying(lambda: _add(hold, wanted), wanted)


def _trying(attempt, wanted):
    """Places that are only counted are looked for again when somebody was faster."""
    for _ in range(TRIES - 1 if wanted.quantity else 0):
        try:
            return attempt()
        except NotHoldable as refused:
            if not refused.details.get("lost"):
                raise
    return attempt()


@use_case
def _make(event, wanted, terms, by, pool):
    keep_layout(event)
    pool = pool and locked_hold(pool)
    if pool and pool.event_id != event.pk:
        raise WrongTerms("A pool holds places of its own event only.")
    terms = _checked(terms, pool)
    ordinals = _ordinals(event, wanted, pool)
    hold = Hold.objects.create(
        event=event,
        pool=pool,
        section_id=wanted.section_id,
        level_id=wanted.level_id,
        quantity=len(ordinals),
        made_by=by,
        **vars(terms),
    )
    because(f"Hold {hold.name}" + (f": {terms.reason}" if terms.reason else ""))
    _take(hold, ordinals)
    return hold


@use_case
def _add(hold, wanted):
    keep_layout(hold.event)
    pool = hold.pool_id and locked_hold(Hold(pk=hold.pool_id))
    hold = locked_hold(hold)
    ordinals = _ordinals(hold.event, wanted, pool)
    because(f"Hold {hold.name}: more places")
    _take(hold, ordinals)
    hold.quantity += len(ordinals)
    hold.save(update_fields=["quantity"])
    return len(ordinals)


def locked_hold(hold):
    """The hold as it is now, locked; raises WrongState unless it is active and not over."""
    found = lock_one(Hold.objects.select_related("event").filter(pk=hold.pk))
    if not found.is_active or is_over(found):
        raise WrongState(f"The hold {found.name} is over.")
    return found


def is_over(hold):
    return hold.until is not None and hold.until <= database_now()


def _checked(terms, pool):
    """The terms with the end of the pool where none is given."""
    if not terms.name.strip():
        raise WrongTerms("A hold needs a name.")
    if pool and pool.until and terms.until is None:
        terms = replace(terms, until=pool.until)
    if pool and pool.until and terms.until > pool.until:
        raise WrongTerms("A part of a pool cannot be held longer than the pool.")
    _check_times(terms.until, terms.notice_at)
    return terms


def _check_times(until, notice_at):
    if until is not None and until <= database_now():
        raise WrongTerms("The end of the hold is over already.")
    if notice_at is not None and (until is None or notice_at > until):
        raise WrongTerms("Notice is given before a hold ends, so it needs an end that is later.")


def _ordinals(event, wanted, pool):
    """The places that are meant, which are looked at again when they are taken."""
    if wanted.ordinals:
        return sorted(set(wanted.ordinals))
    if not wanted.quantity:
        raise WrongTerms("Say which places, or how many of a section or level.")
    places = [place for place in stock_of(event.pk) if _fits(place, wanted, pool)]
    if len(places) < wanted.quantity:
        where = f"in the pool {pool.name}" if pool else "free there"
        raise NotHoldable(f"Only {len(places):,} such places are {where}. Nothing was held.")
    in_order = best_first if wanted.order == BEST else last_first
    ranked = in_order(places, event.layout.plan["focal"])
    return sorted(place.ordinal for place in ranked[: wanted.quantity])


def _fits(place, wanted, pool):
    return (
        _is_to_be_had(place, pool)
        and wanted.section_id in (None, place.section_id)
        and wanted.level_id in (None, place.level_id)
    )


def _is_to_be_had(place, pool):
    if pool:
        return place.status == Status.HELD and place.hold_id == pool.pk
    return place.is_free


def _take(hold, ordinals):
    values = {
        "event": hold.event_id,
        "ordinals": ordinals,
        "hold": hold.pk,
        "pool": hold.pool_id,
        "until": outermost_end(hold.pk),
    }
    statement = TAKE_FROM_POOL if hold.pool_id else TAKE_FREE
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement, values)
            taken = {row[0] for row in cursor}
    except OperationalError as error:
        if not is_lock_timeout(error):
            raise
        raise NotHoldable(
            "Somebody is taking some of these places at this moment. Nothing was held.",
            lost=ordinals,
        ) from error
    lost = set(ordinals) - taken
    if lost:
        raise _not_holdable(hold, lost)
    wake(hold.event_id)


def _not_holdable(hold, lost):
    named = LayoutSeat.objects.filter(layout=hold.event.layout_id, ordinal__in=lost)
    words = in_words(list(named.order_by("ordinal")[:60])) or "places this event does not have"
    where = f"in the pool {hold.pool.name}" if hold.pool_id else "free"
    more = f" ({len(lost):,} places)" if len(lost) > 1 else ""
    return NotHoldable(f"Not {where}: {words}{more}. Nothing was held.", lost=sorted(lost))


def outermost_end(hold_id):
    """When the outermost pool around a hold ends, or None."""
    with connection.cursor() as cursor:
        cursor.execute(OUTERMOST, [hold_id])
        return cursor.fetchone()[0]


# Time


@use_case
def extend_hold(hold, *, until, notice_at=None):
    """Holds the places longer: until a later moment, or without an end (None). Returns the Hold."""
    pool = hold.pool_id and locked_hold(Hold(pk=hold.pool_id))
    hold = locked_hold(hold)
    if until is not None and hold.until is not None and until <= hold.until:
        raise WrongTerms("A hold is extended to a later moment. To end it sooner, release it.")
    if hold.until is None:
        raise WrongTerms(f"The hold {hold.name} has no end to move.")
    _check_times(until, notice_at)
    if pool and pool.until and (until is None or until > pool.until):
        raise WrongTerms("A part of a pool cannot be held longer than the pool.")
    hold.until, hold.notice_at, hold.noticed_at = until, notice_at, None
    hold.save(update_fields=["until", "notice_at", "noticed_at"])
    if pool is None:
        seats = EventSeat.objects.filter(hold__in=tree_of(hold.pk), status=Status.HELD)
        ids = [seat.pk for seat in lock(seats.only("pk"))]
        seats.filter(pk__in=ids).update(claimed_until=until)
    return hold


@use_case
def give_notice(hold_id):
    """Tells owner and contact, once, that an active hold runs out; returns whether it was time."""
    due = Hold.objects.filter(
        pk=hold_id, status=HoldStatus.ACTIVE, noticed_at=None, notice_at__lte=Now(), until__gt=Now()
    )
    if not due.update(noticed_at=Now()):
        return False
    record(HoldRunsOut(hold_id=hold_id, notice_id=uuid7()))
    return True


def tree_of(hold_id):
    """Ids of a hold and of all active parts below it."""
    with connection.cursor() as cursor:
        cursor.execute(PARTS, [hold_id])
        return [row[0] for row in cursor]


def pools_of(hold):
    """Ids of the pools around a hold, in no order."""
    if hold.pool_id is None:
        return []
    with connection.cursor() as cursor:
        cursor.execute(POOLS, [hold.pk])
        return [row[0] for row in cursor]
