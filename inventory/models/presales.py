"""Presales: which places of an event are sold before, or beside, the sale to all, and when. Who is
let in is the business of `promotions.presales`; what follows for a place is said in
`inventory.free`."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce, Least, Now

from core.audit import Audited, status_machine
from core.ids import uuid7
from core.status import Movable
from core.tenancy import TenantKey, TenantModel
from events.models import Event
from events.models import Status as EventStatus
from inventory.models.seats import EventSeat


class PresaleStatus(models.TextChoices):
    DRAFT = "DRAFT", "Draft"
    ACTIVE = "ACTIVE", "Active"
    ENDED = "ENDED", "Ended"


PRESALE_MOVES = {
    PresaleStatus.DRAFT: {PresaleStatus.ACTIVE, PresaleStatus.ENDED},
    PresaleStatus.ACTIVE: {PresaleStatus.ENDED},
    PresaleStatus.ENDED: set(),
}


class PresaleQuerySet(models.QuerySet):
    def with_end(self):
        """With `over_at`, the first moment at which it is over: `inventory.free.END`."""
        own = Coalesce("ends_at", "event__sale_starts_at")
        return self.annotate(over_at=Least(own, Coalesce("ended_at", own)))

    def running(self):
        """Those that sell at this moment, by the database's clock: `inventory.free.DOOR`."""
        return (
            self.with_end()
            .exclude(status=PresaleStatus.DRAFT)
            .filter(
                starts_at__lte=Now(),
                over_at__gt=Now(),
                event__starts_at__gt=Now(),
                event__status__in=(EventStatus.ON_SALE, EventStatus.SOLD_OUT),
            )
        )


class Presale(Movable, TenantModel):
    """Opens places of an event to some, from `starts_at` up to, not including, `ends_at`; without that,
    until the sale to all begins. `levels` (PriceLevel ids) and, if it `is_by_place`, its PresalePlaces
    say which places; empty: all. Who is on one of its `lists` (customers.BuyerList ids) needs no code.
    """

    MOVES = PRESALE_MOVES
    Status = PresaleStatus

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    event = TenantKey(Event, related_name="presales")
    name = models.CharField(max_length=120, help_text="Buyers read it.")
    starts_at = models.DateTimeField("from")
    ends_at = models.DateTimeField("until", null=True, blank=True)
    levels = ArrayField(models.UUIDField(), default=list, blank=True)
    lists = ArrayField(models.UUIDField(), default=list, blank=True)
    is_by_place = models.BooleanField(default=False, editable=False)
    status = models.CharField(
        max_length=6, choices=PresaleStatus, default=PresaleStatus.DRAFT, editable=False
    )
    ended_at = models.DateTimeField(null=True, editable=False)
    made_at = models.DateTimeField(db_default=Now(), editable=False)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )

    objects = PresaleQuerySet.as_manager()

    class Meta:
        ordering = ["-starts_at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["event", "name"], name="one_presale_per_name"),
            models.CheckConstraint(
                condition=Q(ends_at=None) | Q(ends_at__gt=F("starts_at")),
                name="presale_ends_after_it_starts",
            ),
            models.CheckConstraint(
                condition=Q(status=PresaleStatus.ENDED, ended_at__isnull=False)
                | (~Q(status=PresaleStatus.ENDED) & Q(ended_at=None)),
                name="ended_presales_say_when",
            ),
        ]
        triggers = [
            status_machine(PRESALE_MOVES),
            Audited(
                "agency_id", "event_id", "name", "starts_at", "ends_at", "levels", "lists",
                "is_by_place", "status", "ended_at",
            ),
        ]  # fmt: skip

    def __str__(self):
        return self.name

    @property
    def is_draft(self):
        return self.status == PresaleStatus.DRAFT

    def phase_at(self, now):
        """DRAFT, COMING, RUNNING or ENDED by the clock; asks for `over_at`."""
        if self.is_draft:
            return "DRAFT"
        if self.over_at <= now:
            return "ENDED"
        return "RUNNING" if self.starts_at <= now else "COMING"


class PresalePlace(TenantModel):
    """A place that a presale by place is for, whatever becomes of it."""

    id = models.BigAutoField(primary_key=True)
    presale = TenantKey(Presale, models.CASCADE, related_name="places")
    seat = TenantKey(EventSeat, models.CASCADE, related_name="+")

    class Meta:
        ordering = ["presale", "seat"]
        constraints = [
            models.UniqueConstraint(fields=["presale", "seat"], name="one_place_of_a_presale")
        ]

    def __str__(self):
        return f"{self.seat_id} in {self.presale_id}"
