"""Bookings: one buyer, one event, one timer, one payment, many tickets."""

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from core.audit import Audited, status_machine
from core.ids import uuid7
from core.money import DECIMAL_PLACES, MAX_DIGITS, Money, fits_currency
from core.status import Movable
from core.tenancy import TenantKey, TenantModel
from customers.models import Customer
from events.models import Channel, Event, SaleTerms
from inventory.models import EventSeat
from tickets.models import Ticket


class Status(models.TextChoices):
    PENDING = "PENDING", "Pending"
    RESERVED = "RESERVED", "Reserved"
    CONFIRMED = "CONFIRMED", "Confirmed"
    PAID = "PAID", "Paid"
    CANCELLED = "CANCELLED", "Cancelled"
    REFUNDED = "REFUNDED", "Refunded"
    EXPIRED = "EXPIRED", "Expired"


# EXPIRED → CONFIRMED and EXPIRED → REFUNDED are what late money can lead to.
MOVES = {
    Status.PENDING: {Status.RESERVED, Status.CANCELLED},
    Status.RESERVED: {Status.CONFIRMED, Status.CANCELLED, Status.EXPIRED},
    Status.CONFIRMED: {Status.PAID, Status.CANCELLED, Status.REFUNDED},
    Status.PAID: {Status.CANCELLED, Status.REFUNDED},
    Status.EXPIRED: {Status.CONFIRMED, Status.REFUNDED},
    Status.CANCELLED: {Status.REFUNDED},
    Status.REFUNDED: set(),
}
SOLD = (Status.CONFIRMED, Status.PAID)
TOO_MANY_HOLDS = "too_many_holds"  # as the trigger nobody_hoards calls it
OVER_SHARE = "over_share"  # as the trigger one_person_one_share does


class BookingQuerySet(models.QuerySet):
    def lapsed(self):
        """Reservations whose time is over by the database's clock."""
        return self.filter(status=Status.RESERVED, reserved_until__lte=Now())

    def sold(self):
        return self.filter(status__in=SOLD)

    def of_order(self, key):
        """All bookings of the order of this `order_key`."""
        return self.filter(Q(pk=key) | Q(order=key))


def _amount(**options):
    return models.DecimalField(
        max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES, editable=False, **options
    )


class Amounts(TenantModel):
    """What a buyer pays, as it was reckoned at reservation (`events.charges`). Paid is `total`: price
    less discount, with fee and tax_on_top. Contained in it are taxes, and fees in the price."""

    price = _amount()
    discount = _amount(db_default=0)
    fee = _amount()
    tax_on_top = _amount(db_default=0)
    total = _amount()
    tax_in_price = _amount(db_default=0)
    tax_in_fee = _amount(db_default=0)
    absorbed = _amount(db_default=0)
    currency = models.CharField(max_length=3, editable=False)

    class Meta:
        abstract = True

    def sum_of(self, *names):
        """Some of these amounts together, as Money."""
        return Money(sum(getattr(self, name) for name in names), self.currency)

    @property
    def taxes(self):
        """What is owed to the tax office, as Money."""
        return self.sum_of("tax_on_top", "tax_in_price", "tax_in_fee")

    @property
    def tickets_earned(self):
        """What the tickets bring before anything is taken off: without taxes and the agency's fees."""
        return self.sum_of("price") - self.sum_of("tax_in_price", "absorbed")

    @property
    def fees_earned(self):
        """The agency's fees without taxes."""
        return self.sum_of("fee", "absorbed") - self.sum_of("tax_in_fee")

    @property
    def earned(self):
        """What is left to the agency, as Money."""
        return self.sum_of("total") - self.taxes


AMOUNTS = (
    "price", "discount", "fee", "tax_on_top", "total", "tax_in_price", "tax_in_fee", "absorbed",
)  # fmt: skip


def add_up(kind):
    """The constraints of Amounts, named after what bears them."""
    not_negative = {f"{name}__gte": 0 for name in AMOUNTS}
    return [
        fits_currency(*AMOUNTS, name=f"{kind}_money_fits_currency"),
        models.CheckConstraint(
            condition=Q(total=F("price") - F("discount") + F("fee") + F("tax_on_top")),
            name=f"{kind}_adds_up",
        ),
        models.CheckConstraint(
            condition=Q(
                **not_negative,
                discount__lte=F("price"),
                absorbed__lte=F("price") - F("discount"),
                tax_in_price__lte=F("price") - F("discount"),
                tax_in_fee__lte=F("fee"),
            ),
            name=f"{kind}_amounts_are_sane",
        ),
    ]


# A booking and its items, as `key` finds the booking, are looked at when all of it is written.
ADDED_UP = """
    SELECT * INTO whole FROM bookings_booking WHERE id = {key};
    SELECT count(*), ARRAY[sum(price), sum(discount), sum(fee), sum(tax_on_top),
        sum(total), sum(tax_in_price), sum(tax_in_fee), sum(absorbed)]
      INTO items, added FROM bookings_bookingitem WHERE booking_id = whole.id;
    IF items <> whole.ticket_count OR added <> ARRAY[whole.price, whole.discount, whole.fee,
        whole.tax_on_top, whole.total, whole.tax_in_price, whole.tax_in_fee, whole.absorbed] THEN
      RAISE EXCEPTION 'booking % does not equal its items', whole.number
        USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
"""


def added_up(name, *, operation, key):
    return pgtrigger.Trigger(
        name=name,
        when=pgtrigger.After,
        operation=operation,
        timing=pgtrigger.Deferred,
        declare=[("items", "integer"), ("added", "numeric[]"), ("whole", "bookings_booking")],
        func=ADDED_UP.format(key=key),
    )


class Booking(Movable, Amounts):
    """Prices, terms and currency are those of the moment of reservation and never change; discounts
    with the fees and taxes that follow from them until it is sold. `waived` is what of the fees once a
    booking a promotion spared."""

    MOVES = MOVES

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    number = models.CharField(max_length=12, editable=False)
    event = TenantKey(Event, related_name="bookings", editable=False)
    order = TenantKey(
        "self",
        null=True,
        related_name="others",
        editable=False,
        db_index=False,
        help_text="The booking it was put to, to be paid together; none: it is the first, or alone.",
    )
    instead_of = TenantKey(
        "self",
        null=True,
        related_name="+",
        editable=False,
        db_index=False,
        help_text="The booking whose tickets were given for these seats. The database writes it.",
    )
    customer = TenantKey(Customer, null=True, related_name="bookings", editable=False)
    channel = models.CharField(max_length=10, choices=Channel, editable=False)
    seller_key = models.UUIDField(
        null=True, editable=False, help_text="The API key that sold it; only it may see it there."
    )
    client = models.CharField(
        max_length=60,
        db_default="",
        blank=True,
        editable=False,
        help_text="Who reserved, to count his open reservations; empty where nobody counts.",
    )
    client_may_hold = models.PositiveSmallIntegerField(
        null=True, editable=False, help_text="Open reservations he might have, this one included."
    )
    status = models.CharField(max_length=9, choices=Status, editable=False)
    ticket_count = models.PositiveSmallIntegerField(editable=False)
    terms = TenantKey(SaleTerms, null=True, related_name="bookings", editable=False)
    waived = _amount(db_default=0)
    reserved_at = models.DateTimeField(db_default=Now(), editable=False)
    reserved_until = models.DateTimeField(editable=False)
    renewed_at = models.DateTimeField(null=True, editable=False)
    confirmed_at = models.DateTimeField(null=True, editable=False)
    payment_id = models.UUIDField(
        null=True, editable=False, help_text="The payment that confirmed it; any other goes back."
    )
    closed_at = models.DateTimeField(null=True, editable=False)
    cancellation_reason = models.CharField(max_length=120, blank=True, editable=False)

    objects = BookingQuerySet.as_manager()

    class Meta:
        ordering = ["-reserved_at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["agency_id", "number"], name="one_booking_per_number"),
            *add_up("booking"),
            fits_currency("waived", name="booking_waived_fits_currency"),
            models.CheckConstraint(
                condition=Q(ticket_count__gt=0, waived__gte=0), name="booking_is_not_empty"
            ),
            models.CheckConstraint(
                condition=~Q(status__in=SOLD) | Q(confirmed_at__isnull=False),
                name="sold_bookings_were_confirmed",
            ),
        ]
        indexes = [
            models.Index(
                fields=["reserved_until"],
                condition=Q(status="RESERVED"),
                name="booking_due_to_lapse",
            ),
            models.Index(
                fields=["agency_id", "currency", "confirmed_at"],
                condition=Q(confirmed_at__isnull=False),
                name="sales_by_moment",
            ),
            models.Index(
                fields=["client", "reserved_at"],
                condition=~Q(client=""),
                name="bookings_of_network",
            ),
            models.Index(
                fields=["client"],
                condition=Q(status="RESERVED") & ~Q(client=""),
                name="open_bookings_of_client",
            ),
            models.Index(
                fields=["order"], condition=Q(order__isnull=False), name="others_of_order"
            ),
            models.Index(
                fields=["seller_key", "id"],
                condition=Q(seller_key__isnull=False),
                name="bookings_of_key",
            ),
        ]
        triggers = [
            status_machine(MOVES),
            added_up(
                "bookings_equal_their_items",
                operation=pgtrigger.Insert | pgtrigger.UpdateOf(*AMOUNTS, "ticket_count"),
                key="NEW.id",
            ),
            # One client's reservations queue from here to their commits, so that none is overlooked.
            pgtrigger.Trigger(
                name="nobody_hoards",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                condition=pgtrigger.Condition("NEW.client_may_hold IS NOT NULL"),
                declare=[("held", "integer")],
                func="""
                    PERFORM pg_advisory_xact_lock(hashtextextended(NEW.client, 0));
                    SELECT count(*) INTO held FROM bookings_booking
                      WHERE agency_id = NEW.agency_id AND client = NEW.client AND client <> ''
                        AND status = 'RESERVED' AND reserved_until > clock_timestamp();
                    IF held >= NEW.client_may_hold THEN
                      RAISE EXCEPTION 'this client has % open reservations', held
                        USING ERRCODE = 'check_violation', CONSTRAINT = 'too_many_holds';
                    END IF;
                    RETURN NEW;
                """,
            ),
            # Whoever buys for one person waits for the others from here to their commits. It is asked
            # when he becomes known, and again of a booking whose time was over: it did not count then.
            pgtrigger.Trigger(
                name="one_person_one_share",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("customer_id", "status"),
                condition=pgtrigger.Condition(
                    "NEW.customer_id IS NOT NULL AND NEW.channel <> 'BOX_OFFICE'"
                ),
                declare=[("most", "integer"), ("others", "integer")],
                func="""
                    IF NEW.status NOT IN ('RESERVED', 'CONFIRMED') OR TG_OP = 'UPDATE'
                       AND NEW.customer_id IS NOT DISTINCT FROM OLD.customer_id
                       AND (NEW.status <> 'CONFIRMED' OR OLD.status = 'CONFIRMED'
                            OR OLD.status = 'RESERVED'
                               AND OLD.reserved_until > clock_timestamp()) THEN
                      RETURN NEW;
                    END IF;
                    SELECT max_per_customer INTO most FROM events_event WHERE id = NEW.event_id;
                    IF most IS NULL THEN
                      RETURN NEW;
                    END IF;
                    others := bookings_others_of_person(NEW.event_id, NEW.customer_id, NEW.id);
                    IF others + NEW.ticket_count > most THEN
                      RAISE EXCEPTION 'this person may have % and has % tickets', most, others
                        USING ERRCODE = 'check_violation', CONSTRAINT = 'over_share',
                              DETAIL = most || ' ' || others;
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="time_is_renewed_once",
                when=pgtrigger.Before,
                operation=pgtrigger.UpdateOf("renewed_at"),
                condition=pgtrigger.Condition("OLD.renewed_at IS NOT NULL"),
                func="""
                    RAISE EXCEPTION 'booking % was renewed before', NEW.number
                      USING ERRCODE = 'check_violation', CONSTRAINT = 'renewed_once';
                """,
            ),
            pgtrigger.Trigger(
                name="orders_are_flat",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("order_id"),
                condition=pgtrigger.Condition("NEW.order_id IS NOT NULL"),
                declare=[("first", "bookings_booking")],
                func="""
                    SELECT * INTO first FROM bookings_booking WHERE id = NEW.order_id;
                    IF NEW.status <> 'RESERVED' OR first.order_id IS NOT NULL OR first.id = NEW.id
                       OR first.currency <> NEW.currency
                       OR EXISTS (SELECT FROM bookings_booking WHERE order_id = NEW.id) THEN
                      RAISE EXCEPTION 'booking % cannot be put to booking %', NEW.number, first.number
                        USING ERRCODE = 'check_violation', CONSTRAINT = 'orders_are_flat';
                    END IF;
                    RETURN NEW;
                """,
            ),
            Audited("agency_id", "number", "status", "total", "currency", "customer_id"),
        ]

    def __str__(self):
        return self.number

    @property
    def money(self):
        return Money(self.total, self.currency)

    @property
    def order_key(self):
        """What the payments of its order name: the id of the order's first booking."""
        return self.order_id or self.pk

    @property
    def in_words(self):
        """What is paid for, such as "2 tickets, The Low Lanterns" (its event is read)."""
        tickets = "ticket" if self.ticket_count == 1 else "tickets"
        return f"{self.ticket_count} {tickets}, {self.event.title}"[:200]

    @property
    def is_sold(self):
        return self.status in SOLD


class BookingItem(Amounts):
    """One ticket of a booking with its money as sold, and what the seat cost."""

    id = models.BigAutoField(primary_key=True)
    booking = TenantKey(Booking, related_name="items")
    ticket = TenantKey(Ticket, related_name="items")
    event_seat = TenantKey(EventSeat, related_name="items")
    position = models.PositiveSmallIntegerField()
    cost = _amount()

    class Meta:
        ordering = ["booking", "position"]
        constraints = [
            models.UniqueConstraint(fields=["booking", "position"], name="one_item_per_position"),
            models.UniqueConstraint(fields=["ticket"], name="one_item_per_ticket"),
            *add_up("item"),
            fits_currency("cost", name="item_cost_fits_currency"),
            models.CheckConstraint(condition=Q(cost__gte=0), name="item_cost_not_negative"),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="items_never_change",
                when=pgtrigger.Before,
                operation=pgtrigger.Update | pgtrigger.Delete,
                func="""
                    IF TG_OP = 'UPDATE'
                       AND (NEW.id, NEW.agency_id, NEW.booking_id, NEW.ticket_id, NEW.event_seat_id,
                            NEW.position, NEW.price, NEW.cost, NEW.currency)
                         = (OLD.id, OLD.agency_id, OLD.booking_id, OLD.ticket_id, OLD.event_seat_id,
                            OLD.position, OLD.price, OLD.cost, OLD.currency)
                       AND EXISTS (SELECT FROM bookings_booking
                                   WHERE id = OLD.booking_id AND status = 'RESERVED') THEN
                      RETURN NEW;
                    END IF;
                    RAISE EXCEPTION 'what was sold is never rewritten';
                """,
            ),
            added_up(
                "items_equal_their_booking",
                operation=pgtrigger.UpdateOf(*AMOUNTS),
                key="NEW.booking_id",
            ),
        ]

    def __str__(self):
        return f"{self.booking_id} #{self.position}"

    @property
    def profit(self):
        """What is earned less what the seat cost, as Money."""
        return self.earned - self.sum_of("cost")
