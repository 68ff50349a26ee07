"""What a buyer says to an event that was put off or moved: keep the tickets, or the money back."""

from django.db.models.functions import Now

from bookings.changing.carrying_on import give_all_back
from bookings.changing.proposing import NotChangeable
from bookings.models import Booking, ChangedBooking, ChangeStatus, EventChange
from core.locks import database_now, lock_one
from core.transactions import use_case

Answer = ChangedBooking.Answer


def open_change_of(booking, now):
    """The ChangedBooking that its buyer can answer now, or None."""
    rows = booking.changes.select_related("change__new_venue").order_by("-change__made_at")
    return next((row for row in rows if row.change.is_open_at(now)), None)


def why_cancelled(event):
    """What buyers are told of why an event is cancelled; empty where nobody said it."""
    begun = (ChangeStatus.RUNNING, ChangeStatus.DONE)
    found = EventChange.objects.filter(
        event=event.pk, kind=EventChange.Kind.CANCELLED, status__in=begun
    )
    return found.order_by("-made_at").values_list("message", flat=True).first() or ""


@use_case
def answer(changed_id, choice):
    """Keeps the tickets, or gives all of them back for all that was paid; who kept them can still
    change his mind until the deadline. Returns the ChangedBooking; raises NotChangeable after it."""
    row = ChangedBooking.objects.select_related("change").get(pk=changed_id)
    booking = lock_one(Booking.objects.filter(pk=row.booking_id))
    row = lock_one(ChangedBooking.objects.select_related("change").filter(pk=changed_id))
    if row.answer == choice:
        return row
    if not row.change.is_open_at(database_now()):
        raise NotChangeable("The time to choose is over. Your tickets stay valid.")
    if not booking.is_sold:
        raise NotChangeable("These tickets were cancelled already.")
    if choice == Answer.REFUND:
        give_all_back(booking.pk, row.change)
    ChangedBooking.objects.filter(pk=row.pk).update(answer=choice, answered_at=Now())
    row.answer = choice
    return row
