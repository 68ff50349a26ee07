"""Holds: places withheld for somebody. Which places a hold has stands on the places themselves."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from core.audit import Audited, status_machine
from core.ids import uuid7
from core.status import Movable
from core.tenancy import TenantKey, TenantModel
from events.models import Event, PriceLevel
from venues.models import LayoutSection


class HoldStatus(models.TextChoices):
    ACTIVE = "ACTIVE", "Active"
    RELEASED = "RELEASED", "Released"
    EXPIRED = "EXPIRED", "Ran out"
    KILLED = "KILLED", "Killed"


HOLD_MOVES = {
    HoldStatus.ACTIVE: {HoldStatus.RELEASED, HoldStatus.EXPIRED, HoldStatus.KILLED},
    HoldStatus.RELEASED: set(),
    HoldStatus.EXPIRED: set(),
    HoldStatus.KILLED: set(),
}


class Hold(Movable, TenantModel):
    """Places of an event withheld for the artist, the promoter, the venue, compliments or the press.

    A hold within another (`pool`) takes its places from it and gives them back to it. `until` ends
    it by the database's clock; its owner is told at `notice_at`. `quantity` is how many places were
    asked for by section or level.
    """

    MOVES = HOLD_MOVES
    Status = HoldStatus

    class Kind(models.TextChoices):
        ARTIST = "ARTIST", "Artist"
        PROMOTER = "PROMOTER", "Promoter"
        VENUE = "VENUE", "Venue"
        COMPLIMENTARY = "COMPLIMENTARY", "Complimentary"
        PRESS = "PRESS", "Press"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    event = TenantKey(Event, related_name="holds")
    pool = TenantKey("self", null=True, blank=True, related_name="parts")
    kind = models.CharField(max_length=13, choices=Kind)
    name = models.CharField(max_length=120)
    reason = models.CharField(max_length=200, blank=True)
    status = models.CharField(
        max_length=8, choices=HoldStatus, default=HoldStatus.ACTIVE, editable=False
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    contact = models.EmailField(
        blank=True, help_text="Who is told, beside its owner, before the hold runs out."
    )
    section = TenantKey(LayoutSection, null=True, blank=True, related_name="holds")
    level = TenantKey(PriceLevel, null=True, blank=True, related_name="holds")
    quantity = models.PositiveIntegerField(editable=False)
    until = models.DateTimeField("held until", null=True, blank=True)
    notice_at = models.DateTimeField("told at", null=True, blank=True)
    noticed_at = models.DateTimeField(null=True, editable=False)
    made_at = models.DateTimeField(db_default=Now(), editable=False)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )
    released_at = models.DateTimeField(null=True, editable=False)
    release_reason = models.CharField(max_length=200, blank=True, editable=False)

    class Meta:
        ordering = ["event", "name", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gt=0), name="hold_is_not_empty"),
            models.CheckConstraint(
                condition=~Q(status="KILLED") | ~Q(release_reason=""), name="killed_with_a_reason"
            ),
            models.CheckConstraint(
                condition=Q(notice_at=None) | Q(until__gte=F("notice_at")),
                name="notice_before_the_end",
            ),
            models.CheckConstraint(
                condition=Q(pool=None) | ~Q(pool=F("id")), name="hold_is_not_its_own_pool"
            ),
        ]
        indexes = [
            models.Index(fields=["until"], condition=Q(status="ACTIVE"), name="holds_that_run_out")
        ]
        triggers = [
            status_machine(HOLD_MOVES),
            Audited(
                "agency_id", "event_id", "pool_id", "kind", "name", "status", "until", "quantity",
                "owner_id",
            ),
        ]  # fmt: skip

    def __str__(self):
        return self.name

    @property
    def is_active(self):
        return self.status == HoldStatus.ACTIVE
