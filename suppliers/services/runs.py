"""Paying many debts together: proposed, approved by a second person, paid once."""

from dataclasses import dataclass, field
from itertools import groupby

from django.db.models import F, Sum
from django.db.models.functions import Now

from agencies.queries import local_today, may_approve
from core import failpoints
from core.errors import Invalid
from core.locks import lock, lock_one
from core.money import Money, total
from core.numbering import next_number
from core.transactions import use_case
from suppliers.models import (
    AccountsPayable,
    CreditNote,
    PaymentRun,
    PaymentRunLine,
    RunStatus,
    Supplier,
    SupplierPayment,
)
from suppliers.queries import OPEN_DEBTS
from suppliers.services.approving import MayNotApprove
from suppliers.services.credits import use_of_supplier
from suppliers.services.paying import send
from suppliers.services.settling import NotPayable


@dataclass(frozen=True)
class Planned:
    """A debt in a run: so much of it by credit notes, so much in money."""

    debt: AccountsPayable
    credit: Money
    money: Money


@dataclass(frozen=True)
class Plan:
    """What a run over some debts would do: `lines` of Planned by supplier and due date; `left_out` the
    debts that are held."""

    currency: str
    lines: list
    left_out: list = field(default_factory=list)

    @property
    def money(self):
        return total((line.money for line in self.lines), self.currency)

    @property
    def credit(self):
        return total((line.credit for line in self.lines), self.currency)

    def by_supplier(self):
        """[(Supplier, [Planned, …])] by name."""
        return [
            (supplier, list(lines))
            for supplier, lines in groupby(self.lines, key=lambda line: line.debt.supplier)
        ]


def payable_now(*, currency, due_by=None, supplier=None):
    """Open debts in no open run as a queryset, held ones too; by supplier, then due date."""
    debts = AccountsPayable.objects.filter(status__in=OPEN_DEBTS, currency=currency).exclude(
        run_lines__is_open=True
    )
    if due_by:
        debts = debts.filter(due_on__lte=due_by)
    if supplier:
        debts = debts.filter(supplier=supplier)
    return debts.select_related("supplier", "receipt", "statement", "invoice").order_by(
        "supplier__name", "supplier", "due_on", "pk"
    )


def plan_run(debts, *, currency):
    """The Plan of paying these open debts of one currency, sorted as `payable_now` does: credit notes
    first, the rest in money."""
    held = [debt for debt in debts if debt.is_held]
    free = [debt for debt in debts if not debt.is_held]
    credits = _credits_of({debt.supplier_id for debt in free}, currency)
    lines = []
    for debt in free:
        credit = min(debt.left, credits.get(debt.supplier_id, Money.zero(currency)))
        if credit:
            credits[debt.supplier_id] -= credit
        lines.append(Planned(debt, credit, debt.left - credit))
    return Plan(currency, lines, held)


def _credits_of(supplier_ids, currency):
    rows = CreditNote.objects.filter(supplier__in=supplier_ids, currency=currency).order_by()
    sums = rows.values_list("supplier").annotate(left=Sum(F("amount") - F("used")))
    return {supplier: Money(left, currency) for supplier, left in sums}


@use_case
def propose_run(*, debt_ids, pay_on, money=None, by=None):
    """A PROPOSED run over these debts; returns the PaymentRun. `money` is the sum that was seen: when
    it is another by now, nothing is proposed.

    Raises NotPayable for a debt that is held, settled or in another open run.
    """
    lock(AccountsPayable.objects.filter(pk__in=debt_ids))
    debts = list(_together(debt_ids))
    plan = plan_run(debts, currency=debts[0].currency)
    _check(plan, debt_ids, pay_on)
    if money is not None and money != plan.money:
        raise NotPayable(
            f"It would be {plan.money.display()} now, not {money.display()}. Please look once more."
        )
    year = local_today().year
    run = PaymentRun.objects.create(
        number=f"PR-{year}-{next_number(f'run-{year}'):04d}",
        pay_on=pay_on,
        amount=plan.money.amount,
        currency=plan.currency,
        proposed_by=by,
    )
    PaymentRunLine.objects.bulk_create(
        PaymentRunLine(
            run=run,
            payable=line.debt,
            amount=line.money.amount,
            credit=line.credit.amount,
            currency=plan.currency,
        )
        for line in plan.lines
    )
    failpoints.reach("propose_run.before_commit")
    return run


def _together(debt_ids):
    """The debts, read after their lock. Raises NotPayable unless they can be in a run together."""
    debts = AccountsPayable.objects.filter(pk__in=debt_ids).select_related("supplier", "invoice")
    debts = list(debts.order_by("supplier__name", "supplier", "due_on", "pk"))
    taken = PaymentRunLine.objects.filter(payable__in=debt_ids, is_open=True).select_related("run")
    for line in taken:
        raise NotPayable(f"{line.run} pays some of these debts already. Nothing was proposed.")
    if not debts:
        raise Invalid("There is nothing to pay.")
    if len({debt.currency for debt in debts}) > 1:
        raise Invalid("A run pays in one currency.")
    return debts


def _check(plan, debt_ids, pay_on):
    if plan.left_out:
        raise NotPayable(f"{len(plan.left_out)} of these debts are held. Nothing was proposed.")
    settled = [line.debt for line in plan.lines if line.debt.status not in OPEN_DEBTS]
    if settled or len(plan.lines) < len(set(debt_ids)):
        raise NotPayable("Some of these debts have been settled meanwhile. Nothing was proposed.")
    if pay_on < local_today():
        raise Invalid("The day of payment has gone by.")


@use_case
def approve_run(*, run, by):
    """PROPOSED → APPROVED by somebody else than who proposed it, up to what they may approve. Returns
    the PaymentRun; raises MayNotApprove."""
    run = lock_one(PaymentRun.objects.filter(pk=run.pk))
    if run.proposed_by_id == by.pk:
        raise MayNotApprove(f"{run} is approved by somebody else than who proposed it.")
    if not may_approve(by, run.money):
        raise MayNotApprove(
            f"{run} is of {run.money.display()}, which is more than you may approve."
        )
    run.move_to(RunStatus.APPROVED)
    run.approved_at, run.approved_by = Now(), by
    run.save(update_fields=["status", "approved_at", "approved_by"])
    return run


@use_case
def pay_run(*, run, by=None):
    """APPROVED → PAID: credit notes are used as planned, each supplier is paid once for the rest.
    Returns the PaymentRun; for one that is paid already nothing is done.

    All or nothing: raises NotPayable or NotUsable when a debt or a credit note is not what it was when
    the run was approved.
    """
    run = lock_one(PaymentRun.objects.filter(pk=run.pk))
    if run.status == RunStatus.PAID:
        return run
    run.move_to(RunStatus.PAID)
    lines = list(run.lines.order_by("pk"))
    debts = lock(AccountsPayable.objects.filter(pk__in=[line.payable_id for line in lines]))
    by_key = {debt.pk: debt for debt in debts}
    for supplier_id, part in _of_suppliers(lines, by_key).items():
        _pay_supplier(run, supplier_id, part, by)
        failpoints.reach("pay_run.after_supplier")
    run.lines.update(is_open=False)
    run.paid_at, run.paid_by = Now(), by
    run.save(update_fields=["status", "paid_at", "paid_by"])
    failpoints.reach("pay_run.before_commit")
    return run


def _of_suppliers(lines, debts):
    """{supplier id: [(debt, credit, money)]}, suppliers and debts in the order of the lines."""
    found = {}
    for line in lines:
        debt = debts[line.payable_id]
        part = debt, Money(line.credit, line.currency), Money(line.amount, line.currency)
        found.setdefault(debt.supplier_id, []).append(part)
    return found


def _pay_supplier(run, supplier_id, parts, by):
    for debt, credit, _ in parts:
        if credit:
            use_of_supplier(debt, credit, by=by)
    sums = [(debt, money) for debt, _, money in parts if money]
    if not sums:
        return
    payment = SupplierPayment(
        key=f"run:{run.pk}:{supplier_id}",
        supplier=Supplier.objects.get(pk=supplier_id),
        run=run,
        bank_reference=run.number,
        paid_on=run.pay_on,
        booked_by=by,
    )
    send(payment, total((money for _, money in sums), run.currency), sums)


@use_case
def cancel_run(*, run):
    """Gives a run up that is not paid: its debts are free for another. Returns the PaymentRun."""
    run = lock_one(PaymentRun.objects.filter(pk=run.pk))
    run.move_to(RunStatus.CANCELLED)
    run.cancelled_at = Now()
    run.save(update_fields=["status", "cancelled_at"])
    run.lines.update(is_open=False)
    return run
