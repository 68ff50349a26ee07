"""Loyalty: an agency's programme, and the points of its customers. Points only grow by entries:
balances and tiers are sums."""

from decimal import ROUND_CEILING, ROUND_DOWN, Decimal

import pgtrigger
from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from core.audit import Audited, append_only
from core.ids import uuid7
from core.money import DECIMAL_PLACES, MAX_DIGITS, Money, fits_currency, quantum
from core.tenancy import TenantKey, TenantModel
from core.words import many
from customers.models.customers import Customer
from customers.models.tiers import Tier

HUNDRED = 100


class Programme(TenantModel):
    """How an agency's customers earn points, what these are worth, and from where on its tiers begin.

    It says what happens from now on: what was earned keeps its number and its last day.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    is_on = models.BooleanField(
        "runs",
        default=False,
        help_text="While it does not, nothing is earned or spent and nobody has a tier; points stay.",
    )
    points_per_unit = models.DecimalField(
        "points earned",
        max_digits=7,
        decimal_places=3,
        default=Decimal(1),
        validators=[MinValueValidator(Decimal("0.001")), MaxValueValidator(1000)],
        help_text="For each unit of the currency that tickets cost after discounts.",
    )
    worth = models.DecimalField(
        "100 points are worth",
        max_digits=MAX_DIGITS,
        decimal_places=DECIMAL_PLACES,
        default=Decimal(1),
        validators=[MinValueValidator(Decimal("0.001")), MaxValueValidator(1_000_000)],
        help_text="As credit for later bookings, in the agency’s currency.",
    )
    currency = models.CharField(max_length=3, editable=False)
    point_days = models.PositiveSmallIntegerField(
        "days that points last",
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text="From when they are earned; empty: for ever.",
    )
    silver_from = models.PositiveIntegerField("silver from", default=500)
    gold_from = models.PositiveIntegerField("gold from", default=2000)
    platinum_from = models.PositiveIntegerField(
        "platinum from",
        default=5000,
        help_text="Points earned within the last 365 days; everybody begins with bronze.",
    )

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["agency_id"], name="one_programme"),
            fits_currency("worth", name="worth_of_points_fits_currency"),
            models.CheckConstraint(
                condition=Q(points_per_unit__gt=0, worth__gt=0), name="points_are_worth_something"
            ),
            models.CheckConstraint(
                condition=Q(point_days=None) | Q(point_days__gt=0), name="points_last_a_day"
            ),
            models.CheckConstraint(
                condition=Q(silver_from__gt=0, gold_from__gt=F("silver_from"))
                & Q(platinum_from__gt=F("gold_from")),
                name="tiers_rise",
                violation_error_message="Each tier begins at more points than the one below it.",
            ),
        ]
        triggers = [
            Audited(
                "agency_id", "is_on", "points_per_unit", "worth", "currency", "point_days",
                "silver_from", "gold_from", "platinum_from",
            )
        ]  # fmt: skip

    def __str__(self):
        return "Loyalty programme"

    def points_for(self, money):
        """What is earned for so much Money: whole points, rounded down; none in another currency."""
        if money.currency != self.currency:
            return 0
        return int(money.amount * self.points_per_unit)

    def worth_of(self, points):
        """What so many points are worth, as Money, rounded down."""
        exact = Decimal(points) * self.worth / HUNDRED
        return Money(exact.quantize(quantum(self.currency), ROUND_DOWN), self.currency)

    def price_of(self, money):
        """The fewest points that are worth so much Money."""
        exact = money.amount * HUNDRED / self.worth
        return int(exact.to_integral_value(ROUND_CEILING))

    def begins_at(self, tier):
        """How many points make this Tier."""
        return {
            Tier.BRONZE: 0,
            Tier.SILVER: self.silver_from,
            Tier.GOLD: self.gold_from,
            Tier.PLATINUM: self.platinum_from,
        }[tier]

    def tier_for(self, points):
        """The Tier of who has earned so many points lately."""
        return [tier for tier in Tier if points >= self.begins_at(tier)][-1]


class PointEntry(TenantModel):
    """Points that came to a customer (positive) or left him, once per `key`.

    What is EARNED, or given by staff, is a *lot*: it lapses at `expires_at`, and what lapses first is
    spent first. What is REVERSED or EXPIRED is `of` a lot and has its last day. `reference` names what
    it was for: a booking, or the credit that points became.
    """

    class Kind(models.TextChoices):
        EARNED = "EARNED", "Earned"
        REVERSED = "REVERSED", "Tickets given back"
        SPENT = "SPENT", "Became credit"
        EXPIRED = "EXPIRED", "Lapsed"
        ADJUSTED = "ADJUSTED", "By staff"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    customer = TenantKey(Customer, related_name="point_entries", editable=False)
    kind = models.CharField(max_length=8, choices=Kind, editable=False)
    points = models.BigIntegerField(editable=False)
    key = models.CharField(max_length=120, editable=False)
    of = TenantKey("self", null=True, related_name="parts", editable=False)
    reference = models.UUIDField(null=True, editable=False)
    reason = models.CharField(max_length=200, blank=True, editable=False)
    expires_at = models.DateTimeField(null=True, editable=False)
    first_earned_at = models.DateTimeField(
        null=True,
        editable=False,
        help_text="When seats were bought that these were changed for; empty: it is no change.",
    )
    made_at = models.DateTimeField(db_default=Now(), editable=False)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", editable=False
    )

    class Meta:
        ordering = ["-made_at", "-pk"]
        verbose_name_plural = "point entries"
        constraints = [
            models.UniqueConstraint(fields=["agency_id", "key"], name="one_point_entry_per_key"),
            models.CheckConstraint(
                condition=Q(kind="EARNED", points__gt=0)
                | Q(kind="SPENT", points__lt=0)
                | Q(kind__in=["REVERSED", "EXPIRED", "ADJUSTED"]) & ~Q(points=0),
                name="points_come_or_go",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["REVERSED", "EXPIRED"], of__isnull=False)
                | Q(kind__in=["EARNED", "SPENT", "ADJUSTED"], of=None),
                name="parts_are_of_a_lot",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["EARNED", "REVERSED", "SPENT"], reference__isnull=False)
                | Q(kind__in=["EXPIRED", "ADJUSTED"], reference=None),
                name="points_name_what_they_were_for",
            ),
            models.CheckConstraint(
                condition=Q(kind="ADJUSTED", made_by__isnull=False) & ~Q(reason="")
                | ~Q(kind="ADJUSTED"),
                name="staff_say_why_they_adjust_points",
            ),
            models.CheckConstraint(
                condition=Q(expires_at=None)
                | Q(kind__in=["EARNED", "REVERSED", "EXPIRED"])
                | Q(kind="ADJUSTED", points__gt=0),
                name="only_lots_may_lapse",
            ),
            models.CheckConstraint(
                condition=Q(first_earned_at=None)
                | Q(kind="EARNED", first_earned_at__lte=F("made_at")),
                name="points_were_first_earned_before",
            ),
        ]
        indexes = [
            models.Index(fields=["customer", "made_at"], name="points_of_customer"),
            models.Index(fields=["of"], condition=Q(of__isnull=False), name="parts_of_lot"),
            models.Index(
                fields=["reference"], condition=Q(reference__isnull=False), name="points_reference"
            ),
        ]
        triggers = [
            *append_only(),
            # Whoever writes for one customer waits for the others from here to their commits. Only
            # what is reversed may take a balance below nothing.
            pgtrigger.Trigger(
                name="points_add_up",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                declare=[("lot", "customers_pointentry"), ("reversed", "bigint"),
                         ("expired", "bigint"), ("there", "bigint"), ("lapsed", "bigint")],
                func="""
                    PERFORM FROM customers_customer WHERE id = NEW.customer_id FOR NO KEY UPDATE;
                    IF NEW.of_id IS NOT NULL THEN
                      SELECT * INTO lot FROM customers_pointentry WHERE id = NEW.of_id;
                      SELECT coalesce(sum(points) FILTER (WHERE kind = 'REVERSED'), 0),
                             coalesce(sum(points) FILTER (WHERE kind = 'EXPIRED'), 0)
                        INTO reversed, expired
                        FROM customers_pointentry WHERE of_id = NEW.of_id;
                      IF NEW.kind = 'REVERSED' THEN
                        reversed := reversed + NEW.points;
                      ELSE
                        expired := expired + NEW.points;
                      END IF;
                      IF lot.customer_id <> NEW.customer_id OR lot.of_id IS NOT NULL
                         OR lot.points < 0 OR lot.expires_at IS DISTINCT FROM NEW.expires_at
                         OR reversed > 0 OR expired > 0 OR lot.points + reversed + expired < 0
                         OR NEW.kind = 'REVERSED' AND (lot.kind <> 'EARNED'
                           OR lot.reference IS DISTINCT FROM NEW.reference) THEN
                        RAISE EXCEPTION '% points are not of lot %', NEW.points, NEW.of_id
                          USING ERRCODE = 'check_violation', CONSTRAINT = 'points_of_lot';
                      END IF;
                    END IF;
                    SELECT coalesce(sum(points), 0),
                           greatest(coalesce(sum(points) FILTER (
                             WHERE expires_at <= statement_timestamp() OR kind = 'SPENT'
                               OR kind = 'ADJUSTED' AND points < 0), 0), 0)
                      INTO there, lapsed
                      FROM customers_pointentry WHERE customer_id = NEW.customer_id;
                    IF NEW.kind IN ('SPENT', 'ADJUSTED') AND NEW.points < 0
                       AND there - lapsed + NEW.points < 0 THEN
                      RAISE EXCEPTION 'this customer has % points, not %', there - lapsed, -NEW.points
                        USING ERRCODE = 'check_violation', CONSTRAINT = 'not_enough_points';
                    END IF;
                    IF NEW.kind = 'EXPIRED' AND lapsed + NEW.points < 0 THEN
                      RAISE EXCEPTION '% points have not lapsed yet', -NEW.points
                        USING ERRCODE = 'check_violation', CONSTRAINT = 'not_lapsed_yet';
                    END IF;
                    RETURN NEW;
                """,
            ),
            Audited("agency_id", "customer_id", "kind", "points", "of_id", "reference", "reason"),
        ]  # fmt: skip

    def __str__(self):
        return f"{many(self.points, 'point')} {self.get_kind_display().lower()}"
