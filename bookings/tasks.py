"""Tidying only: a reservation whose time is over has already stopped counting."""

import logging

from celery import shared_task

from bookings.models import Booking
from bookings.services import expire_lapsed
from core.tasks import in_turn
from core.tenancy import acting_for, as_system
from payments.adapters import ProviderRefused, ProviderUnavailable
from payments.models import Payment, Status

log = logging.getLogger(__name__)


@shared_task
def expire(limit=500):
    """Ends lapsed reservations; returns how many. Those whose buyer may be at a provider's page come
    last, and wait for the next run as soon as a provider is silent."""
    with as_system():
        rows = list(
            Booking.objects.lapsed()
            .order_by("reserved_until")
            .values_list("pk", "agency_id")[:limit]
        )
        paying = set(
            Payment.objects.filter(
                reference__in=[booking_id for booking_id, _ in rows], status=Status.PROCESSING
            ).values_list("reference", flat=True)
        )
    ended = in_turn([row for row in rows if row[0] not in paying], expire_lapsed)
    return ended + _in_turn_until_silence([row for row in rows if row[0] in paying])


def _in_turn_until_silence(rows):
    ended = 0
    for booking_id, agency_id in rows:
        try:
            with acting_for(agency_id):
                ended += expire_lapsed(booking_id)
        except (ProviderUnavailable, ProviderRefused) as error:
            log.warning("reservations wait for their provider: %s", error)
            break
        except Exception:
            log.exception("expiry of %s failed", booking_id)
    return ended
