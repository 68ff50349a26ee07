"""Sending unsold seats back."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from core.audit import Audited, status_machine
from core.ids import uuid7
from core.money import DECIMAL_PLACES, MAX_DIGITS, Money, fits_currency
from core.status import Movable
from core.tenancy import TenantKey, TenantModel
from suppliers.models.deliveries import Acquisition
from suppliers.models.payables import CreditNote
from suppliers.models.suppliers import Supplier


class ReturnStatus(models.TextChoices):
    REQUESTED = "REQUESTED", "Asked for"
    ACCEPTED = "ACCEPTED", "Accepted"
    REFUSED = "REFUSED", "Refused"
    WITHDRAWN = "WITHDRAWN", "Withdrawn"
    CREDITED = "CREDITED", "Credited"
    CLOSED = "CLOSED", "Taken back, no credit"


RETURN_MOVES = {
    ReturnStatus.REQUESTED: {
        ReturnStatus.ACCEPTED,
        ReturnStatus.CLOSED,
        ReturnStatus.REFUSED,
        ReturnStatus.WITHDRAWN,
    },
    ReturnStatus.ACCEPTED: {ReturnStatus.CREDITED, ReturnStatus.CLOSED},
    ReturnStatus.REFUSED: set(),
    ReturnStatus.WITHDRAWN: set(),
    ReturnStatus.CREDITED: set(),
    ReturnStatus.CLOSED: set(),
}


def _by():
    return models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )


class SupplierReturn(Movable, TenantModel):
    """A request to a supplier to take seats back. While it is open its seats are blocked; once it is
    accepted they are the supplier's again. `expected` is the credit that is due, `credit_note` the
    one that came; where none is due, it is closed at once."""

    MOVES = RETURN_MOVES
    Status = ReturnStatus

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    number = models.CharField(max_length=20, editable=False)
    supplier = TenantKey(Supplier, related_name="returns")
    status = models.CharField(
        max_length=9, choices=ReturnStatus, default=ReturnStatus.REQUESTED, editable=False
    )
    reason = models.CharField(max_length=200, blank=True)
    supplier_reference = models.CharField(max_length=60, blank=True)
    expected = models.DecimalField(max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES, default=0)
    currency = models.CharField(max_length=3)
    requested_at = models.DateTimeField(db_default=Now(), editable=False)
    requested_by = _by()
    answered_at = models.DateTimeField(null=True, editable=False)
    answered_by = _by()
    credit_note = TenantKey(CreditNote, null=True, related_name="returns")

    class Meta:
        ordering = ["-requested_at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["agency_id", "number"], name="one_return_per_number"),
            fits_currency("expected", name="return_fits_currency"),
            models.CheckConstraint(
                condition=~Q(status="CREDITED") | Q(credit_note__isnull=False),
                name="credited_by_a_note",
            ),
            models.CheckConstraint(
                condition=Q(status="ACCEPTED", expected__gt=0)
                | Q(status="CLOSED", expected=0)
                | ~Q(status__in=("ACCEPTED", "CLOSED")),
                name="closed_without_a_credit",
            ),
        ]
        triggers = [
            status_machine(RETURN_MOVES),
            Audited("agency_id", "number", "supplier_id", "status", "expected", "credit_note_id"),
        ]

    def __str__(self):
        return self.number


class ReturnLine(TenantModel):
    """A seat in a return. It is open while the supplier has not answered for it."""

    class State(models.TextChoices):
        OPEN = "OPEN", "Open"
        TAKEN_BACK = "TAKEN_BACK", "Taken back"
        KEPT = "KEPT", "Stays ours"

    id = models.BigAutoField(primary_key=True)
    supplier_return = TenantKey(SupplierReturn, related_name="lines")
    acquisition = TenantKey(Acquisition, related_name="return_lines")
    cost = models.DecimalField(max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES)
    credit = models.DecimalField(max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES, null=True)
    currency = models.CharField(max_length=3)
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["acquisition"],
                condition=Q(state__in=("OPEN", "TAKEN_BACK")),
                name="sent_back_once",
            ),
            fits_currency("cost", "credit", name="return_line_fits_currency"),
        ]

    def __str__(self):
        return f"{self.get_state_display()}: {Money(self.cost, self.currency).display()}"
