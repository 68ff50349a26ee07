"""Seats that are changed for dearer ones as soon as the difference is paid."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from bookings.models.bookings import Booking
from core.audit import append_only
from core.ids import uuid7
from core.money import DECIMAL_PLACES, MAX_DIGITS, Money, fits_currency
from core.tenancy import TenantKey, TenantModel
from payments.models import Payment


class PlannedExchange(TenantModel):
    """What a buyer saw and went to pay for: these `tickets` (ids) of the `old` booking, worth what the
    quote of this name says at `made_at`, and the difference in money, for the `new` one. Of several
    with one payment the last counts, while the payment is for its amount."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    old = TenantKey(Booking, related_name="exchanges_planned", editable=False)
    new = TenantKey(Booking, related_name="+", editable=False)
    tickets = ArrayField(models.UUIDField(), editable=False)
    quote = models.CharField(max_length=32, editable=False)
    payment = TenantKey(Payment, related_name="exchanges", editable=False)
    amount = models.DecimalField(
        max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES, editable=False
    )
    currency = models.CharField(max_length=3, editable=False)
    made_at = models.DateTimeField(editable=False)

    class Meta:
        ordering = ["-made_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["payment", "quote", "amount"], name="an_exchange_is_planned_once"
            ),
            fits_currency("amount", name="planned_exchange_fits_currency"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="a_difference_is_to_be_paid"),
            models.CheckConstraint(
                condition=Q(tickets__len__gt=0), name="an_exchange_gives_something"
            ),
        ]
        triggers = append_only()

    def __str__(self):
        return f"{self.money.display()} for other seats"

    @property
    def money(self):
        return Money(self.amount, self.currency)
