"""What buying has to do: orders, deliveries, debts, windows that close."""

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, DecimalField, F, Sum
from django.urls import reverse

from agencies.queries import local_today
from config.desk.parts import SHOWN, Part
from core.money import Money
from suppliers.admin_orders import WAITING_FOR_US
from suppliers.due import payables_due
from suppliers.models import (
    RECEIVABLE,
    AccountsPayable,
    InvoiceStatus,
    PurchaseOrder,
    SupplierInvoice,
)
from suppliers.models import Status as OrderStatus
from suppliers.queries import OPEN_DEBTS as UNPAID
from suppliers.queries import with_totals

SEATS = Sum("lines__ordered")
TO_COME = F("lines__ordered") - F("lines__received") - F("lines__cancelled")
COMING = {
    "to_come": Sum(TO_COME),
    "owed": Sum(F("lines__unit_cost") * TO_COME, output_field=DecimalField()),
}


@dataclass(frozen=True)
class Ordered:
    """An order with its sums: `seats` and `cost` as Money of what the part is about."""

    order: PurchaseOrder
    seats: int
    cost: Money
    days: int | None = None

    @property
    def waits_for_approval(self):
        order = self.order
        is_open = order.status == OrderStatus.PENDING and order.needs_approval
        return is_open and order.approved_by_id is None

    @property
    def next_step(self):
        if self.waits_for_approval:
            return reverse("admin:suppliers_purchaseorder_change", args=[self.order.pk])
        name = {
            OrderStatus.DRAFT: "submit" if self.seats else "add_line",
            OrderStatus.PENDING: "confirm",
        }.get(self.order.status, "receive")
        return reverse(f"admin:suppliers_purchaseorder_{name}", args=[self.order.pk])


def waiting(agency):
    """Orders that wait for us: submitted ones to be confirmed, then drafts."""
    orders = (
        with_totals(PurchaseOrder.objects.filter(WAITING_FOR_US))
        .select_related("supplier")
        .annotate(seats=SEATS)
        .order_by("-status", F("submitted_at").asc(nulls_last=True), "created_at", "pk")
    )
    rows = [
        Ordered(order, order.seats or 0, Money(order.total_cost, order.currency))
        for order in orders[:SHOWN]
    ]
    return Part(rows, PurchaseOrder.objects.filter(WAITING_FOR_US).count())


@dataclass(frozen=True)
class Deliveries(Part):
    """`seats` are those still to come of all of them."""

    seats: int


def deliveries(agency):
    """Confirmed orders of which seats are still to come, the latest due first."""
    today = local_today()
    orders = (
        PurchaseOrder.objects.filter(status__in=RECEIVABLE)
        .select_related("supplier")
        .annotate(**COMING)
        .order_by(F("expected_on").asc(nulls_last=True), "pk")
    )
    rows = [
        Ordered(
            order,
            order.to_come,
            Money(order.owed, order.currency),
            (order.expected_on - today).days if order.expected_on else None,
        )
        for order in orders[:SHOWN]
    ]
    coming = PurchaseOrder.objects.filter(status__in=RECEIVABLE).aggregate(
        count=Count("pk", distinct=True), seats=Sum(TO_COME)
    )
    return Deliveries(rows, coming["count"], coming["seats"] or 0)


@dataclass(frozen=True)
class Payables(Part):
    """`soon` is what is due within 7 days, [Money] by currency, the agency's own first."""

    soon: list


def payables(agency):
    """What is owed to suppliers, the most urgent first."""
    today = local_today()
    unpaid = AccountsPayable.objects.filter(status__in=UNPAID)
    soon = dict(
        unpaid.filter(due_on__lte=today + timedelta(days=7))
        .order_by("currency")
        .values_list("currency")
        .annotate(left=Sum(F("amount") - F("paid")))
    )
    own = Money(soon.pop(agency.currency, 0), agency.currency)
    others = [Money(amount, currency) for currency, amount in soon.items()]
    return Payables(payables_due(SHOWN), unpaid.count(), [own, *others])


def mismatches(agency):
    """Invoices that do not match what was ordered and received, the oldest first."""
    waiting = SupplierInvoice.objects.filter(status=InvoiceStatus.EXCEPTION)
    rows = waiting.select_related("supplier", "order").order_by("entered_at", "pk")[:SHOWN]
    return Part(list(rows), waiting.count())
