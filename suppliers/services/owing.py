"""What a delivery makes the agency owe, and what was paid for it in advance."""

from datetime import timedelta

from agencies.queries import local_today
from core.money import Money
from payments.ledger import post
from payments.models import Account
from suppliers.models import AccountsPayable, PaymentTerms

DAYS = {PaymentTerms.IMMEDIATE: 0, PaymentTerms.NET_30: 30, PaymentTerms.NET_60: 60}


def due_after(day, terms):
    """When what is invoiced or received on this day falls due."""
    return day + timedelta(days=DAYS[terms])


def owe_for(receipt):
    """Books a receipt: a firm order makes a debt of it; of any other the seats stay the supplier's
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
    )
    return _debt(receipt) if is_owed else None


def _debt(receipt):
    is_free = not receipt.amount
    return AccountsPayable.objects.create(
        supplier_id=receipt.order.supplier_id,
        order=receipt.order,
        receipt=receipt,
        amount=receipt.amount,
        currency=receipt.currency,
        status=AccountsPayable.Status.PAID if is_free else AccountsPayable.Status.UNPAID,
        due_on=due_after(local_today(), receipt.order.payment_terms),
    )
