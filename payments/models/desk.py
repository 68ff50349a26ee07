"""Money that staff take and hand out at the desk, and the drawer it lies in."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from core.audit import Audited, append_only
from core.ids import uuid7
from core.money import DECIMAL_PLACES, MAX_DIGITS, Money, fits_currency
from core.tenancy import TenantKey, TenantModel
from payments.models.payments import LIKE_A_CARD, Payment, Refund


def _amount(**more):
    return models.DecimalField(
        max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES, editable=False, **more
    )


class DeskTaking(TenantModel):
    """Money that a member of staff took (positive) or handed out (negative), in cash or on the card
    terminal. `given` is what the guest put down in cash; `reference` is that of the terminal's slip."""

    class Way(models.TextChoices):
        CASH = "CASH", "Cash"
        TERMINAL = "TERMINAL", "Card terminal"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    number = models.CharField(max_length=20, editable=False)
    payment = TenantKey(Payment, null=True, related_name="takings", editable=False)
    refund = TenantKey(Refund, null=True, related_name="takings", editable=False)
    way = models.CharField(max_length=8, choices=Way, editable=False)
    amount = _amount()
    given = _amount(null=True)
    currency = models.CharField(max_length=3, editable=False)
    reference = models.CharField(max_length=40, blank=True, editable=False)
    taken_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", editable=False
    )
    at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["-at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["agency_id", "number"], name="one_taking_per_number"),
            models.UniqueConstraint(fields=["payment"], name="one_taking_per_payment"),
            models.UniqueConstraint(fields=["refund"], name="one_taking_per_refund"),
            fits_currency("amount", name="taking_fits_currency"),
            models.CheckConstraint(
                condition=Q(payment__isnull=False, refund=None, amount__gt=0)
                | Q(payment=None, refund__isnull=False, amount__lt=0, given=None),
                name="taking_is_in_or_out",
            ),
            models.CheckConstraint(
                condition=Q(given=None) | Q(way="CASH", given__gte=F("amount")),
                name="enough_was_given",
            ),
            models.CheckConstraint(
                condition=Q(way="CASH") | ~Q(reference=""), name="terminals_give_a_reference"
            ),
            models.CheckConstraint(
                condition=~Q(reference__regex=LIKE_A_CARD), name="no_card_number_at_the_desk"
            ),
        ]
        triggers = [
            *append_only(),
            Audited("agency_id", "number", "payment_id", "refund_id", "way", "amount", "currency"),
        ]

    def __str__(self):
        return self.number

    @property
    def money(self):
        return Money(self.amount, self.currency)

    @property
    def change(self):
        """What the guest got back of the cash he gave, as Money, or None."""
        return None if self.given is None else Money(self.given - self.amount, self.currency)


class CashCount(TenantModel):
    """The drawer counted: what lay in it, what should have, and what was taken to the bank after."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    counted = _amount()
    expected = _amount()
    banked = _amount()
    currency = models.CharField(max_length=3, editable=False)
    note = models.CharField(max_length=200, blank=True, editable=False)
    counted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", editable=False
    )
    at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["-at", "pk"]
        constraints = [
            fits_currency("counted", "expected", "banked", name="count_fits_currency"),
            models.CheckConstraint(
                condition=Q(counted__gte=0, banked__gte=0, banked__lte=F("counted")),
                name="count_is_sane",
            ),
            models.CheckConstraint(
                condition=Q(counted=F("expected")) | ~Q(note=""), name="differences_are_explained"
            ),
        ]
        triggers = [
            *append_only(),
            Audited("agency_id", "counted", "expected", "banked", "currency", "note"),
        ]

    def __str__(self):
        return f"{Money(self.counted, self.currency).display()} counted"

    @property
    def difference(self):
        """What there is more, or less, than there should be, as Money."""
        return Money(self.counted - self.expected, self.currency)
