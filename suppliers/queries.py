"""What the agency has bought, owes and may still be asked for, per supplier and order."""

from dataclasses import dataclass

from django.db.models import DecimalField, F, OuterRef, Q, Subquery, Sum, Value
from django.db.models.functions import Coalesce

from agencies.queries import approval_of, current_agency
from core.money import Money
from inventory.models import Ownership
from suppliers.models import (
    AGREED,
    RECEIVABLE,
    AccountsPayable,
    Acquisition,
    Basis,
    ConsignmentSale,
    LandedCost,
    PurchaseOrder,
    PurchaseOrderLine,
    Status,
    SupplierPayment,
)

OPEN_DEBTS = (AccountsPayable.Status.UNPAID, AccountsPayable.Status.PARTIAL)
NOTHING = Value(0, output_field=DecimalField())


def _sum_of(rows, expression):
    """A subquery: the sum of `expression` over rows that refer to the outer order."""
    rows = rows.filter(order=OuterRef("pk")).order_by().values("order")
    found = rows.annotate(found=Sum(expression, output_field=DecimalField())).values("found")
    return Coalesce(Subquery(found), NOTHING)


def with_totals(orders):
    """Orders with `seat_cost`, `extra_cost` and `total_cost`, Decimals of their currency."""
    seats = _sum_of(PurchaseOrderLine.objects, F("unit_cost") * F("ordered"))
    return orders.annotate(
        seat_cost=seats, extra_cost=_sum_of(LandedCost.objects, F("amount"))
    ).annotate(total_cost=F("seat_cost") + F("extra_cost"))


def orders_to_approve(user):
    """PENDING orders that wait for an approval this member may give, the oldest first, with totals."""
    waiting = PurchaseOrder.objects.filter(
        Q(submitted_by=None) | ~Q(submitted_by=user),
        status=Status.PENDING,
        needs_approval=True,
        approved_by=None,
    )
    found = with_totals(waiting.select_related("supplier", "submitted_by"))
    may_approve = approval_of(user)
    return [
        order
        for order in found.order_by("submitted_at", "pk")
        if may_approve(Money(order.total_cost, order.currency))
    ]


@dataclass(frozen=True)
class Exposure:
    """What is owed to a supplier, or will be: unpaid debts, seats sold on consignment and not settled,
    and what firm orders still expect. `advances` is what was paid and not used yet. Money all."""

    owed: Money
    unsettled: Money
    expected: Money
    advances: Money

    @property
    def open(self):
        return self.owed + self.unsettled + self.expected


def exposure_to(supplier, *, currency=None, without=None):
    """The Exposure to a supplier in a currency (that of its limits), leaving out one order."""
    currency = currency or supplier.currency

    def money(rows, expression):
        return Money(rows.aggregate(found=Sum(expression))["found"] or 0, currency)

    debts = AccountsPayable.objects.filter(
        supplier=supplier, currency=currency, status__in=OPEN_DEBTS
    )
    sales = ConsignmentSale.objects.filter(
        acquisition__supplier=supplier, currency=currency, statement=None
    )
    paid = SupplierPayment.objects.filter(supplier=supplier, currency=currency)
    return Exposure(
        owed=money(debts, F("amount") - F("paid")),
        unsettled=money(sales, "amount"),
        expected=_expected(supplier, currency, without),
        advances=money(paid, F("amount") - F("allocated")),
    )


def _expected(supplier, currency, without):
    """What confirmed firm orders will still cost when everything has arrived, as Money."""
    lines = PurchaseOrderLine.objects.filter(
        order__supplier=supplier,
        order__currency=currency,
        order__status__in=RECEIVABLE,
        order__basis=Basis.FIRM,
        ordered__gt=F("received") + F("cancelled"),
    ).exclude(order=without)
    left = F("unit_cost") * (F("ordered") - F("received") - F("cancelled"))
    sums = lines.aggregate(seats=Sum(left), landed=Sum("landed"))
    arrived = Acquisition.objects.filter(line__in=lines).aggregate(found=Sum("landed"))["found"]
    amount = (sums["seats"] or 0) + (sums["landed"] or 0) - (arrived or 0)
    return Money(amount, currency)


def readers_of_receipt(receipt):
    """[(e-mail address, whether it is one of ours)] of who is sent a receipt: the agency's address for
    buying, else who made the order or received it; and the supplier, if he wants it. Nobody before the
    order is agreed and the seats are ours."""
    order = receipt.order
    if order.status not in AGREED or not _is_owned(receipt):
        return []
    people = [user.email for user in (order.created_by, receipt.received_by) if user]
    ours = [address for address in (current_agency().purchasing_email, *people) if address][:1]
    supplier = order.supplier
    theirs = [supplier.email] if supplier.gets_receipts and supplier.email else []
    return [(address, True) for address in ours] + [
        (address, False) for address in theirs if address not in ours
    ]


def _is_owned(receipt):
    """Whether every place of a receipt became the agency's."""
    acquired = Acquisition.objects.filter(receipt=receipt)
    return acquired.exclude(event_seat__ownership=Ownership.NOT_OWNED).count() == receipt.seats
