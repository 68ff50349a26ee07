"""Promotions, the codes that open them, and their uses.

Limits are held by the database: a use takes a place of its promotion's and of its code's limit in the
statement that writes it (promotions_take, made in the first migration), and a customer's uses are
counted under a lock on that customer. A use that is only held counts until `held_until` by the
database's clock; whoever finds a limit reached gives lapsed ones back first.
"""

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from core.audit import Audited, refuse, status_machine
from core.ids import uuid7
from core.money import DECIMAL_PLACES, MAX_DIGITS, Money, fits_currency
from core.status import Movable
from core.tenancy import TenantKey, TenantModel
from events.models import Channel, Event
from inventory.models import Presale

MOST_CODES = 100_000  # in one batch


def _amount(**options):
    return models.DecimalField(max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES, **options)


def _limit(words, **options):
    return models.PositiveIntegerField(words, null=True, blank=True, **options)


class Type(models.TextChoices):
    PERCENTAGE_DISCOUNT = "PERCENTAGE_DISCOUNT", "Percent off"
    BUY_ONE_GET_ONE = "BUY_ONE_GET_ONE", "Buy some, get some"
    FIXED_DISCOUNT = "FIXED_DISCOUNT", "Amount off"
    FREE_SHIPPING = "FREE_SHIPPING", "No booking fees"
    PRESALE = "PRESALE", "Opens a presale"


class Per(models.TextChoices):
    BOOKING = "BOOKING", "Booking"
    TICKET = "TICKET", "Ticket"


class Status(models.TextChoices):
    DRAFT = "DRAFT", "Draft"
    ACTIVE = "ACTIVE", "Active"
    PAUSED = "PAUSED", "Paused"
    ENDED = "ENDED", "Ended"


MOVES = {
    Status.DRAFT: {Status.ACTIVE, Status.ENDED},
    Status.ACTIVE: {Status.PAUSED, Status.ENDED},
    Status.PAUSED: {Status.ACTIVE, Status.ENDED},
    Status.ENDED: set(),
}
# What a buyer is promised. It never changes once the promotion was active: it is its own snapshot.
TERMS = (
    *("type", "percent", "amount", "per", "buy", "get", "currency", "min_amount", "min_tickets"),
    *("max_discount", "kinds", "events", "levels", "channels", "is_stackable", "priority"),
)
# A limit set later begins with the uses there are. Who redeems an unlimited one shares a lock on its
# row, so none of them is overlooked.
COUNT_WHEN_LIMITED = """
    IF NEW.usage_limit IS NULL THEN
      NEW.taken := 0;
    ELSIF OLD.usage_limit IS NULL THEN
      SELECT count(*) INTO NEW.taken FROM promotions_use
        WHERE {key} = NEW.id AND status <> 'RETURNED';
    END IF;
    RETURN NEW;
"""


def count_when_limited(key):
    return pgtrigger.Trigger(
        name="count_when_limited",
        when=pgtrigger.Before,
        operation=pgtrigger.UpdateOf("usage_limit"),
        condition=pgtrigger.AnyChange("usage_limit"),
        func=COUNT_WHEN_LIMITED.format(key=key),
    )


def within_limit(name):
    return models.CheckConstraint(
        condition=Q(usage_limit=None, taken=0) | Q(usage_limit__gt=0, taken__lte=F("usage_limit")),
        name=name,
        violation_error_message="More uses than that are taken already.",
    )


class PromotionQuerySet(models.QuerySet):
    def offers(self):
        """Those that take something off, and open no presale."""
        return self.exclude(type=Type.PRESALE)

    def running(self):
        """Those whose codes work at this moment, by the database's clock."""
        return self.filter(
            Q(starts_at=None) | Q(starts_at__lte=Now()),
            Q(ends_at=None) | Q(ends_at__gt=Now()),
            status=Status.ACTIVE,
        )


class Promotion(Movable, TenantModel):
    """What is taken off for whoever has one of its codes.

    `percent` is of the tickets, or of those that are got; `amount` once a booking or of each ticket.
    Empty `kinds`, `events`, `levels` and `channels` mean any. `min_amount` and `min_tickets` are of
    the tickets it is good for, as listed. Only for events in its currency.

    One that opens a `presale` takes nothing off: its codes and limits are those of the presale, and its
    uses are the bookings made in it (promotions.presales).
    """

    MOVES = MOVES
    Type = Type
    Per = Per
    Status = Status

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=120)
    description = models.TextField(blank=True)
    type = models.CharField(max_length=20, choices=Type, default=Type.PERCENTAGE_DISCOUNT)
    percent = models.DecimalField(max_digits=5, decimal_places=2, null=True, blank=True)
    amount = _amount(null=True, blank=True)
    per = models.CharField("amount off each", max_length=7, choices=Per, default=Per.BOOKING)
    buy = models.PositiveSmallIntegerField(null=True, blank=True)
    get = models.PositiveSmallIntegerField(null=True, blank=True)
    currency = models.CharField(max_length=3, default="EUR")
    min_amount = _amount(default=0, verbose_name="tickets worth at least")
    min_tickets = models.PositiveSmallIntegerField("tickets, at least", default=1)
    max_discount = _amount(null=True, blank=True, verbose_name="takes off at most")
    kinds = ArrayField(
        models.CharField(max_length=10, choices=Event.Kind), default=list, blank=True
    )
    events = ArrayField(models.UUIDField(), default=list, blank=True)
    levels = ArrayField(models.UUIDField(), default=list, blank=True)
    channels = ArrayField(
        models.CharField(max_length=10, choices=Channel), default=list, blank=True
    )
    starts_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)
    usage_limit = _limit("uses, at most")
    usage_limit_per_customer = _limit("uses of one buyer, at most")
    tickets_per_customer = _limit("tickets of one buyer, at most", editable=False)
    presale = TenantKey(Presale, null=True, blank=True, editable=False, related_name="promotions")
    taken = models.PositiveIntegerField(
        db_default=0, editable=False, help_text="Places of its limit that uses have."
    )
    is_stackable = models.BooleanField("goes together with others", default=False)
    priority = models.PositiveSmallIntegerField(default=10)
    status = models.CharField(max_length=6, choices=Status, default=Status.DRAFT, editable=False)
    made_at = models.DateTimeField(db_default=Now(), editable=False)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )

    objects = PromotionQuerySet.as_manager()

    class Meta:
        ordering = ["-made_at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["agency_id", "name"], name="one_promotion_per_name"),
            fits_currency(
                "amount", "min_amount", "max_discount", name="promotion_money_fits_currency"
            ),
            models.CheckConstraint(
                condition=Q(type=Type.PERCENTAGE_DISCOUNT, percent__gt=0, percent__lte=100)
                | Q(type=Type.FIXED_DISCOUNT, amount__gt=0)
                | Q(
                    type=Type.BUY_ONE_GET_ONE,
                    buy__gt=0,
                    get__gt=0,
                    percent__gt=0,
                    percent__lte=100,
                )
                | Q(type__in=(Type.FREE_SHIPPING, Type.PRESALE)),
                name="promotion_says_what_it_gives",
            ),
            models.CheckConstraint(
                condition=Q(type=Type.PRESALE, presale__isnull=False)
                | (~Q(type=Type.PRESALE) & Q(presale=None, tickets_per_customer=None)),
                name="promotion_opens_a_presale",
            ),
            models.UniqueConstraint(fields=["presale"], name="one_way_into_a_presale"),
            models.CheckConstraint(
                condition=Q(min_amount__gte=0, min_tickets__gt=0)
                & (Q(max_discount=None) | Q(max_discount__gt=0))
                & (Q(usage_limit_per_customer=None) | Q(usage_limit_per_customer__gt=0))
                & (Q(tickets_per_customer=None) | Q(tickets_per_customer__gt=0)),
                name="promotion_limits_sane",
            ),
            models.CheckConstraint(
                condition=Q(starts_at=None) | Q(ends_at=None) | Q(ends_at__gt=F("starts_at")),
                name="promotion_ends_after_it_starts",
            ),
            within_limit("promotion_within_its_limit"),
        ]
        triggers = [
            status_machine(MOVES),
            count_when_limited("promotion_id"),
            pgtrigger.Trigger(
                name="terms_stay",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange(*TERMS),
                func="""
                    IF OLD.status <> 'DRAFT' THEN
                      RAISE EXCEPTION 'the terms of a promotion that was active never change'
                        USING ERRCODE = 'check_violation', CONSTRAINT = 'promotion_terms_stay';
                    END IF;
                    RETURN NEW;
                """,
            ),
            Audited(
                "agency_id", "name", "type", "percent", "amount", "per", "buy", "get", "min_amount",
                "min_tickets", "max_discount", "kinds", "events", "levels", "channels", "starts_at",
                "ends_at", "usage_limit", "usage_limit_per_customer", "tickets_per_customer",
                "is_stackable", "priority", "status",
            ),
        ]  # fmt: skip

    def __str__(self):
        return self.name

    @property
    def is_draft(self):
        return self.status == Status.DRAFT

    def is_good_for(self, item):
        """Whether it can take something off this Item."""
        wanted = (
            (self.kinds, item.kind),
            (self.events, item.event_id),
            (self.levels, item.level_id),
        )
        is_meant = all(not named or value in named for named, value in wanted)
        return is_meant and item.price.currency == self.currency

    def money(self, name):
        """An amount of its terms as Money; None where there is none."""
        value = getattr(self, name)
        return None if value is None else Money.rounded(value, self.currency)


class CodeBatch(TenantModel):
    """Unique codes that a worker makes; `made` is how many there are by now."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    promotion = TenantKey(Promotion, related_name="batches")
    prefix = models.CharField(max_length=12, blank=True)
    count = models.PositiveIntegerField()
    made = models.PositiveIntegerField(db_default=0)
    usage_limit = models.PositiveIntegerField(null=True)
    made_at = models.DateTimeField(db_default=Now())
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        ordering = ["-made_at", "pk"]
        verbose_name_plural = "code batches"
        constraints = [
            models.CheckConstraint(
                condition=Q(count__range=(1, MOST_CODES), made__lte=F("count")),
                name="code_batch_within_its_count",
            )
        ]
        triggers = [Audited("agency_id", "promotion_id", "prefix", "count", "usage_limit")]

    def __str__(self):
        return f"{self.count:,} codes {self.prefix}".strip()

    @property
    def is_done(self):
        return self.made == self.count


class Code(TenantModel):
    """Opens a promotion. It is looked up by `digest` alone (promotions.codes), which is unique in the
    agency and no order of which says anything about the codes."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    promotion = TenantKey(Promotion, related_name="codes")
    batch = TenantKey(CodeBatch, null=True, blank=True, related_name="codes", editable=False)
    text = models.CharField("code", max_length=40)
    digest = models.CharField(max_length=32, editable=False)
    usage_limit = _limit("uses, at most")
    taken = models.PositiveIntegerField(
        db_default=0, editable=False, help_text="Places of its limit that uses have."
    )
    is_open = models.BooleanField(default=True, editable=False)
    is_listed = models.BooleanField(
        db_default=False,
        editable=False,
        help_text="Nobody can type it: it counts who is let in because he is on a list.",
    )
    made_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["-made_at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["digest", "agency_id"], name="one_code_per_text"),
            within_limit("code_within_its_limit"),
        ]
        triggers = [
            count_when_limited("code_id"),
            pgtrigger.Trigger(
                name="codes_stay",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange("text", "digest", "promotion", "batch", "is_listed"),
                func="RAISE EXCEPTION 'a code that was given out never becomes another';",
            ),
            refuse(pgtrigger.Delete, name="codes_are_kept"),
        ]

    def __str__(self):
        return self.text


class UseStatus(models.TextChoices):
    HELD = "HELD", "Held"
    KEPT = "KEPT", "Kept"
    RETURNED = "RETURNED", "Given back"


# RETURNED → KEPT is what late money can lead to, if the limits still have room.
USE_MOVES = {
    UseStatus.HELD: {UseStatus.KEPT, UseStatus.RETURNED},
    UseStatus.KEPT: {UseStatus.RETURNED},
    UseStatus.RETURNED: {UseStatus.KEPT},
}
# As the trigger uses_count calls what it refuses.
USED_UP, USED_BY_YOU, TICKETS_HAD, NOT_RUNNING, BUYER_UNKNOWN = (
    "promotion_used_up",
    "promotion_used_by_you",
    "promotion_tickets_had",
    "promotion_not_running",
    "promotion_buyer_unknown",
)
USES_COUNT = f"""
    IF TG_OP = 'UPDATE' AND NEW.status = 'RETURNED' THEN
      IF OLD.status <> 'RETURNED' THEN
        PERFORM promotions_return('promotions_promotion', NEW.promotion_id);
        PERFORM promotions_return('promotions_code', NEW.code_id);
      END IF;
      RETURN NEW;
    END IF;
    SELECT * INTO ruled FROM promotions_promotion WHERE id = NEW.promotion_id;
    IF TG_OP = 'INSERT' AND (ruled.status <> 'ACTIVE' OR ruled.starts_at > clock_timestamp()
                             OR ruled.ends_at <= clock_timestamp()) THEN
      RAISE EXCEPTION 'this promotion does not run now'
        USING ERRCODE = 'check_violation', CONSTRAINT = '{NOT_RUNNING}';
    END IF;
    IF ruled.usage_limit_per_customer IS NOT NULL OR ruled.tickets_per_customer IS NOT NULL THEN
      IF NEW.customer = '' AND NEW.status = 'KEPT' THEN
        RAISE EXCEPTION 'nobody knows whose use this is'
          USING ERRCODE = 'check_violation', CONSTRAINT = '{BUYER_UNKNOWN}';
      END IF;
      IF NEW.customer <> '' THEN
        PERFORM pg_advisory_xact_lock(hashtextextended(NEW.promotion_id::text || NEW.customer, 0));
        SELECT count(*), coalesce(sum(tickets), 0) INTO had, tickets_had FROM promotions_use
          WHERE promotion_id = NEW.promotion_id AND customer = NEW.customer AND id <> NEW.id
            AND (status = 'KEPT' OR status = 'HELD' AND held_until > clock_timestamp());
        IF had >= ruled.usage_limit_per_customer THEN
          RAISE EXCEPTION 'this buyer has used it % times', had
            USING ERRCODE = 'check_violation', CONSTRAINT = '{USED_BY_YOU}';
        END IF;
        IF tickets_had + NEW.tickets > ruled.tickets_per_customer THEN
          RAISE EXCEPTION 'this buyer has % tickets', tickets_had
            USING ERRCODE = 'check_violation', CONSTRAINT = '{TICKETS_HAD}',
              DETAIL = concat_ws(' ', ruled.tickets_per_customer, tickets_had);
        END IF;
      END IF;
    END IF;
    IF TG_OP = 'INSERT' OR OLD.status = 'RETURNED' THEN
      IF NOT (promotions_take('promotions_promotion', 'promotion_id', NEW.promotion_id)
              AND promotions_take('promotions_code', 'code_id', NEW.code_id)) THEN
        RAISE EXCEPTION 'no use is left'
          USING ERRCODE = 'check_violation', CONSTRAINT = '{USED_UP}';
      END IF;
    END IF;
    RETURN NEW;
"""  # noqa: S608 - constants only


class UseQuerySet(models.QuerySet):
    def live(self):
        """Those that count: kept, or held by a reservation that is not over."""
        return self.filter(
            Q(status=UseStatus.KEPT) | Q(status=UseStatus.HELD, held_until__gt=Now())
        )

    def lapsed(self):
        """Held by reservations that are over; they stopped counting."""
        return self.filter(status=UseStatus.HELD, held_until__lte=Now())

    def offers(self):
        """Those of promotions that take something off, and open no presale."""
        return self.exclude(promotion__type=Type.PRESALE)

    def of(self, reference):
        """Those of a booking as it is reckoned now, whatever became of them."""
        return self.filter(reference=reference, is_dropped=False)


class Use(TenantModel):
    """A promotion in a booking: `reference` is the booking's id, `customer` stands for its buyer's
    e-mail (promotions.codes); he may have proven that it is his (`is_proven`), whatever he types later.
    `amounts` are what each of its tickets was given, in their order,
    `waived` the fees that were not asked for. One that `is_dropped` was given back because the booking
    was reckoned anew, and never counts again."""

    Status = UseStatus

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    promotion = TenantKey(Promotion, related_name="uses")
    code = TenantKey(Code, related_name="uses")
    reference = models.UUIDField(editable=False)
    customer = models.CharField(max_length=32, blank=True, editable=False)
    is_proven = models.BooleanField(default=False, editable=False)
    status = models.CharField(max_length=8, choices=UseStatus, default=UseStatus.HELD)
    held_until = models.DateTimeField()
    tickets = models.PositiveSmallIntegerField()
    discount = _amount()
    amounts = ArrayField(_amount())
    waived = _amount(default=0)
    currency = models.CharField(max_length=3)
    used_at = models.DateTimeField(db_default=Now())
    kept_at = models.DateTimeField(null=True)
    returned_at = models.DateTimeField(null=True)
    is_dropped = models.BooleanField(default=False, editable=False)

    objects = UseQuerySet.as_manager()

    class Meta:
        ordering = ["-used_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["reference", "promotion"],
                condition=Q(is_dropped=False),
                name="one_use_per_booking_and_promotion",
            ),
            fits_currency("discount", "waived", name="use_money_fits_currency"),
            models.CheckConstraint(
                condition=Q(discount__gte=0, waived__gte=0, amounts__len=F("tickets"))
                & ~Q(status=UseStatus.KEPT, kept_at=None)
                & ~Q(status=UseStatus.RETURNED, returned_at=None)
                & (Q(is_dropped=False) | Q(status=UseStatus.RETURNED)),
                name="use_is_whole",
            ),
        ]
        indexes = [
            models.Index(
                fields=["promotion", "held_until"],
                condition=Q(status="HELD"),
                name="held_uses_of_promotion",
            ),
            models.Index(
                fields=["code", "held_until"], condition=Q(status="HELD"), name="held_uses_of_code"
            ),
            models.Index(fields=["promotion", "customer"], name="uses_of_customer"),
        ]
        triggers = [
            status_machine(USE_MOVES),
            pgtrigger.Trigger(
                name="uses_count",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("status", "customer", "held_until"),
                declare=[
                    *(("ruled", "promotions_promotion"), ("had", "integer")),
                    ("tickets_had", "integer"),
                ],
                func=USES_COUNT,
            ),
            pgtrigger.Trigger(
                name="uses_add_up",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func="""
                    IF NEW.discount <> (SELECT coalesce(sum(a), 0) FROM unnest(NEW.amounts) AS a)
                       OR EXISTS (SELECT FROM unnest(NEW.amounts) AS a WHERE a < 0) THEN
                      RAISE EXCEPTION 'what the tickets were given does not add up'
                        USING ERRCODE = 'check_violation', CONSTRAINT = 'use_adds_up';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="uses_stay",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange(
                    *("promotion", "code", "reference", "discount", "amounts", "waived"),
                    *("currency", "tickets", "used_at"),
                ),
                func="RAISE EXCEPTION 'what was given is never rewritten';",
            ),
            refuse(pgtrigger.Delete, name="uses_are_kept"),
        ]

    def __str__(self):
        return f"{self.promotion_id} in {self.reference}"


class PresaleVisit(TenantModel):
    """Somebody was let into a presale: by a code, or because he is on a list."""

    id = models.BigAutoField(primary_key=True)
    promotion = TenantKey(Promotion, related_name="+")
    code = TenantKey(Code, related_name="+")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-at", "pk"]

    def __str__(self):
        return f"{self.promotion_id} at {self.at}"
