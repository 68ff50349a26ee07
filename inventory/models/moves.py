"""Events that were moved to another version of their layout."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from core.audit import append_only
from core.ids import uuid7
from core.tenancy import TenantKey, TenantModel
from events.models import Event
from venues.models import Layout


class LayoutMove(TenantModel):
    """One event moved from a version of its layout to another: why, by whom, and how many places stayed
    (of which some have another name), came and went. Whatever named a place by its ordinal before has
    to be told apart from what names it so since."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    event = TenantKey(Event, related_name="layout_moves")
    before = TenantKey(Layout, related_name="+")
    after = TenantKey(Layout, related_name="+")
    reason = models.CharField(max_length=200)
    kept = models.PositiveIntegerField()
    renamed = models.PositiveIntegerField()
    added = models.PositiveIntegerField()
    removed = models.PositiveIntegerField()
    tickets_renamed = models.PositiveIntegerField()
    moved_at = models.DateTimeField(db_default=Now())
    moved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        ordering = ["-moved_at", "pk"]
        verbose_name = "layout move"
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="layout_move_has_a_reason"),
        ]
        triggers = append_only()

    def __str__(self):
        return f"{self.before} → {self.after}"
