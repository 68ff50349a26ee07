"""SOLD_OUT follows from the places, and is taken back when one is free again. Pricing rules. Holds that
are over are tidied away; their places have been free since."""

from celery import shared_task
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now
from django.utils import timezone

from core.locks import lock
from core.tasks import in_turn
from core.tenancy import as_system
from core.transactions import use_case
from events.models import Event
from events.models import Status as EventStatus
from inventory.models import EventSeat, Hold, HoldStatus, Ownership, Status, StockChannel
from inventory.pricing.rules import PRICED_EVENTS, rules_at_work, run_rules
from inventory.services import expire_hold, give_notice

SELLING = (EventStatus.ON_SALE, EventStatus.SOLD_OUT)


@shared_task
def mark_sold_out():
    """ON_SALE ⇄ SOLD_OUT for every selling event; returns how many changed."""
    with as_system():
        rows = list(Event.objects.filter(status__in=SELLING).values_list("pk", "agency_id"))
    return in_turn(rows, mark)


@use_case
def mark(event_id):
    """Whether the event's state had to follow its places; a sale stopped meanwhile stays stopped."""
    owned = EventSeat.objects.filter(event=OuterRef("pk"), ownership=Ownership.OWNED)
    places = EventSeat.objects.filter(event=OuterRef("pk"))
    # What is set aside for presales is sold in them, or to all afterwards.
    left = places.sellable() | places.filter(
        channel=StockChannel.PRESALE, status=Status.AVAILABLE, ownership=Ownership.OWNED
    )
    flags = Event.objects.annotate(any_owned=Exists(owned), any_left=Exists(left)).get(pk=event_id)
    target = EventStatus.SOLD_OUT if flags.any_owned and not flags.any_left else EventStatus.ON_SALE
    (event,) = lock(Event.objects.filter(pk=event_id))
    if event.status not in SELLING or event.status == target:
        return False
    event.move_to(target)
    event.save(update_fields=["status"])
    return True


@shared_task
def run_pricing_rules():
    """Lets the rules at work price every coming event they may speak about; returns how many events
    had a price changed."""
    now = timezone.now()
    with as_system():
        about = rules_at_work(now).filter(
            Q(event=None) | Q(event=OuterRef("pk")),
            agency_id=OuterRef("agency_id"),
            currency=OuterRef("currency"),
        )
        coming = Event.objects.filter(Exists(about), status__in=PRICED_EVENTS, starts_at__gt=now)
        rows = list(coming.order_by("starts_at", "pk").values_list("pk", "agency_id"))
    return in_turn(rows, lambda event_id: run_rules(event_id, now))


@shared_task
def expire_holds(limit=200):
    """Ends holds whose time is over; returns how many."""
    over = Hold.objects.filter(status=HoldStatus.ACTIVE, until__lte=Now()).order_by("until", "pk")
    return _each(over[:limit], expire_hold)


@shared_task
def notice_holds(limit=200):
    """Tells of holds that run out; returns of how many."""
    due = Hold.objects.filter(status=HoldStatus.ACTIVE, noticed_at=None, notice_at__lte=Now())
    return _each(due.filter(until__gt=Now()).order_by("notice_at", "pk")[:limit], give_notice)


def _each(holds, work):
    with as_system():
        rows = list(holds.values_list("pk", "agency_id"))
    return in_turn(rows, work)
