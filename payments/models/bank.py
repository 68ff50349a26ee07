"""Bank statements that were read in, line by line: which money is whose."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from core.audit import Audited, append_only, status_machine
from core.ids import uuid7
from core.money import DECIMAL_PLACES, MAX_DIGITS, Money, fits_currency
from core.status import Movable
from core.tenancy import TenantKey, TenantModel
from payments.models.payments import Payment


class BankStatement(TenantModel):
    """A file that was read in; `line_count` credits stood in it, `new_count` for the first time."""

    class Kind(models.TextChoices):
        CSV = "CSV", "CSV"
        CAMT = "CAMT", "CAMT.053"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    filename = models.CharField(max_length=200, editable=False)
    kind = models.CharField(max_length=4, choices=Kind, editable=False)
    account = models.CharField(max_length=40, blank=True, editable=False)
    line_count = models.PositiveIntegerField(editable=False)
    new_count = models.PositiveIntegerField(editable=False)
    imported_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", editable=False
    )
    at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["-at", "pk"]
        triggers = [*append_only(), Audited("agency_id", "kind", "line_count", "new_count")]

    def __str__(self):
        return self.filename


class LineStatus(models.TextChoices):
    MATCHED = "MATCHED", "Paid a booking"
    PART = "PART", "Part of what is due"
    EXCEPTION = "EXCEPTION", "Needs a person"
    SENT_BACK = "SENT_BACK", "Sent back"
    PAYOUT = "PAYOUT", "A provider’s payout"


LINE_MOVES = {
    LineStatus.EXCEPTION: {
        LineStatus.MATCHED,
        LineStatus.PART,
        LineStatus.SENT_BACK,
        LineStatus.PAYOUT,
    },
    LineStatus.PART: {LineStatus.MATCHED, LineStatus.SENT_BACK},
    LineStatus.MATCHED: set(),
    LineStatus.SENT_BACK: set(),
    LineStatus.PAYOUT: set(),
}


class BankLine(Movable, TenantModel):
    """Money that came to the bank account. `key` is what makes it itself, in whichever file it stands;
    `sent_back` is what of it was too much for the payment it paid, or all of it."""

    MOVES = LINE_MOVES
    Status = LineStatus

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    statement = TenantKey(BankStatement, related_name="lines", editable=False)
    key = models.CharField(max_length=64, editable=False)
    booked_on = models.DateField(editable=False)
    amount = models.DecimalField(
        max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES, editable=False
    )
    sent_back = models.DecimalField(
        max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES, default=0, editable=False
    )
    currency = models.CharField(max_length=3, editable=False)
    payer = models.CharField(max_length=140, blank=True, editable=False)
    text = models.CharField(max_length=500, blank=True, editable=False)
    status = models.CharField(max_length=9, choices=LineStatus, editable=False)
    payment = TenantKey(Payment, null=True, related_name="bank_lines", editable=False)
    problem = models.CharField(max_length=200, blank=True, editable=False)

    class Meta:
        ordering = ["-booked_on", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["agency_id", "key"], name="one_row_per_bank_line"),
            fits_currency("amount", "sent_back", name="bank_line_fits_currency"),
            models.CheckConstraint(
                condition=Q(amount__gt=0, sent_back__gte=0, sent_back__lte=models.F("amount")),
                name="bank_line_is_sane",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["MATCHED", "PART"]) | Q(payment__isnull=False),
                name="matched_lines_have_a_payment",
            ),
            models.CheckConstraint(
                condition=~Q(status="EXCEPTION") | ~Q(problem=""), name="exceptions_say_why"
            ),
        ]
        indexes = [
            models.Index(
                fields=["booked_on"],
                condition=Q(status__in=["EXCEPTION", "PART"]),
                name="bank_lines_open",
            )
        ]
        triggers = [
            status_machine(LINE_MOVES),
            Audited("agency_id", "status", "amount", "sent_back", "currency", "payment_id"),
        ]

    def __str__(self):
        return f"{self.money.display()} of {self.booked_on:%-d %b %Y}"

    @property
    def money(self):
        return Money(self.amount, self.currency)
