"""What arrived: receipts, every single place bought, and what the supplier sent for it."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from core.audit import append_only
from core.ids import uuid7
from core.money import DECIMAL_PLACES, MAX_DIGITS, Money, fits_currency
from core.tenancy import TenantKey, TenantModel
from core.words import many
from events.models import Event
from inventory.models import EventSeat
from suppliers.models.orders import Fulfillment, PurchaseOrder, PurchaseOrderLine
from suppliers.models.suppliers import Supplier


class DeliveryReceipt(TenantModel):
    """What arrived, numbered without gaps and never changed."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    number = models.CharField(max_length=20, editable=False)
    order = TenantKey(PurchaseOrder, related_name="receipts")
    delivery_reference = models.CharField(max_length=60, blank=True)
    delivered_on = models.DateField(null=True, blank=True)
    fulfillment = models.CharField(max_length=19, choices=Fulfillment, blank=True)
    transfer_details = models.TextField(
        blank=True, help_text="Account, e-mail or link through which the tickets came."
    )
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

    @property
    def money(self):
        return Money(self.amount, self.currency)

    @property
    def extra(self):
        """Its share of the order's extra costs, as Money; `line` must have been read."""
        return self.money - self.line.cost * self.quantity


class Acquisition(TenantModel):
    """One place bought: from whom, for how much, when it is in hand, until when it may go back.

    `unit_cost` is the supplier's price plus the seat's share of the order's extra costs (`landed`).
    """

    id = models.BigAutoField(primary_key=True)
    event_seat = TenantKey(EventSeat, related_name="acquisitions")
    line = TenantKey(PurchaseOrderLine, related_name="acquisitions")
    receipt = TenantKey(DeliveryReceipt, related_name="acquisitions")
    supplier = TenantKey(Supplier, related_name="acquisitions")
    unit_cost = models.DecimalField(max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES)
    landed = models.DecimalField(
        max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES, db_default=0, default=0
    )
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
            fits_currency("unit_cost", "landed", name="acquisition_fits_currency"),
            models.CheckConstraint(
                condition=Q(landed__gte=0, landed__lte=F("unit_cost")),
                name="landed_is_part_of_cost",
            ),
        ]
        indexes = [
            models.Index(
                fields=["return_by"],
                condition=Q(returned_at=None, return_by__isnull=False),
                name="acquisitions_that_may_go_back",
            )
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


class SupplierCode(TenantModel):
    """The supplier's own barcode or link for a place. Never a code of ours: no gate knows it and no
    buyer sees it."""

    id = models.BigAutoField(primary_key=True)
    acquisition = TenantKey(Acquisition, related_name="codes")
    barcode = models.CharField(max_length=120, blank=True)
    link = models.URLField(max_length=500, blank=True)
    file_name = models.CharField(
        max_length=120, blank=True, help_text="Of a file among the order's documents."
    )

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["acquisition"], name="one_code_per_place"),
            models.CheckConstraint(
                condition=~Q(barcode="") | ~Q(link="") | ~Q(file_name=""),
                name="supplier_code_is_not_empty",
            ),
            models.UniqueConstraint(
                fields=["agency_id", "barcode"], condition=~Q(barcode=""), name="one_supplier_code"
            ),
        ]

    def __str__(self):
        return f"Code of {self.acquisition_id}"


class DeliveryDocument(TenantModel):
    """A file the supplier sent with a delivery, as it came. `content` is at most 10 MB."""

    MAX_BYTES = 10 * 1024 * 1024

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    order = TenantKey(PurchaseOrder, related_name="documents")
    receipt = TenantKey(DeliveryReceipt, null=True, related_name="documents")
    name = models.CharField(max_length=120)
    content_type = models.CharField(max_length=80)
    content = models.BinaryField()
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    added_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-added_at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(size__gt=0, size__lte=10 * 1024 * 1024), name="document_is_not_huge"
            )
        ]
        triggers = append_only()

    def __str__(self):
        return self.name


class Delivery(TenantModel):
    """What a supplier sent for an order, from the paste to the receipt, so that nothing typed is lost
    and long work can be left. `text` is what he sent, as it is being corrected; `parts` are the places
    that were looked at and asked for: a worker receives them, once."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    order = TenantKey(PurchaseOrder, related_name="deliveries")
    event = TenantKey(Event, null=True, related_name="+")
    file_name = models.CharField(max_length=120, blank=True)
    text = models.TextField(blank=True)
    details = models.JSONField(default=dict, help_text="Columns of the receipt to be.")
    parts = models.JSONField(null=True, help_text="What is received, as a list of Parts.")
    seats = models.PositiveIntegerField(default=0)
    made_at = models.DateTimeField(db_default=Now())
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    asked_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    receipt = TenantKey(DeliveryReceipt, null=True, related_name="+")
    problem = models.TextField(blank=True)

    class Meta:
        verbose_name_plural = "deliveries"
        ordering = ["-made_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["receipt"],
                condition=Q(receipt__isnull=False),
                name="one_delivery_of_receipt",
            ),
            models.CheckConstraint(
                condition=Q(parts=None, asked_at=None)
                | Q(parts__isnull=False, asked_at__isnull=False),
                name="asked_for_with_its_places",
            ),
            models.CheckConstraint(
                condition=Q(done_at=None, receipt=None, problem="")
                | Q(
                    asked_at__isnull=False, done_at__isnull=False, receipt__isnull=False, problem=""
                )
                | Q(asked_at__isnull=False, done_at__isnull=False, receipt=None) & ~Q(problem=""),
                name="delivery_has_one_end",
            ),
        ]

    def __str__(self):
        return self.file_name or f"Delivery of {many(self.seats, 'seat')}"

    @property
    def is_under_way(self):
        return self.asked_at is not None and self.done_at is None
