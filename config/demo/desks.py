"""What lies on the desks of the back office: holds, a plan, a rule, invoices, payments, returns."""

from datetime import timedelta
from decimal import Decimal
from itertools import groupby

from django.utils import timezone

from agencies.models import Membership
from core.money import Money
from inventory.models import AllocationPlan, Hold, PricingRule, StockChannel
from inventory.services import Terms, Wanted, apply_plan, make_hold
from suppliers import services
from suppliers.models import AccountsPayable, DeliveryReceipt
from suppliers.returnable import proposals
from suppliers.services.matching import Billed

OPEN = (AccountsPayable.Status.UNPAID, AccountsPayable.Status.PARTIAL)
LEFT_OVERDUE = 2


def lay_out_work(programme, desk):
    """Something of everything that a day in the back office is about."""
    events = [event for _, event in programme if event.status == "ON_SALE"]
    roomy = sorted(events, key=lambda event: -event.seats.sellable().count())
    _hold(roomy[0], desk)
    _allocate(roomy[1], desk)
    _rule(desk)
    _invoice(desk)
    _pay_what_was_due(desk)
    _propose_a_run(desk)
    _send_back(desk)


def _hold(event, desk):
    """Seats for the band with a part for its crew, and some for the press that run out soon."""
    now = timezone.now()
    band = make_hold(
        event=event,
        wanted=Wanted(quantity=24),
        terms=Terms(Hold.Kind.ARTIST, "The band's guests", now + timedelta(days=20)),
        by=desk.buyer,
    )
    make_hold(
        event=event,
        wanted=Wanted(quantity=6),
        terms=Terms(Hold.Kind.ARTIST, "Crew"),
        by=desk.buyer,
        pool=band,
    )
    make_hold(
        event=event,
        wanted=Wanted(quantity=8, order="LAST"),
        terms=Terms(
            Hold.Kind.PRESS,
            "Critics",
            until=now + timedelta(days=3),
            notice_at=now + timedelta(days=2),
            owner=desk.owner,
        ),
        by=desk.owner,
    )


def _allocate(event, desk):
    """A tenth for partners and some of the last rows for groups; applied."""
    plan = AllocationPlan.objects.create(event=event, name="Before Christmas", made_by=desk.buyer)
    plan.shares.create(position=1, channel=StockChannel.PARTNER, percent=10)
    plan.shares.create(position=2, channel=StockChannel.GROUP, quantity=40, order="LAST")
    apply_plan(plan, by=desk.buyer)


def _rule(desk):
    """A rule that nobody has tried yet: it is off until it was."""
    PricingRule.objects.create(
        name="Last week, half the house left",
        days_to_event_to=7,
        sold_percent_to=50,
        basis=PricingRule.Basis.PRESENT,
        percent=Decimal(-10),
        direction=PricingRule.Direction.DOWN,
        made_by=desk.buyer,
    )


def _invoice(desk):
    """Invoices of the latest deliveries: five that match, one that asks too much a seat."""
    receipts = DeliveryReceipt.objects.filter(order__basis="FIRM", order__landed_costs=None)
    whole = receipts.filter(order__status="COMPLETED").select_related("order")
    latest = whole.order_by("-received_at", "pk")[:6]
    for number, receipt in enumerate(latest):
        extra = Decimal("1.50") if number == 0 else Decimal(0)
        services.enter_invoice(
            order=receipt.order,
            number=f"{receipt.received_at:%y}-{4410 + 17 * number}",
            invoiced_on=receipt.received_at.date(),
            billed=[
                Billed(Money(line.unit_cost + extra, line.currency), line.received, line)
                for line in receipt.order.lines.filter(received__gt=0)
            ],
            by=desk.staff[Membership.Role.FINANCE],
        )


def _pay_what_was_due(desk):
    """Debts of the past are paid, a run for each currency, but for the latest of them."""
    due = AccountsPayable.objects.filter(status__in=OPEN, is_held=False, due_on__lt=desk.today)
    past = due.order_by("-due_on", "pk")[LEFT_OVERDUE:]
    for _, debts in groupby(sorted(past, key=_currency), key=_currency):
        run = _run_over([debt.pk for debt in debts], desk)
        services.approve_run(run=run, by=desk.owner)
        services.pay_run(run=run, by=desk.staff[Membership.Role.FINANCE])


def _currency(debt):
    return debt.currency


def _propose_a_run(desk):
    soon = AccountsPayable.objects.filter(
        status__in=OPEN, is_held=False, currency="EUR", due_on__lte=desk.today + timedelta(days=14)
    )
    debts = list(soon.values_list("pk", flat=True))
    if debts:
        _run_over(debts, desk)


def _run_over(debts, desk):
    return services.propose_run(
        debt_ids=debts, pay_on=desk.today, by=desk.staff[Membership.Role.FINANCE]
    )


def _send_back(desk):
    """Two returns: one that the supplier has taken and credited, one that waits for his answer."""
    lines = [each for each in proposals(limit=20) if each.free >= 10]
    for number, line in enumerate(lines[:2]):
        (asked,) = services.request_returns(
            wanted={line.line_id: 10}, reason="Slow in these rows", by=desk.buyer
        )
        if number == 0:
            asked = services.accept_return(asked=asked, by=desk.buyer, supplier_reference="OK 118")
            services.credit_return(
                asked=asked,
                number="AV-2207",
                issued_on=desk.today,
                money=Money(asked.expected, asked.currency),
                by=desk.staff[Membership.Role.FINANCE],
            )
