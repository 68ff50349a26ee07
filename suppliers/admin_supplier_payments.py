"""Payments made to suppliers, and those that are made in advance."""

from django import forms
from django.contrib import admin
from django.db.models import Exists, F, OuterRef

from core.admin_base import BackOfficeAdmin
from core.admin_parts import (
    Panel,
    Table,
    amount,
    columns,
    day,
    linked,
    money_column,
    status_of,
)
from payments.admin_ledger import entries_of, entries_table
from suppliers import services
from suppliers.admin_choosing import Choosing, chosen, link_to_add
from suppliers.admin_payables import PayForm, allocations_table
from suppliers.models import (
    AGREED,
    AccountsPayable,
    Allocation,
    Basis,
    PaymentTerms,
    PurchaseOrder,
    PurchaseOrderLine,
    SupplierPayment,
)
from suppliers.queries import OPEN_DEBTS
from suppliers.services.paying import unpaid_of

SHOWN = 200


class AdvanceForm(PayForm):
    """An order on immediate terms that is paid, in advance as far as it has not arrived."""

    order = forms.ModelChoiceField(PurchaseOrder.objects.none(), widget=forms.HiddenInput)

    def __init__(self, *args, order, **kwargs):
        super().__init__(*args, left=unpaid_of(order), **kwargs)
        self.fields["order"].queryset = PurchaseOrder.objects.filter(pk=order.pk)
        self.fields["order"].initial = order.pk


def orders_to_pay():
    """Orders that are paid at once, as a queryset."""
    return PurchaseOrder.objects.filter(
        status__in=AGREED, payment_terms=PaymentTerms.IMMEDIATE, basis=Basis.FIRM
    ).select_related("supplier")


@admin.register(SupplierPayment)
class SupplierPaymentAdmin(Choosing, BackOfficeAdmin):
    list_display = [
        *("sent", "supplier", "method", "bank_reference", money_column("amount", "Amount")),
        *("advance", "run"),
    ]
    list_display_links = ["sent"]
    list_filter = [
        "method",
        ("supplier", admin.RelatedOnlyFieldListFilter),
        ("paid_on", admin.DateFieldListFilter),
        "currency",
    ]
    list_select_related = ["supplier", "run"]
    search_fields = ["supplier__name", "bank_reference", "order__number", "run__number"]
    ordering = ["-booked_at", "pk"]
    fields = [
        *("sent", "supplier_link", "method", "bank_reference", "order_link", "run_link"),
        *("sum", "advance"),
    ]
    readonly_fields = fields
    export_columns = {
        "Paid on": "paid_on",
        "Supplier": "supplier__name",
        "Method": "method",
        "Bank reference": "bank_reference",
        "Amount": "amount",
        "Set against debts or credited": "allocated",
        "Currency": "currency",
        "Order": "order__number",
        "Run": "run__number",
    }

    @admin.display(description="Paid on", ordering="paid_on")
    def sent(self, payment):
        return day(payment.paid_on)

    @admin.display(description="Amount")
    def sum(self, payment):
        return amount(payment.amount, payment.currency)

    @admin.display(description="Still an advance")
    def advance(self, payment):
        left = payment.left
        return amount(left.amount, left.currency) if left else "–"

    @admin.display(description="Supplier")
    def supplier_link(self, payment):
        return linked(payment.supplier)

    @admin.display(description="Order")
    def order_link(self, payment):
        return linked(payment.order)

    @admin.display(description="Run")
    def run_link(self, payment):
        return linked(payment.run)

    def under_title(self, payment):
        return [linked(payment.supplier), payment.get_method_display()]

    def panels(self, request, payment):
        parts = Allocation.objects.filter(payment=payment).order_by("pk")
        booked = entries_of(source="supplier_payment", source_id=payment.pk)
        return [
            Panel("What it paid", allocations_table(parts, of_debt=False)),
            *_credited(payment),
            Panel("In the ledger", entries_table(booked)),
        ]

    def add_view(self, request, form_url="", extra_context=None):
        """Which order is paid in advance, then how much."""
        self.check_may_add(request)
        order = chosen(orders_to_pay(), request.GET.get("order"))
        if order is None:
            return self.page(
                request,
                "admin/panels.html",
                title="Pay an order: which one?",
                panels=[_orders_panel()],
            )
        form = AdvanceForm(request.POST or None, order=order)
        left = unpaid_of(order)
        return self.form_page(
            request,
            form,
            lambda form: self._paid(request, order, form),
            title=f"Pay {order} to {order.supplier}",
            note=f"{left.display()} of it is unpaid. What has arrived is settled; the rest is an "
            "advance and is counted on its deliveries as they come.",
            submit="Book the payment",
        )

    def _paid(self, request, order, form):
        payment = services.pay_order(order=order, by=request.user, **form.payment)
        done = f"{payment.money.display()} is booked as paid for {order}."
        return self.back(request, payment, done=done)


def _credited(payment):
    """What of it was not needed in advance, as credit notes."""
    rows = [
        [linked(note), linked(note.order), note.left.display(), amount(note.amount, note.currency)]
        for note in payment.credit_notes.select_related("order").order_by("pk")
    ]
    titles = columns("Credit note", "Order", "Left#", "Amount#")
    return [Panel("Not needed in advance", Table(titles, rows), count=len(rows))] if rows else []


def unpaid_orders():
    """[(order, Money)] of orders that are paid at once and have not been, the newest first."""
    coming = PurchaseOrderLine.objects.filter(
        order=OuterRef("pk"), ordered__gt=F("received") + F("cancelled")
    )
    owed = AccountsPayable.objects.filter(order=OuterRef("pk"), status__in=OPEN_DEBTS)
    orders = orders_to_pay().filter(Exists(coming) | Exists(owed)).order_by("-created_at", "pk")
    found = [
        (order, unpaid_of(order))
        for order in orders.prefetch_related("lines", "receipts", "payables", "payments")
    ]
    return [(order, unpaid) for order, unpaid in found if unpaid]


def _orders_panel():
    found = unpaid_orders()
    rows = [
        [
            link_to_add(SupplierPayment, order, order=order.pk),
            order.supplier,
            status_of(order),
            unpaid.display(),
        ]
        for order, unpaid in found[:SHOWN]
    ]
    titles = columns("Order", "Supplier", "State", "Unpaid#")
    table = Table(titles, rows, empty="No order on immediate terms is unpaid.")
    return Panel("Orders on immediate terms", table, count=len(found))
