"""What waits for the approval of who looks: nobody else's work, and not his own."""

from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse

from agencies.queries import approval_of
from bookings.changing import at_stake
from bookings.models import ChangeStatus, EventChange
from config.desk.parts import SHOWN, Part
from core.admin_parts import page_of
from core.money import Money
from suppliers.models import PaymentRun, RunStatus
from suppliers.queries import orders_to_approve


@dataclass(frozen=True)
class Approval:
    """An order, a payment run or a change of an event, for or by whom it is, what it costs, since when
    it waits."""

    thing: object
    words: str
    money: Money
    since: datetime
    address: str


def approvals(user, agency, *, begins=False):
    """Orders, payment runs and, for who `begins` them, changes of events that this member may approve,
    those waiting longest first."""
    found = [_order(order) for order in orders_to_approve(user)]
    found += _changes(user) if begins else []
    found += [_run(run) for run in _runs(user)]
    found.sort(key=lambda approval: approval.since)
    return Part(found[:SHOWN], len(found))


def _order(order):
    return Approval(
        thing=order,
        words=str(order.supplier),
        money=Money(order.total_cost, order.currency),
        since=order.submitted_at,
        address=reverse("admin:suppliers_purchaseorder_approve", args=[order.pk]),
    )


def _changes(user):
    proposed = EventChange.objects.filter(status=ChangeStatus.PROPOSED).exclude(made_by=user)
    may_approve = approval_of(user)
    found = []
    for change in proposed.select_related("event", "made_by"):
        money = at_stake(change)
        if money is not None and may_approve(money):
            words = f"Proposed by {change.made_by}"
            found.append(Approval(change, words, money, change.made_at, page_of(change)))
    return found


def _runs(user):
    proposed = PaymentRun.objects.filter(status=RunStatus.PROPOSED).exclude(proposed_by=user)
    may_approve = approval_of(user)
    return [run for run in proposed if may_approve(run.money)]


def _run(run):
    return Approval(
        thing=run,
        words=f"Payment run for {run.pay_on:%-d %b %Y}",
        money=Money(run.amount, run.currency),
        since=run.proposed_at,
        address=reverse("admin:suppliers_paymentrun_approve", args=[run.pk]),
    )
