"""Money that goes to suppliers: for a debt, an invoice, an order in advance, or of a payment run. What
one person sends directly to a supplier in a day, or for one thing, stays within the agency's limit."""

from dataclasses import dataclass
from datetime import date, datetime, time

from django.db import IntegrityError, transaction
from django.db.models import F, Q, Sum

from agencies.models import Agency
from agencies.queries import current_zone, local_today
from core import failpoints
from core.errors import DomainError
from core.locks import lock, lock_one
from core.money import Money, total
from core.tenancy import current_agency_id
from core.transactions import broken_constraint, use_case
from payments.ledger import post
from payments.models import Account
from suppliers.models import (
    AGREED,
    AccountsPayable,
    PaymentTerms,
    PurchaseOrder,
    Supplier,
    SupplierPayment,
)
from suppliers.queries import OPEN_DEBTS
from suppliers.services.approving import is_above_limit
from suppliers.services.settling import NotPayable, check_debt, fill, pay_part


class KeyOfAnother(DomainError):
    """The key belongs to another payment, or to this one with other words; nothing was paid."""

    code = "payment_key_reused"


class NeedsSecondPerson(NotPayable):
    """So much leaves in a payment run only, which somebody else approves; nothing was booked."""

    code = "needs_second_person"


@dataclass(frozen=True)
class Transfer:
    """How money is sent, the bank's word for it, and when; without a day today."""

    method: str = SupplierPayment.Method.BANK_TRANSFER
    bank_reference: str = ""
    paid_on: date | None = None

    @property
    def fields(self):
        return {
            "method": self.method,
            "bank_reference": self.bank_reference,
            "paid_on": self.paid_on or local_today(),
        }


BY_BANK = Transfer()


@use_case
def pay_payable(*, payable, key, by=None, money=None, transfer=BY_BANK):
    """Books a payment of a debt, or of `money` of it; returns the SupplierPayment.

    Asked again with the same key it returns the same payment. Raises NotPayable for a held, void or
    settled debt and for more than is left, NeedsSecondPerson above the agency's limit, KeyOfAnother
    for a key used elsewhere or with other words.
    """
    supplier = _locked_supplier(payable.supplier_id)
    debt = lock_one(AccountsPayable.objects.filter(pk=payable.pk))
    asked = _asked(debt, money, transfer)
    known = _known(key, asked)
    if known:
        return known
    money = debt.left if money is None else money
    check_debt(debt, money)
    _check_second_person(supplier, money, Q(allocations__payable=debt))
    payment = SupplierPayment(
        key=key, asked=asked, supplier=supplier, booked_by=by, **transfer.fields
    )
    failpoints.reach("pay_supplier.before_booking")
    return send(payment, money, [(debt, money)])


@use_case
def pay_invoice(*, invoice, key, by=None, money=None, transfer=BY_BANK):
    """Books one payment of all that is left of an invoice's debts, or of `money` of it, the first due
    first; returns the SupplierPayment. Asked again, and refused, as `pay_payable`."""
    supplier = _locked_supplier(invoice.supplier_id)
    debts = lock(invoice.payables.filter(status__in=OPEN_DEBTS))
    asked = _asked(invoice, money, transfer)
    known = _known(key, asked)
    if known:
        return known
    left = total((debt.left for debt in debts), invoice.currency)
    money = left if money is None else money
    if money.currency != invoice.currency or not Money.zero(invoice.currency) < money <= left:
        raise NotPayable(
            f"{left.display()} of {invoice} is unpaid; nothing else can be paid on it."
        )
    parts = fill(money, sorted(debts, key=lambda debt: (debt.due_on, debt.pk)))
    for debt, part in parts:
        check_debt(debt, part)
    _check_second_person(supplier, money, Q(allocations__payable__in=debts))
    payment = SupplierPayment(
        key=key, asked=asked, supplier=supplier, booked_by=by, **transfer.fields
    )
    failpoints.reach("pay_supplier.before_booking")
    return send(payment, money, parts)


@use_case
def pay_order(*, order, key, by=None, money=None, transfer=BY_BANK):
    """Pays an order on immediate terms, all that is unpaid of it or `money`: what has arrived is
    settled, the rest is an advance. Returns the SupplierPayment, the same for the same key.

    An order that a second person approved needs nobody else. Raises NotPayable, also when the
    supplier's credit limit does not allow the advance; NeedsSecondPerson; KeyOfAnother.
    """
    order = lock_one(PurchaseOrder.objects.filter(pk=order.pk))
    order.supplier = _locked_supplier(order.supplier_id)
    asked = _asked(order, money, transfer)
    known = _known(key, asked)
    if known:
        return known
    money = unpaid_of(order) if money is None else money
    _check_order(order, money)
    debts = lock(order.payables.filter(status__in=OPEN_DEBTS))
    if any(debt.is_held for debt in debts):
        raise NotPayable(f"An invoice of {order} does not match. Decide it before more is paid.")
    parts = fill(money, debts)
    _check_limit(order, money - total((part for _, part in parts), order.currency))
    if order.approved_by_id is None:
        _check_second_person(order.supplier, money, Q(order=order))
    payment = SupplierPayment(
        key=key, asked=asked, supplier=order.supplier, order=order, booked_by=by, **transfer.fields
    )
    failpoints.reach("pay_supplier.before_booking")
    return send(payment, money, parts)


def _locked_supplier(supplier_id):
    """The supplier, locked: what he is sent directly is counted by one at a time."""
    return lock_one(Supplier.objects.filter(pk=supplier_id))


def _asked(thing, money, transfer):
    """What is asked for under a key, as JSON: the same words again mean the same payment."""
    return {
        thing._meta.model_name: str(thing.pk),
        "amount": None if money is None else f"{money.amount} {money.currency}",
        "method": str(transfer.method),
        "bank_reference": transfer.bank_reference,
        "paid_on": transfer.paid_on and transfer.paid_on.isoformat(),
    }


def _known(key, asked):
    """The payment under this key, or None. Raises KeyOfAnother when another was asked for."""
    known = SupplierPayment.objects.filter(key=key).first()
    if known and known.asked != asked:
        raise _key_of_another()
    return known


def _key_of_another():
    return KeyOfAnother("This was already used for another payment. Please open the page again.")


def _check_second_person(supplier, money, same):
    """Raises NeedsSecondPerson when `money`, with what went directly to the supplier today or before
    for the `same` thing (a Q of payments), is above what one person may decide on. What a second
    person has approved does not count."""
    midnight = datetime.combine(local_today(), time.min, tzinfo=current_zone())
    direct = SupplierPayment.objects.filter(
        supplier=supplier, run=None, order__approved_by=None, currency=money.currency
    )
    counted = direct.filter(same | Q(booked_at__gte=midnight)).values("pk")
    sent = SupplierPayment.objects.filter(pk__in=counted).aggregate(sum=Sum("amount"))["sum"] or 0
    sent = Money(sent, money.currency)
    if not is_above_limit(sent + money):
        return
    before = f" {sent.display()} has gone to {supplier} directly before." if sent else ""
    raise NeedsSecondPerson(
        f"{_reach_of_one_person(money.currency)} a payment needs a second person: put it into a "
        f"payment run. {money.display()} was asked for.{before}"
    )


def _reach_of_one_person(currency):
    agency = Agency.objects.get(pk=current_agency_id())
    if currency != agency.currency:
        return f"In {currency}"
    return f"Above {Money(agency.approval_above, currency).display()}"


def send(payment, money, parts):
    """Books a new SupplierPayment of `money`, of which `parts` [(locked debt, Money)] are settled and
    the rest is an advance on its order."""
    settled = total((part for _, part in parts), money.currency)
    payment.amount, payment.allocated = money.amount, settled.amount
    payment.currency = money.currency
    _keep(payment)
    for debt, part in parts:
        pay_part(payment, debt, part)
    failpoints.reach("pay_supplier.after_allocation")
    post(
        source="supplier_payment",
        source_id=payment.pk,
        kind="paid",
        memo=payment.bank_reference,
        lines=[
            (Account.ACCOUNTS_PAYABLE, settled),
            (Account.SUPPLIER_ADVANCES, money - settled),
            (Account.BANK, -money),
        ],
    )
    failpoints.reach("pay_supplier.before_commit")
    return payment


def _keep(payment):
    """Saves a new payment; raises KeyOfAnother when its key was used for another supplier just now."""
    try:
        with transaction.atomic():
            payment.save(force_insert=True)
    except IntegrityError as error:
        if broken_constraint(error) != "paid_once_per_key":
            raise
        raise _key_of_another() from error


def unpaid_of(order):
    """What an order costs, less what was paid for it, as Money; never below zero. Nothing is asked of
    the database for an order whose lines, receipts, payables and payments are prefetched."""
    is_receipt = AccountsPayable.Kind.RECEIPT
    paid = sum(debt.paid for debt in order.payables.all() if debt.kind == is_receipt)
    advances = total((payment.left for payment in order.payments.all()), order.currency)
    zero = Money.zero(order.currency)
    return max(zero, cost_of(order) - Money(paid, order.currency) - advances)


def cost_of(order):
    """What the seats that have come and will come cost, extra costs included, as Money."""
    received = sum(receipt.amount for receipt in order.receipts.all())
    coming = (_to_come(line) for line in order.lines.all())
    return Money(received, order.currency) + total(coming, order.currency)


def _to_come(line):
    """The price and the landed share of the seats still expected on a line."""
    if not line.outstanding:
        return Money.zero(line.currency)
    landed = Money(line.landed, line.currency).split(
        [line.outstanding, line.ordered - line.outstanding]
    )
    return line.cost * line.outstanding + landed[0]


def _check_order(order, money):
    if order.status not in AGREED:
        raise NotPayable(f"{order} is {order.get_status_display().lower()}; it is not paid yet.")
    if order.payment_terms != PaymentTerms.IMMEDIATE or not order.is_owed_on_delivery:
        raise NotPayable(f"{order} is not paid in advance: its terms are other ones.")
    left = unpaid_of(order)
    if money.currency != order.currency or not Money.zero(order.currency) < money <= left:
        raise NotPayable(f"{left.display()} of {order} is unpaid; nothing else can be paid on it.")


def _check_limit(order, advance):
    """The limit is in the supplier's currency and says nothing about advances in another."""
    supplier = order.supplier
    if not advance or supplier.credit_limit is None or supplier.currency != order.currency:
        return
    rows = supplier.payments.filter(currency=order.currency)
    out = rows.aggregate(left=Sum(F("amount") - F("allocated")))["left"] or 0
    limit = Money(supplier.credit_limit, supplier.currency)
    if advance + Money(out, order.currency) > limit:
        raise NotPayable(
            f"{advance.display()} more in advance would be above the {limit.display()} that "
            f"{supplier} is advanced at most."
        )
