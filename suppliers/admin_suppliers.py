"""Suppliers in the back office: their terms, what is open with them, the end of dealing with one."""

from django.contrib import admin
from django.db.models import Count, Q
from django.http import HttpResponseRedirect
from django.urls import reverse

from agencies.queries import local_today
from core.admin_base import BackOfficeAdmin, step
from core.admin_parts import (
    Panel,
    Table,
    amount,
    columns,
    day,
    linked,
    pill,
    status_of,
    when,
)
from core.money import Money
from suppliers import services
from suppliers.models import RECEIVABLE, Status, Supplier
from suppliers.queries import exposure_to, with_totals

RECENT = 20
OPEN = (Status.DRAFT, Status.PENDING, *RECEIVABLE)


def contract_state(supplier, today):
    """(tone of a pill, words) of a supplier's contract on a day."""
    begins, ends = supplier.contract_starts_on, supplier.contract_ends_on
    if begins is None and ends is None:
        return "DRAFT", "No contract"
    if begins and today < begins:
        return "PUBLISHED", f"From {begins:%-d %b %Y}"
    if ends and today > ends:
        return "EXPIRED", f"Ended {ends:%-d %b %Y}"
    return "CONFIRMED", f"Until {ends:%-d %b %Y}" if ends else "In force"


class ContractFilter(admin.SimpleListFilter):
    title = "contract"
    parameter_name = "contract"

    def lookups(self, request, model_admin):
        return [("now", "In force"), ("later", "Begins later"), ("over", "Over"), ("none", "None")]

    def queryset(self, request, queryset):
        today = local_today()
        none = Q(contract_starts_on=None, contract_ends_on=None)
        begun = Q(contract_starts_on=None) | Q(contract_starts_on__lte=today)
        over = Q(contract_ends_on__lt=today)
        rules = {
            "now": ~none & begun & (Q(contract_ends_on=None) | Q(contract_ends_on__gte=today)),
            "later": Q(contract_starts_on__gt=today),
            "over": over,
            "none": none,
        }
        return queryset.filter(rules.get(self.value(), Q()))


@admin.register(Supplier)
class SupplierAdmin(BackOfficeAdmin):
    list_display = [
        *("name", "kind", "contact_name", "email", "payment_terms", "contract", "order_count"),
        "active",
    ]
    list_filter = ["kind", "is_active", ContractFilter, "payment_terms"]
    search_fields = ["name", "contact_name", "email", "tax_id", "business_license"]
    ordering = ["name", "pk"]
    fieldsets = [
        ("Supplier", {"fields": ["name", "kind", "tax_id", "business_license"]}),
        ("Contact", {"fields": ["contact_name", "email", "phone", "address", "gets_receipts"]}),
        (
            "Terms and limits",
            {
                "fields": [
                    *("payment_terms", "wholesale_discount", "currency"),
                    *("credit_limit", "credit_line"),
                ]
            },
        ),
        ("Contract", {"fields": ["contract_starts_on", "contract_ends_on"]}),
        ("Returns", {"fields": ["return_days"]}),
        ("Bank", {"fields": ["bank_account"]}),
        ("Notes", {"fields": ["notes"]}),
    ]
    steps = ["order", "deactivate", "activate"]
    export_columns = {
        "Name": "name",
        "Kind": "kind",
        "Contact": "contact_name",
        "E-mail": "email",
        "Phone": "phone",
        "Address": "address",
        "Tax id": "tax_id",
        "Licence": "business_license",
        "Terms": "payment_terms",
        "Discount": "wholesale_discount",
        "Currency": "currency",
        "Credit limit": "credit_limit",
        "Credit line": "credit_line",
        "Contract from": "contract_starts_on",
        "Contract until": "contract_ends_on",
        "Returns until days before": "return_days",
        "Active": "is_active",
        "Orders": "orders_made",
    }

    def get_queryset(self, request):
        return super().get_queryset(request).annotate(orders_made=Count("orders"))

    @admin.display(description="Orders", ordering="orders_made")
    def order_count(self, supplier):
        return f"{supplier.orders_made:,}"

    @admin.display(description="Contract", ordering="contract_ends_on")
    def contract(self, supplier):
        return pill(*contract_state(supplier, local_today()))

    @admin.display(description="State", ordering="is_active")
    def active(self, supplier):
        return _active(supplier)

    # Steps

    @step("New order", when=lambda supplier: supplier.is_active, is_page=True, tone="primary")
    def order(self, request, supplier):
        page = reverse("admin:suppliers_purchaseorder_add")
        return HttpResponseRedirect(f"{page}?supplier={supplier.pk}")

    @step(
        "Deactivate",
        when=lambda supplier: supplier.is_active,
        tone="danger",
        says="Nothing more is ordered there, and drafts are not submitted. What is confirmed goes "
        "on: it is received, owed and paid as agreed.",
    )
    def deactivate(self, request, supplier):
        services.deactivate_supplier(supplier=supplier)
        return f"{supplier} is not active any more."

    def deactivate_preview(self, request, supplier):
        return [orders_panel(supplier, "Open orders", status__in=OPEN), exposure_panel(supplier)]

    @step(
        "Activate",
        when=lambda supplier: not supplier.is_active,
        says="Orders may be made there again.",
    )
    def activate(self, request, supplier):
        services.activate_supplier(supplier=supplier)
        return f"{supplier} is active again."

    # The supplier's page

    def under_title(self, supplier):
        return [
            _active(supplier),
            pill(*contract_state(supplier, local_today())),
            supplier.get_kind_display(),
        ]

    def is_form_last(self, supplier):
        return True

    def panels(self, request, supplier):
        return [exposure_panel(supplier), orders_panel(supplier, "Latest orders")]


def _active(supplier):
    return pill("ACTIVE", "Active") if supplier.is_active else pill("RETIRED", "Not active")


def orders_panel(supplier, title, **rules):
    """The supplier's newest orders that fit the rules."""
    orders = with_totals(supplier.orders.filter(**rules)).order_by("-created_at", "pk")
    rows = [
        [
            linked(order),
            status_of(order),
            amount(order.total_cost, order.currency),
            day(order.expected_on),
            when(order.created_at),
        ]
        for order in orders[:RECENT]
    ]
    titles = columns("Order", "State", "Cost#", "Expected", "Made")
    table = Table(titles, rows, empty="No orders here.")
    return Panel(title, table, count=orders.count())


def exposure_panel(supplier):
    """What is owed to a supplier or will be, against what he lets us owe; what was advanced, against
    what we advance."""
    rows, currencies = [], {supplier.currency, *supplier.orders.values_list("currency", flat=True)}
    for currency in sorted(currencies):
        found = exposure_to(supplier, currency=currency)
        is_limited = currency == supplier.currency
        rows.append(
            [
                *(each.display() for each in (found.owed, found.unsettled, found.expected)),
                found.open.display(),
                _against(found.open, supplier.credit_line if is_limited else None),
                found.advances.display(),
                _against(found.advances, supplier.credit_limit if is_limited else None),
            ]
        )
    titles = columns(
        "Unpaid#",
        "Sold on consignment#",
        "On confirmed orders#",
        "Together#",
        "of their credit line#",
        "Paid in advance#",
        "of our limit#",
    )
    return Panel("Owed to them", Table(titles, rows))


def _against(money, limit):
    """80% of €1,000.00, or that there is no limit."""
    if limit is None:
        return "no limit"
    share = f"{money.amount / limit:.0%} of " if limit else ""
    return f"{share}{Money(limit, money.currency).display()}"
