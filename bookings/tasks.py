"""Tidying only: a reservation whose time is over has already stopped counting."""

import logging

from celery import shared_task

from bookings.changing import carry_on
from bookings.models import Booking, ChangeStatus, EventChange
from bookings.orders import payments_of
from bookings.services import expire_lapsed, expire_unheard
from core.tasks import in_turn
from core.tenancy import acting_for, as_system
from payments.adapters import ProviderRefused, ProviderUnavailable
from payments.models import Status

log = logging.getLogger(__name__)


@shared_task
def expire(limit=500):
    """Ends lapsed reservations; returns how many. Those whose buyer may be at a provider's page come
    last; while a provider is silent they wait for a while."""
    with as_system():
        lapsed = Booking.objects.lapsed().order_by("reserved_until")
        lapsed = list(lapsed.only("pk", "agency_id", "order_id")[:limit])
        begun = payments_of(*lapsed).filter(status=Status.PROCESSING)
        paying = {
            covered for covers in begun.values_list("covers", flat=True) for covered in covers
        }
        rows = [(booking.pk, booking.agency_id) for booking in lapsed]
    ended = in_turn([row for row in rows if row[0] not in paying], expire_lapsed)
    return ended + _end_those_at_pages([row for row in rows if row[0] in paying])


def _end_those_at_pages(rows):
    """Once a provider was silent, it is not asked again in this run: that would take too long."""
    ended = 0
    end = expire_lapsed
    for row in rows:
        try:
            ended += _ended(end, row)
        except (ProviderUnavailable, ProviderRefused) as error:
            log.warning("reservations wait for their provider: %s", error)
            end = expire_unheard
            ended += _ended(end, row)
    return ended


def _ended(end, row):
    booking_id, agency_id = row
    try:
        with acting_for(agency_id):
            return end(booking_id)
    except (ProviderUnavailable, ProviderRefused):
        raise
    except Exception:
        log.exception("reservation %s could not be ended", booking_id)
        return False


@shared_task
def carry_on_changes():
    """Goes on with the bookings of changed events; returns with how many events."""
    with as_system():
        running = EventChange.objects.filter(status=ChangeStatus.RUNNING).order_by("begun_at")
        rows = list(running.values_list("pk", "agency_id"))
    return in_turn(rows, carry_on)
