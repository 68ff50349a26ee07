"""Who sells stock to the agency, and on which terms."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from core.audit import Audited
from core.ids import uuid7
from core.money import DECIMAL_PLACES, MAX_DIGITS, fits_currency
from core.tenancy import TenantModel


class PaymentTerms(models.TextChoices):
    IMMEDIATE = "IMMEDIATE", "Immediate"
    NET_30 = "NET_30", "30 days net"
    NET_60 = "NET_60", "60 days net"


class Supplier(TenantModel):
    """Who sells stock to the agency. `credit_limit` is what the agency advances at most,
    `credit_line` what the supplier lets the agency owe; empty means no limit."""

    class Kind(models.TextChoices):
        EVENT_ORGANIZER = "EVENT_ORGANIZER", "Event organizer"
        VENUE_OWNER = "VENUE_OWNER", "Venue"
        PROMOTER = "PROMOTER", "Promoter"
        PRODUCTION_COMPANY = "PRODUCTION_COMPANY", "Production company"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=18, choices=Kind, default=Kind.EVENT_ORGANIZER)
    contact_name = models.CharField(max_length=120, blank=True)
    email = models.EmailField(blank=True)
    phone = models.CharField(max_length=32, blank=True)
    address = models.TextField(blank=True)
    tax_id = models.CharField(max_length=40, blank=True)
    business_license = models.CharField(max_length=60, blank=True)
    bank_account = models.CharField(
        max_length=40, blank=True, help_text="Where their money is sent, such as an IBAN."
    )
    currency = models.CharField(max_length=3, default="EUR", help_text="Of the two limits.")
    payment_terms = models.CharField(
        max_length=9, choices=PaymentTerms, default=PaymentTerms.NET_30
    )
    wholesale_discount = models.DecimalField(
        max_digits=5,
        decimal_places=2,
        default=0,
        validators=[MinValueValidator(0), MaxValueValidator(100)],
        help_text="What they usually take off the retail price, in percent.",
    )
    credit_limit = models.DecimalField(
        max_digits=MAX_DIGITS,
        decimal_places=DECIMAL_PLACES,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text="How much we pay them in advance at most; empty: no limit.",
    )
    credit_line = models.DecimalField(
        max_digits=MAX_DIGITS,
        decimal_places=DECIMAL_PLACES,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text="How much they let us owe at most, open orders included; empty: no limit.",
    )
    contract_starts_on = models.DateField(null=True, blank=True)
    contract_ends_on = models.DateField(null=True, blank=True)
    return_days = models.PositiveSmallIntegerField(
        "returns until",
        null=True,
        blank=True,
        help_text="Seats may go back until so many days before the event; empty: never.",
    )
    gets_receipts = models.BooleanField(
        default=False, help_text="A copy of every delivery receipt is mailed to them."
    )
    is_active = models.BooleanField(default=True)
    notes = models.TextField(blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["agency_id", "name"], name="one_supplier_per_name"),
            fits_currency("credit_limit", "credit_line", name="supplier_limits_fit_currency"),
            models.CheckConstraint(
                condition=(Q(credit_limit=None) | Q(credit_limit__gte=0))
                & (Q(credit_line=None) | Q(credit_line__gte=0))
                & Q(wholesale_discount__range=(0, 100)),
                name="supplier_terms_sane",
            ),
            models.CheckConstraint(
                condition=Q(contract_starts_on=None)
                | Q(contract_ends_on=None)
                | Q(contract_ends_on__gte=F("contract_starts_on")),
                name="contract_ends_after_it_starts",
            ),
        ]
        triggers = [
            Audited(
                "agency_id", "name", "kind", "payment_terms", "is_active", "currency",
                "credit_limit", "credit_line", "wholesale_discount", "contract_starts_on",
                "contract_ends_on", "return_days", "bank_account",
            )
        ]  # fmt: skip

    def __str__(self):
        return self.name
