"""The next doors: today's events and those of the coming weeks."""

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count
from django.utils import timezone

from config.desk.parts import SHOWN
from events.models import Event
from events.models import Status as EventStatus
from inventory.admin import seats_address
from inventory.admin_totals import counts_of
from tickets.models import Admission

COMING = timedelta(days=30)


@dataclass(frozen=True)
class Door:
    """An event with its places: `inside` of `sold` were let in."""

    event: Event
    sold: int
    owned: int
    inside: int
    address: str
    is_today: bool

    @property
    def percent(self):
        return round(100 * self.sold / self.owned) if self.owned else 0


def doors(agency):
    """The events of today and of the coming days, the next first."""
    now = timezone.now()
    events = list(
        Event.objects.filter(
            status__in=(EventStatus.PUBLISHED, EventStatus.ON_SALE, EventStatus.SOLD_OUT),
            starts_at__range=(now - timedelta(hours=6), now + COMING),
        )
        .select_related("venue")
        .order_by("starts_at", "pk")[:SHOWN]
    )
    ids = [event.pk for event in events]
    counted = counts_of(ids)
    entered = dict(
        Admission.objects.filter(gate__event__in=ids)
        .order_by()
        .values_list("gate__event")
        .annotate(Count("pk"))
    )
    return [_door(event, counted.get(event.pk, {}), entered.get(event.pk, 0)) for event in events]


def _door(event, counted, inside):
    today = timezone.now().astimezone(event.zone).date()
    return Door(
        event=event,
        sold=counted.get("sold", 0),
        owned=counted.get("owned", 0),
        inside=inside,
        address=seats_address(event.pk),
        is_today=event.local_start.date() == today,
    )
