"""Events, their price levels and the sections each level covers."""

from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from agencies.models import Organizer
from core.audit import Audited, status_machine
from core.ids import uuid7
from core.money import DECIMAL_PLACES, MAX_DIGITS, Money, fits_currency
from core.status import Movable
from core.tenancy import TenantKey, TenantModel
from core.time_zones import is_time_zone, validate_time_zone
from events.models.policies import CancellationPolicy
from venues.models import Layout, LayoutSection, Venue


class Status(models.TextChoices):
    DRAFT = "DRAFT", "Draft"
    PUBLISHED = "PUBLISHED", "Published"
    ON_SALE = "ON_SALE", "On sale"
    SOLD_OUT = "SOLD_OUT", "Sold out"
    CANCELLED = "CANCELLED", "Cancelled"
    COMPLETED = "COMPLETED", "Completed"


MOVES = {
    Status.DRAFT: {Status.PUBLISHED, Status.CANCELLED},
    Status.PUBLISHED: {Status.DRAFT, Status.ON_SALE, Status.CANCELLED, Status.COMPLETED},
    Status.ON_SALE: {Status.PUBLISHED, Status.SOLD_OUT, Status.CANCELLED, Status.COMPLETED},
    Status.SOLD_OUT: {Status.ON_SALE, Status.CANCELLED, Status.COMPLETED},
    Status.CANCELLED: set(),
    Status.COMPLETED: set(),
}
PUBLIC = (Status.PUBLISHED, Status.ON_SALE, Status.SOLD_OUT, Status.CANCELLED)
OVER = (Status.CANCELLED, Status.COMPLETED)


class SplitRule(models.TextChoices):
    """What a sale may leave of a row."""

    ANY = "ANY", "Anyhow"
    NO_SINGLES = "NO_SINGLES", "Never leave one place alone"
    PAIRS = "PAIRS", "In pairs only"
    CUSTOM = "CUSTOM", "In numbers of your own"


class EventQuerySet(models.QuerySet):
    def public(self):
        return self.filter(status__in=PUBLIC)

    def upcoming(self):
        return self.filter(starts_at__gt=Now())


class Event(Movable, TenantModel):
    """A concert, match or play: one date at one venue, pinned to one layout."""

    class Kind(models.TextChoices):
        CONCERT = "CONCERT", "Concert"
        THEATER = "THEATER", "Theatre"
        SPORTS = "SPORTS", "Sports"
        COMEDY = "COMEDY", "Comedy"
        FAMILY = "FAMILY", "Family"
        CONFERENCE = "CONFERENCE", "Conference"
        OTHER = "OTHER", "Other"

    STOCKS = {
        Kind.CONCERT: "music",
        Kind.THEATER: "stage",
        Kind.SPORTS: "sport",
        Kind.COMEDY: "comedy",
        Kind.FAMILY: "family",
    }
    MOVES = MOVES

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    slug = models.SlugField(max_length=120)
    title = models.CharField(max_length=120)
    subtitle = models.CharField(max_length=200, blank=True)
    description = models.TextField(blank=True)
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.CONCERT)
    venue = TenantKey(Venue, related_name="events")
    layout = TenantKey(Layout, related_name="events", null=True, blank=True)
    organizer = TenantKey(Organizer, related_name="events", null=True, blank=True)
    series = models.CharField(
        max_length=120, blank=True, help_text="Events with the same words here are related dates."
    )
    starts_at = models.DateTimeField()
    doors_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)
    time_zone = models.CharField(
        max_length=40, default="Europe/Paris", validators=[validate_time_zone]
    )
    sale_starts_at = models.DateTimeField()
    sale_ends_at = models.DateTimeField()
    currency = models.CharField(max_length=3, default="EUR")
    max_per_booking = models.PositiveSmallIntegerField(default=10)
    max_per_customer = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        help_text="Tickets that one person may have in all bookings together; empty: any number. "
        "What staff sell at the box office counts, but is not refused.",
    )
    max_per_card = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        help_text="Tickets that may be paid for with one card, whoever books; empty: any number.",
    )
    is_card_limit_strict = models.BooleanField(
        "refund what one card pays beyond that",
        default=True,
        db_default=True,
        help_text="All of that payment, and the seats go back on sale. Otherwise it is sold and lies "
        "among the alerts.",
    )
    split_rule = models.CharField(
        "How rows may be parted",
        max_length=10,
        choices=SplitRule,
        default=SplitRule.ANY,
        help_text="What a buyer who chooses places himself may leave of a row. The best places are "
        "always chosen so that nobody is left alone.",
    )
    split_sizes = ArrayField(
        models.PositiveSmallIntegerField(),
        default=list,
        blank=True,
        verbose_name="Sold by",
        help_text="For numbers of your own: 2, 4 sells two or four places at once.",
    )
    reservation_seconds = models.PositiveIntegerField(
        null=True, blank=True, help_text="How long seats are kept unpaid; empty: the house's rule."
    )
    cancellation_policy = TenantKey(
        CancellationPolicy,
        null=True,
        blank=True,
        related_name="events",
        help_text="Empty: the agency's. Who has bought keeps the one he bought under.",
    )
    is_transferable = models.BooleanField(
        "tickets may be given to others",
        default=True,
        db_default=True,
        help_text="Whoever has them offers them to somebody, who takes them by a link. Staff may offer "
        "them for him in any case.",
    )
    is_featured = models.BooleanField(default=False)
    is_sale_stopped = models.BooleanField(
        default=False,
        editable=False,
        help_text="Stopped by hand: the clock does not open it again.",
    )
    status = models.CharField(max_length=10, choices=Status, default=Status.DRAFT, editable=False)
    external_id = models.CharField(max_length=80, blank=True, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = EventQuerySet.as_manager()

    # Not stored: through which presale this one is seen by a buyer, if by any. What is shown and sold
    # of it goes by that; see `inventory.presales`. `presale_most`: how many tickets it sells to one.
    presale_id = presale_most = None

    class Meta:
        ordering = ["starts_at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["agency_id", "slug"], name="one_event_per_slug"),
            models.UniqueConstraint(
                fields=["agency_id", "external_id"],
                condition=~Q(external_id=""),
                name="one_event_per_external_id",
            ),
            models.CheckConstraint(
                condition=Q(sale_ends_at__gt=F("sale_starts_at")), name="sale_ends_after_it_starts"
            ),
            models.CheckConstraint(
                condition=Q(ends_at=None) | Q(ends_at__gt=F("starts_at")),
                name="event_ends_after_it_starts",
            ),
            models.CheckConstraint(
                condition=Q(doors_at=None) | Q(doors_at__lte=F("starts_at")),
                name="doors_open_before_the_start",
            ),
            models.CheckConstraint(
                condition=Q(max_per_booking__range=(1, 100)), name="booking_limit_sane"
            ),
            models.CheckConstraint(
                condition=(Q(max_per_customer=None) | Q(max_per_customer__gte=F("max_per_booking")))
                & (Q(max_per_card=None) | Q(max_per_card__gte=F("max_per_booking"))),
                name="a_booking_is_within_all_limits",
            ),
            models.CheckConstraint(
                condition=Q(split_rule=SplitRule.CUSTOM, split_sizes__len__gt=0)
                | (~Q(split_rule=SplitRule.CUSTOM) & Q(split_sizes=[])),
                name="own_numbers_for_a_custom_split",
            ),
            models.CheckConstraint(
                condition=~Q(split_rule=SplitRule.PAIRS, max_per_booking__lt=2),
                name="a_booking_holds_a_pair",
            ),
            models.CheckConstraint(
                condition=Q(status__in=(Status.DRAFT, Status.CANCELLED)) | Q(layout__isnull=False),
                name="published_events_have_a_layout",
            ),
            is_time_zone(name="event_time_zone_exists"),
        ]
        indexes = [models.Index(fields=["agency_id", "status", "starts_at"], name="event_listing")]
        triggers = [
            status_machine(MOVES),
            Audited(
                "agency_id", "title", "status", "venue_id", "layout_id", "starts_at", "doors_at",
                "sale_starts_at", "sale_ends_at", "max_per_booking", "currency", "split_rule",
                "split_sizes", "cancellation_policy_id", "max_per_customer", "max_per_card",
                "is_card_limit_strict", "is_transferable",
            ),
        ]  # fmt: skip

    def __str__(self):
        return self.title

    def clean(self):
        """Says in words what the keys of levels and places to (event, currency) would refuse, and in
        which numbers a row cannot be parted."""
        self._check_split()
        self._check_limits()
        policy = self.cancellation_policy
        if policy and policy.currency != self.currency:
            raise ValidationError(
                {"cancellation_policy": f"{policy} is a policy in {policy.currency}."}
            )
        for kept in (self.levels, self.seats):
            if kept.exclude(currency=self.currency).exists():
                raise ValidationError(
                    {"currency": "Its prices and places are in another currency already."}
                )

    def _check_limits(self):
        for name in ("max_per_customer", "max_per_card"):
            most = getattr(self, name)
            if most is not None and most < self.max_per_booking:
                raise ValidationError(
                    {name: f"One booking may hold {self.max_per_booking} already."}
                )

    def _check_split(self):
        is_custom = self.split_rule == SplitRule.CUSTOM
        if is_custom and not self.split_sizes:
            raise ValidationError({"split_sizes": "Say in which numbers places are sold."})
        if self.split_rule == SplitRule.PAIRS and self.max_per_booking < 2:
            raise ValidationError(
                {"split_rule": "One booking holds one place: nobody could buy a pair."}
            )
        if not is_custom and self.split_sizes:
            raise ValidationError({"split_sizes": "Only for numbers of your own."})
        if any(not 1 <= size <= self.max_per_booking for size in self.split_sizes):
            raise ValidationError(
                {"split_sizes": f"Whole numbers from 1 to {self.max_per_booking}, please."}
            )

    @property
    def as_seen(self):
        """A key for what is remembered of its places: who comes through a presale sees others."""
        return self.pk, self.layout_id, self.presale_id

    @property
    def most_in_a_booking(self):
        """How many places one booking may hold, for who sees it as this one is seen."""
        return min(self.max_per_booking, self.presale_most or self.max_per_booking)

    @property
    def stock(self):
        """The paper this kind of night is printed on (see static/css/tokens.css)."""
        return self.STOCKS.get(self.kind, "plain")

    @property
    def zone(self):
        return ZoneInfo(self.time_zone)

    @property
    def local_start(self):
        return self.starts_at.astimezone(self.zone)

    @property
    def reservation_ttl(self):
        """Seconds that seats stay reserved without payment."""
        return self.reservation_seconds or settings.RESERVATION_TTL_SECONDS

    def sells_at(self, now):
        """Whether the sale window is open and the event is for sale."""
        return (
            self.status in (Status.ON_SALE, Status.SOLD_OUT)
            and self.sale_starts_at <= now < self.sale_ends_at
        )


class PriceLevel(TenantModel):
    """A price of an event, before the buyer's fee. Position 1 is the cheapest colour.

    Its currency is the event's: the database holds (event, currency) as a key.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    event = TenantKey(Event, models.CASCADE, related_name="levels")
    name = models.CharField(max_length=60)
    price = models.DecimalField(max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES)
    currency = models.CharField(max_length=3)
    position = models.PositiveSmallIntegerField(default=1)
    is_personal = models.BooleanField(
        "personal",
        default=False,
        db_default=False,
        help_text="Its tickets stay with whoever bought them, such as reduced ones.",
    )

    class Meta:
        ordering = ["event", "position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["event", "name"], name="one_level_per_name"),
            fits_currency("price", name="level_price_fits_currency"),
            models.CheckConstraint(condition=Q(price__gte=0), name="level_price_not_negative"),
            models.CheckConstraint(condition=Q(position__range=(1, 6)), name="level_has_a_colour"),
        ]
        triggers = [
            Audited(
                *("agency_id", "event_id", "name", "price", "currency", "position", "is_personal")
            )
        ]

    def __str__(self):
        return self.name

    @property
    def money(self):
        return Money(self.price, self.currency)


class PriceArea(TenantModel):
    """Where a level applies: a section, or only some of its rows."""

    id = models.BigAutoField(primary_key=True)
    level = TenantKey(PriceLevel, models.CASCADE, related_name="areas")
    section = TenantKey(LayoutSection)
    rows = ArrayField(models.CharField(max_length=60), default=list, blank=True)

    class Meta:
        ordering = ["level", "section"]
        constraints = [
            models.UniqueConstraint(
                fields=["level", "section"], name="one_area_per_level_and_section"
            )
        ]

    def __str__(self):
        return f"{self.section}" + (f" rows {', '.join(self.rows)}" if self.rows else "")
