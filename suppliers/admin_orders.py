"""Purchase orders in the back office: the list and the page. All changes go through the services."""

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, Sum
from django.db.models.functions import Now

from agencies.queries import current_agency, local_today
from core.admin_base import BackOfficeAdmin
from core.admin_parts import (
    Entry,
    amount,
    day,
    linked,
    pill,
    status_column,
    status_of,
    timeline,
    when,
)
from core.words import many
from suppliers import services
from suppliers.admin_forms import DraftForm
from suppliers.admin_order_changes import Changes
from suppliers.admin_order_lines import Lines, is_draft
from suppliers.admin_order_moves import (
    Moves,
    is_kept_open,
    present,
    waits_for_approval,
    without_own_approval,
)
from suppliers.admin_order_sheet import differences_panel
from suppliers.admin_panels import costs_panel, lines_panel, receipts_panels, worth_panel
from suppliers.admin_receiving import Receiving
from suppliers.models import RECEIVABLE, PurchaseOrder, Status
from suppliers.queries import with_totals

WAITING_FOR_US = Q(status__in=(Status.DRAFT, Status.PENDING))
FINISHED = (Status.COMPLETED, Status.CANCELLED)


class WaitingFilter(admin.SimpleListFilter):
    title = "waiting for"
    parameter_name = "waiting"
    RULES = {
        "us": WAITING_FOR_US,
        "approval": Q(status=Status.PENDING, needs_approval=True, approved_by=None),
        "delivery": Q(status__in=RECEIVABLE),
        "late": Q(status__in=RECEIVABLE, expected_on__lt=Now()),
    }

    def lookups(self, request, model_admin):
        return [
            ("us", "Us"),
            ("approval", "An approval"),
            ("delivery", "A delivery"),
            ("late", "A late delivery"),
        ]

    def queryset(self, request, queryset):
        return queryset.filter(self.RULES.get(self.value(), Q()))


@admin.register(PurchaseOrder)
class PurchaseOrderAdmin(Receiving, Lines, Moves, Changes, BackOfficeAdmin):
    list_display = [
        "number",
        "supplier",
        status_column(),
        "seats",
        "arrived",
        "cost",
        "expected",
        "made",
    ]
    list_filter = [
        WaitingFilter,
        "status",
        "basis",
        ("supplier", admin.RelatedOnlyFieldListFilter),
        ("created_at", admin.DateFieldListFilter),
    ]
    list_select_related = ["supplier"]
    search_fields = ["number", "supplier__name", "supplier_reference"]
    ordering = ["-created_at", "pk"]
    fieldsets = [
        ("Order", {"fields": ["supplier", "currency", "basis", "payment_terms"]}),
        (
            "Delivery",
            {
                "fields": [
                    *("fulfillment", "fulfillment_notes", "ship_to", "supplier_reference"),
                    *("expected_on", "notes", "seen", "before"),
                ]
            },
        ),
    ]
    steps = [
        *("add_line", "add_cost", "buy_sheet", "submit", "approve", "confirm", "withdraw"),
        *("receive", "keep_file", "mail", "document", "complete", "copy", "call_off", "cancel"),
    ]
    export_columns = {
        "Number": "number",
        "Supplier": "supplier__name",
        "Status": "status",
        "Basis": "basis",
        "Seats": "seats_ordered",
        "Received": "seats_received",
        "Seats’ cost": "seat_cost",
        "Extra costs": "extra_cost",
        "Cost": "total_cost",
        "Currency": "currency",
        "Terms": "payment_terms",
        "Their reference": "supplier_reference",
        "Expected": "expected_on",
        "Made": "created_at",
        "Submitted": "submitted_at",
        "Approved": "approved_at",
        "Confirmed": "confirmed_at",
    }

    def get_queryset(self, request):
        orders = (
            super()
            .get_queryset(request)
            .annotate(seats_ordered=Sum("lines__ordered"), seats_received=Sum("lines__received"))
        )
        return with_totals(orders)

    def get_urls(self):
        return [*self.line_urls(), *super().get_urls()]

    # Columns and fields

    @admin.display(description="Seats", ordering="seats_ordered")
    def seats(self, order):
        return f"{order.seats_ordered or 0:,}"

    @admin.display(description="Arrived", ordering="seats_received")
    def arrived(self, order):
        return f"{order.seats_received or 0:,}"

    @admin.display(description="Cost", ordering="total_cost")
    def cost(self, order):
        return amount(order.total_cost, order.currency)

    @admin.display(description="Expected", ordering="expected_on")
    def expected(self, order):
        return day(order.expected_on)

    @admin.display(description="Made", ordering="created_at")
    def made(self, order):
        return when(order.created_at)

    def has_change_permission(self, request, obj=None):
        return (obj is None or obj.status not in FINISHED) and super().has_change_permission(
            request, obj
        )

    # A new order

    def add_view(self, request, form_url="", extra_context=None):
        if not self.has_add_permission(request):
            raise PermissionDenied
        initial = {"supplier": request.GET.get("supplier")}
        currency = current_agency().currency
        return self.form_page(
            request,
            DraftForm(request.POST or None, initial=initial, currency=currency),
            lambda form: self._drafted(request, form, currency),
            title="New purchase order",
            submit="Draft the order",
        )

    def _drafted(self, request, form, currency):
        fields = {"currency": currency, **form.fields_of_order}
        order = services.draft_order(created_by=request.user, **fields)
        self.warn_of_the_past(request, order)
        return self.back(request, order, done=f"{order} is drafted. Now add its seats.")

    def warn_of_the_past(self, request, order):
        """A date that has gone by is pointed out; with it, a draft cannot be submitted."""
        if order.expected_on and order.expected_on < local_today():
            words = f"{order} is expected on {order.expected_on:%-d %b %Y}, which has gone by."
            if is_draft(order):
                words += " Change it before you submit."
            messages.warning(request, words)

    # The order's page

    def panels(self, request, order):
        can_change = is_draft(order) and self.has_step_permission(request)
        return present(
            differences_panel(order) if is_kept_open(order) else None,
            lines_panel(order, can_change=can_change),
            costs_panel(order, can_change=can_change),
            worth_panel(order),
            *receipts_panels(order),
        )

    def under_title(self, order):
        waiting = waits_for_approval(order) and pill("PENDING", "Waits for approval")
        basis = not order.is_owed_on_delivery and order.get_basis_display()
        return present(
            status_of(order),
            waiting,
            linked(order.supplier),
            order.get_payment_terms_display(),
            basis,
            order.cancellation_reason,
        )

    def _next_steps(self, request, order):
        return without_own_approval(request, order, super()._next_steps(request, order))

    def is_form_last(self, order):
        return True

    def history_of(self, request, order):
        arrived = [
            Entry(receipt.received_at, str(receipt.received_by or "the system"),
                  f"receipt {receipt}: {many(receipt.seats, 'seat')}")
            for receipt in order.receipts.select_related("received_by")
        ]  # fmt: skip
        mailed = [
            Entry(mail.sent_at, str(mail.sent_by or "the system"), f"mailed to {mail.recipient}")
            for mail in order.mails.select_related("sent_by")
        ]
        parts = [*order.lines.all(), *order.landed_costs.all()]
        return timeline([order, *parts], [*arrived, *mailed])
