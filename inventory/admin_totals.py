"""Sums over places: how many, what they cost, what they will bring."""

from django.db.models import Count, F, Q, Sum
from django.db.models.functions import Coalesce

from inventory.models import EventSeat, Ownership, Status

RETAIL = Coalesce(F("price"), F("level__price"))
OWNED = Q(ownership=Ownership.OWNED)
FREE = OWNED & Q(status=Status.AVAILABLE)
SOLD = Q(status=Status.SOLD)
RESERVED = Q(status=Status.RESERVED)
HELD = Q(status=Status.HELD)

COUNTS = {
    "places": Count("pk"),
    "owned": Count("pk", filter=OWNED),
    "sold": Count("pk", filter=SOLD),
    "reserved": Count("pk", filter=RESERVED),
    "held": Count("pk", filter=HELD),
    "free": Count("pk", filter=FREE),
}


def counts_of(event_ids):
    """{event id: {places, owned, sold, reserved, held, free}} of events whose places are laid out."""
    seats = EventSeat.objects.filter(event__in=event_ids)
    rows = seats.order_by().values("event").annotate(**COUNTS)
    return {row.pop("event"): row for row in map(dict, rows)}


def by_state(seats):
    """[{ownership, status, places, cost, retail}] of a queryset of places, the most first."""
    rows = seats.order_by().values("ownership", "status")
    rows = rows.annotate(places=Count("pk"), cost=Sum("cost"), retail=Sum(RETAIL))
    return sorted(rows, key=lambda row: -row["places"])
