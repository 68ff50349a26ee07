"""What a buyer agreed to: the terms of sale, and one mail if he does not finish."""

from django.db import models
from django.db.models.functions import Now

from agencies.models import TermsOfSale
from bookings.models.bookings import Booking
from core.audit import append_only
from core.ids import uuid7
from core.tenancy import TenantKey, TenantModel
from events.models import Channel


class Consent(TenantModel):
    """A booking's buyer has accepted a version of the terms of sale. `network` is where from: the
    beginning of an address, which no longer tells who had it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    booking = TenantKey(Booking, related_name="consents", editable=False)
    terms = TenantKey(TermsOfSale, related_name="+", editable=False)
    channel = models.CharField(max_length=10, choices=Channel, editable=False)
    network = models.CharField(max_length=45, blank=True, editable=False)
    accepted_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["accepted_at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["booking", "terms"], name="one_consent_per_version")
        ]
        triggers = append_only()

    def __str__(self):
        return f"{self.booking} accepted {self.terms}"


class Reminder(TenantModel):
    """The buyer of a reservation wants one mail if he does not finish."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    booking = TenantKey(Booking, related_name="reminders", editable=False)
    asked_at = models.DateTimeField(db_default=Now(), editable=False)
    sent_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ["-asked_at", "pk"]
        constraints = [models.UniqueConstraint(fields=["booking"], name="one_reminder_per_booking")]

    def __str__(self):
        return f"Reminder of {self.booking}"
