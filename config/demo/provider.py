"""The simulated provider of the demo knows the payments of the past sixty days, so that they can be
given back like any other."""

from django.conf import settings

from core.tenancy import as_system
from payments.models import CAPTURED, Payment, Refund, RefundStatus
from payments.simulator.__main__ import STORE
from payments.simulator.earlier import remember


def store_file():
    """Where the provider that runs beside this installation keeps what it knows."""
    return settings.DATA_DIR / STORE


def tell_provider():
    """Tells it of all payments that it took, and of what of them it has sent back."""
    taken = Payment.objects.filter(provider="simulated", status__in=CAPTURED)
    done = Refund.objects.filter(payment__in=taken, status=RefundStatus.COMPLETED)
    with as_system():
        remember(
            store_file(),
            [_taken(payment) for payment in taken.order_by("pk")],
            [_returned(refund) for refund in done.select_related("payment").order_by("pk")],
        )


def _taken(payment):
    return {
        "ref": payment.provider_payment_ref,
        "amount": payment.charged.minor,
        "currency": payment.currency,
    }


def _returned(refund):
    return {
        "ref": refund.provider_ref,
        "payment_ref": refund.payment.provider_payment_ref,
        "refund_id": refund.pk,
        "attempt": refund.attempt,
        "amount": refund.money.minor,
        "currency": refund.currency,
    }
