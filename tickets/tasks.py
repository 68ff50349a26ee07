"""Tidying only: an offer whose time is over has already stopped counting."""

from celery import shared_task

from core.tasks import in_turn
from core.tenancy import as_system
from tickets.models import Transfer
from tickets.services import lapse_transfer


@shared_task
def lapse_transfers(limit=500):
    """Ends offers of tickets that nobody took in time; returns how many."""
    with as_system():
        lapsed = Transfer.objects.lapsed().order_by("expires_at", "pk")
        rows = list(lapsed.values_list("pk", "agency_id")[:limit])
    return in_turn(rows, lapse_transfer)
