"""What the agency owes its suppliers: invoices, debts, payments, credits and payment runs.

A debt (AccountsPayable) is made by a receipt, by a settlement of seats sold on consignment, or by an
invoice that is higher than what was received. Payments and credits are set against it; `paid` is
their sum. What a supplier owes the agency is a CreditNote.
"""

import pgtrigger
from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from core.audit import Audited, append_only, refuse, status_machine
from core.ids import uuid7
from core.money import DECIMAL_PLACES, MAX_DIGITS, Money, fits_currency
from core.status import Movable
from core.tenancy import TenantKey, TenantModel
from suppliers.models.deliveries import Acquisition, DeliveryReceipt
from suppliers.models.orders import LandedCost, PurchaseOrder, PurchaseOrderLine
from suppliers.models.suppliers import Supplier


def _amount(**options):
    return models.DecimalField(max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES, **options)


def _by(**options):
    return models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", **options
    )


class InvoiceStatus(models.TextChoices):
    MATCHED = "MATCHED", "Matched"
    EXCEPTION = "EXCEPTION", "Does not match"
    ACCEPTED = "ACCEPTED", "Accepted as it is"
    REFUSED = "REFUSED", "Refused"


INVOICE_MOVES = {
    InvoiceStatus.EXCEPTION: {
        InvoiceStatus.MATCHED,
        InvoiceStatus.ACCEPTED,
        InvoiceStatus.REFUSED,
    },
    InvoiceStatus.MATCHED: set(),
    InvoiceStatus.ACCEPTED: set(),
    InvoiceStatus.REFUSED: set(),
}


class SupplierInvoice(Movable, TenantModel):
    """A supplier's bill, compared with the order and with what was received. Only a matched or an
    accepted one may be paid; one that was refused may come again under its number. `variance` is what
    it asks beyond what was received, signed."""

    MOVES = INVOICE_MOVES
    Status = InvoiceStatus

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    supplier = TenantKey(Supplier, related_name="invoices")
    order = TenantKey(PurchaseOrder, related_name="invoices")
    number = models.CharField("their number", max_length=60)
    invoiced_on = models.DateField()
    due_on = models.DateField()
    amount = _amount(validators=[MinValueValidator(0)])
    currency = models.CharField(max_length=3, editable=False)
    variance = _amount(default=0, editable=False)
    status = models.CharField(max_length=9, choices=InvoiceStatus, editable=False)
    findings = models.JSONField(
        default=list, editable=False, help_text="What differs, a sentence each."
    )
    entered_at = models.DateTimeField(db_default=Now(), editable=False)
    entered_by = _by(editable=False)
    decided_at = models.DateTimeField(null=True, editable=False)
    decided_by = _by(editable=False)
    decision_reason = models.CharField(max_length=200, blank=True, editable=False)

    class Meta:
        ordering = ["-invoiced_on", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["agency_id", "supplier", "number"],
                condition=~Q(status=InvoiceStatus.REFUSED),
                name="one_invoice_per_number",
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="invoice_is_positive"),
            fits_currency("amount", "variance", name="invoice_fits_currency"),
            models.CheckConstraint(
                condition=~Q(status=InvoiceStatus.ACCEPTED)
                | Q(decided_by__isnull=False) & ~Q(decision_reason=""),
                name="accepted_with_a_reason",
            ),
        ]
        triggers = [
            status_machine(INVOICE_MOVES),
            Audited(
                "agency_id", "supplier_id", "order_id", "number", "amount", "status", "variance",
                "due_on", "decided_by_id",
            ),
        ]  # fmt: skip

    def __str__(self):
        return self.number

    @property
    def money(self):
        return Money(self.amount, self.currency)


class InvoiceLine(TenantModel):
    """What an invoice asks for: seats of an order line, or one of the order's extra costs."""

    id = models.BigAutoField(primary_key=True)
    invoice = TenantKey(SupplierInvoice, related_name="lines")
    line = TenantKey(PurchaseOrderLine, null=True, related_name="invoice_lines")
    landed_cost = TenantKey(LandedCost, null=True, related_name="invoice_lines")
    description = models.CharField(max_length=200, blank=True)
    quantity = models.PositiveIntegerField(default=1)
    unit_price = _amount()
    amount = _amount()
    currency = models.CharField(max_length=3)

    class Meta:
        ordering = ["pk"]
        constraints = [
            fits_currency("unit_price", "amount", name="invoice_line_fits_currency"),
            models.CheckConstraint(
                condition=Q(amount=F("unit_price") * F("quantity"), quantity__gt=0),
                name="invoice_line_adds_up",
            ),
            models.CheckConstraint(
                condition=Q(line=None) | Q(landed_cost=None), name="invoice_line_is_of_one_thing"
            ),
        ]
        triggers = append_only()

    def __str__(self):
        return self.description


class SettlementStatement(TenantModel):
    """What a supplier is owed for seats on consignment sold in a period, less those that came back.
    Numbered and never changed."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    number = models.CharField(max_length=20, editable=False)
    supplier = TenantKey(Supplier, related_name="statements")
    up_to = models.DateTimeField(help_text="Sales before this moment are in it.")
    seats = models.IntegerField()
    amount = _amount()
    currency = models.CharField(max_length=3)
    made_at = models.DateTimeField(db_default=Now())
    made_by = _by()

    class Meta:
        ordering = ["-made_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["agency_id", "number"], name="one_statement_per_number"
            ),
            fits_currency("amount", name="statement_fits_currency"),
        ]
        triggers = append_only()

    def __str__(self):
        return self.number

    @property
    def money(self):
        return Money(self.amount, self.currency)


class ConsignmentSale(TenantModel):
    """A seat on consignment that was sold (amount positive) or came back from the buyer (negative).
    `sale` is the booking's public id. It is settled once, by a statement."""

    class Kind(models.TextChoices):
        SOLD = "SOLD", "Sold"
        CAME_BACK = "CAME_BACK", "Came back"

    id = models.BigAutoField(primary_key=True)
    acquisition = TenantKey(Acquisition, related_name="consignment_sales")
    sale = models.UUIDField()
    kind = models.CharField(max_length=9, choices=Kind)
    amount = _amount()
    currency = models.CharField(max_length=3)
    at = models.DateTimeField(db_default=Now())
    statement = TenantKey(SettlementStatement, null=True, related_name="sales")

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["acquisition", "sale", "kind"], name="accrued_once_per_sale"
            ),
            fits_currency("amount", name="consignment_fits_currency"),
            models.CheckConstraint(
                condition=Q(kind="SOLD", amount__gte=0) | Q(kind="CAME_BACK", amount__lte=0),
                name="consignment_sign",
            ),
        ]
        indexes = [
            models.Index(fields=["at"], condition=Q(statement=None), name="consignment_not_settled")
        ]

    def __str__(self):
        return f"{self.get_kind_display()}: {Money(self.amount, self.currency).display()}"


class AccountsPayable(TenantModel):
    """A debt to a supplier. `paid` is the sum of the payments and credits set against it; `status`
    follows from it. A debt whose invoice does not match `is_held` until somebody decides. A receipt's
    debt is split where an invoice asks for a part of it; its parts are never more than it."""

    class Status(models.TextChoices):
        UNPAID = "UNPAID", "Unpaid"
        PARTIAL = "PARTIAL", "Partly paid"
        PAID = "PAID", "Paid"
        VOID = "VOID", "Void"

    class Kind(models.TextChoices):
        RECEIPT = "RECEIPT", "Delivery"
        SETTLEMENT = "SETTLEMENT", "Settlement"
        VARIANCE = "VARIANCE", "Invoiced above delivery"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.RECEIPT, editable=False)
    supplier = TenantKey(Supplier, related_name="payables")
    order = TenantKey(PurchaseOrder, null=True, related_name="payables")
    receipt = TenantKey(DeliveryReceipt, null=True, related_name="payables")
    statement = TenantKey(SettlementStatement, null=True, related_name="payables")
    invoice = TenantKey(SupplierInvoice, null=True, related_name="payables")
    amount = _amount()
    paid = _amount(default=0)
    currency = models.CharField(max_length=3)
    due_on = models.DateField()
    status = models.CharField(max_length=7, choices=Status, default=Status.UNPAID, editable=False)
    is_held = models.BooleanField(default=False, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    paid_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name_plural = "accounts payable"
        ordering = ["due_on", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["statement"],
                condition=Q(kind="SETTLEMENT"),
                name="one_payable_per_statement",
            ),
            models.UniqueConstraint(
                fields=["invoice"], condition=Q(kind="VARIANCE"), name="one_variance_per_invoice"
            ),
            models.CheckConstraint(
                condition=Q(kind="RECEIPT", receipt__isnull=False)
                | Q(kind="SETTLEMENT", statement__isnull=False)
                | Q(kind="VARIANCE", invoice__isnull=False),
                name="payable_has_its_source",
            ),
            fits_currency("amount", "paid", name="payable_fits_currency"),
            models.CheckConstraint(
                condition=Q(amount__gte=0, paid__gte=0, paid__lte=F("amount")),
                name="never_paid_above_amount",
            ),
            models.CheckConstraint(
                condition=Q(status="UNPAID", paid=0)
                | Q(status="PARTIAL", paid__gt=0, paid__lt=F("amount"))
                | Q(status="PAID", paid=F("amount"))
                | Q(status="VOID", paid=0),
                name="payable_status_follows_paid",
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="owed_as_received",
                when=pgtrigger.After,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("amount", "receipt_id", "kind"),
                timing=pgtrigger.Deferred,
                condition=pgtrigger.Q(new__kind="RECEIPT"),
                func="""
                    IF (SELECT sum(amount) FROM suppliers_accountspayable
                        WHERE receipt_id = NEW.receipt_id AND kind = 'RECEIPT')
                       > (SELECT amount FROM suppliers_deliveryreceipt WHERE id = NEW.receipt_id)
                    THEN
                      RAISE EXCEPTION 'more is owed for receipt % than was received', NEW.receipt_id
                        USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NULL;
                """,
            ),
            Audited(
                "agency_id", "kind", "supplier_id", "order_id", "amount", "paid", "status",
                "due_on", "is_held", "invoice_id",
            )
        ]  # fmt: skip

    def __str__(self):
        owed = Money(self.amount, self.currency).display()
        return f"{owed} due {self.due_on:%-d %b %Y}"

    @property
    def left(self):
        """What is still to pay, as Money."""
        return Money(self.amount - self.paid, self.currency)


class RunStatus(models.TextChoices):
    PROPOSED = "PROPOSED", "Waits for approval"
    APPROVED = "APPROVED", "Approved"
    PAID = "PAID", "Paid"
    CANCELLED = "CANCELLED", "Cancelled"


RUN_MOVES = {
    RunStatus.PROPOSED: {RunStatus.APPROVED, RunStatus.CANCELLED},
    RunStatus.APPROVED: {RunStatus.PAID, RunStatus.CANCELLED},
    RunStatus.PAID: set(),
    RunStatus.CANCELLED: set(),
}


class PaymentRun(Movable, TenantModel):
    """Debts that are paid together. Proposed by one person, approved by another, paid once. What was
    proposed stays as it is: the database refuses any change of it, and approving or paying a run whose
    amount is not the sum of its lines."""

    MOVES = RUN_MOVES
    Status = RunStatus

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    number = models.CharField(max_length=20, editable=False)
    status = models.CharField(
        max_length=9, choices=RunStatus, default=RunStatus.PROPOSED, editable=False
    )
    pay_on = models.DateField()
    amount = _amount()
    currency = models.CharField(max_length=3)
    proposed_at = models.DateTimeField(db_default=Now(), editable=False)
    proposed_by = _by(editable=False)
    approved_at = models.DateTimeField(null=True, editable=False)
    approved_by = _by(editable=False)
    paid_at = models.DateTimeField(null=True, editable=False)
    paid_by = _by(editable=False)
    cancelled_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ["-proposed_at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["agency_id", "number"], name="one_run_per_number"),
            fits_currency("amount", name="run_fits_currency"),
            models.CheckConstraint(
                condition=~Q(status__in=("APPROVED", "PAID")) | Q(approved_by__isnull=False),
                name="paid_runs_are_approved",
            ),
            models.CheckConstraint(
                condition=Q(approved_by=None) | ~Q(approved_by=F("proposed_by")),
                name="a_second_person_approves_runs",
            ),
        ]
        triggers = [
            status_machine(RUN_MOVES),
            pgtrigger.ReadOnly(
                name="proposed_once",
                fields=["number", "pay_on", "amount", "currency", "proposed_at", "proposed_by"],
            ),
            pgtrigger.Trigger(
                name="approved_once",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    "OLD.approved_by_id IS NOT NULL AND (OLD.approved_by_id, OLD.approved_at)"
                    " IS DISTINCT FROM (NEW.approved_by_id, NEW.approved_at)"
                ),
                func="RAISE EXCEPTION 'run % was approved by somebody already', OLD.number;",
            ),
            pgtrigger.Trigger(
                name="runs_equal_their_lines",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("status"),
                condition=pgtrigger.Q(new__status__in=("APPROVED", "PAID")),
                declare=[("added", "numeric")],
                func="""
                    SELECT coalesce(sum(amount), 0) INTO added FROM suppliers_paymentrunline
                      WHERE run_id = NEW.id AND currency = NEW.currency;
                    IF added <> NEW.amount THEN
                      RAISE EXCEPTION 'run % does not equal its lines', NEW.number
                        USING ERRCODE = 'check_violation';
                    END IF;
                    IF EXISTS (SELECT FROM suppliers_paymentrunline
                               WHERE run_id = NEW.id AND amount > 0 AND bank_account = '') THEN
                      RAISE EXCEPTION 'run % sends money to no bank account', NEW.number
                        USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            Audited(
                "agency_id", "number", "status", "amount", "proposed_by_id", "approved_by_id",
                "paid_by_id",
            ),
        ]  # fmt: skip

    def __str__(self):
        return self.number

    @property
    def money(self):
        """What leaves the bank, credit notes taken off, as Money."""
        return Money(self.amount, self.currency)


class PaymentRunLine(TenantModel):
    """A debt in a run: `amount` of it is paid in money, to `bank_account` of its supplier, and `credit`
    with credit notes. A debt is in one open run at a time. Lines are added while the run is proposed,
    never changed, and closed with it."""

    id = models.BigAutoField(primary_key=True)
    run = TenantKey(PaymentRun, related_name="lines")
    payable = TenantKey(AccountsPayable, related_name="run_lines")
    amount = _amount()
    credit = _amount(default=0)
    currency = models.CharField(max_length=3)
    bank_account = models.CharField(max_length=40, blank=True)
    is_open = models.BooleanField(default=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["payable"], condition=Q(is_open=True), name="in_one_open_run"
            ),
            models.UniqueConstraint(fields=["run", "payable"], name="once_in_a_run"),
            models.CheckConstraint(
                condition=Q(amount__gte=0, credit__gte=0) & ~Q(amount=0, credit=0),
                name="run_line_is_positive",
            ),
            fits_currency("amount", "credit", name="run_line_fits_currency"),
        ]
        triggers = [
            # FOR SHARE waits for whoever is just approving the run.
            pgtrigger.Trigger(
                name="added_while_proposed",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                declare=[("now_is", "text")],
                func="""
                    SELECT status INTO now_is FROM suppliers_paymentrun
                      WHERE id = NEW.run_id FOR SHARE;
                    IF now_is <> 'PROPOSED' THEN
                      RAISE EXCEPTION 'nothing is added to a run that is %', now_is
                        USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="closed_with_its_run",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange("is_open"),
                declare=[("now_is", "text")],
                func="""
                    SELECT status INTO now_is FROM suppliers_paymentrun WHERE id = NEW.run_id;
                    IF NEW.is_open OR now_is NOT IN ('PAID', 'CANCELLED') THEN
                      RAISE EXCEPTION 'a line is closed once, with its run'
                        USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.ReadOnly(name="never_changed", exclude=["is_open"]),
            refuse(pgtrigger.Delete, name="never_removed"),
            refuse(pgtrigger.Truncate, name="no_truncate", level=pgtrigger.Statement),
        ]

    def __str__(self):
        return f"{self.run_id}: {Money(self.amount, self.currency).display()}"


class SupplierPayment(TenantModel):
    """Money sent to a supplier, booked once: `key` is unique, so asking again gives the same payment.
    `asked` is what was asked for under it, None for the payments of a run.

    What is not set against debts yet is an advance on `order`; what that does not need becomes a
    credit note. `allocated` is the sum of both.
    """

    class Method(models.TextChoices):
        BANK_TRANSFER = "BANK_TRANSFER", "Bank transfer"
        CARD = "CARD", "Card"
        CASH = "CASH", "Cash"
        OTHER = "OTHER", "Other"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    key = models.CharField(max_length=100)
    asked = models.JSONField(null=True, editable=False)
    supplier = TenantKey(Supplier, related_name="payments")
    order = TenantKey(PurchaseOrder, null=True, related_name="payments")
    run = TenantKey(PaymentRun, null=True, related_name="payments")
    method = models.CharField(max_length=13, choices=Method, default=Method.BANK_TRANSFER)
    bank_reference = models.CharField(max_length=80, blank=True)
    amount = _amount()
    allocated = _amount(default=0)
    currency = models.CharField(max_length=3)
    paid_on = models.DateField()
    booked_at = models.DateTimeField(db_default=Now())
    booked_by = _by()

    class Meta:
        ordering = ["-booked_at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["agency_id", "key"], name="paid_once_per_key"),
            models.CheckConstraint(
                condition=Q(amount__gt=0, allocated__gte=0, allocated__lte=F("amount")),
                name="never_allocated_above_payment",
            ),
            models.CheckConstraint(
                condition=Q(allocated=F("amount")) | Q(order__isnull=False),
                name="advances_name_their_order",
            ),
            fits_currency("amount", "allocated", name="supplier_payment_fits_currency"),
        ]
        triggers = [
            Audited("agency_id", "supplier_id", "order_id", "run_id", "amount", "allocated")
        ]

    def __str__(self):
        return f"{Money(self.amount, self.currency).display()} on {self.paid_on:%-d %b %Y}"

    @property
    def money(self):
        return Money(self.amount, self.currency)

    @property
    def left(self):
        """What is still an advance, as Money."""
        return Money(self.amount - self.allocated, self.currency)


class CreditNote(TenantModel):
    """What a supplier owes the agency: for seats sent back, for having asked too much, for what was
    paid in advance (`payment`) and is not needed, or of his own will. Used against debts, or paid
    back."""

    class Kind(models.TextChoices):
        RETURN = "RETURN", "Seats sent back"
        VARIANCE = "VARIANCE", "Invoiced below delivery"
        SETTLEMENT = "SETTLEMENT", "More came back than was sold"
        ADVANCE = "ADVANCE", "Paid in advance, not needed"
        GOODWILL = "GOODWILL", "Goodwill"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=10, choices=Kind)
    supplier = TenantKey(Supplier, related_name="credit_notes")
    order = TenantKey(PurchaseOrder, null=True, related_name="credit_notes")
    payment = TenantKey(SupplierPayment, null=True, related_name="credit_notes")
    number = models.CharField("their number", max_length=60)
    issued_on = models.DateField()
    amount = _amount(validators=[MinValueValidator(0)])
    used = _amount(default=0, editable=False)
    currency = models.CharField(max_length=3)
    reason = models.CharField(max_length=200, blank=True)
    entered_at = models.DateTimeField(db_default=Now(), editable=False)
    entered_by = _by(editable=False)

    class Meta:
        ordering = ["-issued_on", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["agency_id", "supplier", "number"], name="one_credit_note_per_number"
            ),
            models.CheckConstraint(
                condition=Q(amount__gt=0, used__gte=0, used__lte=F("amount")),
                name="never_used_above_credit",
            ),
            models.CheckConstraint(
                condition=Q(kind="ADVANCE", payment__isnull=False)
                | ~Q(kind="ADVANCE") & Q(payment=None),
                name="an_advance_names_its_payment",
            ),
            fits_currency("amount", "used", name="credit_note_fits_currency"),
        ]
        triggers = [Audited("agency_id", "supplier_id", "kind", "amount", "used")]

    def __str__(self):
        return self.number

    @property
    def left(self):
        """What can still be used, as Money."""
        return Money(self.amount - self.used, self.currency)


class Allocation(TenantModel):
    """A part of a payment or of a credit note set against a debt; or, without a debt, a part of a
    credit note that the supplier paid back in money."""

    id = models.BigAutoField(primary_key=True)
    payable = TenantKey(AccountsPayable, null=True, related_name="allocations")
    payment = TenantKey(SupplierPayment, null=True, related_name="allocations")
    credit_note = TenantKey(CreditNote, null=True, related_name="allocations")
    amount = _amount()
    currency = models.CharField(max_length=3)
    at = models.DateTimeField(db_default=Now())
    by = _by()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="allocation_is_positive"),
            models.CheckConstraint(
                condition=Q(payment__isnull=False, credit_note=None, payable__isnull=False)
                | Q(payment=None, credit_note__isnull=False),
                name="allocation_of_one_source",
            ),
            fits_currency("amount", name="allocation_fits_currency"),
        ]
        triggers = append_only()

    def __str__(self):
        return Money(self.amount, self.currency).display()
