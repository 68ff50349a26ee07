"""Retail prices: bulk changes that can be undone, and the rules that propose them."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from core.audit import Audited, append_only
from core.ids import uuid7
from core.money import DECIMAL_PLACES, MAX_DIGITS, fits_currency
from core.tenancy import TenantKey, TenantModel
from core.words import many
from events.models import Event, PriceLevel
from venues.models import LayoutSection


def _price(**options):
    return models.DecimalField(max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES, **options)


class PricingRule(TenantModel):
    """A markup on cost, or a change of the list or present price, for places that fit all of its
    conditions. Never below cost and fees unless `below_cost_reason` says why; never beyond floor,
    ceiling and the limits of change. Off until somebody switches it on."""

    class Basis(models.TextChoices):
        COST = "COST", "What the seat cost"
        LEVEL = "LEVEL", "The price of its level"
        PRESENT = "PRESENT", "Its present price"

    class Direction(models.TextChoices):
        BOTH = "BOTH", "Up and down"
        UP = "UP", "Only up"
        DOWN = "DOWN", "Only down"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=120)
    position = models.PositiveSmallIntegerField(
        default=1, help_text="Of several that fit a place, the first applies."
    )
    event = TenantKey(Event, null=True, blank=True, related_name="pricing_rules")
    level = TenantKey(PriceLevel, null=True, blank=True, related_name="+")
    section = TenantKey(LayoutSection, null=True, blank=True, related_name="+")
    owned_days_from = models.PositiveSmallIntegerField("owned for at least", null=True, blank=True)
    days_to_event_from = models.PositiveSmallIntegerField(
        "at least so many days before", null=True, blank=True
    )
    days_to_event_to = models.PositiveSmallIntegerField(
        "at most so many days before", null=True, blank=True
    )
    sold_percent_from = models.PositiveSmallIntegerField(
        "sold at least, in percent", null=True, blank=True
    )
    sold_percent_to = models.PositiveSmallIntegerField(
        "sold at most, in percent", null=True, blank=True
    )
    velocity_days = models.PositiveSmallIntegerField(
        "sales of the last days", default=7, validators=[MinValueValidator(1)]
    )
    velocity_from = models.DecimalField(
        "seats sold a day, at least", max_digits=8, decimal_places=2, null=True, blank=True
    )
    velocity_to = models.DecimalField(
        "seats sold a day, at most", max_digits=8, decimal_places=2, null=True, blank=True
    )
    basis = models.CharField(max_length=7, choices=Basis, default=Basis.COST)
    percent = models.DecimalField("change in percent", max_digits=6, decimal_places=2, default=0)
    plus = _price(default=0, verbose_name="and an amount")
    currency = models.CharField(max_length=3, default="EUR")
    round_to = _price(null=True, blank=True, validators=[MinValueValidator(0)])
    floor = _price(null=True, blank=True, validators=[MinValueValidator(0)])
    ceiling = _price(null=True, blank=True, validators=[MinValueValidator(0)])
    below_cost_reason = models.CharField(max_length=200, blank=True)
    direction = models.CharField(max_length=4, choices=Direction, default=Direction.BOTH)
    max_change_percent = models.DecimalField(
        "at most in one go, in percent",
        max_digits=5,
        decimal_places=2,
        default=10,
        validators=[MinValueValidator(0)],
    )
    hours_between = models.PositiveSmallIntegerField("hours between changes of a place", default=24)
    is_on = models.BooleanField(default=False, editable=False)
    paused_until = models.DateTimeField(null=True, blank=True, editable=False)
    made_at = models.DateTimeField(db_default=Now(), editable=False)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )
    simulated_at = models.DateTimeField(null=True, editable=False)
    simulation = models.JSONField(
        null=True, editable=False, help_text="What the rule would have done, as it was shown."
    )
    last_run_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ["position", "name", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["agency_id", "name"], name="one_rule_per_name"),
            fits_currency("plus", "floor", "ceiling", "round_to", name="rule_money_fits_currency"),
            models.CheckConstraint(
                condition=(Q(floor=None) | Q(ceiling=None) | Q(ceiling__gte=F("floor")))
                & (Q(round_to=None) | Q(round_to__gt=0))
                & Q(max_change_percent__gt=0, velocity_days__gt=0),
                name="rule_limits_sane",
            ),
            models.CheckConstraint(
                condition=Q(is_on=False) | Q(simulated_at__isnull=False),
                name="simulated_before_it_is_on",
            ),
        ]
        triggers = [
            Audited(
                "agency_id", "name", "position", "event_id", "level_id", "section_id", "basis",
                "percent", "plus", "floor", "ceiling", "below_cost_reason", "direction",
                "max_change_percent", "hours_between", "is_on", "paused_until",
            )
        ]  # fmt: skip

    def __str__(self):
        return self.name


class PriceChange(TenantModel):
    """Own prices of an event's places changed in one go: place by place what they were and became
    (before fees; null: the price of the level)."""

    class Source(models.TextChoices):
        STAFF = "STAFF", "Staff"
        RULE = "RULE", "Rule"
        UNDO = "UNDO", "Undone"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    event = TenantKey(Event, related_name="price_changes")
    source = models.CharField(max_length=5, choices=Source, default=Source.STAFF)
    rule = TenantKey(PricingRule, null=True, related_name="changes")
    undoes = TenantKey("self", null=True, related_name="undone_by")
    reason = models.CharField(max_length=200)
    seats = models.PositiveIntegerField()
    currency = models.CharField(max_length=3)
    ordinals = ArrayField(models.PositiveIntegerField(), editable=False)
    before = ArrayField(_price(null=True), editable=False)
    after = ArrayField(_price(null=True), editable=False)
    made_at = models.DateTimeField(db_default=Now())
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        ordering = ["-made_at", "pk"]
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="price_change_has_a_reason"),
            models.CheckConstraint(
                condition=Q(seats__gt=0, ordinals__len=F("seats")), name="price_change_adds_up"
            ),
            models.UniqueConstraint(
                fields=["undoes"], condition=Q(undoes__isnull=False), name="undone_once"
            ),
        ]
        triggers = append_only()

    def __str__(self):
        return f"{many(self.seats, 'price')}: {self.reason}"


class PriceJob(TenantModel):
    """A bulk change that is too large for a page to wait for: a worker carries it out and says here
    what came of it. `selection` and `setting` are those of inventory.pricing.changing, as JSON."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    event = TenantKey(Event, related_name="price_jobs")
    selection = models.JSONField()
    setting = models.JSONField()
    reason = models.CharField(max_length=200)
    below_cost_reason = models.CharField(max_length=90, blank=True)
    seats = models.PositiveIntegerField(help_text="How many places the preview named.")
    as_of = models.BigIntegerField(help_text="The seat ledger's last price entry that it knew.")
    made_at = models.DateTimeField(db_default=Now())
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    done_at = models.DateTimeField(null=True)
    change = TenantKey(PriceChange, null=True, related_name="+")
    problem = models.TextField(blank=True)

    class Meta:
        ordering = ["-made_at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(done_at=None, change=None, problem="")
                | Q(done_at__isnull=False, change__isnull=False, problem="")
                | Q(done_at__isnull=False, change=None) & ~Q(problem=""),
                name="price_job_has_one_end",
            )
        ]

    def __str__(self):
        return f"{many(self.seats, 'price')}: {self.reason}"
