"""What a change of an event would mean, and the decision to make it, by a second person where it is
large."""

from dataclasses import dataclass

from django.db.models import Count, Q, Sum
from django.db.models.functions import Now

from agencies.models import Agency
from agencies.queries import may_approve
from bookings.models import (
    SOLD,
    Booking,
    BookingItem,
    ChangedBooking,
    ChangeStatus,
    EventChange,
    Status,
)
from core.errors import DomainError
from core.locks import database_now, lock_one
from core.money import Money
from core.tenancy import current_agency_id
from core.transactions import use_case
from events.models import PUBLIC, Event
from events.services import cancel_event, move_event


class NotChangeable(DomainError):
    """The event cannot be changed like this, or not by this person; nothing was changed."""

    code = "not_changeable"


@dataclass(frozen=True)
class Extent:
    """What stands to be changed now: sold bookings with their tickets that are left and what was paid
    for these, those of them that were used, and unpaid reservations."""

    bookings: int
    tickets: int
    money: Money
    used: int
    unpaid: int


def extent_of(event):
    """The Extent of a change of an event; the money of all tickets is what goes back if all do."""
    left = BookingItem.objects.filter(
        booking__event=event, booking__status__in=SOLD, cancelled=None
    )
    found = left.aggregate(
        bookings=Count("booking", distinct=True),
        tickets=Count("pk"),
        paid=Sum("total"),
        used=Count("pk", filter=Q(ticket__status="USED")),
    )
    bookings = Booking.objects.filter(event=event)
    return Extent(
        bookings=found["bookings"],
        tickets=found["tickets"],
        money=Money(found["paid"] or 0, event.currency),
        used=found["used"],
        unpaid=bookings.filter(status=Status.RESERVED).count(),
    )


@use_case
def propose(*, event, kind, message, by, new_starts_at=None, new_venue=None, choose_until=None):
    """Writes down what is to happen; nothing does yet. Returns the EventChange; raises NotChangeable.

    It needs a second person when all that was paid is above the agency's limit.
    """
    event = lock_one(Event.objects.filter(pk=event.pk))
    _check(event, kind, new_starts_at, choose_until)
    if event.changes.filter(status__in=(ChangeStatus.PROPOSED, ChangeStatus.RUNNING)).exists():
        raise NotChangeable("Another change of this event is proposed or under way.")
    return EventChange.objects.create(
        event=event,
        kind=kind,
        message=message,
        new_starts_at=new_starts_at,
        new_venue=new_venue,
        choose_until=choose_until,
        old_starts_at=event.starts_at,
        old_venue_id=event.venue_id,
        needs_approval=_is_large(extent_of(event).money),
        made_by=by,
    )


def _check(event, kind, new_starts_at, choose_until):
    if event.status not in PUBLIC or event.status == "CANCELLED":
        raise NotChangeable(f"{event} is {event.get_status_display().lower()}.")
    now = database_now()
    if new_starts_at and new_starts_at <= now:
        raise NotChangeable("The new date has gone by.")
    if kind == EventChange.Kind.CANCELLED:
        return
    if choose_until is None or not now < choose_until <= (new_starts_at or event.starts_at):
        raise NotChangeable("Buyers choose until a moment between now and the start.")


def _is_large(money):
    agency = Agency.objects.get(pk=current_agency_id())
    if agency.approval_above is None:
        return False
    return money.currency != agency.currency or money.amount > agency.approval_above


@use_case
def withdraw(change_id):
    """A proposed change is given up."""
    change = lock_one(EventChange.objects.filter(pk=change_id))
    change.move_to(ChangeStatus.WITHDRAWN)
    change.save(update_fields=["status"])
    return change


@use_case
def begin(change_id, *, by):
    """The event changes at once, nobody can reserve any more if it is cancelled, and its bookings are
    dealt with from now on (`carry_on`). Raises NotChangeable where a second person is needed."""
    change = EventChange.objects.get(pk=change_id)
    event = lock_one(Event.objects.filter(pk=change.event_id))
    change = lock_one(EventChange.objects.filter(pk=change_id))
    change.needs_approval = change.needs_approval or _is_large(extent_of(event).money)
    _check_approval(change, event, by)
    change.move_to(ChangeStatus.RUNNING)
    change.begun_by = by
    change.begun_at = Now()
    change.save(update_fields=["status", "begun_by", "begun_at", "needs_approval"])
    if change.is_cancelled:
        cancel_event(event)
    else:
        move_event(event, starts_at=change.new_starts_at, venue=change.new_venue)
    add_bookings(change)
    change.refresh_from_db()
    return change


def _check_approval(change, event, by):
    if not change.needs_approval:
        return
    money = extent_of(event).money
    if by is None or by.pk == change.made_by_id:
        raise NotChangeable(f"{money.display()} are at stake: somebody else has to begin it.")
    if not may_approve(by, money):
        raise NotChangeable(f"You may not approve {money.display()}.")


def at_stake(change):
    """The Money because of which somebody else than who proposed it has to begin a change, or None."""
    money = extent_of(change.event).money
    return money if change.needs_approval or _is_large(money) else None


def may_begin(change, user):
    """Whether it is for this member to begin a proposed change, as far as its money decides that."""
    money = at_stake(change)
    return money is None or (user.pk != change.made_by_id and may_approve(user, money))


def add_bookings(change):
    """Lists the bookings that the change is about and does not list yet; returns how many."""
    missing = Booking.objects.filter(
        event=change.event_id, status__in=(*SOLD, Status.RESERVED)
    ).exclude(changes__change=change)
    made = ChangedBooking.objects.bulk_create(
        ChangedBooking(change=change, booking_id=booking_id)
        for booking_id in missing.order_by("pk").values_list("pk", flat=True)
    )
    return len(made)
