"""Papers for a buyer's books: what he was sold, and what of it was taken back."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from bookings.models.bookings import Booking
from bookings.models.cancelling import Cancellation
from core.audit import append_only
from core.ids import uuid7
from core.money import DECIMAL_PLACES, MAX_DIGITS, Money, fits_currency
from core.tenancy import TenantKey, TenantModel


class Invoice(TenantModel):
    """An invoice of a booking, or the credit note of a cancellation, as it was issued: `content` is
    what the paper says, see `bookings.invoicing`. Numbers have no gaps; a paper is never changed."""

    class Kind(models.TextChoices):
        INVOICE = "INVOICE", "Invoice"
        CREDIT_NOTE = "CREDIT_NOTE", "Credit note"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=11, choices=Kind)
    number = models.CharField(max_length=20)
    booking = TenantKey(Booking, related_name="invoices")
    cancellation = TenantKey(Cancellation, null=True, related_name="credit_notes")
    total = models.DecimalField(max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES)
    currency = models.CharField(max_length=3)
    content = models.JSONField()
    issued_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-issued_at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["agency_id", "number"], name="one_paper_per_number"),
            models.UniqueConstraint(
                fields=["booking"], condition=Q(kind="INVOICE"), name="one_invoice_per_booking"
            ),
            models.UniqueConstraint(
                fields=["cancellation"], name="one_credit_note_per_cancellation"
            ),
            models.CheckConstraint(
                condition=Q(kind="INVOICE", cancellation=None)
                | Q(kind="CREDIT_NOTE", cancellation__isnull=False),
                name="credit_notes_have_a_cancellation",
            ),
            models.CheckConstraint(condition=Q(total__gt=0), name="paper_is_positive"),
            fits_currency("total", name="paper_fits_currency"),
        ]
        indexes = [models.Index(fields=["agency_id", "-issued_at"], name="invoices_newest_first")]
        triggers = [*append_only()]

    def __str__(self):
        return self.number

    @property
    def money(self):
        return Money(self.total, self.currency)
