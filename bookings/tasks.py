"""Tidying only: a reservation whose time is over has already stopped counting."""

from celery import shared_task

from bookings.models import Booking
from bookings.services import expire_lapsed
from core.tasks import in_turn
from core.tenancy import as_system


@shared_task
def expire(limit=500):
    """Ends lapsed reservations; returns how many."""
    with as_system():
        rows = list(
            Booking.objects.lapsed()
            .order_by("reserved_until")
            .values_list("pk", "agency_id")[:limit]
        )
    return in_turn(rows, expire_lapsed)
