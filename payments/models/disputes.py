"""Disputes: a buyer's bank takes money back, or asks about it."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from core.audit import Audited, status_machine
from core.ids import uuid7
from core.money import DECIMAL_PLACES, MAX_DIGITS, Money, fits_currency
from core.status import Movable
from core.tenancy import TenantKey, TenantModel
from payments.models.payments import Payment


class DisputeStatus(models.TextChoices):
    INQUIRY = "INQUIRY", "The bank asks"
    OPENED = "OPENED", "Needs evidence"
    EVIDENCE_SENT = "EVIDENCE_SENT", "Evidence sent"
    WON = "WON", "Won"
    LOST = "LOST", "Lost"
    CLOSED = "CLOSED", "Closed without a dispute"


# The bank decides, and may decide again: what is over may come back, but never as a mere question.
AT_THE_BANK = {DisputeStatus.OPENED, DisputeStatus.EVIDENCE_SENT}
OVER = {DisputeStatus.WON, DisputeStatus.LOST, DisputeStatus.CLOSED}
DISPUTE_MOVES = {
    DisputeStatus.INQUIRY: AT_THE_BANK | OVER,
    DisputeStatus.OPENED: (AT_THE_BANK | OVER) - {DisputeStatus.OPENED},
    DisputeStatus.EVIDENCE_SENT: (AT_THE_BANK | OVER) - {DisputeStatus.EVIDENCE_SENT},
    **{over: (AT_THE_BANK | OVER) - {over} for over in sorted(OVER)},
}


def _amount(**more):
    return models.DecimalField(
        max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES, editable=False, **more
    )


class Dispute(Movable, TenantModel):
    """A dispute as its provider tells it. `withdrawn` is the money that the bank holds at present,
    `written_off` what of it is lost for good, `fee` what the provider charged; each has been booked as
    it stands here, by `postings` journals."""

    MOVES = DISPUTE_MOVES
    Status = DisputeStatus

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    payment = TenantKey(Payment, related_name="disputes", editable=False)
    provider_ref = models.CharField(max_length=120, editable=False)
    status = models.CharField(max_length=13, choices=DisputeStatus, editable=False)
    reason = models.CharField(max_length=60, blank=True, editable=False)
    amount = _amount()
    currency = models.CharField(max_length=3, editable=False)
    withdrawn = _amount(default=0)
    written_off = _amount(default=0)
    fee = _amount(default=0)
    fee_currency = models.CharField(max_length=3, editable=False)
    postings = models.PositiveSmallIntegerField(default=0, editable=False)
    opened_at = models.DateTimeField(editable=False)
    evidence_due_at = models.DateTimeField(null=True, editable=False)
    evidence_sent_at = models.DateTimeField(null=True, editable=False)
    closed_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    looked_up_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ["-opened_at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["payment", "provider_ref"], name="one_row_per_dispute"),
            fits_currency("amount", "withdrawn", "written_off", name="dispute_fits_currency"),
            fits_currency("fee", currency="fee_currency", name="dispute_fee_fits_currency"),
            models.CheckConstraint(
                condition=Q(amount__gt=0, withdrawn__gte=0, fee__gte=0, written_off__gte=0),
                name="dispute_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(written_off=0) | Q(status="LOST", written_off=F("withdrawn")),
                name="only_what_is_lost_is_written_off",
            ),
        ]
        indexes = [
            models.Index(
                fields=["evidence_due_at"],
                condition=Q(status__in=["INQUIRY", "OPENED", "EVIDENCE_SENT"]),
                name="disputes_not_over",
            )
        ]
        triggers = [
            status_machine(DISPUTE_MOVES),
            Audited(
                "agency_id", "payment_id", "status", "amount", "currency", "withdrawn",
                "written_off", "fee", "evidence_sent_at",
            ),
        ]  # fmt: skip

    def __str__(self):
        return f"{self.money.display()} disputed"

    @property
    def money(self):
        return Money(self.amount, self.currency)
