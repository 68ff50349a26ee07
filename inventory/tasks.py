"""SOLD_OUT follows from the places, and is taken back when one is free again."""

from celery import shared_task
from django.db.models import Exists, OuterRef

from core.locks import lock
from core.tenancy import acting_for, as_system
from core.transactions import use_case
from events.models import Event
from events.models import Status as EventStatus
from inventory.models import EventSeat, Ownership


@shared_task
def mark_sold_out():
    """ON_SALE ⇄ SOLD_OUT for every selling event; returns how many changed."""
    with as_system():
        rows = list(
            Event.objects.filter(
                status__in=(EventStatus.ON_SALE, EventStatus.SOLD_OUT)
            ).values_list("pk", "agency_id")
        )
    changed = 0
    for event_id, agency_id in rows:
        with acting_for(agency_id):
            changed += _mark(event_id)
    return changed


@use_case
def _mark(event_id):
    owned = EventSeat.objects.filter(event=OuterRef("pk"), ownership=Ownership.OWNED)
    left = EventSeat.objects.filter(event=OuterRef("pk")).sellable()
    flags = Event.objects.annotate(any_owned=Exists(owned), any_left=Exists(left)).get(pk=event_id)
    target = EventStatus.SOLD_OUT if flags.any_owned and not flags.any_left else EventStatus.ON_SALE
    (event,) = lock(Event.objects.filter(pk=event_id))
    if event.status == target or not event.can_move_to(target):
        return False
    event.move_to(target)
    event.save(update_fields=["status"])
    return True
