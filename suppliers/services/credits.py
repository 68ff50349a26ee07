"""What suppliers owe the agency: credit notes, set against debts or paid back."""

from django.db import IntegrityError, transaction

from agencies.queries import local_today
from core.errors import DomainError, Invalid
from core.locks import lock, lock_one
from core.money import Money
from core.numbering import next_number
from core.transactions import broken_constraint, use_case
from payments.ledger import post
from payments.models import Account
from suppliers.models import AccountsPayable, CreditNote
from suppliers.queries import OPEN_DEBTS
from suppliers.services.settling import NotUsable, fill, pay_back, use_credit

# What a credit note takes the money from. One for seats sent back follows from the return.
TAKEN_FROM = {
    CreditNote.Kind.GOODWILL: Account.PURCHASE_VARIANCE,
    CreditNote.Kind.VARIANCE: Account.PURCHASE_VARIANCE,
    CreditNote.Kind.SETTLEMENT: Account.CONSIGNMENT_OWED,
    CreditNote.Kind.ADVANCE: Account.SUPPLIER_ADVANCES,
}


class KnownNumber(DomainError):
    """The supplier has sent a paper with this number before; nothing was written."""

    code = "known_number"


@use_case
def enter_credit_note(*, supplier, number, money, issued_on, by=None, reason="", order=None):
    """Writes down a credit note that a supplier gave of his own will; returns the CreditNote.
    Raises KnownNumber when it is already there."""
    return issue(
        supplier=supplier,
        number=number,
        money=money,
        issued_on=issued_on,
        entered_by=by,
        reason=reason,
        order=order,
    )


def issue(*, money, kind=CreditNote.Kind.GOODWILL, lines=None, **fields):
    """Writes a credit note with its posting: `lines` or, without, what its kind takes it from."""
    if money <= Money.zero(money.currency):
        raise Invalid("A credit note is about more than nothing.")
    note = _written(kind=kind, amount=money.amount, currency=money.currency, **fields)
    if lines is None:
        lines = [(Account.SUPPLIER_CREDITS, money), (TAKEN_FROM[kind], -money)]
    if lines:
        post(source="credit_note", source_id=note.pk, kind="issued", memo=note.number, lines=lines)
    return note


def _written(**fields):
    try:
        with transaction.atomic():
            return CreditNote.objects.create(**fields)
    except IntegrityError as error:
        if broken_constraint(error) != "one_credit_note_per_number":
            raise
        raise KnownNumber(
            f"Credit note {fields['number']} of {fields['supplier']} has been entered before."
        ) from error


def own_number():
    """The next number for a credit that the agency works out itself: CN-2026-0001."""
    year = local_today().year
    return f"CN-{year}-{next_number(f'credit-{year}'):04d}"


@use_case
def apply_credit(*, note, payable, by=None, money=None):
    """Sets a credit note against a debt of its supplier, as far as both go or `money` of it. Returns
    the Money that was set. Raises NotPayable or NotUsable."""
    debt = lock_one(AccountsPayable.objects.select_related("supplier").filter(pk=payable.pk))
    note = lock_one(CreditNote.objects.select_related("supplier").filter(pk=note.pk))
    if note.currency != debt.currency:
        raise NotUsable(f"{note} is in {note.currency}, the debt is in {debt.currency}.")
    money = min(note.left, debt.left) if money is None else money
    use_credit(note, debt, money, by=by)
    return money


@use_case
def refund_credit(*, note, left, by=None, money=None):
    """Books that the supplier paid a credit note back, all that is `left` (Money, as was seen) or
    `money` of it. Returns the Money. Said twice it is refused: less is left by then."""
    note = lock_one(CreditNote.objects.filter(pk=note.pk))
    if note.left != left:
        raise NotUsable(f"{note.left.display()} of {note} is left now. Please look once more.")
    money = left if money is None else money
    pay_back(note, money, by=by)
    return money


def use_on(note, debts, *, by=None):
    """Sets a new credit note against these locked debts, in their order, as far as it goes."""
    open_ones = [debt for debt in debts if debt.status in OPEN_DEBTS and not debt.is_held]
    for debt, part in fill(note.left, open_ones):
        use_credit(note, debt, part, by=by)


def use_of_supplier(debt, money, *, by=None):
    """Sets exactly `money` of the supplier's credit notes, the oldest first, against a locked debt.
    Raises NotUsable when they do not suffice."""
    notes = lock(CreditNote.objects.filter(supplier=debt.supplier_id, currency=debt.currency))
    for note in sorted(notes, key=lambda note: (note.issued_on, note.pk)):
        part = min(money, note.left)
        if part:
            use_credit(note, debt, part, by=by)
            money -= part
    if money:
        raise NotUsable(
            f"{money.display()} of the credit notes of {debt.supplier} that were counted on have "
            "been used elsewhere meanwhile."
        )
