"""Purchase orders: draft, lines, submit, confirm, receive, cancel. All through the services."""

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import DecimalField, F, Q, Sum
from django.db.models.functions import Now
from django.http import Http404, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.html import format_html
from django.views.decorators.http import require_POST

from agencies.queries import current_agency
from core.admin_base import BackOfficeAdmin, step
from core.admin_parts import (
    Entry,
    Panel,
    Table,
    amount,
    columns,
    day,
    linked,
    panel,
    status_column,
    status_of,
    timeline,
    when,
)
from core.errors import DomainError
from core.money import Money, total
from events.models import Event
from events.models import Status as EventStatus
from inventory.admin_totals import RETAIL, counts_of
from inventory.models import EventSeat, Ownership
from suppliers import services
from suppliers.admin_forms import DraftForm, LineForm, ReceiveForm
from suppliers.models import RECEIVABLE, LineStatus, PurchaseOrder, PurchaseOrderLine, Status
from suppliers.places import in_words
from venues.admin import picture
from venues.models import Layout
from venues.plan import from_canonical

COST = Sum(F("lines__unit_cost") * F("lines__ordered"), output_field=DecimalField())
OPEN_EVENTS = (
    EventStatus.DRAFT,
    EventStatus.PUBLISHED,
    EventStatus.ON_SALE,
    EventStatus.SOLD_OUT,
)
FINISHED = (Status.COMPLETED, Status.CANCELLED)


def is_draft(order):
    return order.status == Status.DRAFT


def has_lines_as_draft(order):
    return is_draft(order) and order.lines.exists()


class WaitingFilter(admin.SimpleListFilter):
    title = "waiting for"
    parameter_name = "waiting"
    RULES = {
        "us": Q(status__in=(Status.DRAFT, Status.PENDING)),
        "delivery": Q(status__in=RECEIVABLE),
        "late": Q(status__in=RECEIVABLE, expected_on__lt=Now()),
    }

    def lookups(self, request, model_admin):
        return [("us", "Us"), ("delivery", "A delivery"), ("late", "A late delivery")]

    def queryset(self, request, queryset):
        return queryset.filter(self.RULES.get(self.value(), Q()))


@admin.register(PurchaseOrder)
class PurchaseOrderAdmin(BackOfficeAdmin):
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
    steps = ["add_line", "submit", "confirm", "receive", "cancel"]
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
        return self.back(request, order, done=f"{order} is drafted. Now add its seats.")

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
                panels=[_events_to_buy(order)],
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
            panels=[_places_to_buy(event)],
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
        return [_lines(order), _worth(order)]

    confirm_preview = cancel_preview = submit_preview

    # Receiving

    @step("Receive", when=lambda order: order.status in RECEIVABLE, tone="primary", is_page=True)
    def receive(self, request, order):
        lines = list(order.lines.select_related("event", "section").order_by("position", "pk"))
        form = ReceiveForm(request.POST or None, lines=lines)
        return self.form_page(
            request,
            form,
            lambda form: self._previewed(request, order, form),
            template="admin/receive.html",
            title=f"Receive: {order}",
            thing=order,
        )

    def _previewed(self, request, order, form):
        if request.POST.get("previewed") == form.fingerprint:
            receipt = services.receive_delivery(
                order=order,
                ordinals_by_line=form.parts,
                by=request.user,
                delivery_reference=form.cleaned_data["delivery_reference"],
            )
            return self.back(
                request,
                receipt,
                done=f"{receipt.seats:,} seats are ours now. {receipt} is written.",
            )
        if "previewed" in request.POST:
            messages.warning(request, "The order changed meanwhile. Please look once more.")
        return self.page(
            request,
            "admin/receive_preview.html",
            title=f"Receive: {order}",
            thing=order,
            form=form,
            owed=form.amount(order.currency),
            panels=_arriving(order, form),
        )

    # The order's page

    def panels(self, request, order):
        can_remove = is_draft(order) and self.has_step_permission(request)
        return [_lines(order, can_remove=can_remove), _worth(order), *_receipts(order)]

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


def lines_of(order):
    return list(order.lines.select_related("event", "section").order_by("position", "pk"))


def _lines(order, *, can_remove=False):
    lines = lines_of(order)
    context = {
        "order": order,
        "can_remove": can_remove,
        "rows": [(line, line.amount, status_of(line)) for line in lines],
        "seats": sum(line.ordered for line in lines),
        "arrived": sum(line.received for line in lines),
        "cost": services_total(order, lines),
    }
    return Panel("Seats", template="admin/order_lines.html", context=context, count=len(lines))


def services_total(order, lines):
    return total((line.amount for line in lines), order.currency)


def _worth(order):
    """Cost, what the seats will sell for, and the margin between them, before fees."""
    lines = lines_of(order)
    cost = services_total(order, lines)
    worth = total((Money(_retail(line), order.currency) for line in lines), order.currency)
    gain = worth - cost
    rate = f"{gain.amount / worth.amount:.1%}" if worth else "–"
    row = [cost.display(), worth.display(), gain.display(), rate]
    titles = columns("Cost#", "Sells for, before fees#", "Margin#", "of the price#")
    return Panel("Worth", Table(titles, [row]))


def _retail(line):
    """What a line's seats will bring, as Decimal: its own price, else those of their levels."""
    if line.retail_price is not None:
        return line.retail_price * line.ordered
    seats = EventSeat.objects.at(line.event, line.ordinals)
    return seats.aggregate(worth=Sum(RETAIL))["worth"] or 0


def _receipts(order):
    receipts = list(order.receipts.order_by("-received_at", "pk"))
    rows = [
        [linked(receipt), when(receipt.received_at), receipt.delivery_reference or "–",
         f"{receipt.seats:,}", amount(receipt.amount, receipt.currency)]
        for receipt in receipts
    ]  # fmt: skip
    table = Table(columns("Receipt", "When", "Their reference", "Seats#", "Amount#"), rows)
    return [Panel("Receipts", table, count=len(rows))] if rows else []


def _events_to_buy(order):
    events = list(
        Event.objects.filter(status__in=OPEN_EVENTS, currency=order.currency, layout__isnull=False)
        .upcoming()
        .select_related("venue", "layout")
        .defer("layout__plan", "layout__geometry_brotli", "layout__geometry_gzip")
        .order_by("starts_at", "pk")[:200]
    )
    counted = counts_of([event.pk for event in events])
    here = reverse("admin:suppliers_purchaseorder_add_line", args=[order.pk])
    rows = [
        [
            format_html('<a href="{}?event={}"><b>{}</b></a><small>{}</small>',
                        here, event.pk, event, event.venue),
            when(event.starts_at),
            status_of(event),
            f"{event.layout.capacity:,}",
            f"{counted.get(event.pk, {}).get('owned', 0):,}",
        ]
        for event in events
    ]  # fmt: skip
    table = Table(
        columns("Event", "Starts", "State", "Places#", "Owned#"),
        rows,
        empty=f"No coming event in {order.currency} has a layout yet.",
    )
    return Panel("Coming events", table, count=len(rows))


def _places_to_buy(event):
    """The map of an event: what is ours, what is on order, what can still be bought."""
    plan = from_canonical(Layout.objects.only("plan").get(pk=event.layout_id).plan)
    owned = EventSeat.objects.filter(event=event, ownership=Ownership.OWNED)
    state = dict.fromkeys(owned.values_list("ordinal", flat=True), "buy-owned")
    for ordinals in (
        PurchaseOrderLine.objects.filter(event=event)
        .exclude(status__in=(LineStatus.CANCELLED, LineStatus.RECEIVED))
        .values_list("ordinals", flat=True)
    ):
        for ordinal in ordinals:
            state.setdefault(ordinal, "buy-ordered")
    classes = [state.get(ordinal, "buy-open") for ordinal in range(plan.places)]
    legend = [("buy-open", "Can be ordered"), ("buy-ordered", "On order"), ("buy-owned", "Ours")]
    counted = [(name, words, classes.count(name)) for name, words in legend]
    context = {"picture": picture(plan, f"Seats of {event}", classes), "legend": counted}
    return Panel(f"{event}", template="admin/_picture.html", context=context)


def _arriving(order, form):
    rows, events = [], {}
    for line, places in form.arriving():
        left = len(form.expected[line.pk]) - len(places)
        rows.append(
            [
                format_html("<b>{}</b><small>{}</small>", line.event, line.section),
                in_words(places),
                f"{len(places):,}",
                (line.cost * len(places)).display(),
                f"{left:,}",
            ]
        )
        events.setdefault(line.event, set()).update(place.ordinal for place in places)
    seats = sum(len(ordinals) for ordinals in form.parts.values())
    foot = ["All together", "", f"{seats:,}", form.amount(order.currency).display(), ""]
    titles = columns("Event", "Places", "Seats#", "Amount#", "Still to come#")
    maps = [_map_of_arrival(event, ordinals) for event, ordinals in events.items()]
    return [Panel("What becomes ours", Table(titles, rows, foot)), *maps]


def _map_of_arrival(event, arriving):
    plan = from_canonical(Layout.objects.only("plan").get(pk=event.layout_id).plan)
    owned = set(
        EventSeat.objects.filter(event=event, ownership=Ownership.OWNED).values_list(
            "ordinal", flat=True
        )
    )
    classes = [
        "buy-arriving" if ordinal in arriving else "buy-owned" if ordinal in owned else "buy-open"
        for ordinal in range(plan.places)
    ]
    legend = [
        ("buy-arriving", "Arriving now", classes.count("buy-arriving")),
        ("buy-owned", "Ours already", classes.count("buy-owned")),
        ("buy-open", "Not ours", classes.count("buy-open")),
    ]
    context = {"picture": picture(plan, f"Arriving at {event}", classes), "legend": legend}
    return Panel(str(event), template="admin/_picture.html", context=context)


@panel("events.event", needs="suppliers.purchaseorder")
def orders_of_event(request, event):
    lines = event.order_lines.select_related("order__supplier").order_by("-order__created_at", "pk")
    rows = [
        [
            *(linked(line.order), line.order.supplier, line.description),
            *(f"{line.received:,} / {line.ordered:,}", amount(line.unit_cost, line.currency)),
            status_of(line),
        ]
        for line in lines
    ]
    titles = columns("Order", "Supplier", "Seats", "Arrived#", "Each#", "State")
    table = Table(titles, rows, empty="Nothing was bought for it yet.")
    return Panel("Bought", table, count=len(rows))
