"""Suppliers, purchase orders, receipts, and every single place bought."""

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from core.audit import Audited, append_only, status_machine
from core.ids import uuid7
from core.money import DECIMAL_PLACES, MAX_DIGITS, Money, fits_currency
from core.status import Movable
from core.tenancy import TenantKey, TenantModel
from events.models import Event
from inventory.models import EventSeat
from venues.models import LayoutSection


class PaymentTerms(models.TextChoices):
    IMMEDIATE = "IMMEDIATE", "Immediate"
    NET_30 = "NET_30", "30 days net"
    NET_60 = "NET_60", "60 days net"


class Supplier(TenantModel):
    """Who sells stock to the agency."""

    class Kind(models.TextChoices):
        ORGANIZER = "ORGANIZER", "Organizer"
        VENUE = "VENUE", "Venue"
        BROKER = "BROKER", "Broker"
        TEAM = "TEAM", "Team"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.ORGANIZER)
    contact_name = models.CharField(max_length=120, blank=True)
    email = models.EmailField(blank=True)
    phone = models.CharField(max_length=32, blank=True)
    address = models.TextField(blank=True)
    tax_id = models.CharField(max_length=40, blank=True)
    payment_terms = models.CharField(
        max_length=9, choices=PaymentTerms, default=PaymentTerms.NET_30
    )
    is_active = models.BooleanField(default=True)
    notes = models.TextField(blank=True)

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["agency_id", "name"], name="one_supplier_per_name")
        ]
        triggers = [Audited("agency_id", "name", "kind", "payment_terms", "is_active")]

    def __str__(self):
        return self.name


class Status(models.TextChoices):
    DRAFT = "DRAFT", "Draft"
    PENDING = "PENDING", "Submitted"
    CONFIRMED = "CONFIRMED", "Confirmed"
    PARTIALLY_RECEIVED = "PARTIALLY_RECEIVED", "Partially received"
    COMPLETED = "COMPLETED", "Completed"
    CANCELLED = "CANCELLED", "Cancelled"


MOVES = {
    Status.DRAFT: {Status.PENDING, Status.CANCELLED},
    Status.PENDING: {Status.DRAFT, Status.CONFIRMED, Status.CANCELLED},
    Status.CONFIRMED: {Status.PARTIALLY_RECEIVED, Status.COMPLETED, Status.CANCELLED},
    Status.PARTIALLY_RECEIVED: {Status.COMPLETED},
    Status.COMPLETED: set(),
    Status.CANCELLED: set(),
}
RECEIVABLE = (Status.CONFIRMED, Status.PARTIALLY_RECEIVED)


class PurchaseOrder(Movable, TenantModel):
    """An order of seats from a supplier. Its state after confirmation follows from its lines."""

    MOVES = MOVES

    class Fulfillment(models.TextChoices):
        ELECTRONIC_TRANSFER = "ELECTRONIC_TRANSFER", "Electronic transfer"
        MOBILE_TRANSFER = "MOBILE_TRANSFER", "Mobile transfer"
        PDF_DELIVERY = "PDF_DELIVERY", "PDF"
        WILL_CALL = "WILL_CALL", "Will call"
        PAPER_SHIPMENT = "PAPER_SHIPMENT", "Paper"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    number = models.CharField(max_length=20, editable=False)
    supplier = TenantKey(Supplier, related_name="orders")
    status = models.CharField(max_length=18, choices=Status, default=Status.DRAFT, editable=False)
    currency = models.CharField(max_length=3, default="EUR")
    payment_terms = models.CharField(
        max_length=9, choices=PaymentTerms, default=PaymentTerms.NET_30
    )
    fulfillment = models.CharField(
        max_length=19, choices=Fulfillment, default=Fulfillment.ELECTRONIC_TRANSFER
    )
    supplier_reference = models.CharField(max_length=60, blank=True)
    expected_on = models.DateField(null=True, blank=True)
    notes = models.TextField(blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    submitted_at = models.DateTimeField(null=True, editable=False)
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )
    confirmed_at = models.DateTimeField(null=True, editable=False)
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )
    cancelled_at = models.DateTimeField(null=True, editable=False)
    completed_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ["-created_at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["agency_id", "number"], name="one_order_per_number")
        ]
        triggers = [
            status_machine(MOVES),
            Audited(
                "agency_id", "number", "supplier_id", "status", "currency", "payment_terms",
                "submitted_by_id", "confirmed_by_id",
            ),
        ]  # fmt: skip

    def __str__(self):
        return self.number


class LineStatus(models.TextChoices):
    PENDING = "PENDING", "Pending"
    CONFIRMED = "CONFIRMED", "Confirmed"
    PARTIALLY_RECEIVED = "PARTIALLY_RECEIVED", "Partially received"
    RECEIVED = "RECEIVED", "Received"
    CANCELLED = "CANCELLED", "Cancelled"


LINE_MOVES = {
    LineStatus.PENDING: {LineStatus.CONFIRMED, LineStatus.CANCELLED},
    LineStatus.CONFIRMED: {
        LineStatus.PENDING,
        LineStatus.PARTIALLY_RECEIVED,
        LineStatus.RECEIVED,
        LineStatus.CANCELLED,
    },
    LineStatus.PARTIALLY_RECEIVED: {LineStatus.RECEIVED},
    LineStatus.RECEIVED: set(),
    LineStatus.CANCELLED: set(),
}


class PurchaseOrderLine(Movable, TenantModel):
    """Seats of one section of one event at one price each. `ordinals` are the places ordered; only
    these can be received against the line."""

    MOVES = LINE_MOVES

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    order = TenantKey(PurchaseOrder, related_name="lines")
    position = models.PositiveSmallIntegerField(default=1)
    event = TenantKey(Event, related_name="order_lines")
    section = TenantKey(LayoutSection, related_name="order_lines")
    description = models.CharField(max_length=200)
    ordinals = ArrayField(models.PositiveIntegerField(), editable=False)
    ordered = models.PositiveIntegerField(editable=False)
    received = models.PositiveIntegerField(default=0, editable=False)
    returned = models.PositiveIntegerField(default=0, editable=False)
    unit_cost = models.DecimalField(
        max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES, validators=[MinValueValidator(0)]
    )
    retail_price = models.DecimalField(
        max_digits=MAX_DIGITS,
        decimal_places=DECIMAL_PLACES,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text="What the seats will sell for, before the buyer's fee; empty: their level's price.",
    )
    currency = models.CharField(max_length=3, editable=False)
    in_hand_on = models.DateField("in hand on", null=True, blank=True)
    return_by = models.DateField("returnable until", null=True, blank=True)
    status = models.CharField(
        max_length=18, choices=LineStatus, default=LineStatus.PENDING, editable=False
    )

    class Meta:
        ordering = ["order", "position", "pk"]
        constraints = [
            fits_currency("unit_cost", "retail_price", name="line_money_fits_currency"),
            models.CheckConstraint(
                condition=Q(unit_cost__gte=0) & (Q(retail_price=None) | Q(retail_price__gte=0)),
                name="line_money_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(ordered__gt=0, received__lte=F("ordered"), returned__lte=F("received")),
                name="never_more_than_ordered",
            ),
            models.CheckConstraint(
                condition=Q(ordinals__len=F("ordered")), name="every_ordered_place_is_named"
            ),
        ]
        triggers = [
            status_machine(LINE_MOVES),
            Audited("agency_id", "order_id", "ordered", "received", "unit_cost", "status"),
        ]

    def __str__(self):
        return self.description

    @property
    def outstanding(self):
        return self.ordered - self.received

    @property
    def cost(self):
        return Money(self.unit_cost, self.currency)

    @property
    def amount(self):
        return self.cost * self.ordered


class DeliveryReceipt(TenantModel):
    """What arrived, numbered without gaps and never changed."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    number = models.CharField(max_length=20, editable=False)
    order = TenantKey(PurchaseOrder, related_name="receipts")
    delivery_reference = models.CharField(max_length=60, blank=True)
    received_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    received_at = models.DateTimeField(db_default=Now())
    seats = models.PositiveIntegerField()
    amount = models.DecimalField(max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES)
    currency = models.CharField(max_length=3)

    class Meta:
        ordering = ["-received_at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["agency_id", "number"], name="one_receipt_per_number"),
            models.CheckConstraint(condition=Q(seats__gt=0), name="receipt_is_not_empty"),
            fits_currency("amount", name="receipt_fits_currency"),
        ]
        triggers = append_only()

    def __str__(self):
        return self.number


class ReceiptLine(TenantModel):
    """The part of a receipt that fulfils one order line."""

    id = models.BigAutoField(primary_key=True)
    receipt = TenantKey(DeliveryReceipt, related_name="lines")
    line = TenantKey(PurchaseOrderLine, related_name="receipt_lines")
    quantity = models.PositiveIntegerField()
    amount = models.DecimalField(max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES)
    currency = models.CharField(max_length=3)
    places = models.TextField(help_text="The places in words.")

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["receipt", "line"], name="one_part_per_line"),
            fits_currency("amount", name="receipt_line_fits_currency"),
        ]
        triggers = append_only()

    def __str__(self):
        return f"{self.quantity} × {self.line}"


class Acquisition(TenantModel):
    """One place bought: from whom, for how much, when it is in hand, until when it may go back."""

    id = models.BigAutoField(primary_key=True)
    event_seat = TenantKey(EventSeat, related_name="acquisitions")
    line = TenantKey(PurchaseOrderLine, related_name="acquisitions")
    receipt = TenantKey(DeliveryReceipt, related_name="acquisitions")
    supplier = TenantKey(Supplier, related_name="acquisitions")
    unit_cost = models.DecimalField(max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES)
    currency = models.CharField(max_length=3)
    in_hand_on = models.DateField(null=True)
    return_by = models.DateField(null=True)
    returned_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["event_seat"], condition=Q(returned_at=None), name="bought_once"
            ),
            fits_currency("unit_cost", name="acquisition_fits_currency"),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="acquisitions_are_kept",
                when=pgtrigger.Before,
                operation=pgtrigger.Delete,
                func="RAISE EXCEPTION 'an acquisition is never deleted';",
            )
        ]

    def __str__(self):
        return f"{self.event_seat_id} for {Money(self.unit_cost, self.currency).display()}"


class AccountsPayable(TenantModel):
    """What is owed for a receipt."""

    class Status(models.TextChoices):
        UNPAID = "UNPAID", "Unpaid"
        PARTIAL = "PARTIAL", "Partly paid"
        PAID = "PAID", "Paid"
        VOID = "VOID", "Void"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    order = TenantKey(PurchaseOrder, related_name="payables")
    receipt = TenantKey(DeliveryReceipt, related_name="payables")
    amount = models.DecimalField(max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES)
    paid = models.DecimalField(max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES, default=0)
    currency = models.CharField(max_length=3)
    due_on = models.DateField()
    status = models.CharField(max_length=7, choices=Status, default=Status.UNPAID, editable=False)

    class Meta:
        verbose_name_plural = "accounts payable"
        ordering = ["due_on", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["receipt"], name="one_payable_per_receipt"),
            fits_currency("amount", "paid", name="payable_fits_currency"),
            models.CheckConstraint(
                condition=Q(paid__gte=0, paid__lte=F("amount")), name="never_paid_above_amount"
            ),
        ]
        triggers = [Audited("agency_id", "order_id", "amount", "paid", "status", "due_on")]

    def __str__(self):
        owed = Money(self.amount, self.currency).display()
        return f"{owed} due {self.due_on:%-d %b %Y}"
