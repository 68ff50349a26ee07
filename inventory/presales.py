"""Events as they are seen through a presale. A key that opens such a view says nothing about who
may buy: it stands in the addresses of the files that a map reads, so that no cache takes one view
for another."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.core.signing import Signer
from django.db import connection
from django.db.models.functions import Now

from core.memory import Remembered
from inventory.free import COVERS
from inventory.models import Presale, PresaleStatus

_running = Remembered(seconds=3)
# What became of the places a presale is for. Sold ones are in whatever channel they are.
STANDING = f"""
SELECT count(*) FILTER (WHERE e.status <> 'BLOCKED'), count(*) FILTER (WHERE e.status = 'SOLD'),
       count(*) FILTER (WHERE e.channel = 'PRESALE')
FROM inventory_presale p JOIN inventory_eventseat e ON e.event_id = p.event_id
WHERE p.id = %s AND e.ownership = 'OWNED' AND e.level_id IS NOT NULL AND {COVERS}
"""  # noqa: S608 - constants only


@dataclass(frozen=True, slots=True)
class Running:
    """A presale that sells now, as a page names it."""

    id: UUID
    name: str
    over_at: datetime
    has_lists: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """Of the places of ours a presale is for: how many there are, are sold, and are set aside for
    presales alone."""

    places: int
    sold: int
    set_aside: int


def running_presales(event):
    """The event's Running presales, the one that ends first first; some seconds old at most."""
    return _running.get(event.pk, lambda: _read_running(event))


def _read_running(event):
    found = Presale.objects.running().filter(event=event.pk).order_by("over_at", "pk")
    return [Running(each.pk, each.name, each.over_at, bool(each.lists)) for each in found]


def standing_of(presale):
    """The Standing of a presale's places now."""
    with connection.cursor() as cursor:
        cursor.execute(STANDING, [presale.pk])
        return Standing(*cursor.fetchone())


def view_key(event):
    """What opens the view of who sees the event as `event` is seen; empty for everybody's."""
    return _signer(event.pk).sign(str(event.presale_id)) if event.presale_id else ""


def presale_of_key(event_id, key):
    """The id of the presale whose view of this event the key opens, None without a key. Raises
    BadSignature."""
    return UUID(_signer(event_id).unsign(key)) if key else None


def seen_by_key(event, key):
    """The event as the key says that it is seen; everybody's without one. Raises BadSignature."""
    event.presale_id = presale_of_key(event.pk, key)
    return event


def _signer(event_id):
    return Signer(salt=f"tessera.presale-view.{event_id}")


def opened_to(buyers_id, event_id):
    """The presales of an event that this buyer list opens, and that are to come or run, in the order in
    which they begin. With `over_at`."""
    of_list = Presale.objects.with_end().filter(event=event_id, lists__contains=[buyers_id])
    live = of_list.exclude(status=PresaleStatus.DRAFT).filter(over_at__gt=Now())
    return list(live.order_by("starts_at", "pk"))
