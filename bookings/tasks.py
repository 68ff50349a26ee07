"""Tidying only: a reservation whose time is over has already stopped counting."""

import logging

from celery import shared_task

from bookings.models import Booking
from bookings.services import expire_lapsed
from core.tenancy import acting_for, as_system

log = logging.getLogger(__name__)


@shared_task
def expire(limit=500):
    """Ends lapsed reservations, each by itself; returns how many."""
    with as_system():
        rows = list(
            Booking.objects.lapsed()
            .order_by("reserved_until")
            .values_list("pk", "agency_id")[:limit]
        )
    ended = 0
    for booking_id, agency_id in rows:
        with acting_for(agency_id):
            ended += _expire(booking_id)
    return ended


def _expire(booking_id):
    """Whether it ended; one row's trouble never stops the others."""
    try:
        return expire_lapsed(booking_id)
    except Exception:
        log.exception("reservation %s could not be ended", booking_id)
        return False
