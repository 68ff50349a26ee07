"""Setting payments and credit notes against debts: the only place where `paid`, `used` and
`allocated` grow. What is set against what is locked before, in the order of `core.locks`."""

from uuid import UUID

from django.db.models import F
from django.db.models.functions import Now

from core.errors import DomainError
from core.money import Money
from payments.ledger import post
from payments.models import Account
from suppliers.models import AccountsPayable, Allocation, CreditNote, SupplierPayment
from suppliers.queries import OPEN_DEBTS


class NotPayable(DomainError):
    """This debt cannot be paid, or not so much of it; nothing was booked."""

    code = "not_payable"


class NotUsable(DomainError):
    """This credit note or advance cannot be used so; nothing was booked."""

    code = "not_usable"


def check_debt(debt, money):
    """Raises NotPayable unless so much of a locked debt may be settled now."""
    if debt.status not in OPEN_DEBTS:
        raise NotPayable(f"The debt of {debt} is {debt.get_status_display().lower()}.")
    if debt.is_held:
        raise NotPayable(f"The debt of {debt} is held: its invoice {debt.invoice} does not match.")
    if money.currency != debt.currency:
        raise NotPayable(f"The debt is in {debt.currency}, not in {money.currency}.")
    if not Money.zero(debt.currency) < money <= debt.left:
        raise NotPayable(
            f"{debt.left.display()} is left to pay on this debt; {money.display()} was asked for."
        )


def pay_part(payment, debt, money):
    """Sets a part of a payment, whose journal says so already, against a locked debt."""
    _settle(debt, money, payment=payment, by_id=payment.booked_by_id)


def use_advance(payment, debt, money, *, by=None):
    """Sets a part of what was paid in advance against a debt, both locked, and books it."""
    part = _settle(debt, money, payment=payment, by_id=by and by.pk)
    SupplierPayment.objects.filter(pk=payment.pk).update(allocated=F("allocated") + money.amount)
    _book(part, "advance", Account.ACCOUNTS_PAYABLE, Account.SUPPLIER_ADVANCES, money)


def give_up_advance(payment, money):
    """Takes a part of what a locked payment paid in advance out of it: a credit note stands for it."""
    SupplierPayment.objects.filter(pk=payment.pk).update(allocated=F("allocated") + money.amount)


def use_credit(note, debt, money, *, by=None):
    """Sets a part of a credit note against a debt, both locked, and books it."""
    if note.supplier_id != debt.supplier_id:
        raise NotUsable(f"{note} is of {note.supplier}, the debt is owed to {debt.supplier}.")
    part = _settle(debt, money, credit_note=note, by_id=by and by.pk)
    _use(note, money)
    _book(part, "credit", Account.ACCOUNTS_PAYABLE, Account.SUPPLIER_CREDITS, money)


def pay_back(note, money, *, by=None):
    """Books a part of a locked credit note that the supplier paid back in money."""
    part = Allocation.objects.create(
        credit_note=note, amount=money.amount, currency=money.currency, by=by
    )
    _use(note, money)
    _book(part, "refund", Account.BANK, Account.SUPPLIER_CREDITS, money)


def _settle(debt, money, **source):
    check_debt(debt, money)
    debt.paid += money.amount
    is_paid = debt.paid == debt.amount
    debt.status = AccountsPayable.Status.PAID if is_paid else AccountsPayable.Status.PARTIAL
    debt.paid_at = Now() if is_paid else None
    debt.save(update_fields=["paid", "status", "paid_at"])
    return Allocation.objects.create(
        payable=debt, amount=money.amount, currency=money.currency, **source
    )


def _use(note, money):
    if money.currency != note.currency or not Money.zero(note.currency) < money <= note.left:
        raise NotUsable(
            f"{note.left.display()} of {note} is left; {money.display()} was asked for."
        )
    note.used += money.amount
    CreditNote.objects.filter(pk=note.pk).update(used=F("used") + money.amount)


def _book(part, kind, debit, credit, money):
    post(
        source="allocation",
        source_id=UUID(int=part.pk),
        kind=kind,
        lines=[(debit, money), (credit, -money)],
    )


def fill(money, debts):
    """[(debt, Money)]: the debts in their order, each as far as the money lasts."""
    parts = []
    for debt in debts:
        part = min(money, debt.left)
        if part:
            parts.append((debt, part))
            money -= part
    return parts
