"""Allocation plans: how the owned places of an event are split over the channels that sell them."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from core.audit import Audited, status_machine
from core.ids import uuid7
from core.status import Movable
from core.tenancy import TenantKey, TenantModel
from events.models import Event, PriceLevel
from inventory.models.seats import StockChannel
from venues.models import LayoutSection


class PlanStatus(models.TextChoices):
    DRAFT = "DRAFT", "Draft"
    APPLIED = "APPLIED", "Applied"
    UNDONE = "UNDONE", "Undone"


PLAN_MOVES = {
    PlanStatus.DRAFT: {PlanStatus.APPLIED},
    PlanStatus.APPLIED: {PlanStatus.UNDONE},
    PlanStatus.UNDONE: {PlanStatus.APPLIED},
}


class AllocationPlan(Movable, TenantModel):
    """A split of an event's free places. `ordinals`, `before` and `after` say, place by place, what
    applying it changed, so that it can be undone where nothing else happened since."""

    MOVES = PLAN_MOVES
    Status = PlanStatus

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    event = TenantKey(Event, related_name="allocation_plans")
    name = models.CharField(max_length=120)
    notes = models.TextField(blank=True)
    status = models.CharField(
        max_length=7, choices=PlanStatus, default=PlanStatus.DRAFT, editable=False
    )
    made_at = models.DateTimeField(db_default=Now(), editable=False)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )
    applied_at = models.DateTimeField(null=True, editable=False)
    applied_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )
    undone_at = models.DateTimeField(null=True, editable=False)
    ordinals = ArrayField(models.PositiveIntegerField(), default=list, editable=False)
    before = ArrayField(models.CharField(max_length=10), default=list, editable=False)
    after = ArrayField(models.CharField(max_length=10), default=list, editable=False)

    class Meta:
        ordering = ["event", "name", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["event", "name"], name="one_plan_per_name"),
            models.UniqueConstraint(
                fields=["event"], condition=Q(status="APPLIED"), name="one_applied_plan_per_event"
            ),
        ]
        triggers = [
            status_machine(PLAN_MOVES),
            Audited("agency_id", "event_id", "name", "status", "applied_by_id"),
        ]

    def __str__(self):
        return self.name


class AllocationShare(TenantModel):
    """How many of the places of a section, of a level, or of the whole event a channel gets: a
    number or a percentage, the best ones or the last ones. Shares are given out in order of
    position; what no share takes stays open to every channel."""

    class Order(models.TextChoices):
        BEST = "BEST", "The best first"
        LAST = "LAST", "The last first"

    id = models.BigAutoField(primary_key=True)
    plan = TenantKey(AllocationPlan, related_name="shares")
    position = models.PositiveSmallIntegerField(default=1)
    channel = models.CharField(max_length=10, choices=StockChannel)
    section = TenantKey(LayoutSection, null=True, blank=True, related_name="+")
    level = TenantKey(PriceLevel, null=True, blank=True, related_name="+")
    quantity = models.PositiveIntegerField(null=True, blank=True)
    percent = models.DecimalField(
        max_digits=5,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0), MaxValueValidator(100)],
    )
    order = models.CharField(max_length=4, choices=Order, default=Order.BEST)

    class Meta:
        ordering = ["plan", "position", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(quantity__gt=0, percent=None)
                | Q(quantity=None, percent__gt=0, percent__lte=100),
                name="share_is_a_number_or_a_percentage",
            )
        ]
        triggers = [Audited("agency_id", "plan_id", "channel", "quantity", "percent")]

    def __str__(self):
        return f"{self.get_channel_display()}: {self.quantity or f'{self.percent} %'}"
