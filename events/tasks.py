"""Event states follow the clock."""

from celery import shared_task
from django.utils import timezone

from core.tenancy import acting_for, as_system
from events.models import Event, Status
from events.services import roll_over as roll_over_one


@shared_task
def roll_over():
    """Opens sales whose window began and completes events that ended; returns how many moved."""
    with as_system():
        rows = list(
            Event.objects.filter(
                status__in=(Status.PUBLISHED, Status.ON_SALE, Status.SOLD_OUT)
            ).values_list("pk", "agency_id")
        )
    now, moved = timezone.now(), 0
    for event_id, agency_id in rows:
        with acting_for(agency_id):
            moved += roll_over_one(event_id, now=now)
    return moved
