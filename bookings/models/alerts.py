"""What about a booking somebody should look at."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from bookings.models.bookings import Booking
from core.audit import Audited, status_machine
from core.ids import uuid7
from core.status import Movable
from core.tenancy import TenantKey, TenantModel


class Concern(models.TextChoices):
    DUPLICATE = "DUPLICATE", "Possible duplicate"
    SAME_CARD = "SAME_CARD", "Over the limit of one card"
    FRAUD = "FRAUD", "May be a fraud"


class AlertStatus(models.TextChoices):
    OPEN = "OPEN", "To look at"
    DISMISSED = "DISMISSED", "Nothing wrong"
    RESOLVED = "RESOLVED", "Given back"


ALERT_MOVES = {
    AlertStatus.OPEN: {AlertStatus.DISMISSED, AlertStatus.RESOLVED},
    AlertStatus.DISMISSED: {AlertStatus.OPEN, AlertStatus.RESOLVED},
    AlertStatus.RESOLVED: set(),
}


class Alert(Movable, TenantModel):
    """A booking that a person should look at, because of `other` where that is about two. What may be a
    fraud has a `score` and its `reasons`, [[points, words]] (bookings.services.suspicion)."""

    MOVES = ALERT_MOVES
    Status = AlertStatus

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    booking = TenantKey(Booking, related_name="alerts", editable=False)
    other = TenantKey(Booking, null=True, related_name="+", editable=False)
    concern = models.CharField(max_length=9, choices=Concern, editable=False)
    status = models.CharField(
        max_length=9, choices=AlertStatus, default=AlertStatus.OPEN, editable=False
    )
    score = models.PositiveSmallIntegerField(null=True, editable=False)
    reasons = models.JSONField(default=list, editable=False)
    holds_tickets = models.BooleanField(
        default=False,
        db_default=False,
        editable=False,
        help_text="Whether the booking’s tickets admit nobody until it is decided.",
    )
    note = models.CharField(max_length=200, blank=True, editable=False)
    made_at = models.DateTimeField(db_default=Now(), editable=False)
    decided_at = models.DateTimeField(null=True, editable=False)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", editable=False
    )

    class Meta:
        ordering = ["-made_at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["booking", "concern"], name="one_alert_per_concern"),
            models.CheckConstraint(
                condition=Q(concern=Concern.DUPLICATE, other__isnull=False)
                | Q(other=None) & ~Q(concern=Concern.DUPLICATE),
                name="a_duplicate_is_of_another",
            ),
            models.CheckConstraint(
                condition=Q(concern=Concern.FRAUD, score__isnull=False)
                | Q(score=None) & ~Q(concern=Concern.FRAUD),
                name="a_fraud_is_scored",
            ),
        ]
        indexes = [
            models.Index(fields=["made_at"], condition=Q(status="OPEN"), name="alerts_to_look_at")
        ]
        triggers = [
            status_machine(ALERT_MOVES),
            Audited("agency_id", "booking_id", "other_id", "concern", "status", "note"),
        ]

    def __str__(self):
        return f"{self.booking}: {self.get_concern_display().lower()}"
