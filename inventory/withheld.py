"""Reads of holds: how many places each has, its parts' included, and which run out."""

from datetime import timedelta

from django.db.models import IntegerField
from django.db.models.expressions import RawSQL
from django.db.models.functions import Now

from inventory.models import Hold, HoldStatus, Status

WITH_PARTS = """(
  WITH RECURSIVE tree AS (
    SELECT inventory_hold.id
    UNION ALL SELECT h.id FROM inventory_hold h JOIN tree ON h.pool_id = tree.id
  )
  SELECT count(*) FROM tree JOIN inventory_eventseat e ON e.hold_id = tree.id WHERE e.status = %s
)"""
SOON = timedelta(days=7)


def _count(status):
    return RawSQL(WITH_PARTS, [status], output_field=IntegerField())  # noqa: S611 - a constant


def counted(holds):
    """A queryset of holds with `held`, `reserved` and `sold`: places, those of its parts included."""
    return holds.annotate(
        held=_count(Status.HELD), reserved=_count(Status.RESERVED), sold=_count(Status.SOLD)
    )


def holds_running_out(limit=8, within=SOON):
    """(active holds that end within this time with their event and `held`, the first first; how many
    there are in all)."""
    ending = Hold.objects.filter(
        status=HoldStatus.ACTIVE, until__gt=Now(), until__lte=Now() + within
    )
    shown = counted(ending).select_related("event").order_by("until", "pk")[:limit]
    return list(shown), ending.count()
