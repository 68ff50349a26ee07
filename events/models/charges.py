"""What comes beside a price: the agency's fees, taxes, and the terms that tickets were sold under."""

from decimal import Decimal

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from core.audit import Audited, append_only
from core.money import DECIMAL_PLACES, MAX_DIGITS, Money, fits_currency
from core.tenancy import TenantKey, TenantModel
from events.models.events import Event

PERCENT = {"max_digits": 6, "decimal_places": 3, "default": Decimal(0)}


class Channel(models.TextChoices):
    """Through which tickets are sold."""

    WEB = "WEB", "Website"
    API = "API", "API"
    BOX_OFFICE = "BOX_OFFICE", "Box office"


class Per(models.TextChoices):
    TICKET = "TICKET", "Ticket"
    BOOKING = "BOOKING", "Booking"


class TaxedAs(models.TextChoices):
    ADMISSION = "ADMISSION", "Tickets"
    SERVICE = "SERVICE", "Fees"


def rate_in_words(percent, amount):
    """Such as "6 % and €0.50" (amount is Money)."""
    parts = [f"{percent.normalize():f} %"] if percent else []
    parts += [amount.display()] if amount else []
    return " and ".join(parts) or "None"


class FeeRule(TenantModel):
    """A fee of the agency. Those of an event count there instead of those for all events; the same for
    those of a channel."""

    id = models.BigAutoField(primary_key=True)
    name = models.CharField(max_length=40, help_text="As the buyer reads it, such as Service fee.")
    event = TenantKey(
        Event,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="fee_rules",
        help_text="Empty: every event that has no fees of its own.",
    )
    channel = models.CharField(
        max_length=10, choices=Channel, blank=True, help_text="Empty: every channel."
    )
    per = models.CharField(max_length=7, choices=Per, default=Per.TICKET)
    percent = models.DecimalField(
        **PERCENT,
        validators=[MinValueValidator(0), MaxValueValidator(50)],
        help_text="Of what the tickets cost.",
    )
    amount = models.DecimalField(
        max_digits=MAX_DIGITS,
        decimal_places=DECIMAL_PLACES,
        default=Decimal(0),
        validators=[MinValueValidator(0)],
        help_text="Added to the percentage.",
    )
    currency = models.CharField(max_length=3)
    is_absorbed = models.BooleanField(
        "contained in the price",
        default=False,
        help_text="The buyer pays the ticket’s price only, and the fee is part of it.",
    )

    class Meta:
        ordering = ["pk"]
        constraints = [
            fits_currency("amount", name="fee_fits_currency"),
            models.CheckConstraint(
                condition=Q(percent__range=(0, 50), amount__gte=0), name="fee_is_sane"
            ),
        ]
        triggers = [
            Audited(
                "agency_id",
                "name",
                "event_id",
                "channel",
                "per",
                "percent",
                "amount",
                "is_absorbed",
            )
        ]

    def __str__(self):
        return self.name

    @property
    def in_words(self):
        return rate_in_words(self.percent, Money(self.amount, self.currency))


class TaxRule(TenantModel):
    """A tax on tickets or fees in a country, or in a region of it."""

    id = models.BigAutoField(primary_key=True)
    name = models.CharField(max_length=40, help_text="As the buyer reads it, such as VAT.")
    country = models.CharField(max_length=2, help_text="ISO code of the venue’s, such as FR.")
    region = models.CharField(
        max_length=40, blank=True, help_text="As the venue has it; empty: the whole country."
    )
    kinds = ArrayField(
        models.CharField(max_length=10, choices=Event.Kind),
        default=list,
        blank=True,
        help_text="Kinds of events; empty: all.",
    )
    on = models.CharField(max_length=9, choices=TaxedAs, default=TaxedAs.ADMISSION)
    percent = models.DecimalField(
        **PERCENT, validators=[MinValueValidator(0), MaxValueValidator(100)]
    )
    is_contained = models.BooleanField(
        "contained in prices",
        default=True,
        help_text="Prices and fees are said with this tax; otherwise it comes on top.",
    )
    since = models.DateField(null=True, blank=True, help_text="Sold from this day on.")
    until = models.DateField(null=True, blank=True, help_text="Sold up to and on this day.")

    class Meta:
        ordering = ["country", "region", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(percent__range=(0, 100)), name="tax_is_sane"),
        ]
        triggers = [
            Audited(
                "agency_id", "name", "country", "region", "on", "percent", "is_contained", "since",
                "until",
            )
        ]  # fmt: skip

    def __str__(self):
        return f"{self.name} {self.percent.normalize():f} %"


class SaleTerms(TenantModel):
    """The fees and taxes that some tickets were sold under: `events.charges.Terms` as JSON."""

    id = models.BigAutoField(primary_key=True)
    content_hash = models.CharField(max_length=16)
    content = models.JSONField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["pk"]
        verbose_name_plural = "sale terms"
        constraints = [
            models.UniqueConstraint(
                fields=["agency_id", "content_hash"], name="the_same_terms_stand_once"
            )
        ]
        triggers = append_only()

    def __str__(self):
        return self.content_hash
