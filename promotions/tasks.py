"""Uses of lapsed reservations stopped counting when their time was over; here they are tidied away, so
that lists and counters say so too."""

from celery import shared_task
from django.db.models.functions import Now

from core.tasks import in_turn
from core.tenancy import as_system
from core.transactions import use_case
from promotions.models import Use, UseStatus


@shared_task
def give_back_lapsed(limit=500):
    """Returns how many uses were given back."""
    with as_system():
        lapsed = Use.objects.lapsed().order_by("held_until", "pk")
        rows = list(lapsed.values_list("pk", "agency_id")[:limit])
    return in_turn(rows, _give_back)


@use_case
def _give_back(use_id):
    return (
        Use.objects.lapsed().filter(pk=use_id).update(status=UseStatus.RETURNED, returned_at=Now())
    )
