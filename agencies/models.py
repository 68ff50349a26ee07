"""Agencies are the tenants; members act for them with a role; organizers put on the events."""

from decimal import ROUND_CEILING, Decimal

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower, Now

from core.audit import Audited, append_only
from core.ids import uuid7
from core.money import DECIMAL_PLACES, MAX_DIGITS, Money, fits_currency, quantum
from core.tenancy import TenantModel
from core.time_zones import is_time_zone, validate_time_zone


class WhenDisputed(models.TextChoices):
    NOTHING = "NOTHING", "Stay valid"
    LOCK = "LOCK", "Are locked; valid again when the dispute is won"
    CANCEL = "CANCEL", "Are locked; cancelled and sold again when all is lost"


class Agency(models.Model):
    """A tenant: one seller with its own host, currency, stock, staff and books."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=80)
    host = models.CharField(
        max_length=120, unique=True, help_text="The host name at which this agency sells."
    )
    is_default = models.BooleanField(
        default=False, help_text="Sells at host names that belong to no agency."
    )
    currency = models.CharField(max_length=3, default="EUR")
    time_zone = models.CharField(
        max_length=40, default="Europe/Paris", validators=[validate_time_zone]
    )
    support_email = models.EmailField(blank=True)
    address = models.TextField(blank=True)
    tax_number = models.CharField(
        max_length=40,
        blank=True,
        db_default="",
        help_text="Such as VAT FR40 303 265 045: it stands on invoices.",
    )
    sale_cost_percent = models.DecimalField(
        max_digits=5,
        decimal_places=2,
        default=Decimal(0),
        validators=[MinValueValidator(0), MaxValueValidator(50)],
        help_text="What a sale costs you, such as the payment provider’s share, in percent of the "
        "ticket’s price. No price may fall below cost and this unless somebody says why.",
    )
    sale_cost_fixed = models.DecimalField(
        max_digits=MAX_DIGITS,
        decimal_places=DECIMAL_PLACES,
        default=Decimal(0),
        validators=[MinValueValidator(0)],
        help_text="The same as an amount on each ticket, added to the percentage.",
    )
    when_disputed = models.CharField(
        "tickets of a disputed payment",
        max_length=7,
        choices=WhenDisputed,
        default=WhenDisputed.LOCK,
        db_default=WhenDisputed.LOCK,
        help_text="From when a bank takes the money back until it is decided.",
    )
    suspicious_from = models.PositiveSmallIntegerField(
        "sales are looked at from a score of",
        null=True,
        blank=True,
        default=50,
        db_default=50,
        validators=[MinValueValidator(1)],
        help_text="What speaks for a fraud has points, which add up. Empty: no sale is scored.",
    )
    locks_suspicious = models.BooleanField(
        "their tickets are locked until then",
        default=False,
        db_default=False,
        help_text="They admit nobody until somebody has looked and found nothing wrong.",
    )
    bank_account = models.CharField(
        max_length=40, blank=True, db_default="", help_text="Where guests transfer money: an IBAN."
    )
    bank_holder = models.CharField(
        max_length=70, blank=True, db_default="", help_text="To whom the account belongs."
    )
    transfer_days = models.PositiveSmallIntegerField(
        "days for a transfer",
        null=True,
        blank=True,
        help_text="For how many days staff may keep places for it; empty: not at all.",
    )
    credit_days = models.PositiveSmallIntegerField(
        "days that credit lasts",
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text="How long guests may use credit from when they get it; empty: for ever.",
    )
    rules_paused_at = models.DateTimeField(
        null=True, editable=False, help_text="Since when no pricing rule changes a price."
    )
    purchasing_email = models.EmailField(
        blank=True, help_text="Delivery receipts and buying notices are mailed here."
    )
    approval_above = models.DecimalField(
        "orders to approve above",
        max_digits=MAX_DIGITS,
        decimal_places=DECIMAL_PLACES,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text="Dearer orders, and what goes to a supplier outside of payment runs, need a second "
        "person; empty: nothing does.",
    )
    invoice_tolerance_percent = models.DecimalField(
        max_digits=5,
        decimal_places=2,
        default=Decimal(0),
        validators=[MinValueValidator(0), MaxValueValidator(100)],
        help_text="By how much an invoice may differ from what was received.",
    )
    invoice_tolerance = models.DecimalField(
        max_digits=MAX_DIGITS,
        decimal_places=DECIMAL_PLACES,
        default=Decimal(0),
        validators=[MinValueValidator(0)],
        help_text="The same as an amount; the smaller of the two counts.",
    )
    has_limits = models.BooleanField(
        default=True, editable=False, help_text="Callers are limited; off only for load scenarios."
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name_plural = "agencies"
        ordering = ["name"]
        constraints = [
            fits_currency("approval_above", "invoice_tolerance", name="agency_limits_fit_currency"),
            fits_currency("sale_cost_fixed", name="agency_sale_cost_fits_currency"),
            models.CheckConstraint(
                condition=(Q(approval_above=None) | Q(approval_above__gte=0))
                & Q(invoice_tolerance__gte=0, invoice_tolerance_percent__range=(0, 100)),
                name="agency_limits_sane",
            ),
            is_time_zone(name="agency_time_zone_exists"),
            models.CheckConstraint(
                condition=Q(sale_cost_percent__range=(0, 50), sale_cost_fixed__gte=0),
                name="agency_sale_cost_sane",
            ),
            models.UniqueConstraint(
                fields=["is_default"], condition=Q(is_default=True), name="one_default_agency"
            ),
        ]
        triggers = [
            Audited(
                "name", "host", "currency", "approval_above", "invoice_tolerance_percent",
                "invoice_tolerance", "sale_cost_percent", "sale_cost_fixed", "rules_paused_at",
                "when_disputed", "suspicious_from", "locks_suspicious", "bank_account",
                "bank_holder", "transfer_days", "credit_days",
            )
        ]  # fmt: skip

    def __str__(self):
        return self.name

    def sale_cost_of(self, price):
        """What selling a ticket of this price costs the agency (Money in, Money out, halves up)."""
        rate = price.amount * self.sale_cost_percent / 100 + self.sale_cost_fixed
        return Money.rounded(rate, price.currency)

    def least_price(self, cost):
        """The lowest price that still brings back the cost of a seat and of selling it (Money in, Money
        out, rounded up). What the buyer pays as a fee on top does not count towards it."""
        kept = 1 - self.sale_cost_percent / 100
        exact = (cost.amount + self.sale_cost_fixed) / kept
        return Money(exact.quantize(quantum(cost.currency), ROUND_CEILING), cost.currency)


class Membership(TenantModel):
    """What a user may do for an agency."""

    class Role(models.TextChoices):
        OWNER = "OWNER", "Owner"
        PURCHASING = "PURCHASING", "Purchasing"
        BOX_OFFICE = "BOX_OFFICE", "Box office"
        FINANCE = "FINANCE", "Finance"
        GATE_MANAGER = "GATE_MANAGER", "Gate manager"
        PROMOTER = "PROMOTER", "Promoter"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=12, choices=Role)
    approval_limit = models.DecimalField(
        "approves up to",
        max_digits=MAX_DIGITS,
        decimal_places=DECIMAL_PLACES,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text="In the agency's currency. Empty: an owner approves any amount, others none.",
    )

    class Meta:
        ordering = ["role", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["agency_id", "user"], name="one_role_per_agency"),
            models.CheckConstraint(
                condition=Q(approval_limit=None) | Q(approval_limit__gte=0),
                name="approval_limit_not_negative",
            ),
        ]
        triggers = [Audited("agency_id", "user_id", "role", "approval_limit")]

    def __str__(self):
        return f"{self.user}: {self.get_role_display()}"


class InvitationQuerySet(models.QuerySet):
    def open(self):
        return self.filter(accepted_at=None, expires_at__gt=Now())


class Invitation(TenantModel):
    """A mailed offer to become a member. Until it is accepted nobody's account knows of it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    email = models.EmailField()
    name = models.CharField(max_length=120)
    role = models.CharField(max_length=12, choices=Membership.Role)
    made_at = models.DateTimeField(db_default=Now(), editable=False)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, editable=False)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        ordering = ["-made_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                "agency_id",
                Lower("email"),
                condition=Q(accepted_at=None),
                name="one_open_invitation_per_address",
            )
        ]
        triggers = [Audited("agency_id", "role", "accepted_at")]

    def __str__(self):
        return f"{self.email}: {self.get_role_display()}"


class TermsOfSale(TenantModel):
    """A version of the text that buyers accept before they pay, named by the `digest` of it; the newest
    counts. One without a text says that nothing is asked for any more."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    text = models.TextField(blank=True, max_length=100_000)
    digest = models.CharField(max_length=32, editable=False)
    published_at = models.DateTimeField(db_default=Now(), editable=False)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", editable=False
    )

    class Meta:
        ordering = ["-published_at", "-pk"]
        verbose_name_plural = "terms of sale"
        triggers = append_only()

    def __str__(self):
        return f"Terms {self.digest[:8]}"


class Organizer(TenantModel):
    """A promoter whose events the agency sells, or from whom it buys."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=120)
    email = models.EmailField(blank=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True)

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["agency_id", "name"], name="one_organizer_per_name")
        ]
        triggers = [Audited("agency_id", "user_id")]

    def __str__(self):
        return self.name
