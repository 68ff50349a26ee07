"""Purchase orders: draft, lines, submit, confirm, receive, cancel. All through the services."""

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import DecimalField, F, Q, Sum
from django.db.models.functions import Now
from django.http import Http404, HttpResponseRedirect
from django.urls import path
from django.views.decorators.http import require_POST

from agencies.queries import current_agency, local_today
from core.admin_base import BackOfficeAdmin, step
from core.admin_parts import (
    Entry,
    amount,
    day,
    linked,
    status_column,
    status_of,
    timeline,
    when,
)
from core.errors import DomainError
from events.models import Event
from suppliers import services
from suppliers.admin_forms import DraftForm, LineForm
from suppliers.admin_panels import (
    OPEN_EVENTS,
    events_to_buy,
    lines_panel,
    places_to_buy,
    receipts_panels,
    worth_panel,
)
from suppliers.admin_receiving import Receiving
from suppliers.models import RECEIVABLE, PurchaseOrder, PurchaseOrderLine, Status

COST = Sum(F("lines__unit_cost") * F("lines__ordered"), output_field=DecimalField())
WAITING_FOR_US = Q(status__in=(Status.DRAFT, Status.PENDING))
FINISHED = (Status.COMPLETED, Status.CANCELLED)


def is_draft(order):
    return order.status == Status.DRAFT


def has_lines_as_draft(order):
    return is_draft(order) and order.lines.exists()


class WaitingFilter(admin.SimpleListFilter):
    title = "waiting for"
    parameter_name = "waiting"
    RULES = {
        "us": WAITING_FOR_US,
        "delivery": Q(status__in=RECEIVABLE),
        "late": Q(status__in=RECEIVABLE, expected_on__lt=Now()),
    }

    def lookups(self, request, model_admin):
        return [("us", "Us"), ("delivery", "A delivery"), ("late", "A late delivery")]

    def queryset(self, request, queryset):
        return queryset.filter(self.RULES.get(self.value(), Q()))


def _warn_of_the_past(request, order):
    """An order may be written down late, so a date that has gone by is only pointed out."""
    if order.expected_on and order.expected_on < local_today():
        words = f"{order} is expected on {order.expected_on:%-d %b %Y}, which has gone by."
        messages.warning(request, words)


@admin.register(PurchaseOrder)
class PurchaseOrderAdmin(Receiving, BackOfficeAdmin):
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
        ("supplier", admin.RelatedOnlyFieldListFilter),
        ("created_at", admin.DateFieldListFilter),
    ]
    list_select_related = ["supplier"]
    search_fields = ["number", "supplier__name", "supplier_reference"]
    ordering = ["-created_at", "pk"]
    fieldsets = [
        ("Order", {"fields": ["supplier", "currency", "payment_terms", "fulfillment"]}),
        ("Delivery", {"fields": ["supplier_reference", "expected_on", "notes"]}),
    ]
    steps = ["add_line", "submit", "confirm", "receive", "keep_file", "cancel"]
    export_columns = {
        "Number": "number",
        "Supplier": "supplier__name",
        "Status": "status",
        "Seats": "seats_ordered",
        "Received": "seats_received",
        "Cost": "cost_sum",
        "Currency": "currency",
        "Terms": "payment_terms",
        "Expected": "expected_on",
        "Made": "created_at",
    }

    def get_queryset(self, request):
        return (
            super()
            .get_queryset(request)
            .annotate(
                seats_ordered=Sum("lines__ordered"),
                seats_received=Sum("lines__received"),
                cost_sum=COST,
            )
        )

    def get_urls(self):
        remove = path(
            "<path:object_id>/lines/<uuid:line_id>/remove/",
            self.admin_site.admin_view(require_POST(self.remove_line)),
            name="suppliers_purchaseorder_remove_line",
        )
        return [remove, *super().get_urls()]

    # Columns and fields

    @admin.display(description="Seats", ordering="seats_ordered")
    def seats(self, order):
        return f"{order.seats_ordered or 0:,}"

    @admin.display(description="Arrived", ordering="seats_received")
    def arrived(self, order):
        return f"{order.seats_received or 0:,}"

    @admin.display(description="Cost", ordering="cost_sum")
    def cost(self, order):
        return amount(order.cost_sum or 0, order.currency)

    @admin.display(description="Expected", ordering="expected_on")
    def expected(self, order):
        return day(order.expected_on)

    @admin.display(description="Made", ordering="created_at")
    def made(self, order):
        return when(order.created_at)

    def get_readonly_fields(self, request, obj=None):
        fixed = [] if obj and is_draft(obj) else ["payment_terms", "fulfillment"]
        return ["supplier", "currency", *fixed]

    def has_change_permission(self, request, obj=None):
        return (obj is None or obj.status not in FINISHED) and super().has_change_permission(
            request, obj
        )

    # A new order

    def add_view(self, request, form_url="", extra_context=None):
        if not self.has_add_permission(request):
            raise PermissionDenied
        initial = {"supplier": request.GET.get("supplier")}
        return self.form_page(
            request,
            DraftForm(request.POST or None, initial=initial),
            lambda form: self._drafted(request, form),
            title="New purchase order",
            submit="Draft the order",
        )

    def _drafted(self, request, form):
        order = services.draft_order(currency=current_agency().currency, **form.fields_of_order)
        _warn_of_the_past(request, order)
        return self.back(request, order, done=f"{order} is drafted. Now add its seats.")

    def save_model(self, request, obj, form, change):
        super().save_model(request, obj, form, change)
        if "expected_on" in form.changed_data:
            _warn_of_the_past(request, obj)

    # Lines

    @step("Add seats", when=is_draft, is_page=True, tone="primary")
    def add_line(self, request, order):
        event = self._event(request, order)
        if event is None:
            return self.page(
                request,
                "admin/panels.html",
                title=f"Add seats to {order}: which event?",
                thing=order,
                panels=[events_to_buy(order)],
            )
        form = LineForm(request.POST or None, event=event, order=order)
        return self.form_page(
            request,
            form,
            lambda form: self._line_added(request, order, event, form),
            template="admin/order_line.html",
            title=f"Add seats to {order}: {event}",
            thing=order,
            event=event,
            submit="Add to the order",
            panels=[places_to_buy(event)],
        )

    def _event(self, request, order):
        try:
            events = Event.objects.filter(status__in=OPEN_EVENTS, currency=order.currency)
            return events.filter(pk=request.GET.get("event"), layout__isnull=False).first()
        except ValidationError:
            return None

    def _line_added(self, request, order, event, form):
        line = services.add_line(order=order, event=event, **form.line())
        words = f"{line.ordered:,} seats are on the order: {line.description}."
        if "another" not in request.POST:
            return self.back(request, order, done=words)
        messages.success(request, words)
        return HttpResponseRedirect(request.get_full_path())

    def remove_line(self, request, object_id, line_id):
        order = self.thing(request, object_id)
        if not self.has_step_permission(request):
            raise PermissionDenied
        line = PurchaseOrderLine.objects.filter(order=order, pk=line_id).first()
        if line is None:
            raise Http404
        try:
            services.remove_line(line=line)
        except DomainError as error:
            return self.back(request, order, problem=error.message)
        return self.back(request, order, done=f"{line} is off the order.")

    # Moves

    @step(
        "Submit",
        when=has_lines_as_draft,
        says="The order waits for the supplier’s word; its lines are fixed.",
    )
    def submit(self, request, order):
        services.submit_order(order=order, by=request.user)
        return f"{order} is submitted. Confirm it when the supplier has agreed."

    @step(
        "Confirm",
        when=lambda order: order.status == Status.PENDING,
        tone="primary",
        says="The supplier has agreed. The money is owed as the seats arrive, not before.",
    )
    def confirm(self, request, order):
        services.confirm_order(order=order, by=request.user)
        return f"{order} is confirmed. Deliveries may come."

    @step(
        "Cancel the order",
        when=lambda order: order.can_move_to(Status.CANCELLED),
        tone="danger",
        says="Nothing of it has arrived, so nothing is owed. Its seats can be ordered again.",
    )
    def cancel(self, request, order):
        services.cancel_order(order=order)
        return f"{order} is cancelled. Its seats can be ordered again."

    def submit_preview(self, request, order):
        return [lines_panel(order), worth_panel(order)]

    confirm_preview = cancel_preview = submit_preview

    # The order's page

    def panels(self, request, order):
        can_remove = is_draft(order) and self.has_step_permission(request)
        return [
            lines_panel(order, can_remove=can_remove),
            worth_panel(order),
            *receipts_panels(order),
        ]

    def under_title(self, order):
        return [status_of(order), linked(order.supplier), order.get_payment_terms_display()]

    def is_form_last(self, order):
        return True

    def history_of(self, request, order):
        arrived = [
            Entry(receipt.received_at, str(receipt.received_by or "the system"),
                  f"receipt {receipt}: {receipt.seats:,} seats")
            for receipt in order.receipts.select_related("received_by")
        ]  # fmt: skip
        return timeline([order, *order.lines.all()], arrived)
