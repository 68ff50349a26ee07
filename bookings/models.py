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
from events.models import Event
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


class BookingQuerySet(models.QuerySet):
    def lapsed(self):
        """Reservations whose time is over by the database's clock."""
        return self.filter(status=Status.RESERVED, reserved_until__lte=Now())

    def sold(self):
        return self.filter(status__in=SOLD)


class Channel(models.TextChoices):
    WEB = "WEB", "Website"
    API = "API", "API"
    BOX_OFFICE = "BOX_OFFICE", "Box office"


class Booking(Movable, TenantModel):
    """Prices, fees and currency are those of the moment of reservation and never change."""

    MOVES = MOVES

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    number = models.CharField(max_length=12, editable=False)
    event = TenantKey(Event, related_name="bookings", editable=False)
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
    price = models.DecimalField(
        max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES, editable=False
    )
    fee = models.DecimalField(max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES, editable=False)
    total = models.DecimalField(
        max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES, editable=False
    )
    currency = models.CharField(max_length=3, editable=False)
    reserved_at = models.DateTimeField(db_default=Now(), editable=False)
    reserved_until = models.DateTimeField(editable=False)
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
            fits_currency("price", "fee", "total", name="booking_money_fits_currency"),
            models.CheckConstraint(
                condition=Q(total=F("price") + F("fee"), price__gte=0, fee__gte=0),
                name="booking_adds_up",
            ),
            models.CheckConstraint(condition=Q(ticket_count__gt=0), name="booking_is_not_empty"),
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
                fields=["client"],
                condition=Q(status="RESERVED") & ~Q(client=""),
                name="open_bookings_of_client",
            ),
        ]
        triggers = [
            status_machine(MOVES),
            pgtrigger.Trigger(
                name="bookings_equal_their_items",
                when=pgtrigger.After,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("total", "ticket_count"),
                timing=pgtrigger.Deferred,
                declare=[("items", "integer"), ("added", "numeric")],
                func="""
                    SELECT count(*), coalesce(sum(total), 0) INTO items, added
                      FROM bookings_bookingitem WHERE booking_id = NEW.id;
                    IF items <> NEW.ticket_count OR added <> NEW.total THEN
                      RAISE EXCEPTION 'booking % does not equal its items', NEW.number
                        USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NULL;
                """,
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
            Audited("agency_id", "number", "status", "total", "currency", "customer_id"),
        ]

    def __str__(self):
        return self.number

    @property
    def money(self):
        return Money(self.total, self.currency)

    @property
    def in_words(self):
        """What is paid for, such as "2 tickets, The Low Lanterns" (its event is read)."""
        tickets = "ticket" if self.ticket_count == 1 else "tickets"
        return f"{self.ticket_count} {tickets}, {self.event.title}"[:200]

    @property
    def is_sold(self):
        return self.status in SOLD


class BookingItem(TenantModel):
    """One ticket of a booking with its money as sold: price, fee, total, and what the seat cost."""

    id = models.BigAutoField(primary_key=True)
    booking = TenantKey(Booking, related_name="items")
    ticket = TenantKey(Ticket, related_name="items")
    event_seat = TenantKey(EventSeat, related_name="items")
    position = models.PositiveSmallIntegerField()
    price = models.DecimalField(max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES)
    fee = models.DecimalField(max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES)
    total = models.DecimalField(max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES)
    cost = models.DecimalField(max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES)
    currency = models.CharField(max_length=3)

    class Meta:
        ordering = ["booking", "position"]
        constraints = [
            models.UniqueConstraint(fields=["booking", "position"], name="one_item_per_position"),
            models.UniqueConstraint(fields=["ticket"], name="one_item_per_ticket"),
            fits_currency("price", "fee", "total", "cost", name="item_money_fits_currency"),
            models.CheckConstraint(
                condition=Q(total=F("price") + F("fee"), price__gte=0, fee__gte=0, cost__gte=0),
                name="item_adds_up",
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="items_never_change",
                when=pgtrigger.Before,
                operation=pgtrigger.Update | pgtrigger.Delete,
                func="RAISE EXCEPTION 'what was sold is never rewritten';",
            )
        ]

    def __str__(self):
        return f"{self.booking_id} #{self.position}"

    @property
    def profit(self):
        """Price and fee less cost, as Money."""
        return Money(self.total - self.cost, self.currency)
