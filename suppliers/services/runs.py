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
    SupplierPayment,
)
from suppliers.queries import OPEN_DEBTS
from suppliers.services.approving import MayNotApprove
from suppliers.services.credits import use_of_supplier
from suppliers.services.paying import send
from suppliers.services.settling import NotPayable


class RunChanged(NotPayable):
    """The debts, credit notes or bank accounts of a run are not what they were when it was proposed."""

    code = "run_changed"


@dataclass(frozen=True)
class Planned:
    """A debt in a run: so much of it by credit notes, so much in money."""

    debt: AccountsPayable
    credit: Money
    money: Money


@dataclass(frozen=True)
class Plan:
    """What a run over some debts would do: `lines` of Planned by supplier and due date; `left_out` the
    debts that are held, `without_account` those that money cannot be sent for."""

    currency: str
    lines: list
    left_out: list = field(default_factory=list)
    without_account: list = field(default_factory=list)

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
    first, the rest in money, for which their supplier needs a bank account."""
    plan = Plan(currency, [], [debt for debt in debts if debt.is_held])
    free = [debt for debt in debts if not debt.is_held]
    credits = credits_of({debt.supplier_id for debt in free}, currency)
    for debt in free:
        credit = min(debt.left, credits.get(debt.supplier_id, Money.zero(currency)))
        money = debt.left - credit
        if money and not debt.supplier.bank_account:
            plan.without_account.append(debt)
            continue
        if credit:
            credits[debt.supplier_id] -= credit
        plan.lines.append(Planned(debt, credit, money))
    return plan


def credits_of(supplier_ids, currency, *, but_for=None):
    """{supplier id: Money}: what is left of their credit notes and no open run counts on, but for the
    run `but_for`."""
    zero = Money.zero(currency)
    notes = CreditNote.objects.filter(supplier__in=supplier_ids, currency=currency).order_by()
    found = notes.values_list("supplier").annotate(left=Sum(F("amount") - F("used")))
    planned = PaymentRunLine.objects.filter(
        payable__supplier__in=supplier_ids, currency=currency, is_open=True
    ).exclude(run=but_for)
    taken = planned.order_by().values_list("payable__supplier").annotate(credit=Sum("credit"))
    counted_on = dict(taken)
    return {
        supplier: max(zero, Money(left - counted_on.get(supplier, 0), currency))
        for supplier, left in found
    }


@use_case
def propose_run(*, debt_ids, pay_on, money=None, by=None):
    """A PROPOSED run over these debts; returns the PaymentRun. `money` is the sum that was seen: when
    it is another by now, nothing is proposed.

    Raises NotPayable for a debt that is held, settled or in another open run.
    """
    lock(AccountsPayable.objects.filter(pk__in=debt_ids))
    debts = _together(debt_ids)
    _lock_credits(debts)
    plan = plan_run(debts, currency=debts[0].currency)
    _check(plan, debt_ids, pay_on)
    if money is not None and (money.amount, money.currency) != (plan.money.amount, plan.currency):
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
            bank_account=line.debt.supplier.bank_account,
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


def _lock_credits(debts):
    """Locks every credit note of the suppliers of these debts: who plans with them is alone."""
    suppliers = {debt.supplier_id for debt in debts}
    lock(CreditNote.objects.filter(supplier__in=suppliers))


def _check(plan, debt_ids, pay_on):
    if plan.left_out:
        raise NotPayable(f"{len(plan.left_out)} of these debts are held. Nothing was proposed.")
    if plan.without_account:
        names = ", ".join(sorted({debt.supplier.name for debt in plan.without_account}))
        raise NotPayable(
            f"No bank account is known of {names}. Enter it, or leave these debts out and pay them "
            "by other means. Nothing was proposed."
        )
    settled = [line.debt for line in plan.lines if line.debt.status not in OPEN_DEBTS]
    if settled or len(plan.lines) < len(set(debt_ids)):
        raise NotPayable("Some of these debts have been settled meanwhile. Nothing was proposed.")
    if pay_on < local_today():
        raise Invalid("The day of payment has gone by.")


@use_case
def approve_run(*, run, by):
    """PROPOSED → APPROVED by somebody else than who proposed it, up to what they may approve: exactly
    its lines, as they were proposed. Returns the PaymentRun; raises MayNotApprove, RunChanged."""
    run = lock_one(PaymentRun.objects.filter(pk=run.pk))
    reason = why_not(run, by)
    if reason:
        raise MayNotApprove(reason)
    run.move_to(RunStatus.APPROVED)
    _locked_lines(run)
    run.approved_at, run.approved_by = Now(), by
    run.save(update_fields=["status", "approved_at", "approved_by"])
    failpoints.reach("approve_run.before_commit")
    return run


def why_not(run, by):
    """Why this member cannot approve the run, as a sentence; empty when he can."""
    if run.proposed_by_id == by.pk:
        return f"{run} is approved by somebody else than who proposed it."
    if not may_approve(by, run.money):
        return f"{run} is of {run.money.display()}, which is more than you may approve."
    return ""


@use_case
def pay_run(*, run, by=None):
    """APPROVED → PAID: credit notes are used as planned, each supplier is paid once for the rest.
    Returns the PaymentRun; for one that is paid already nothing is done.

    All or nothing: raises RunChanged when a debt, a credit note or a bank account is not what it was
    when the run was approved.
    """
    run = lock_one(PaymentRun.objects.filter(pk=run.pk))
    if run.status == RunStatus.PAID:
        return run
    run.move_to(RunStatus.PAID)
    lines, debts = _locked_lines(run)
    for supplier_id, part in _of_suppliers(lines, debts).items():
        _pay_supplier(run, supplier_id, part, by)
        failpoints.reach("pay_run.after_supplier")
    run.paid_at, run.paid_by = Now(), by
    run.save(update_fields=["status", "paid_at", "paid_by"])
    run.lines.update(is_open=False)
    failpoints.reach("pay_run.before_commit")
    return run


def _locked_lines(run):
    """(lines of a locked run, {debt id: its locked debt}), their credit notes locked too. Raises
    RunChanged unless all is as it was proposed."""
    lines = list(run.lines.order_by("pk"))
    debts = AccountsPayable.objects.filter(run_lines__run=run)
    _lock_credits(lock(debts))
    debts = _by_id(debts)
    changes = _differences(run, lines, debts)
    if changes:
        raise RunChanged(
            f"{run} is not what was proposed any more: {'; '.join(changes)}. Nothing was done. "
            "Cancel it and propose it anew.",
            changes=changes,
        )
    return lines, debts


def changes_of(run):
    """What is not as it was when an open run was proposed, in words."""
    debts = _by_id(AccountsPayable.objects.filter(run_lines__run=run))
    return _differences(run, list(run.lines.order_by("pk")), debts)


def _by_id(debts):
    return {debt.pk: debt for debt in debts.select_related("supplier")}


def _differences(run, lines, debts):
    found = [_difference(line, debts[line.payable_id]) for line in lines]
    added = Money(sum(line.amount for line in lines), run.currency)
    if added != run.money:
        found.append(f"its lines are {added.display()}, not {run.money.display()}")
    return [*filter(None, found), *_credit_differences(run, lines, debts)]


def _difference(line, debt):
    planned = Money(line.amount + line.credit, line.currency)
    what = f"the debt of {debt} to {debt.supplier}"
    if debt.is_held:
        return f"{what} is held, its invoice does not match"
    if debt.left != planned:
        return f"{debt.left.display()} is left of {what}, not {planned.display()}"
    if line.amount and debt.supplier.bank_account != line.bank_account:
        return f"the bank account of {debt.supplier} is another one"
    return ""


def _credit_differences(run, lines, debts):
    """Sentences about suppliers of whose credit notes more or less can be used than was planned."""
    zero = Money.zero(run.currency)
    suppliers = {debt.supplier_id: debt.supplier for debt in debts.values()}
    usable = credits_of(suppliers, run.currency, but_for=run)
    found = []
    for supplier_id, parts in _of_suppliers(lines, debts).items():
        planned = sum((credit for _, credit, _ in parts), zero)
        owed = sum((credit + money for _, credit, money in parts), zero)
        now = min(usable.get(supplier_id, zero), owed)
        if now != planned:
            found.append(
                f"{now.display()} of the credit notes of {suppliers[supplier_id]} can be used, not "
                f"{planned.display()}"
            )
    return found


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
        supplier_id=supplier_id,
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
