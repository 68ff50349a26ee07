"""What stands on the pages of purchase orders: lines, worth, receipts, maps."""

from django.db.models import Count, Q, Sum
from django.urls import reverse
from django.utils.html import format_html

from agencies.queries import local_today
from core.admin_parts import (
    Panel,
    Table,
    amount,
    columns,
    linked,
    panel,
    status_of,
    when,
)
from core.money import Money, total
from events.models import Event
from events.models import Status as EventStatus
from inventory.admin_totals import RETAIL, counts_of
from inventory.models import EventSeat, Ownership
from suppliers.models import Acquisition, Basis, LineStatus, PurchaseOrderLine
from suppliers.services.landed import total_of
from venues.admin import picture
from venues.models import Layout
from venues.plan import from_canonical

OPEN_EVENTS = (
    EventStatus.DRAFT,
    EventStatus.PUBLISHED,
    EventStatus.ON_SALE,
    EventStatus.SOLD_OUT,
)


def lines_of(order):
    return list(order.lines.select_related("event", "section").order_by("position", "pk"))


def lines_panel(order, *, can_change=False):
    lines = lines_of(order)
    context = {
        "order": order,
        "can_change": can_change,
        "rows": [(line, line.amount, status_of(line)) for line in lines],
        "seats": sum(line.ordered for line in lines),
        "arrived": sum(line.received for line in lines),
        "cost": cost_of(order, lines),
    }
    return Panel("Seats", template="admin/order_lines.html", context=context, count=len(lines))


def cost_of(order, lines):
    return total((line.amount for line in lines), order.currency)


def costs_panel(order, *, can_change=False):
    """The order's extra costs and what it costs with them; None where there are none."""
    costs = list(order.landed_costs.order_by("kind", "pk"))
    context = {
        "order": order,
        "can_change": can_change,
        "costs": costs,
        "total": total_of(order),
    }
    if not costs:
        return None
    return Panel("Extra costs", template="admin/order_costs.html", context=context)


def worth_panel(order):
    """Cost with extra costs, what the seats will sell for, and the margin between them, before fees."""
    cost = total_of(order)
    lines = lines_of(order)
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


def receipts_panels(order):
    receipts = list(order.receipts.order_by("-received_at", "pk"))
    rows = [
        [linked(receipt), when(receipt.received_at), receipt.delivery_reference or "–",
         f"{receipt.seats:,}", amount(receipt.amount, receipt.currency)]
        for receipt in receipts
    ]  # fmt: skip
    table = Table(columns("Receipt", "When", "Their reference", "Seats#", "Amount#"), rows)
    return [Panel("Receipts", table, count=len(rows))] if rows else []


def events_to_buy(order):
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


def places_to_buy(event):
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


GROUPED = ("supplier__name", "line__order__basis", "currency")


@panel("bookings.eventchange", needs="suppliers.accountspayable")
def owed_for_changed_event(request, change):
    """Whose seats would stay on the agency's hands: what each supplier delivered for the event."""
    bought = Acquisition.objects.filter(event_seat__event=change.event_id, returned_at=None)
    found = bought.values(*GROUPED).annotate(
        seats=Count("pk"),
        cost=Sum("unit_cost"),
        sold=Count("pk", filter=Q(event_seat__status="SOLD")),
        sold_cost=Sum("unit_cost", filter=Q(event_seat__status="SOLD")),
        to_return=Count("pk", filter=Q(return_by__gte=local_today())),
    )
    rows = [[*_owed(row), f"{row['to_return']:,}"] for row in found.order_by(*GROUPED)]
    titles = columns(
        *("Supplier", "Basis", "Seats#", "At cost#", "Of them sold#", "Owed for them today#"),
        *("Owed once all are given back#", "Can go back to him#"),
    )
    table = Table(titles, rows, empty="None of its seats was bought.")
    return Panel("Owed to suppliers for its seats", table)


def _owed(row):
    """What is bought firmly is owed, or was paid, until it goes back; what is consigned only while it
    is sold."""
    is_firm, currency = row["line__order__basis"] == Basis.FIRM, row["currency"]
    return [
        row["supplier__name"],
        Basis(row["line__order__basis"]).label,
        f"{row['seats']:,}",
        amount(row["cost"], currency),
        f"{row['sold']:,}",
        amount(row["cost"] if is_firm else row["sold_cost"] or 0, currency),
        amount(row["cost"] if is_firm else 0, currency),
    ]
