"""Money that goes to suppliers: for a debt, for an order in advance, or of a payment run."""

from dataclasses import dataclass
from datetime import date

from django.db.models import F, Sum

from agencies.queries import local_today
from core import failpoints
from core.errors import DomainError
from core.locks import lock, lock_one
from core.money import Money, total
from core.transactions import use_case
from payments.ledger import post
from payments.models import Account
from suppliers.models import (
    AGREED,
    AccountsPayable,
    PaymentTerms,
    PurchaseOrder,
    SupplierPayment,
)
from suppliers.queries import OPEN_DEBTS
from suppliers.services.settling import NotPayable, check_debt, fill, pay_part


class KeyOfAnother(DomainError):
    """The key belongs to another payment; nothing was paid."""

    code = "payment_key_reused"


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
    settled debt and for more than is left, KeyOfAnother for a key used elsewhere.
    """
    debt = lock_one(AccountsPayable.objects.filter(pk=payable.pk))
    known = SupplierPayment.objects.filter(key=key).first()
    if known:
        return _same(known, known.allocations.filter(payable=debt).exists(), money)
    money = debt.left if money is None else money
    check_debt(debt, money)
    payment = SupplierPayment(
        key=key, supplier_id=debt.supplier_id, booked_by=by, **transfer.fields
    )
    failpoints.reach("pay_supplier.before_booking")
    return send(payment, money, [(debt, money)])


@use_case
def pay_order(*, order, key, by=None, money=None, transfer=BY_BANK):
    """Pays an order on immediate terms, all that is unpaid of it or `money`: what has arrived is
    settled, the rest is an advance. Returns the SupplierPayment, the same for the same key.

    Raises NotPayable, also when the supplier's credit limit does not allow the advance.
    """
    order = lock_one(PurchaseOrder.objects.select_related("supplier").filter(pk=order.pk))
    known = SupplierPayment.objects.filter(key=key).first()
    if known:
        return _same(known, known.order_id == order.pk, money)
    money = unpaid_of(order) if money is None else money
    _check_order(order, money)
    debts = lock(order.payables.filter(status__in=OPEN_DEBTS))
    if any(debt.is_held for debt in debts):
        raise NotPayable(f"An invoice of {order} does not match. Decide it before more is paid.")
    parts = fill(money, debts)
    _check_limit(order, money - total((part for _, part in parts), order.currency))
    payment = SupplierPayment(
        key=key, supplier=order.supplier, order=order, booked_by=by, **transfer.fields
    )
    failpoints.reach("pay_supplier.before_booking")
    return send(payment, money, parts)


def send(payment, money, parts):
    """Books a new SupplierPayment of `money`, of which `parts` [(locked debt, Money)] are settled and
    the rest is an advance on its order."""
    settled = total((part for _, part in parts), money.currency)
    payment.amount, payment.allocated = money.amount, settled.amount
    payment.currency = money.currency
    payment.save(force_insert=True)
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


def _same(known, is_of_this, money):
    if not is_of_this or (money is not None and money != known.money):
        raise KeyOfAnother("This was already used for another payment. Please open the page again.")
    return known


def unpaid_of(order):
    """What an order costs, less what was paid for it, as Money; never below zero."""
    debts = order.payables.filter(kind=AccountsPayable.Kind.RECEIPT)
    advances = order.payments.aggregate(left=Sum(F("amount") - F("allocated")))["left"] or 0
    paid = (debts.aggregate(paid=Sum("paid"))["paid"] or 0) + advances
    zero = Money.zero(order.currency)
    return max(zero, cost_of(order) - Money(paid, order.currency))


def cost_of(order):
    """What the seats that have come and will come cost, extra costs included, as Money."""
    received = order.receipts.aggregate(amount=Sum("amount"))["amount"] or 0
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
