"""Registration draws: who may be drawn, the list that is frozen, and the order that follows from it and
from a public source. The database freezes and draws: nobody can write a digest or a place of his own.

`customers.draws.reckoning` says the same in plain Python, for everybody who checks it.
"""

from datetime import timedelta

import pgtrigger
from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Func, Q
from django.db.models.functions import Coalesce, Now

from core.audit import Audited, append_only, status_machine
from core.ids import long_reference, uuid7
from core.status import Movable
from core.tenancy import TenantKey, TenantModel
from customers.models.customers import BuyerList
from customers.models.draw_rules import (
    AN_HOUR,
    BEACON,
    ENTRIES,
    FAIR,
    FEWEST,
    FROZEN_STAYS,
    HIGHEST,
    LEAST_HIGHEST,
    LET_IN,
    MOST,
    RANK,
    SECOND,
    TERMS_STAY,
    no,
)
from events.models import OVER, Event

TERMS = (
    *("event", "buyers", "name", "opens_at", "closes_at", "places", "reserve"),
    *("source", "source_kind", "source_count", "source_highest", "source_at", "source_url"),
)


class DrawStatus(models.TextChoices):
    DRAFT = "DRAFT", "Draft"
    OPEN = "OPEN", "Registration"
    FROZEN = "FROZEN", "List frozen"
    TYPED = "TYPED", "Value to be confirmed"
    DRAWN = "DRAWN", "Drawn"
    CALLED_OFF = "CALLED_OFF", "Called off"


# TYPED → FROZEN is what a second person does who finds another value at the source.
DRAW_MOVES = {
    DrawStatus.DRAFT: {DrawStatus.OPEN, DrawStatus.CALLED_OFF},
    DrawStatus.OPEN: {DrawStatus.FROZEN, DrawStatus.CALLED_OFF},
    DrawStatus.FROZEN: {DrawStatus.TYPED, DrawStatus.CALLED_OFF},
    DrawStatus.TYPED: {DrawStatus.DRAWN, DrawStatus.FROZEN, DrawStatus.CALLED_OFF},
    DrawStatus.DRAWN: {DrawStatus.CALLED_OFF},
    DrawStatus.CALLED_OFF: set(),
}


class DrawQuerySet(models.QuerySet):
    def published(self):
        """Also what was called off since; not what was called off as a draft."""
        return self.exclude(published_at=None)

    def counted(self):
        """With the entries as of now: `listed`, and `struck` by staff before the list was frozen."""

        def count(is_struck):
            of_it = DrawEntry.objects.filter(draw=models.OuterRef("pk"), is_struck=is_struck)
            number = of_it.order_by().values("draw").annotate(n=models.Count("pk")).values("n")
            return Coalesce(models.Subquery(number), 0)

        return self.annotate(listed=count(False), struck=count(True))

    def taking_entries(self):
        """Those that take entries at this moment, by the database's clock."""
        opened = self.filter(status=DrawStatus.OPEN, opens_at__lte=Now(), closes_at__gt=Now())
        return opened.exclude(event__status__in=OVER)

    def to_freeze(self):
        """Closed, not frozen yet, and the source still to come."""
        closed = self.filter(status=DrawStatus.OPEN, closes_at__lte=Now(), source_at__gt=Now())
        return closed.exclude(event__status__in=OVER)


class Draw(Movable, TenantModel):
    """A lottery for a buyer list: of the entries made between `opens_at` and `closes_at` the first
    `places` of the drawn order are on it, and after them up to `reserve` more, in that order.

    The order follows from the entries' numbers, which are frozen and published as `digest`, and from
    the `value` of a public source that is known only after that, from `source_at` on.
    """

    MOVES = DRAW_MOVES
    Status = DrawStatus

    class Source(models.TextChoices):
        NUMBERS = "NUMBERS", "Numbers of a lottery"
        BEACON = "BEACON", "A round of a beacon (64 hexadecimal letters)"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    event = TenantKey(Event, related_name="draws")
    buyers = TenantKey(BuyerList, related_name="draws", editable=False)
    name = models.CharField(
        max_length=120, help_text="Buyers read it; its buyer list is called so."
    )
    opens_at = models.DateTimeField("registration from")
    closes_at = models.DateTimeField("registration until")
    places = models.PositiveIntegerField(
        "drawn",
        validators=[MinValueValidator(1), MaxValueValidator(1_000_000)],
        help_text="How many are drawn.",
    )
    reserve = models.PositiveIntegerField(
        "from the reserve list, at most",
        default=0,
        validators=[MaxValueValidator(1_000_000)],
        help_text="How many more may be let in later, in the drawn order.",
    )
    source = models.CharField(
        max_length=200,
        help_text="In words that everybody can follow, such as: The six main numbers of the Belgian "
        "Lotto of 3 December 2026.",
    )
    source_kind = models.CharField("its value is", max_length=7, choices=Source)
    source_count = models.PositiveSmallIntegerField(
        "how many numbers",
        null=True,
        blank=True,
        validators=[MinValueValidator(FEWEST), MaxValueValidator(MOST)],
        help_text=f"Of a lottery: {FEWEST} at least. They are taken in rising order.",
    )
    source_highest = models.PositiveSmallIntegerField(
        "out of 1 to",
        null=True,
        blank=True,
        validators=[MinValueValidator(LEAST_HIGHEST), MaxValueValidator(HIGHEST)],
        help_text="The highest number that the lottery can draw, such as 45. A higher one is refused.",
    )
    source_at = models.DateTimeField(
        "known from",
        help_text="Nobody can know the value before. The list is frozen before, or never.",
    )
    source_url = models.URLField("where to read it", blank=True)
    status = models.CharField(
        max_length=10, choices=DrawStatus, default=DrawStatus.DRAFT, editable=False
    )
    published_at = models.DateTimeField(null=True, editable=False)
    needs_second = models.BooleanField(
        db_default=False,
        editable=False,
        help_text="Whether the agency had approvals when the list was frozen.",
    )
    entered = models.PositiveIntegerField(null=True, editable=False)
    digest = models.CharField(max_length=64, db_default="", editable=False)
    frozen_at = models.DateTimeField(null=True, editable=False)
    value = models.CharField(max_length=100, db_default="", editable=False)
    typed_at = models.DateTimeField(null=True, editable=False)
    typed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )
    drawn_at = models.DateTimeField(null=True, editable=False)
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )
    let_in = models.PositiveIntegerField(db_default=0, editable=False)
    why_off = models.CharField(max_length=200, db_default="", editable=False)
    called_off_at = models.DateTimeField(null=True, editable=False)
    made_at = models.DateTimeField(db_default=Now(), editable=False)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )

    objects = DrawQuerySet.as_manager()

    class Meta:
        ordering = ["-closes_at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["buyers"], name="one_draw_per_list"),
            models.CheckConstraint(
                condition=Q(closes_at__gte=F("opens_at") + timedelta(hours=1)),
                name=AN_HOUR,
                violation_error_message="The registration is open for an hour, at least.",
            ),
            models.CheckConstraint(
                condition=Q(source_at__gte=F("closes_at") + timedelta(hours=1)),
                name="draw_source_is_known_later",
                violation_error_message="The source is known an hour after the registration closes, "
                "at the earliest.",
            ),
            models.CheckConstraint(
                condition=Q(places__gt=0) & Q(let_in__lte=F("places") + F("reserve")),
                name="draw_lets_in_no_more_than_said",
            ),
            models.CheckConstraint(
                condition=Q(source_kind="BEACON", source_count=None, source_highest=None)
                | Q(source_kind="NUMBERS", source_count__isnull=False)
                & Q(source_count__range=(FEWEST, MOST))
                & Q(source_highest__isnull=False)
                & Q(source_highest__range=(LEAST_HIGHEST, HIGHEST)),
                name="draw_says_how_many_numbers",
                violation_error_message=f"Say how many numbers the lottery draws, {FEWEST} at least, "
                f"and the highest that it can, {LEAST_HIGHEST} at least; of a beacon neither.",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["DRAFT", "CALLED_OFF"]) | Q(published_at__isnull=False),
                name="seen_draws_say_since_when",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["FROZEN", "TYPED", "DRAWN"])
                | Q(frozen_at__isnull=False, entered__isnull=False, digest__regex=BEACON),
                name="frozen_draws_have_a_digest",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["TYPED", "DRAWN"])
                | Q(typed_at__isnull=False, typed_by__isnull=False) & ~Q(value=""),
                name="drawn_by_a_value",
            ),
            models.CheckConstraint(
                condition=~Q(status="DRAWN")
                | Q(needs_second=False)
                | Q(confirmed_by__isnull=False) & ~Q(confirmed_by=F("typed_by")),
                name=SECOND,
            ),
            models.CheckConstraint(
                condition=~Q(status="CALLED_OFF") | ~Q(why_off=""), name="called_off_says_why"
            ),
        ]
        triggers = [
            status_machine(DRAW_MOVES),
            pgtrigger.Trigger(
                name="terms_stay",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange(*TERMS),
                func=f"""
                    IF OLD.status <> 'DRAFT' THEN
                      {no("what was published of a draw stays", TERMS_STAY)}
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="draws_are_fair",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                func=FAIR,
            ),
            pgtrigger.Trigger(
                name="draws_rank",
                when=pgtrigger.After,
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__status="TYPED", new__status="DRAWN"),
                func=RANK,
            ),
            pgtrigger.Trigger(
                name="draws_begin_empty",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func=f"""
                    IF NEW.status <> 'DRAFT' OR NEW.let_in <> 0 OR NEW.value <> ''
                       OR NEW.digest <> '' OR NEW.entered IS NOT NULL
                       OR NEW.published_at IS NOT NULL THEN
                      {no("a draw begins as a draft", FROZEN_STAYS)}
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="draws_are_kept",
                when=pgtrigger.Before,
                operation=pgtrigger.Delete,
                func="RAISE EXCEPTION 'a draw is kept';",
            ),
            Audited(
                "agency_id", "event_id", "buyers_id", "name", "opens_at", "closes_at", "places",
                "reserve", "source", "source_kind", "source_count", "source_highest", "source_at",
                "source_url",
                "status", "needs_second", "entered", "digest", "value", "typed_by_id",
                "confirmed_by_id", "let_in", "why_off",
            ),
        ]  # fmt: skip

    def __str__(self):
        return self.name

    @property
    def is_draft(self):
        return self.status == DrawStatus.DRAFT

    @property
    def is_open(self):
        """Whether entries may still come, or have come and are not frozen."""
        return self.status == DrawStatus.OPEN

    @property
    def is_frozen(self):
        """Whether its list of numbers is public."""
        return self.frozen_at is not None

    @property
    def is_drawn(self):
        return self.status == DrawStatus.DRAWN

    @property
    def was_drawn(self):
        """Whether its order is known, though it may have been called off since."""
        return self.drawn_at is not None

    @property
    def is_event_over(self):
        """Whether its event is cancelled or has taken place: nobody is drawn or let in any more."""
        return self.event.status in OVER

    @property
    def most(self):
        """How many may be let in by and by, of those that entered."""
        return min(self.places + self.reserve, self.entered or 0)

    def phase_at(self, now):
        """DRAFT, SOON, OPEN, CLOSED, FROZEN, DRAWN or CALLED_OFF by the clock: what the public sees.
        OVER: its event is, and it is about to be called off."""
        if self.is_event_over and not (self.is_drawn or self.status == DrawStatus.CALLED_OFF):
            return "OVER"
        if self.status == DrawStatus.TYPED:
            return "FROZEN"
        if self.status != DrawStatus.OPEN:
            return self.status
        if now < self.opens_at:
            return "SOON"
        return "OPEN" if now < self.closes_at else "CLOSED"


class DrawEntryQuerySet(models.QuerySet):
    def listed(self):
        """Those whose numbers are in the list that is frozen, or will be."""
        return self.filter(is_struck=False)


class DrawEntry(TenantModel):
    """One person in a draw, once. In public he is his `number`. When he withdraws from a frozen draw
    his address goes and the number stays, or the published digest would be of another list. What staff
    take out before stays as well, without an address, and is counted in public."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    draw = TenantKey(Draw, related_name="entries", editable=False)
    number = models.CharField(max_length=14, default=long_reference, editable=False)
    email = models.EmailField(null=True, editable=False)  # noqa: DJ001 - none is not empty: it is gone
    mailbox = models.GeneratedField(
        expression=Func(F("email"), function="customers_person"),
        output_field=models.CharField(max_length=254),
        db_persist=True,
    )
    entered_at = models.DateTimeField(db_default=Now(), editable=False)
    withdrawn_at = models.DateTimeField(null=True, editable=False)
    why_out = models.CharField(max_length=200, db_default="", editable=False)
    is_struck = models.BooleanField(
        db_default=False,
        editable=False,
        help_text="Taken out by staff before the list was frozen: its number is not on it.",
    )
    rank = models.PositiveIntegerField("place", null=True, editable=False)

    objects = DrawEntryQuerySet.as_manager()

    class Meta:
        ordering = ["rank", "number"]
        verbose_name_plural = "draw entries"
        constraints = [
            models.UniqueConstraint(fields=["draw", "number"], name="one_draw_entry_per_number"),
            models.UniqueConstraint(fields=["draw", "mailbox"], name="one_draw_entry_per_person"),
            models.UniqueConstraint(fields=["draw", "rank"], name="one_draw_entry_per_place"),
            models.CheckConstraint(
                condition=Q(email__isnull=False, withdrawn_at=None)
                | Q(email=None, withdrawn_at__isnull=False),
                name="withdrawn_entries_have_no_address",
            ),
            models.CheckConstraint(
                condition=Q(is_struck=False) | Q(withdrawn_at__isnull=False) & ~Q(why_out=""),
                name="struck_entries_say_why",
            ),
        ]
        indexes = [models.Index(fields=["mailbox"], name="draw_entries_of_person")]
        triggers = [
            pgtrigger.Trigger(
                name="entries_are_fair",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
                declare=[("draw", "customers_draw")],
                func=ENTRIES,
            ),
            Audited("agency_id", "draw_id", "number", "withdrawn_at", "why_out", "is_struck"),
        ]

    def __str__(self):
        return self.number


class DrawWave(TenantModel):
    """Those of the drawn order who are let in together: the places from `first` to `last`."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    draw = TenantKey(Draw, related_name="waves", editable=False)
    first = models.PositiveIntegerField(editable=False)
    last = models.PositiveIntegerField(editable=False)
    made_at = models.DateTimeField(db_default=Now(), editable=False)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )

    class Meta:
        ordering = ["draw", "first"]
        constraints = [
            models.UniqueConstraint(fields=["draw", "first"], name="draw_waves_follow_each_other"),
            models.CheckConstraint(
                condition=Q(last__gte=F("first")), name="draw_wave_has_somebody"
            ),
        ]
        triggers = [
            *append_only(),
            pgtrigger.Trigger(
                name="waves_follow_the_order",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                declare=[("draw", "customers_draw")],
                func=LET_IN,
            ),
            Audited("agency_id", "draw_id", "first", "last"),
        ]

    def __str__(self):
        return f"{self.first:,} to {self.last:,}"
