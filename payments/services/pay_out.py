"""Credit that came back of a payment is paid out: it is credit no more, and the payment sends it back
to where it came from, by a refund like any other."""

from django.db import IntegrityError, connection, transaction

from core.errors import DomainError
from core.ids import uuid7
from core.money import total
from core.transactions import broken_constraint
from payments.services.credit import let_go
from payments.services.refund import request_refund

GUARDS = {"credit_of_payment", "not_of_this_credit", "not_enough_credit"}


class NotPayable(DomainError):
    """So much of this credit cannot be sent back to where it was paid from; nothing was changed."""

    code = "credit_not_payable"


def pay_out(payment, shares, *, reason, request_key, **more):
    """Sends credit back by a captured, locked Payment: so much of each BACK entry
    [(CreditEntry, Money)].

    Runs in its caller's transaction; `more` are fields of the entries. Returns the Refund, which is
    sent after the commit. Raises NotPayable where the database knows better, or RefundTooHigh.
    """
    refund_id = uuid7()
    _let_refund_follow()
    try:
        with transaction.atomic():
            for number, (lot, money) in enumerate(shares):
                key = f"paid-out:{refund_id}:{number}"
                let_go(lot, money, key=key, payment=payment, refund_id=refund_id, **more)
    except IntegrityError as error:
        if broken_constraint(error) not in GUARDS:
            raise
        raise NotPayable("This credit cannot be paid out: look at what is left of it.") from error
    return request_refund(
        payment_id=payment.pk,
        money=total((money for _, money in shares), payment.currency),
        reason=reason,
        request_key=request_key,
        refund_id=refund_id,
    )


def _let_refund_follow():
    """The refund is made after the entries that name it: it must not be sent while it is credit."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS payments_creditentry_refund_id_fk DEFERRED")
