"""Messages to people: one row per fact and recipient, and what became of it."""

from django.db import models
from django.db.models.functions import Now

from core.ids import uuid7
from core.tenancy import TenantModel


class Message(TenantModel):
    """A message that must be sent once. `subject_id` is what it is about (a booking's id).

    After FAILED the outbox tries again, until it gives its row up.
    """

    class Status(models.TextChoices):
        PENDING = "PENDING", "Waiting"
        SENT = "SENT", "Sent"
        FAILED = "FAILED", "Last try failed"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=40)
    subject_id = models.UUIDField()
    recipient = models.EmailField()
    subject = models.CharField(max_length=200, blank=True)
    status = models.CharField(max_length=7, choices=Status, default=Status.PENDING)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["agency_id", "kind", "subject_id", "recipient"],
                name="one_message_per_fact_and_recipient",
            )
        ]

    def __str__(self):
        return f"{self.kind} to {self.recipient}"
