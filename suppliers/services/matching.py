"""The three-way match: what an invoice asks, what the order agreed, what was received."""

from dataclasses import dataclass, field

from django.db.models import Sum

from agencies.queries import current_agency
from core.money import Money, total
from core.words import many
from suppliers.models import (
    Acquisition,
    InvoiceLine,
    InvoiceStatus,
    LandedCost,
    PurchaseOrderLine,
)


@dataclass(frozen=True)
class Billed:
    """A line of an invoice: seats of an order line, an extra cost of the order, or something else."""

    unit_price: Money
    quantity: int = 1
    line: PurchaseOrderLine | None = None
    landed_cost: LandedCost | None = None
    description: str = ""

    @property
    def amount(self):
        return self.unit_price * self.quantity

    @property
    def words(self):
        return self.description or str(self.line or self.landed_cost or "Something else")


@dataclass
class Verdict:
    """What came of comparing an invoice: a sentence for each difference, their sum without signs, what
    its seats cost by the receipts, and whether it asks for seats that have not arrived, or that
    another invoice asks for."""

    expected: Money
    off: Money
    findings: list = field(default_factory=list)
    is_ahead: bool = False

    @property
    def fits(self):
        return not self.is_ahead and self.off <= tolerance(self.expected)

    def differ(self, money, sentence):
        self.findings.append(sentence)
        self.off += max(money, -money)


def tolerance(expected):
    """By how much an invoice of so much may differ, as Money: the smaller of the agency's percentage
    and its amount, which is in the agency's currency and allows nothing in another."""
    agency = current_agency()
    if expected.currency != agency.currency:
        return Money.zero(expected.currency)
    share = Money.rounded(
        expected.amount * agency.invoice_tolerance_percent / 100, expected.currency
    )
    return min(share, Money(agency.invoice_tolerance, agency.currency))


def compare(order, billed, *, but_for=None):
    """The Verdict on these Billed lines of a locked order; the invoice `but_for` does not count as
    entered before."""
    zero = Money.zero(order.currency)
    before = InvoiceLine.objects.filter(invoice__order=order).exclude(
        invoice__status=InvoiceStatus.REFUSED
    )
    if but_for:
        before = before.exclude(invoice=but_for)
    verdict = Verdict(expected=zero, off=zero)
    for line in order.lines.all():
        _compare_seats(verdict, line, [each for each in billed if each.line == line], before)
    for cost in order.landed_costs.all():
        _compare_extra(verdict, cost, [each for each in billed if each.landed_cost == cost], before)
    _compare_shares(verdict, order, billed, before)
    for each in billed:
        if each.line is None and each.landed_cost is None:
            verdict.differ(
                each.amount, f"{each.words}: {each.amount.display()} is not on the order."
            )
    return verdict


def _compare_seats(verdict, line, billed, before):
    known = before.filter(line=line).aggregate(seats=Sum("quantity"))["seats"] or 0
    asked, waiting = sum(each.quantity for each in billed), line.received - known
    if asked > waiting:
        verdict.is_ahead = True
        verdict.findings.append(
            f"{line}: {many(asked, 'seat is', 'seats are')} invoiced, {max(waiting, 0):,} have arrived "
            f"and were not invoiced before.{_asked_by_others(line, before)}"
        )
    verdict.expected += _cost_of_seats(line, known, known + min(asked, max(waiting, 0)))
    for each in billed:
        if each.unit_price != line.cost:
            verdict.differ(
                (each.unit_price - line.cost) * each.quantity,
                f"{line}: {each.unit_price.display()} a seat is invoiced, "
                f"{line.cost.display()} was agreed.",
            )


def _asked_by_others(line, before):
    """Words for the invoices that asked for seats of the line before; empty without any."""
    rows = before.filter(line=line).order_by("invoice__entered_at", "invoice")
    asked = rows.values_list("invoice__number").annotate(seats=Sum("quantity"))
    words = [f"{number} asks for {seats:,} already" for number, seats in asked]
    return f" {', '.join(words)}." if words else ""


def _cost_of_seats(line, first, last):
    """What these of the line's seats cost, in the order in which they came, extra costs included."""
    seats = Acquisition.objects.filter(line=line).order_by("pk")[first:last]
    return Money(sum(seats.values_list("unit_cost", flat=True)), line.currency)


def _compare_extra(verdict, cost, billed, before):
    known = before.filter(landed_cost=cost).aggregate(amount=Sum("amount"))["amount"] or 0
    asked = total((each.amount for each in billed), cost.currency)
    open_part = cost.money - Money(known, cost.currency)
    if asked > open_part:
        verdict.differ(
            asked - open_part,
            f"{cost}: {asked.display()} is invoiced, {open_part.display()} is still open on the "
            "order.",
        )


def _compare_shares(verdict, order, billed, before):
    """Extra costs may be invoiced before their seats, but not be left out when the last seats are."""
    if not order.landed_costs.exists() or any(line.outstanding for line in order.lines.all()):
        return
    lines = before.filter(line__isnull=False).aggregate(seats=Sum("quantity"))["seats"] or 0
    seats = lines + sum(each.quantity for each in billed if each.line)
    if seats < sum(line.received for line in order.lines.all()):
        return
    known = before.filter(landed_cost__isnull=False).aggregate(amount=Sum("amount"))["amount"] or 0
    asked = Money(known, order.currency) + total(
        (each.amount for each in billed if each.landed_cost), order.currency
    )
    agreed = total((cost.money for cost in order.landed_costs.all()), order.currency)
    if asked < agreed:
        verdict.differ(
            agreed - asked,
            f"Of the extra costs {asked.display()} is invoiced in all, {agreed.display()} was "
            "agreed.",
        )
