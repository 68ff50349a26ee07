"""Payouts that have arrived: a line on the bank statement is the money that a provider has sent."""

from datetime import timedelta

from core.errors import Invalid
from core.locks import lock_one, one_at_a_time
from core.money import Money
from core.status import WrongState
from core.tenancy import current_agency_id
from core.transactions import use_case
from payments.ledger import post
from payments.models import Account, BankLine, LineStatus, Payout, PayoutStatus
from payments.statements import plain

NEAR = timedelta(days=10)
"""How far from the day that the provider named a bank may book a payout."""


class NotThisPayout(Invalid):
    """The money on the statement is not what this payout is; nothing was booked."""

    code = "not_this_payout"


def alone():
    """Until this transaction ends nobody else of this agency reads statements in, sorts their lines out
    or writes payouts down."""
    one_at_a_time(f"bank {current_agency_id()}")


def match_arrivals(money):
    """Puts the payouts of this amount that are on their way together with the lines of statements that
    can only be they. Who calls it is `alone`."""
    payouts = list(awaited_payouts(money).order_by("arrives_on", "pk"))
    lines = BankLine.objects.filter(
        status=LineStatus.EXCEPTION, payment=None, amount=money.amount, currency=money.currency
    )
    lines = list(lines.order_by("booked_on", "pk")) if payouts else []
    for test in (_is_traced, _is_likely):
        pairs = [(line, one) for line in lines for one in payouts if test(line, one)]
        for line, payout in pairs:
            if sum(line is a or payout is b for a, b in pairs) == 1:
                arrive(payout, line)
                lines.remove(line)
                payouts.remove(payout)


def awaited_payouts(money):
    """Payouts of this amount that the bank has not received by our books."""
    return Payout.objects.filter(
        status=PayoutStatus.PAID, amount=money.amount, currency=money.currency
    )


def _is_traced(line, payout):
    return bool(payout.trace) and plain(payout.trace) in plain(line.text)


def _is_likely(line, payout):
    says = plain(payout.descriptor)
    is_near = abs(line.booked_on - payout.arrives_on) <= NEAR
    return is_near and bool(says) and says in plain(f"{line.payer} {line.text}")


def arrive(payout, line):
    payout.bank_line = line
    payout.move_to(PayoutStatus.ARRIVED)
    payout.save(update_fields=["bank_line", "status"])
    line.move_to(LineStatus.PAYOUT)
    line.problem = ""
    line.save(update_fields=["status", "problem"])
    _post(payout, "arrived", Account.UNASSIGNED_MONEY, payout.money)


def _post(payout, kind, account, money):
    post(
        source="payout",
        source_id=payout.pk,
        kind=kind,
        lines=[(account, money), (Account.MONEY_ON_ITS_WAY, -money)],
    )


@use_case
def assign_payout(line_id, *, payout_id):
    """A person says which payout the money on a statement is; returns the Payout. Raises WrongState,
    NotThisPayout when the amounts differ."""
    alone()
    line = lock_one(BankLine.objects.filter(pk=line_id))
    payout = lock_one(Payout.objects.filter(pk=payout_id))
    if line.status != LineStatus.EXCEPTION:
        raise WrongState("This money is sorted out already.")
    if payout.status != PayoutStatus.PAID:
        raise WrongState(f"This payout is not awaited: {payout.get_status_display().lower()}.")
    if (line.amount, line.currency) != (payout.amount, payout.currency):
        raise NotThisPayout(f"{line.money.display()} came, and {payout.money.display()} were sent.")
    arrive(payout, line)
    return payout


@use_case
def bank_debited(payout_id):
    """A person has seen on the bank account that a payout below zero was taken from it; returns the
    Payout. Raises WrongState."""
    alone()
    payout = lock_one(Payout.objects.filter(pk=payout_id))
    if payout.status != PayoutStatus.PAID or payout.amount >= 0:
        raise WrongState("Nothing is to be taken from the bank account for this payout.")
    payout.move_to(PayoutStatus.ARRIVED)
    payout.save(update_fields=["status"])
    _post(payout, "arrived", Account.BANK, Money(payout.amount, payout.currency))
    return payout
