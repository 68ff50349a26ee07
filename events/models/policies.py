"""Under which conditions tickets can be given back."""

from decimal import Decimal

import pgtrigger
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from core.audit import Audited
from core.ids import uuid7
from core.money import DECIMAL_PLACES, MAX_DIGITS, fits_currency
from core.tenancy import TenantModel

# A window is {"hours": 48, "percent": "50", "fixed": "2.00"}, the one that ends first standing first.
WINDOWS_ARE_SANE = """
IF jsonb_typeof(NEW.windows) <> 'array' OR EXISTS (
  SELECT FROM jsonb_array_elements(NEW.windows) WITH ORDINALITY AS each (line, place)
  WHERE NOT coalesce(
    (line ->> 'hours')::integer BETWEEN 0 AND 17520
    AND (line ->> 'percent')::numeric BETWEEN 0 AND 100
    AND (line ->> 'fixed')::numeric >= 0
    AND tessera_fits_currency((line ->> 'fixed')::numeric, NEW.currency)
    AND (place = 1 OR (line ->> 'hours')::integer
      < (NEW.windows -> (place::integer - 2) ->> 'hours')::integer), false)
) THEN
  RAISE EXCEPTION 'the windows of the policy % make no sense', NEW.name
    USING ERRCODE = 'check_violation';
END IF;
RETURN NEW;
"""


class BackTo(models.TextChoices):
    """Where the money of tickets goes that buyers give back."""

    CARD = "CARD", "Where it was paid from"
    CREDIT = "CREDIT", "Credit for later bookings"
    CHOICE = "CHOICE", "As the buyer chooses"


class CancellationPolicy(TenantModel):
    """Until when before the start buyers can give tickets back, and what is kept of what they paid.

    `windows` are those of `events.cancelling.Policy`; none: tickets are sold for good. What it says
    never changes, for people bought under it; another policy takes its place.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=60, help_text="For staff, such as Usual or Opening night.")
    windows = models.JSONField(default=list)
    fees_refundable = models.BooleanField(
        "fees come back, too",
        default=False,
        help_text="Otherwise the fees stay with the agency whenever a ticket is cancelled.",
    )
    is_partial = models.BooleanField(
        "single tickets",
        default=True,
        help_text="Buyers may cancel some tickets of a booking. Otherwise only all of them together.",
    )
    back_to = models.CharField(
        "the money goes to",
        max_length=6,
        choices=BackTo,
        default=BackTo.CARD,
        db_default=BackTo.CARD,
        help_text="What was paid with credit always becomes credit again.",
    )
    exchange_fee = models.DecimalField(
        "kept of each ticket when seats are changed",
        max_digits=MAX_DIGITS,
        decimal_places=DECIMAL_PLACES,
        null=True,
        blank=True,
        default=Decimal(0),
        help_text="Buyers may change seats until the start; empty: they may not.",
    )
    currency = models.CharField(max_length=3)
    is_default = models.BooleanField(default=False, editable=False)
    made_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["name", "pk"]
        verbose_name_plural = "cancellation policies"
        constraints = [
            fits_currency("exchange_fee", name="exchange_fee_fits_currency"),
            models.CheckConstraint(
                condition=Q(exchange_fee=None) | Q(exchange_fee__gte=0),
                name="exchange_fee_not_negative",
            ),
            models.UniqueConstraint(fields=["agency_id", "name"], name="one_policy_per_name"),
            models.UniqueConstraint(
                fields=["agency_id", "currency"],
                condition=Q(is_default=True),
                name="one_default_policy_per_currency",
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="windows_are_sane",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func=WINDOWS_ARE_SANE,
            ),
            pgtrigger.Trigger(
                name="policies_never_change",
                when=pgtrigger.Before,
                operation=pgtrigger.UpdateOf(
                    "name",
                    "windows",
                    "fees_refundable",
                    "is_partial",
                    "back_to",
                    "exchange_fee",
                    "currency",
                ),
                func="RAISE EXCEPTION 'what a policy says never changes: make another one';",
            ),
            Audited(
                "agency_id",
                "name",
                "windows",
                "fees_refundable",
                "is_partial",
                "back_to",
                "exchange_fee",
                "is_default",
            ),
        ]

    def __str__(self):
        return self.name
