"""One mail to whoever asked for it and did not finish, while what he wanted can still be bought."""

from dataclasses import dataclass

from django.db.models.functions import Now
from django.utils import timezone

from bookings.models import Booking, Reminder, Status
from core.transactions import use_case
from inventory.models import EventSeat
from inventory.picking import stands
from inventory.picking.states import FREE


@dataclass(frozen=True)
class Chance:
    """What of an expired Booking can be bought now: `ordinals` are the same places if all are free,
    else it is as many at the same prices."""

    booking: Booking
    ordinals: tuple


def ask_reminder(booking_id, *, wanted):
    """The buyer of a reservation wants to be reminded of it, or does not any more."""
    if wanted:
        Reminder.objects.get_or_create(booking_id=booking_id)
    else:
        Reminder.objects.filter(booking=booking_id, sent_at=None).delete()


def due_reminder(booking_id):
    """(Reminder, Chance) if the buyer of an expired booking is to be reminded now; (None, None)
    otherwise: he did not ask, was reminded of this event before, holds or has bought tickets for it, or
    there is nothing left for him."""
    nothing = (None, None)
    asked = Reminder.objects.filter(booking=booking_id, sent_at=None)
    reminder = asked.select_related("booking__event", "booking__customer").first()
    if reminder is None or reminder.booking.status != Status.EXPIRED:
        return nothing
    booking = reminder.booking
    if (
        booking.customer is None
        or not booking.event.sells_at(timezone.now())
        or _is_served(booking)
    ):
        return nothing
    chance = _chance(booking)
    return (reminder, chance) if chance else nothing


@use_case
def note_reminded(reminder_id):
    Reminder.objects.filter(pk=reminder_id).update(sent_at=Now())


def _is_served(booking):
    """Whether this person was reminded of the event before, or needs no reminder."""
    person = {"customer__person": booking.customer.person, "event": booking.event_id}
    his = Booking.objects.filter(**person).exclude(pk=booking.pk)
    return (
        his.sold().exists()
        or his.filter(status=Status.RESERVED, reserved_until__gt=Now()).exists()
        or his.filter(reminders__sent_at__isnull=False).exists()
    )


def _chance(booking):
    places = EventSeat.objects.filter(items__booking=booking).values_list("ordinal", "level_id")
    now = stands(booking.event)
    if all(now[ordinal] == FREE for ordinal, _ in places):
        return Chance(booking, tuple(sorted(ordinal for ordinal, _ in places)))
    levels = [level for _, level in places]
    left = {level: stands(booking.event, level=level).count(FREE) for level in set(levels)}
    is_left = all(left[level] >= levels.count(level) for level in left)
    return Chance(booking, ()) if is_left else None
