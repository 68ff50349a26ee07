"""Suppliers, receipts and what is owed. Orders are in admin_orders."""

from datetime import timedelta

from django.contrib import admin
from django.db.models import Count, F, Q, Sum

from agencies.queries import local_today
from core.admin_base import BackOfficeAdmin, ReadOnlyAdmin
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
    status_of,
    when,
)
from core.money import Money
from suppliers.admin_orders import PurchaseOrderAdmin
from suppliers.admin_receipts import DeliveryReceiptAdmin
from suppliers.models import AccountsPayable, Acquisition, Supplier

RECENT = 20
OPEN = (AccountsPayable.Status.UNPAID, AccountsPayable.Status.PARTIAL)


@admin.register(Supplier)
class SupplierAdmin(BackOfficeAdmin):
    list_display = [
        "name",
        "kind",
        "contact_name",
        "email",
        "payment_terms",
        "order_count",
        "is_active",
    ]
    list_filter = ["kind", "is_active", "payment_terms"]
    search_fields = ["name", "contact_name", "email", "tax_id"]
    ordering = ["name", "pk"]
    fieldsets = [
        ("Supplier", {"fields": ["name", "kind", "is_active", "payment_terms", "tax_id"]}),
        ("Contact", {"fields": ["contact_name", "email", "phone", "address", "notes"]}),
    ]
    export_columns = {
        "Name": "name",
        "Kind": "kind",
        "Contact": "contact_name",
        "E-mail": "email",
        "Phone": "phone",
        "Tax id": "tax_id",
        "Terms": "payment_terms",
        "Active": "is_active",
        "Orders": "orders_made",
    }

    def get_queryset(self, request):
        return super().get_queryset(request).annotate(orders_made=Count("orders"))

    @admin.display(description="Orders", ordering="orders_made")
    def order_count(self, supplier):
        return f"{supplier.orders_made:,}"

    def panels(self, request, supplier):
        orders = list(supplier.orders.order_by("-created_at", "pk")[:RECENT])
        rows = [
            [linked(order), status_of(order), day(order.expected_on), when(order.created_at)]
            for order in orders
        ]
        table = Table(
            columns("Order", "State", "Expected", "Made"),
            rows,
            empty="Nothing was ordered here yet.",
        )
        return [_owed_to(supplier), Panel("Latest orders", table, count=supplier.orders_made)]


def _owed_to(supplier):
    open_ones = AccountsPayable.objects.filter(supplier=supplier, status__in=OPEN)
    sums = (
        open_ones.values("currency")
        .annotate(owed=Sum(F("amount") - F("paid")))
        .order_by("currency")
    )
    rows = [[Money(row["owed"], row["currency"]).display()] for row in sums]
    return Panel("Owed to them", Table(columns("Unpaid#"), rows, empty="Nothing is owed."))


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


__all__ = ["DeliveryReceiptAdmin", "PurchaseOrderAdmin"]
