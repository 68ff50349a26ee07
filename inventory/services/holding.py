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
from inventory.models import EventSeat, Hold, HoldStatus, Ownership, Status
from inventory.stock import best_first, last_first, stock_of
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
# What is reserved out of the hold is its buyer's for his time, then the pool's, or free.
LET_GO = """
UPDATE inventory_eventseat SET
  status = CASE WHEN status = 'HELD' THEN %(status)s ELSE status END,
  claimed_until = CASE WHEN status = 'HELD' THEN %(until)s ELSE claimed_until END,
  hold_id = %(pool)s
WHERE hold_id = ANY (%(holds)s) AND status IN ('HELD', 'RESERVED')
"""
PARTS = """
WITH RECURSIVE tree AS (
  SELECT id FROM inventory_hold WHERE id = %s
  UNION SELECT h.id FROM inventory_hold h JOIN tree ON h.pool_id = tree.id
  WHERE h.status = 'ACTIVE'
)
SELECT id FROM tree
"""
OUTERMOST = """
WITH RECURSIVE up AS (
  SELECT pool_id, until FROM inventory_hold WHERE id = %s
  UNION ALL SELECT h.pool_id, h.until FROM inventory_hold h JOIN up ON h.id = up.pool_id
)
SELECT until FROM up WHERE pool_id IS NULL
"""
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

    Raises WrongTerms, NotHoldable naming the places that are not free, or WrongState when the pool is
    over. Places that a buyer let lapse can be held once they have been tidied, within seconds.
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
    pool = pool and _locked(pool)
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
    pool = hold.pool_id and _locked(Hold(pk=hold.pool_id))
    hold = _locked(hold)
    ordinals = _ordinals(hold.event, wanted, pool)
    because(f"Hold {hold.name}: more places")
    _take(hold, ordinals)
    hold.quantity += len(ordinals)
    hold.save(update_fields=["quantity"])
    return len(ordinals)


def _locked(hold):
    """The hold as it is now, locked; raises WrongState unless it is active and not over."""
    found = lock_one(Hold.objects.select_related("event").filter(pk=hold.pk))
    if not found.is_active or _is_over(found):
        raise WrongState(f"The hold {found.name} is over.")
    return found


def _is_over(hold):
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
        "until": _outermost_end(hold.pk),
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


def _not_holdable(hold, lost):
    named = LayoutSeat.objects.filter(layout=hold.event.layout_id, ordinal__in=lost)
    words = in_words(list(named.order_by("ordinal")[:60])) or "places this event does not have"
    where = f"in the pool {hold.pool.name}" if hold.pool_id else "free"
    more = f" ({len(lost):,} places)" if len(lost) > 1 else ""
    return NotHoldable(f"Not {where}: {words}{more}. Nothing was held.", lost=sorted(lost))


def _outermost_end(hold_id):
    """When the outermost pool around a hold ends, or None."""
    with connection.cursor() as cursor:
        cursor.execute(OUTERMOST, [hold_id])
        return cursor.fetchone()[0]


# Giving back


@use_case
def release_places(hold, *, ordinals=None, quantity=None, reason=""):
    """Gives back these places of an active hold, or so many of them, the last first; returns how many.
    When none is left, the hold is over. Raises WrongState, or NotHoldable naming foreign places."""
    hold = _locked(hold)
    held = {seat.ordinal: seat for seat in lock(hold.seats.filter(status=Status.HELD))}
    chosen = set(ordinals) if ordinals else _last_of(hold, held, quantity)
    foreign = chosen - set(held)
    if foreign or not chosen:
        raise NotHoldable(
            f"{len(foreign):,} of these places are not in the hold {hold.name} any more. "
            "Nothing was released.",
            lost=sorted(foreign),
        )
    if len(chosen) == len(held) and not hold.parts.filter(status=HoldStatus.ACTIVE).exists():
        return _end(hold, HoldStatus.RELEASED, reason)
    because(_why(hold, "released", reason))
    seats = EventSeat.objects.filter(pk__in=[held[ordinal].pk for ordinal in chosen])
    if hold.pool_id:
        return seats.update(hold=hold.pool_id)
    return seats.update(status=Status.AVAILABLE, hold=None, claimed_until=None)


def _last_of(hold, held, quantity):
    if not quantity or quantity < 1:
        raise WrongTerms("Say which places are released, or how many.")
    if quantity > len(held):
        raise NotHoldable(f"The hold {hold.name} has only {len(held):,} places left.")
    places = [place for place in stock_of(hold.event_id) if place.ordinal in held]
    return {
        place.ordinal for place in last_first(places, hold.event.layout.plan["focal"])[:quantity]
    }


@use_case
def release_hold(hold, *, reason=""):
    """Gives all places of a hold and of its parts back to its pool or to sale; returns how many."""
    return _end(_locked(hold), HoldStatus.RELEASED, reason)


@use_case
def kill_hold(hold, *, reason):
    """Takes all places of a hold and of its parts off sale for good, with a reason: they are blocked
    until `unblock` frees them. Returns how many."""
    if not reason.strip():
        raise WrongTerms("Say why these places are taken off sale.")
    return _end(_locked(hold), HoldStatus.KILLED, reason)


@use_case
def expire_hold(hold_id):
    """Ends a hold whose time is over; returns whether it was. Harmless the second time."""
    hold = lock_one(Hold.objects.select_related("event").filter(pk=hold_id))
    if not hold.is_active or not _is_over(hold):
        return False
    _end(hold, HoldStatus.EXPIRED, "ran out")
    return True


def _end(hold, status, reason):
    """Ends the locked hold with its parts; returns how many held places it let go of."""
    tree = lock(Hold.objects.filter(pk__in=_tree(hold.pk), status=HoldStatus.ACTIVE))
    ids = [each.pk for each in tree]
    lock(EventSeat.objects.filter(hold__in=ids).only("pk"))
    count = EventSeat.objects.filter(hold__in=ids, status=Status.HELD).count()
    because(_why(hold, HoldStatus(status).label.lower(), reason))
    pool, target = hold.pool_id, Status.HELD if hold.pool_id else Status.AVAILABLE
    if status == HoldStatus.KILLED:
        _block(ids)
    values = {"holds": ids, "status": target, "pool": pool}
    with connection.cursor() as cursor:
        cursor.execute(LET_GO, {**values, "until": pool and _outermost_end(pool)})
    for each in tree:
        each.move_to(status)
    Hold.objects.filter(pk__in=ids).update(
        status=status, released_at=Now(), release_reason=reason[:200]
    )
    return count


def _block(hold_ids):
    EventSeat.objects.filter(hold__in=hold_ids, status=Status.HELD).update(
        status=Status.BLOCKED, hold=None, claimed_until=None
    )


def _tree(hold_id):
    """Ids of a hold and of all active parts below it."""
    with connection.cursor() as cursor:
        cursor.execute(PARTS, [hold_id])
        return [row[0] for row in cursor]


def _why(hold, what, reason):
    return f"Hold {hold.name} {what}" + (f": {reason}" if reason else "")


@use_case
def unblock(*, event, ordinals, reason):
    """Places taken off sale can be sold again; returns how many were blocked. Raises WrongTerms
    without a reason."""
    if not reason.strip():
        raise WrongTerms("Say why these places are sold again.")
    because(reason)
    blocked = EventSeat.objects.at(event, ordinals).filter(
        status=Status.BLOCKED, ownership=Ownership.OWNED
    )
    seats = lock(blocked.only("pk"))
    return blocked.filter(pk__in=[seat.pk for seat in seats]).update(status=Status.AVAILABLE)


# Time


@use_case
def extend_hold(hold, *, until, notice_at=None):
    """Holds the places longer: until a later moment, or without an end (None). Returns the Hold."""
    pool = hold.pool_id and _locked(Hold(pk=hold.pool_id))
    hold = _locked(hold)
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
        seats = EventSeat.objects.filter(hold__in=_tree(hold.pk), status=Status.HELD)
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
