"""The end of holds: some places given back, all of them, by time, or off sale for good.

A part gives its places back to its pool. What ends, ends with all parts below it.
"""

from django.db import connection
from django.db.models.functions import Now

from core.audit import because
from core.locks import lock, lock_one
from core.transactions import use_case
from core.words import many
from inventory.models import EventSeat, Hold, HoldStatus, Status
from inventory.services.claiming import keep_layout
from inventory.services.holding import (
    NotHoldable,
    WrongTerms,
    is_over,
    locked_hold,
    outermost_end,
    tree_of,
)
from inventory.stock import last_first, stock_of
from inventory.waking import wake

# What is reserved out of the hold is its buyer's for his time, then the pool's, or free.
LET_GO = """
UPDATE inventory_eventseat SET
  status = CASE WHEN status = 'HELD' THEN %(status)s ELSE status END,
  claimed_until = CASE WHEN status = 'HELD' THEN %(until)s ELSE claimed_until END,
  hold_id = %(pool)s
WHERE hold_id = ANY (%(holds)s) AND status IN ('HELD', 'RESERVED')
"""


@use_case
def release_places(hold, *, ordinals=None, quantity=None, reason=""):
    """Gives back these places of an active hold, or so many of them, the last first; returns how many.
    When none is left, the hold is over. Raises WrongState, NotHoldable naming foreign places, or
    Redrawn when the event has moved to another layout since it was read."""
    keep_layout(hold.event)
    hold = locked_hold(hold)
    held = {seat.ordinal: seat for seat in lock(hold.seats.filter(status=Status.HELD))}
    chosen = set(ordinals) if ordinals else _last_of(hold, held, quantity)
    foreign = chosen - set(held)
    if foreign or not chosen:
        some = many(len(foreign), "of these places is", "of these places are")
        raise NotHoldable(
            f"{some} not in the hold {hold.name} any more. Nothing was released.",
            lost=sorted(foreign),
        )
    if len(chosen) == len(held) and not hold.parts.filter(status=HoldStatus.ACTIVE).exists():
        return _end(hold, HoldStatus.RELEASED, reason)
    because(_why(hold, "released", reason))
    wake(hold.event_id)
    seats = EventSeat.objects.filter(pk__in=[held[ordinal].pk for ordinal in chosen])
    if hold.pool_id:
        return seats.update(hold=hold.pool_id)
    return seats.update(status=Status.AVAILABLE, hold=None, claimed_until=None)


def _last_of(hold, held, quantity):
    if not quantity or quantity < 1:
        raise WrongTerms("Say which places are released, or how many.")
    if quantity > len(held):
        raise NotHoldable(f"The hold {hold.name} has only {many(len(held), 'place')} left.")
    places = [place for place in stock_of(hold.event_id) if place.ordinal in held]
    return {
        place.ordinal for place in last_first(places, hold.event.layout.plan["focal"])[:quantity]
    }


@use_case
def release_hold(hold, *, reason=""):
    """Gives all places of a hold and of its parts back to its pool or to sale; returns how many."""
    return _end(locked_hold(hold), HoldStatus.RELEASED, reason)


@use_case
def kill_hold(hold, *, reason):
    """Takes all places of a hold and of its parts off sale for good, with a reason: they are blocked,
    and this hold's, until `free_killed` frees them. Returns how many."""
    if not reason.strip():
        raise WrongTerms("Say why these places are taken off sale.")
    return _end(locked_hold(hold), HoldStatus.KILLED, reason)


@use_case
def expire_hold(hold_id):
    """Ends a hold whose time is over; returns whether it was. Harmless the second time."""
    hold = lock_one(Hold.objects.select_related("event").filter(pk=hold_id))
    if not hold.is_active or not is_over(hold):
        return False
    _end(hold, HoldStatus.EXPIRED, "ran out")
    return True


def _end(hold, status, reason):
    """Ends the locked hold with its parts; returns how many held places it let go of."""
    tree = lock(Hold.objects.filter(pk__in=tree_of(hold.pk), status=HoldStatus.ACTIVE))
    ids = [each.pk for each in tree]
    lock(EventSeat.objects.filter(hold__in=ids).only("pk"))
    count = EventSeat.objects.filter(hold__in=ids, status=Status.HELD).count()
    because(_why(hold, _ended_as(status), reason))
    pool, target = hold.pool_id, Status.HELD if hold.pool_id else Status.AVAILABLE
    if status == HoldStatus.KILLED:
        _block(ids, by=hold)
    values = {"holds": ids, "status": target, "pool": pool}
    with connection.cursor() as cursor:
        cursor.execute(LET_GO, {**values, "until": pool and outermost_end(pool)})
    wake(hold.event_id)
    for each in tree:
        each.move_to(status)
    Hold.objects.filter(pk__in=ids).update(
        status=status, released_at=Now(), release_reason=reason[:200]
    )
    return count


def _block(hold_ids, *, by):
    EventSeat.objects.filter(hold__in=hold_ids, status=Status.HELD).update(
        status=Status.BLOCKED, hold=by, claimed_until=None
    )


def _why(hold, what, reason):
    return f"Hold {hold.name} {what}" + (f": {reason}" if reason else "")


@use_case
def free_killed(hold, *, reason):
    """The places a killed hold took off sale can be sold again, but for those that were blocked again
    since; returns how many. Raises WrongTerms without a reason."""
    if not reason.strip():
        raise WrongTerms("Say why these places are sold again.")
    because(_why(hold, "freed", reason))
    wake(hold.event_id)
    seats = lock(killed_places(hold).only("pk"))
    return EventSeat.objects.filter(pk__in=[seat.pk for seat in seats]).update(
        status=Status.AVAILABLE, hold=None
    )


def killed_places(hold):
    """The EventSeats that are off sale since this hold was killed."""
    return hold.seats.filter(status=Status.BLOCKED)


def _ended_as(status):
    return HoldStatus(status).label.lower()
