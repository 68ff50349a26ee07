"""What is owed, and how a seat was bought. Suppliers, orders and receipts have modules of their own."""

from datetime import timedelta

from django.contrib import admin
from django.db.models import Count, F, Q, Sum

from agencies.queries import local_today
from core.admin_base import ReadOnlyAdmin
from core.admin_parts import (
    Panel,
    Table,
    amount,
    columns,
    day,
    linked,
    money_column,
    panel,
    status_column,
)
from core.money import Money
from suppliers.admin_orders import PurchaseOrderAdmin
from suppliers.admin_receipts import DeliveryReceiptAdmin
from suppliers.admin_suppliers import SupplierAdmin
from suppliers.models import AccountsPayable, Acquisition

OPEN = (AccountsPayable.Status.UNPAID, AccountsPayable.Status.PARTIAL)


class DueFilter(admin.SimpleListFilter):
    title = "due"
    parameter_name = "due"

    def lookups(self, request, model_admin):
        return [("late", "Overdue"), ("week", "Within 7 days"), ("open", "Unpaid")]

    def queryset(self, request, queryset):
        today = local_today()
        rules = {
            "late": Q(status__in=OPEN, due_on__lt=today),
            "week": Q(status__in=OPEN, due_on__range=(today, today + timedelta(days=7))),
            "open": Q(status__in=OPEN),
        }
        return queryset.filter(rules.get(self.value(), Q()))


@admin.register(AccountsPayable)
class AccountsPayableAdmin(ReadOnlyAdmin):
    list_display = [
        *("due", "supplier", "order", "receipt", money_column("amount", "Amount")),
        *(money_column("paid", "Paid"), "open_amount", status_column()),
    ]
    list_display_links = ["due"]
    list_filter = [DueFilter, "status", ("supplier", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["supplier", "order__supplier", "receipt"]
    list_before_template = "admin/owed.html"
    search_fields = ["order__number", "receipt__number", "supplier__name"]
    ordering = ["due_on", "pk"]
    fields = ["due", "supplier", "order_link", "receipt_link", "open_amount"]
    readonly_fields = fields
    export_columns = {
        "Due": "due_on",
        "Supplier": "supplier__name",
        "Order": "order__number",
        "Receipt": "receipt__number",
        "Amount": "amount",
        "Paid": "paid",
        "Currency": "currency",
        "Status": "status",
    }

    def changelist_view(self, request, extra_context=None):
        response = super().changelist_view(request, extra_context)
        changes = getattr(response, "context_data", None) and response.context_data.get("cl")
        if changes:
            response.context_data["owed"] = _owed(changes.queryset)
        return response

    @admin.display(description="Due", ordering="due_on")
    def due(self, payable):
        return day(payable.due_on)

    @admin.display(description="Order")
    def order_link(self, payable):
        return linked(payable.order)

    @admin.display(description="Receipt")
    def receipt_link(self, payable):
        return linked(payable.receipt)

    @admin.display(description="Still to pay")
    def open_amount(self, payable):
        return amount(payable.amount - payable.paid, payable.currency)


def _owed(payables):
    rows = payables.filter(status__in=OPEN).order_by().values("currency")
    sums = rows.annotate(owed=Sum(F("amount") - F("paid")), count=Count("pk")).order_by("currency")
    return [(Money(row["owed"], row["currency"]), row["count"]) for row in sums]


@panel("inventory.eventseat", needs="suppliers.purchaseorder")
def bought(request, seat):
    found = Acquisition.objects.filter(event_seat=seat).select_related(
        "line__order", "receipt", "supplier"
    )
    rows = [
        [linked(each.supplier), linked(each.line.order), linked(each.receipt),
         amount(each.unit_cost, each.currency), day(each.in_hand_on), day(each.return_by)]
        for each in found
    ]  # fmt: skip
    titles = columns("From", "Order", "Receipt", "Cost#", "In hand on", "Returnable until")
    return Panel("How it was bought", Table(titles, rows, empty="It was never bought."))


__all__ = ["DeliveryReceiptAdmin", "PurchaseOrderAdmin", "SupplierAdmin"]
