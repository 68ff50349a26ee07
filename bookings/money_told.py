"""How payments and refunds are told over the API, in the words of the owner's documents."""

from rest_framework import serializers

from bookings.orders import NOT_KEPT
from payments.models import CAPTURED, OPEN, Refund, RefundStatus, Status

TOLD = {Status.SUCCEEDED: "SUCCESS"}
"""What documents call a payment's state, where they call it otherwise."""
TOLD_OF_BOOKING = {Status.SUCCEEDED: "COMPLETED"}
"""What they call the same of a booking."""
PAYMENT_STATES = [TOLD.get(status, status.value) for status in Status]
BOOKING_STATES = [TOLD_OF_BOOKING.get(status, status.value) for status in Status]


class RefundReply(serializers.Serializer):
    """Money on its way back, or there (`COMPLETED`)."""

    id = serializers.UUIDField()
    transaction_id = serializers.UUIDField(help_text="The payment that it comes out of.")
    amount = serializers.CharField()
    currency = serializers.CharField()
    reason = serializers.ChoiceField(Refund.Reason.choices)
    status = serializers.ChoiceField(RefundStatus.choices)
    created_at = serializers.DateTimeField()
    completed_at = serializers.DateTimeField(allow_null=True)


class TransactionReply(serializers.Serializer):
    """One attempt to be paid. `amount` is a decimal string in `currency`, `credit` the part of it that
    was paid with credit; `bookings` are all that it is for."""

    transaction_id = serializers.UUIDField()
    bookings = serializers.ListField(child=serializers.UUIDField())
    provider = serializers.CharField()
    status = serializers.ChoiceField(PAYMENT_STATES)
    amount = serializers.CharField()
    credit = serializers.CharField()
    currency = serializers.CharField()
    failure_reason = serializers.CharField(help_text="Empty unless something went wrong.")
    created_at = serializers.DateTimeField()
    processed_at = serializers.DateTimeField(allow_null=True)


def tell_payment(payment):
    """A Payment as TransactionReply shows it."""
    return {
        "transaction_id": str(payment.pk),
        "bookings": [str(booking) for booking in payment.covers],
        "provider": payment.provider,
        "status": TOLD.get(payment.status, payment.status),
        "amount": str(payment.money.amount),
        "credit": str(payment.by_credit.amount),
        "currency": payment.currency,
        "failure_reason": payment.problem,
        "created_at": payment.created_at.isoformat(),
        "processed_at": payment.settled_at and payment.settled_at.isoformat(),
    }


def tell_refund(refund):
    """A Refund as RefundReply shows it."""
    return {
        "id": str(refund.pk),
        "transaction_id": str(refund.payment_id),
        "amount": str(refund.money.amount),
        "currency": refund.currency,
        "reason": refund.reason,
        "status": refund.status,
        "created_at": refund.created_at.isoformat(),
        "completed_at": refund.completed_at and refund.completed_at.isoformat(),
    }


def payment_status_of(bookings, payments):
    """How these bookings of one order are paid, as one of BOOKING_STATES, by their Payments (whose
    refunds are read): the one that sold them, else the one that is open or has come, else the last."""
    sold_by = {booking.payment_id for booking in bookings if booking.payment_id}
    shown = max(
        payments,
        key=lambda each: (
            each.pk in sold_by,
            each.status in (*OPEN, *CAPTURED) and not _goes_back(each),
            each.created_at,
        ),
        default=None,
    )
    if not any(booking.total for booking in bookings):  # free: it was never asked for
        is_sold = all(booking.confirmed_at for booking in bookings)
        return TOLD_OF_BOOKING[Status.SUCCEEDED] if is_sold else Status.PENDING.value
    if _goes_back(shown):
        return Status.REFUNDED.value
    return TOLD_OF_BOOKING.get(shown.status, shown.status)


def _goes_back(payment):
    """Whether nothing could be sold for it, so that all of it goes back."""
    return any(refund.request_key.startswith(NOT_KEPT) for refund in payment.refunds.all())
