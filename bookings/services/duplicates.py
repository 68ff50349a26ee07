"""Bookings that look like made twice: noted for a person to look at, never touched by themselves."""

from datetime import timedelta

from django.db.models import Q
from django.db.models.functions import Now

from bookings.models import Alert, AlertStatus, Booking, Concern
from bookings.queries import told_booking
from bookings.services.disputed import lock_as_it_is
from bookings.services.suspicion import follow_changed_seats
from core.locks import lock, lock_one
from core.transactions import use_case

WINDOW = timedelta(hours=24)


@use_case
def note_duplicate(booking_id):
    """Makes an Alert if the buyer of a sold booking bought as many tickets, or some in the same rows,
    for the same event within the day before; returns it, or None. Seats that others were given for are
    no second purchase. Harmless the second time."""
    booking = told_booking(booking_id)
    if not booking.is_sold or not booking.total or booking.customer is None:
        return None
    if booking.instead_of_id:
        return None
    earlier = (
        Booking.objects.sold()
        .filter(
            event=booking.event_id,
            customer__person=booking.customer.person,
            total__gt=0,
            confirmed_at__range=(booking.confirmed_at - WINDOW, booking.confirmed_at),
        )
        .exclude(pk=booking.pk)
        .order_by("-confirmed_at", "pk")
    )
    other = next((each for each in earlier if _is_alike(booking, each)), None)
    if other is None:
        return None
    return Alert.objects.get_or_create(
        booking=booking, concern=Concern.DUPLICATE, defaults={"other": other}
    )[0]


def _is_alike(booking, other):
    return booking.ticket_count == other.ticket_count or bool(_rows(booking) & _rows(other))


def _rows(booking):
    return set(booking.items.values_list("ticket__section", "ticket__row"))


@use_case
def resolve_alerts(booking_id):
    """All tickets of a booking were given back: nobody needs to look at it any more."""
    about = Alert.objects.filter(Q(booking=booking_id) | Q(other=booking_id))
    for alert in lock(about.exclude(status=AlertStatus.RESOLVED)):
        new = alert.concern == Concern.FRAUD and follow_changed_seats(alert)
        _decide(alert, AlertStatus.RESOLVED)
        if new and new.holds_tickets:
            lock_as_it_is(new.booking.payment_id)


@use_case
def dismiss_alert(alert_id, *, by, note=""):
    """Somebody has looked and found nothing wrong; returns the Alert. Raises WrongState for one that
    is decided."""
    alert = lock_one(Alert.objects.filter(pk=alert_id))
    alert.note, alert.decided_by = note.strip()[:200], by
    decided = _decide(alert, AlertStatus.DISMISSED)
    if alert.holds_tickets:
        lock_as_it_is(alert.booking.payment_id)
    return decided


def _decide(alert, status):
    alert.move_to(status)
    alert.decided_at = Now()
    alert.save(update_fields=["status", "note", "decided_at", "decided_by"])
    return alert
