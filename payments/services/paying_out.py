"""Credit that came back of a payment is paid out: it is credit no more, and the payment sends it back
to where it came from, by a refund like any other."""

from django.db import IntegrityError, connection, transaction

from core import failpoints
from core.errors import DomainError, Invalid
from core.ids import uuid7
from core.locks import lock_one
from core.outbox import record
from core.transactions import broken_constraint, use_case
from customers.models import Customer
from payments.facts import CreditPaidOut
from payments.models import CreditEntry, Payment, Refund, Status
from payments.services.credit import credit_of_card, left_of, left_of_each, let_go
from payments.services.refund import request_refund

GUARDS = {"credit_of_payment", "not_of_this_credit"}


class NotPayable(DomainError):
    """So much of this credit cannot be sent back to where it was paid from; nothing was changed."""

    code = "credit_not_payable"


def pay_out(lot, payment, money, *, because, request_key, **more):
    """Sends so much (Money) of what came as credit (a BACK entry) back by a captured, locked Payment,
    because of a Refund.Reason.

    Runs in its caller's transaction; `more` are fields of the entry. Returns the Refund, which is sent
    after the commit. Raises NotPayable or NotEnoughCredit where the database knows better, or
    RefundTooHigh.
    """
    refund_id = uuid7()
    _let_refund_follow()
    try:
        with transaction.atomic():
            key = f"paid-out:{refund_id}"
            let_go(lot, money, key=key, payment=payment, refund_id=refund_id, **more)
    except IntegrityError as error:
        if broken_constraint(error) not in GUARDS:
            raise
        raise NotPayable("This credit cannot be paid out: look at what is left of it.") from error
    return request_refund(
        payment_id=payment.pk,
        money=money,
        reason=because,
        request_key=request_key,
        refund_id=refund_id,
    )


def _let_refund_follow():
    """The refund is made after the entries that name it: it must not be sent while it is credit."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS payments_creditentry_refund_id_fk DEFERRED")


def payable(entry):
    """What of an entry can be paid out at the desk, as Money: what came back of a payment, is there
    still, and did not come from credit before."""
    return min(left_of(entry), credit_of_card(entry.payment))


def payable_of(customer_id):
    """[(BACK entry, what of it can be paid out)] of a customer, what came last first."""
    came = CreditEntry.objects.filter(
        customer=customer_id, kind=CreditEntry.Kind.BACK, payment__status=Status.SUCCEEDED
    )
    came = list(came.select_related("payment"))
    left = {}
    for currency in {entry.currency for entry in came}:
        left |= left_of_each(customer_id, currency)
    found = [(entry, left[entry.pk]) for entry in came if left[entry.pk]]
    found = [(entry, min(money, credit_of_card(entry.payment))) for entry, money in found]
    return [(entry, money) for entry, money in found if money]


@use_case
def pay_out_at_desk(entry_id, money, *, reason, by, key):
    """A member of staff sends credit that came back of a payment to where it was paid from, once per
    key; returns the Refund. Raises Invalid without a reason, or NotPayable for more than there is."""
    if money.amount <= 0 or not reason.strip():
        raise Invalid("Say how much, more than nothing, and why: the reason stays with the entry.")
    entry = CreditEntry.objects.get(pk=entry_id)
    payment = lock_one(Payment.objects.filter(pk=entry.payment_id))
    lock_one(Customer.objects.filter(pk=entry.customer_id))
    request_key = f"paid-out:{key}"
    known = Refund.objects.filter(payment=payment, request_key=request_key).first()
    if known:
        return known
    most = payable(entry)
    failpoints.reach("pay_out.after_look")
    if money > most:
        raise NotPayable(f"{most.display()} of this credit can be paid out, not {money.display()}.")
    refund = pay_out(
        entry,
        payment,
        money,
        because=Refund.Reason.PAID_OUT,
        request_key=request_key,
        reason=reason.strip()[:200],
        made_by=by,
    )
    record(CreditPaidOut(refund_id=refund.pk))
    return refund
