"""Event states follow the clock."""

from functools import partial

from celery import shared_task
from django.utils import timezone

from core.tasks import in_turn
from core.tenancy import as_system
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
    return in_turn(rows, partial(roll_over_one, now=timezone.now()))
