"""Draws that wait for staff: a list to freeze, a value to type or to confirm."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone

from config.desk.parts import SHOWN, Part
from core.admin_parts import page_of
from customers.models import Draw, DrawStatus
from events.models import OVER


@dataclass(frozen=True)
class Waiting:
    """A Draw, what it waits for, since when, and where that is done."""

    draw: Draw
    words: str
    since: datetime
    address: str


def draws(user, agency):
    """What is not frozen or drawn though it could be, the longest first; nobody confirms a value of
    his own."""
    typed = Q(status=DrawStatus.TYPED) & ~Q(typed_by=user)
    found = Draw.objects.filter(
        Q(status=DrawStatus.OPEN, closes_at__lte=Now())
        | Q(status=DrawStatus.FROZEN, source_at__lte=Now())
        | typed
    )
    found = found.exclude(event__status__in=OVER)  # called off by itself
    rows = [_waiting(draw) for draw in found.select_related("event").order_by("source_at", "pk")]
    return Part(rows[:SHOWN], len(rows))


def _waiting(draw):
    page = page_of(draw)
    if draw.status == DrawStatus.TYPED:
        return Waiting(draw, "Confirm the value", draw.typed_at, _step(draw, "confirm_value"))
    if draw.status == DrawStatus.FROZEN:
        return Waiting(draw, "Type the value", draw.source_at, _step(draw, "type_value"))
    if draw.source_at <= timezone.now():
        return Waiting(draw, "Not frozen in time", draw.source_at, page)
    return Waiting(draw, "Freeze the list", draw.closes_at, _step(draw, "freeze"))


def _step(draw, name):
    return reverse(f"admin:customers_draw_{name}", args=[draw.pk])
