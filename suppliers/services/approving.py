"""From a draft to a confirmed order: what is checked, and who must agree."""

from django.db.models.functions import Now

from agencies.models import Agency
from agencies.queries import local_today, may_approve
from core.errors import DomainError
from core.locks import lock, lock_one
from core.money import Money
from core.tenancy import current_agency_id
from core.transactions import use_case
from suppliers.models import LineStatus, PurchaseOrder, Status, Supplier
from suppliers.queries import exposure_to
from suppliers.services.drafting import NotOrderable, locked
from suppliers.services.landed import extra_costs, spread_over, total_of
from suppliers.services.lines import night_of


class OutOfContract(DomainError):
    """The supplier’s contract does not cover the order."""

    code = "out_of_contract"


class OverCreditLine(DomainError):
    """The agency would owe the supplier more than he allows."""

    code = "over_credit_line"


class NotApproved(DomainError):
    """A second person has to approve the order first."""

    code = "not_approved"


class MayNotApprove(DomainError):
    """Who asks cannot approve this order; the sentence says why."""

    code = "may_not_approve"
    status = 403


@use_case
def submit_order(*, order, by):
    """DRAFT → PENDING. Raises NotOrderable without lines, for an inactive supplier, or for a day that
    has gone by or is after the event; OutOfContract, OverCreditLine. Above the agency's limit the
    order then needs the approval of somebody else."""
    order = locked(order)
    if not order.lines.exists():
        raise NotOrderable(f"{order} has no lines yet.")
    order.move_to(Status.PENDING)
    _check_days(order)
    _check_supplier(order)
    order.submitted_at, order.submitted_by = Now(), by
    order.needs_approval = is_above_limit(total_of(order))
    order.save()
    return _reread(order)


def is_above_limit(amount):
    """Whether an order of this amount (Money) needs a second person: above the agency's limit, or in a
    currency in which the limit says nothing."""
    agency = Agency.objects.get(pk=current_agency_id())
    if agency.approval_above is None:
        return False
    return amount.currency != agency.currency or amount.amount > agency.approval_above


def _check_days(order):
    """What is ordered now cannot have come before today, nor does it help after the event."""
    today = local_today()
    for line in order.lines.select_related("event__venue").order_by("position"):
        day, night = line.expected_on or order.expected_on, night_of(line.event)
        if day and day < today:
            raise NotOrderable(
                f"{order} is expected on {day:%-d %b %Y}, which has gone by: put in the day it will "
                "come, or leave it empty."
            )
        if day and day > night:
            raise NotOrderable(
                f"{order} is expected on {day:%-d %b %Y}, after {line.event} on {night:%-d %b %Y}: "
                "put in an earlier day, or leave it empty."
            )


def _check_supplier(order):
    """The supplier is active, under contract, and lets the agency owe so much."""
    supplier = lock_one(Supplier.objects.filter(pk=order.supplier_id))
    if not supplier.is_active:
        raise NotOrderable(f"{supplier} is not active; nothing can be ordered there.")
    _check_contract(order, supplier)
    if order.is_owed_on_delivery and supplier.credit_line is not None:
        _check_credit(order, supplier)


def _check_contract(order, supplier):
    begins, ends = supplier.contract_starts_on, supplier.contract_ends_on
    days = {"today": local_today()}
    for line in order.lines.select_related("event"):
        days[str(line.event)] = night_of(line.event)
    for what, day in days.items():
        if (begins and day < begins) or (ends and day > ends):
            raise OutOfContract(
                f"The contract with {supplier} {_in_force(begins, ends)}; it does not cover "
                f"{what} ({day:%-d %b %Y})."
            )


def _in_force(begins, ends):
    words = [f"runs from {begins:%-d %b %Y}"] if begins else ["runs"]
    return " ".join([*words, f"until {ends:%-d %b %Y}"] if ends else words)


def _check_credit(order, supplier):
    if order.currency != supplier.currency:
        raise OverCreditLine(
            f"The credit line of {supplier} is in {supplier.currency}, {order} is in "
            f"{order.currency}: put the line into this currency or take it out."
        )
    line = Money(supplier.credit_line, supplier.currency)
    found, this = exposure_to(supplier, without=order), total_of(order)
    if found.open + this <= line:
        return
    raise OverCreditLine(
        f"{supplier} lets us owe {line.display()}: {(found.owed + found.unsettled).display()} are "
        f"owed, {found.expected.display()} are on confirmed orders, and this order is "
        f"{this.display()}; {(found.open + this - line).display()} too much.",
        credit_line=str(line.amount),
        owed=str((found.owed + found.unsettled).amount),
        expected=str(found.expected.amount),
        order=str(this.amount),
        currency=line.currency,
    )


@use_case
def withdraw_order(*, order):
    """PENDING → DRAFT, to be changed; what was approved of it counts no more."""
    order = locked(order)
    order.move_to(Status.DRAFT)
    order.submitted_at = order.submitted_by = None
    order.approved_at = order.approved_by = None
    order.needs_approval = False
    order.save()
    return _reread(order)


@use_case
def approve_order(*, order, by, version=None):
    """A second person agrees to a submitted order; with `version` only to the order as it was then.
    Raises MayNotApprove, NotOrderable."""
    order = locked(order)
    if order.status != Status.PENDING or not order.needs_approval or order.approved_by_id:
        raise NotOrderable(f"{order} waits for no approval.")
    if version not in (None, order.version):
        raise NotOrderable(f"{order} has changed meanwhile. Please look once more.")
    _check_approver(order, by)
    order.approved_at, order.approved_by = Now(), by
    order.save()
    return _reread(order)


def _check_approver(order, by):
    reason = why_not(order, by)
    if reason:
        raise MayNotApprove(reason)


def why_not(order, by):
    """Why this member cannot approve the order, as a sentence; empty when he can."""
    if order.submitted_by_id == by.pk:
        return f"{order} was submitted by you; somebody else has to approve it."
    amount = total_of(order)
    if not may_approve(by, amount):
        return f"{order} costs {amount.display()}; that is beyond what you approve."
    return ""


@use_case
def confirm_order(*, order, by):
    """PENDING → CONFIRMED with all its lines: the supplier has agreed, deliveries may come. Fixes each
    line's share of the extra costs. Raises NotApproved, and what submitting raises."""
    order = locked(order)
    lines = lock(order.lines.all())
    order.move_to(Status.CONFIRMED)
    if order.needs_approval and order.approved_by_id is None:
        raise NotApproved(f"{order} needs the approval of a second person first.")
    _check_supplier(order)
    order.confirmed_at, order.confirmed_by = Now(), by
    order.save()
    for line, share in zip(lines, spread_over(lines, extra_costs(order)), strict=True):
        line.landed = share.amount
        line.move_to(LineStatus.CONFIRMED)
        line.save(update_fields=["status", "landed"])
    return _reread(order)


def _reread(order):
    return PurchaseOrder.objects.select_related("supplier").get(pk=order.pk)
