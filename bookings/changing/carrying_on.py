"""The work on the bookings of a changed event: one transaction each, from where it stopped."""

import logging
import time
from dataclasses import replace

from django.db import OperationalError
from django.db.models import Q
from django.db.models.functions import Now

from bookings.cancelling import NotCancellable, Wish, own_left_of
from bookings.cancelling.carrying_out import cancel_as_it_is, lock_places
from bookings.changing.proposing import add_bookings
from bookings.facts import BookingChanged
from bookings.models import (
    Booking,
    ChangedBooking,
    ChangeStatus,
    EventChange,
    Grounds,
    Rule,
    Status,
)
from bookings.services import abandon
from core import failpoints
from core.errors import DomainError
from core.locks import alone, lock_one
from core.outbox import record
from core.postgres.prepared import prepared
from core.transactions import use_case

log = logging.getLogger(__name__)
AT_ONCE = 100
BROKEN = "Something broke on our side, and the log says what. Nothing of it was changed."
OPEN = Q(done_at=None, problem="")


def carry_on(change_id, *, limit=500, seconds=10):
    """Deals with up to so many bookings of a change for up to so many seconds; returns how many it
    did. One process at a time does; who is killed is followed by the next, from the same booking."""
    ends_at, done = time.monotonic() + seconds, 0
    with alone(f"event change {change_id}") as is_first:
        while is_first and done < limit and time.monotonic() < ends_at:
            rows = _next(change_id, min(AT_ONCE, limit - done))
            if not rows and not _go_on(change_id):
                break
            done += sum(_dealt_with(row, ends_at) for row in rows)
    return done


def _next(change_id, limit):
    """Who has not paid yet for what was put off or moved is told once he has."""
    rows = ChangedBooking.objects.filter(OPEN, change=change_id).order_by("pk")
    rows = rows.exclude(
        ~Q(change__kind=EventChange.Kind.CANCELLED), booking__status=Status.RESERVED
    )
    return list(rows.values_list("pk", flat=True)[:limit])


@use_case
def _go_on(change_id):
    """Whether bookings were missed when the change began; if not, it is done."""
    change = lock_one(EventChange.objects.select_related("event").filter(pk=change_id))
    if change.status != ChangeStatus.RUNNING:
        return False
    if change.is_cancelled and add_bookings(change):
        return True
    if change.bookings.filter(OPEN).exists():
        return False
    change.move_to(ChangeStatus.DONE)
    change.done_at = Now()
    change.save(update_fields=["status", "done_at"])
    return False


def _dealt_with(row_id, ends_at):
    if time.monotonic() > ends_at:
        return 0
    try:
        _deal_with(row_id)
    except DomainError as refusal:
        _note(row_id, refusal.message)
    except OperationalError:  # somebody holds it, or the database was away: the next round
        log.warning("booking %s of a changed event waits", row_id, exc_info=True)
    except Exception:  # one that cannot be dealt with must not keep all behind it waiting
        log.exception("booking %s of a changed event", row_id)
        _note(row_id, BROKEN)
    return 1


def _note(row_id, problem):
    ChangedBooking.objects.filter(pk=row_id).update(problem=problem[:300])


@use_case
@prepared()
def _deal_with(row_id):
    """What happens to the booking and that it has happened are written together, or neither is."""
    row = ChangedBooking.objects.select_related("change__event").get(pk=row_id)
    booking = lock_one(Booking.objects.filter(pk=row.booking_id))
    row = lock_one(ChangedBooking.objects.select_related("change").filter(pk=row_id))
    if row.done_at:
        return
    if not row.change.is_cancelled:
        record(BookingChanged(changed_id=row.pk))  # only who has tickets is written to
    elif booking.status == Status.RESERVED:
        abandon(booking.pk, reason="the event was cancelled")
    elif booking.is_sold:
        give_all_back(booking.pk, row.change)
    ChangedBooking.objects.filter(pk=row.pk).update(done_at=Now())
    failpoints.reach("change.before_commit")


def give_all_back(booking_id, change):
    """Everything that is left of a booking goes back because its event was changed. What its buyer gave
    to others stays theirs, unless the event is cancelled. Raises NotCancellable when that is all."""
    wish = Wish(grounds=Grounds.EVENT, rule=Rule.ALL_BACK, reason=str(change.message)[:200])
    if not change.is_cancelled:
        booking = Booking.objects.get(pk=booking_id)
        lock_places(booking)
        own = frozenset(item.ticket_id for item in own_left_of(booking))
        if not own:
            raise NotCancellable("You have given all these tickets to others. They stay valid.")
        wish = replace(wish, tickets=own)
    return cancel_as_it_is(booking_id, wish)


@use_case
def try_again(change_id):
    """Bookings in whose way something stood are dealt with once more; returns how many."""
    change = lock_one(EventChange.objects.filter(pk=change_id))
    count = change.bookings.filter(done_at=None).exclude(problem="").update(problem="")
    if count and change.can_move_to(ChangeStatus.RUNNING):
        change.move_to(ChangeStatus.RUNNING)
        change.save(update_fields=["status"])
    return count
