"""What a delivery makes the agency owe, and what was paid for it in advance."""

from datetime import timedelta

from django.db.models import F, Sum
from django.db.models.functions import Now
from django.utils import timezone

from agencies.queries import current_zone, local_today
from core.locks import lock, lock_one
from core.money import Money
from payments.ledger import post
from payments.models import Account
from suppliers.models import AccountsPayable, CreditNote, PaymentTerms
from suppliers.services.credits import issue, own_number
from suppliers.services.paying import cost_of
from suppliers.services.settling import give_up_advance, use_advance

SAME_IN_PARTS = (
    "kind",
    "supplier_id",
    "order_id",
    "receipt_id",
    "currency",
    "due_on",
    "created_at",
)
DAYS = {PaymentTerms.IMMEDIATE: 0, PaymentTerms.NET_30: 30, PaymentTerms.NET_60: 60}


def due_after(day, terms):
    """When what is invoiced or received on this day falls due."""
    return day + timedelta(days=DAYS[terms])


def owe_for(receipt, *, at=None):
    """Books a receipt, as of the moment `at` if it came earlier than now: a firm order makes a debt of
    it, on which what was paid in advance is counted; of any other order the seats stay the supplier's
    until they are sold. Returns the AccountsPayable, or None."""
    is_owed = receipt.order.is_owed_on_delivery
    amount = Money(receipt.amount, receipt.currency)
    owed_to = Account.ACCOUNTS_PAYABLE if is_owed else Account.CONSIGNED_STOCK
    post(
        source="receipt",
        source_id=receipt.pk,
        kind="received",
        memo=receipt.number,
        lines=[(Account.INVENTORY, amount), (owed_to, -amount)],
        at=at,
    )
    day = timezone.localdate(at, current_zone()) if at else local_today()
    return _debt(receipt, day) if is_owed else None


def _debt(receipt, day):
    return owe(
        kind=AccountsPayable.Kind.RECEIPT,
        supplier_id=receipt.order.supplier_id,
        order=receipt.order,
        receipt=receipt,
        amount=receipt.amount,
        currency=receipt.currency,
        due_on=due_after(day, receipt.order.payment_terms),
    )


def owe(**fields):
    """Makes a debt, already booked, and counts on it what was paid for its order in advance. Returns
    the AccountsPayable."""
    status = AccountsPayable.Status
    debt = AccountsPayable.objects.create(
        status=status.UNPAID if fields["amount"] else status.PAID, **fields
    )
    if debt.order_id and debt.amount:
        debt = lock_one(AccountsPayable.objects.filter(pk=debt.pk))
        _count_advances(debt)
    return debt


def split(debt, asked):
    """Leaves of a locked debt so much as is `asked` (Money), and what is paid already; the rest becomes
    a debt of its own, like it. What the agency owes stays the same; a payment run that was proposed
    over the whole is not paid any more, but proposed anew."""
    rest = min(Money(debt.amount, debt.currency) - asked, debt.left)
    if rest <= Money.zero(debt.currency):
        return
    debt.amount -= rest.amount
    if not debt.left:
        debt.status, debt.paid_at = AccountsPayable.Status.PAID, Now()
    debt.save(update_fields=["amount", "status", "paid_at"])
    AccountsPayable.objects.create(
        **{name: getattr(debt, name) for name in SAME_IN_PARTS}, amount=rest.amount
    )


def _count_advances(debt):
    for payment in lock(debt.order.payments.filter(allocated__lt=F("amount"))):
        part = min(payment.left, debt.left)
        if part:
            use_advance(payment, debt, part)


def surplus_of(order, *, spared=None):
    """What was paid in advance for an order beyond what it still costs, as Money, or would be if seats
    for `spared` (Money) did not come."""
    zero = Money.zero(order.currency)
    advances = order.payments.aggregate(left=Sum(F("amount") - F("allocated")))["left"] or 0
    if not advances:
        return zero
    debts = order.payables.filter(kind=AccountsPayable.Kind.RECEIPT)
    paid = Money(debts.aggregate(paid=Sum("paid"))["paid"] or 0, order.currency)
    needed = cost_of(order) - (spared or zero) - paid
    return max(zero, Money(advances, order.currency) - max(zero, needed))


def credit_surplus(order, *, by=None):
    """Makes credit notes of what was paid in advance for a locked order and is not needed any more,
    one for each payment, the latest first; the next payment of the supplier uses them, or he pays
    them back."""
    surplus = surplus_of(order)
    if not surplus:
        return
    for payment in reversed(lock(order.payments.filter(allocated__lt=F("amount")))):
        part = min(surplus, payment.left)
        if part:
            give_up_advance(payment, part)
            issue(
                kind=CreditNote.Kind.ADVANCE,
                money=part,
                supplier=order.supplier,
                order=order,
                payment=payment,
                number=own_number(),
                issued_on=local_today(),
                reason=f"{order} was paid in advance and costs less",
                entered_by=by,
            )
            surplus -= part
