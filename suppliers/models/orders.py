"""Purchase orders, their lines, and what comes on top of the seats' price."""

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
from events.models import Event, PriceLevel
from suppliers.models.suppliers import PaymentTerms, Supplier
from venues.models import LayoutSection


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
AGREED = (*RECEIVABLE, Status.COMPLETED)


class Basis(models.TextChoices):
    """When the seats of an order are owed for."""

    FIRM = "FIRM", "Firm"
    CONSIGNMENT = "CONSIGNMENT", "Consignment"
    SALE_OR_RETURN = "SALE_OR_RETURN", "Sale or return"


class Fulfillment(models.TextChoices):
    ELECTRONIC_TRANSFER = "ELECTRONIC_TRANSFER", "Electronic transfer"
    MOBILE_TRANSFER = "MOBILE_TRANSFER", "Mobile transfer"
    PDF_DELIVERY = "PDF_DELIVERY", "PDF"
    WILL_CALL = "WILL_CALL", "Will call"
    PAPER_SHIPMENT = "PAPER_SHIPMENT", "Paper"


def _by(**options):
    return models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
        **options,
    )


class PurchaseOrder(Movable, TenantModel):
    """An order of seats from a supplier. Its state after confirmation follows from its lines.

    `needs_approval` is set when it is submitted above the agency's limit: then somebody else than
    who submitted it has to approve. `version` grows with every change.
    """

    MOVES = MOVES
    Fulfillment = Fulfillment
    Basis = Basis

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    number = models.CharField(max_length=20, editable=False)
    supplier = TenantKey(Supplier, related_name="orders")
    status = models.CharField(max_length=18, choices=Status, default=Status.DRAFT, editable=False)
    basis = models.CharField(
        max_length=14,
        choices=Basis,
        default=Basis.FIRM,
        help_text="Firm is owed on delivery; the others only when a seat is sold.",
    )
    currency = models.CharField(max_length=3, default="EUR")
    payment_terms = models.CharField(
        max_length=9, choices=PaymentTerms, default=PaymentTerms.NET_30
    )
    fulfillment = models.CharField(
        max_length=19, choices=Fulfillment, default=Fulfillment.ELECTRONIC_TRANSFER
    )
    fulfillment_notes = models.TextField(
        blank=True, help_text="Account, pick-up window, whatever the delivery needs."
    )
    supplier_reference = models.CharField(max_length=60, blank=True)
    ship_to = models.TextField("shipping address", blank=True)
    expected_on = models.DateField(null=True, blank=True)
    notes = models.TextField(blank=True)
    version = models.PositiveIntegerField(default=1, editable=False)
    needs_approval = models.BooleanField(default=False, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    created_by = _by()
    updated_at = models.DateTimeField(db_default=Now(), editable=False)
    submitted_at = models.DateTimeField(null=True, editable=False)
    submitted_by = _by()
    approved_at = models.DateTimeField(null=True, editable=False)
    approved_by = _by()
    confirmed_at = models.DateTimeField(null=True, editable=False)
    confirmed_by = _by()
    cancelled_at = models.DateTimeField(null=True, editable=False)
    cancelled_by = _by()
    cancellation_reason = models.CharField(max_length=200, blank=True, editable=False)
    closed_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ["-created_at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["agency_id", "number"], name="one_order_per_number"),
            models.CheckConstraint(
                condition=Q(needs_approval=False)
                | ~Q(status__in=AGREED)
                | Q(approved_by__isnull=False),
                name="agreed_orders_are_approved",
            ),
            models.CheckConstraint(
                condition=Q(needs_approval=False)
                | Q(approved_by=None)
                | ~Q(approved_by=F("submitted_by")),
                name="a_second_person_approves",
            ),
        ]
        triggers = [
            status_machine(MOVES),
            pgtrigger.Trigger(
                name="every_change_counts",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                func="""
                    NEW.version = OLD.version + 1;
                    NEW.updated_at = clock_timestamp();
                    RETURN NEW;
                """,
            ),
            Audited(
                "agency_id", "number", "supplier_id", "status", "basis", "currency",
                "payment_terms", "fulfillment", "supplier_reference", "expected_on",
                "needs_approval", "submitted_by_id", "approved_by_id", "confirmed_by_id",
                "cancelled_by_id", "version",
            ),
        ]  # fmt: skip

    def __str__(self):
        return self.number

    @property
    def is_owed_on_delivery(self):
        return self.basis == Basis.FIRM


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
    """Seats of one section or price level of one event at one price each. `ordinals` are the places
    ordered; only these can be received against the line. `cancelled` of them will never come: then
    the line is done when the rest has arrived.

    `unit_cost` is the supplier's price of a seat; `landed` is the line's share of the order's extra
    costs, fixed at confirmation and borne by its seats in equal parts to the cent.
    """

    MOVES = LINE_MOVES

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    order = TenantKey(PurchaseOrder, related_name="lines")
    position = models.PositiveSmallIntegerField(default=1)
    event = TenantKey(Event, related_name="order_lines")
    section = TenantKey(LayoutSection, related_name="order_lines", null=True, blank=True)
    level = TenantKey(PriceLevel, related_name="order_lines", null=True, blank=True)
    item_code = models.CharField(max_length=40, blank=True)
    description = models.CharField(max_length=200)
    uom = models.CharField("unit", max_length=10, default="TICKET", editable=False)
    ordinals = ArrayField(models.PositiveIntegerField(), editable=False)
    ordered = models.PositiveIntegerField(editable=False)
    received = models.PositiveIntegerField(default=0, editable=False)
    cancelled = models.PositiveIntegerField(default=0, editable=False)
    returned = models.PositiveIntegerField(default=0, editable=False)
    unit_cost = models.DecimalField(
        max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES, validators=[MinValueValidator(0)]
    )
    landed = models.DecimalField(
        max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES, default=0, editable=False
    )
    retail_price = models.DecimalField(
        max_digits=MAX_DIGITS,
        decimal_places=DECIMAL_PLACES,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text="What the seats will sell for, before the buyer's fee; empty: their level's price.",
    )
    face_value = models.DecimalField(
        max_digits=MAX_DIGITS,
        decimal_places=DECIMAL_PLACES,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text="The price printed on the organizer's own ticket.",
    )
    currency = models.CharField(max_length=3, editable=False)
    expected_on = models.DateField(null=True, blank=True)
    in_hand_on = models.DateField("in hand on", null=True, blank=True)
    return_by = models.DateField("returnable until", null=True, blank=True)
    cancellation_reason = models.CharField(max_length=200, blank=True, editable=False)
    status = models.CharField(
        max_length=18, choices=LineStatus, default=LineStatus.PENDING, editable=False
    )

    class Meta:
        ordering = ["order", "position", "pk"]
        constraints = [
            fits_currency(
                "unit_cost", "retail_price", "face_value", "landed", name="line_money_fits_currency"
            ),
            models.CheckConstraint(
                condition=Q(unit_cost__gte=0, landed__gte=0)
                & (Q(retail_price=None) | Q(retail_price__gte=0))
                & (Q(face_value=None) | Q(face_value__gte=0)),
                name="line_money_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(
                    ordered__gt=0,
                    received__lte=F("ordered") - F("cancelled"),
                    returned__lte=F("received"),
                ),
                name="never_more_than_ordered",
            ),
            models.CheckConstraint(
                condition=Q(ordinals__len=F("ordered")), name="every_ordered_place_is_named"
            ),
            models.CheckConstraint(
                condition=Q(section__isnull=False) | Q(level__isnull=False),
                name="line_is_of_a_section_or_level",
            ),
        ]
        triggers = [
            status_machine(LINE_MOVES),
            Audited(
                "agency_id", "order_id", "ordered", "received", "cancelled", "returned",
                "unit_cost", "landed", "status",
            ),
        ]  # fmt: skip

    def __str__(self):
        return self.description

    @property
    def outstanding(self):
        return self.ordered - self.received - self.cancelled

    @property
    def cost(self):
        return Money(self.unit_cost, self.currency)

    @property
    def amount(self):
        """The supplier's price of all its seats, without the line's share of extra costs."""
        return self.cost * self.ordered


class LandedCost(TenantModel):
    """What an order costs beside its seats, owed to its supplier with them."""

    class Kind(models.TextChoices):
        TAX = "TAX", "Tax"
        SHIPPING = "SHIPPING", "Shipping"
        OTHER = "OTHER", "Other"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    order = TenantKey(PurchaseOrder, related_name="landed_costs")
    kind = models.CharField(max_length=8, choices=Kind)
    description = models.CharField(max_length=120, blank=True)
    amount = models.DecimalField(
        max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES, validators=[MinValueValidator(0)]
    )
    currency = models.CharField(max_length=3, editable=False)

    class Meta:
        ordering = ["kind", "pk"]
        constraints = [
            fits_currency("amount", name="landed_cost_fits_currency"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="landed_cost_is_positive"),
        ]
        triggers = [Audited("agency_id", "order_id", "kind", "amount", "currency")]

    def __str__(self):
        return self.description or self.get_kind_display()

    @property
    def money(self):
        return Money(self.amount, self.currency)


class OrderMail(TenantModel):
    """An order as it was mailed to its supplier, with a covering note. Each sending is one."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    order = TenantKey(PurchaseOrder, related_name="mails")
    recipient = models.EmailField()
    note = models.TextField(blank=True)
    sent_at = models.DateTimeField(db_default=Now())
    sent_by = _by()

    class Meta:
        ordering = ["-sent_at", "pk"]
        triggers = append_only()

    def __str__(self):
        return f"{self.order_id} to {self.recipient}"
