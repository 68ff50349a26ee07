"""Giving money back: our own row first, the provider afterwards, the ledger when it is done."""

from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from core import failpoints
from core.errors import DomainError
from core.locks import lock_one
from core.outbox import record
from core.transactions import use_case
from payments.adapters import ProviderRefused
from payments.facts import RefundRequested
from payments.ledger import post
from payments.models import Account, Payment, Refund, RefundStatus, Status
from payments.providers import provider


class RefundTooHigh(DomainError):
    """Refunds never exceed what was captured; the database refuses it."""

    code = "refund_too_high"


def request_refund(*, payment_id, money, reason, request_key):
    """Decides a refund, once per (payment, request_key); it is sent after the commit.

    Runs in its caller's transaction. Returns the Refund.
    """
    payment = lock_one(Payment.objects.filter(pk=payment_id))
    known = Refund.objects.filter(payment=payment, request_key=request_key).first()
    if known:
        return known
    try:
        with transaction.atomic():
            refund = Refund.objects.create(
                payment=payment,
                request_key=request_key,
                amount=money.amount,
                currency=money.currency,
                reason=reason,
            )
    except IntegrityError as error:
        raise RefundTooHigh(f"{money} is more than is left of {payment.money}.") from error
    record(RefundRequested(refund_id=refund.pk))
    return refund


def send_refund(refund_id):
    """Has the provider send the money back; safe to repeat: the refund's id is the key."""
    refund = Refund.objects.select_related("payment").get(pk=refund_id)
    if refund.status in (RefundStatus.COMPLETED, RefundStatus.FAILED):
        return refund
    if refund.status == RefundStatus.PENDING:
        _begin(refund_id)
    failpoints.reach("refund.before_provider")
    try:
        sent = _find_or_send(refund)
    except ProviderRefused as error:
        return _refused(refund_id, str(error))
    failpoints.reach("refund.after_provider")
    if sent.state == "failed":
        return _refused(refund_id, "The provider could not send the money back.")
    if sent.state == "pending":
        return _noted(refund_id, sent.ref)
    return _complete(refund_id, sent.ref)


@use_case
def retry_refund(refund_id):
    """A failed refund is sent again, by a person's decision; returns the Refund."""
    _, refund = _locked(refund_id)
    refund.move_to(RefundStatus.PROCESSING)
    refund.failure = ""
    refund.save(update_fields=["status", "failure"])
    record(RefundRequested(refund_id=refund_id))
    return refund


def _locked(refund_id):
    """(Payment, Refund): always in this order, for the trigger behind each change of a refund's
    state locks the payment."""
    payment = lock_one(Payment.objects.filter(refunds=refund_id))
    return payment, lock_one(Refund.objects.filter(pk=refund_id))


@use_case
def _begin(refund_id):
    _, refund = _locked(refund_id)
    if refund.status == RefundStatus.PENDING:
        refund.move_to(RefundStatus.PROCESSING)
        refund.save(update_fields=["status"])


def _find_or_send(refund):
    adapter = provider(refund.payment.provider)
    payment_ref = refund.payment.provider_payment_ref
    known = adapter.find_refund(refund_id=refund.pk, payment_ref=payment_ref)
    return known or adapter.refund(
        refund_id=refund.pk,
        payment_ref=payment_ref,
        amount=refund.amount,
        currency=refund.currency,
        idempotency_key=f"{refund.pk}:refund",
    )


@use_case
def _refused(refund_id, why):
    _, refund = _locked(refund_id)
    if refund.status == RefundStatus.PROCESSING:
        refund.move_to(RefundStatus.FAILED)
        refund.failure = why[:200]
        refund.save(update_fields=["status", "failure"])
    return refund


@use_case
def _noted(refund_id, provider_ref):
    """Under way at the provider; reconciliation asks again until it is done."""
    Refund.objects.filter(pk=refund_id).update(provider_ref=provider_ref)
    return Refund.objects.get(pk=refund_id)


@use_case
def _complete(refund_id, provider_ref):
    payment, refund = _locked(refund_id)
    if refund.status == RefundStatus.COMPLETED:
        return refund
    refund.move_to(RefundStatus.COMPLETED)
    refund.provider_ref = provider_ref
    refund.completed_at = Now()
    refund.save()
    _book(payment, refund)
    refund.refresh_from_db()
    return refund


def _book(payment, refund):
    post(
        source="refund",
        source_id=refund.pk,
        kind="refunded",
        lines=[
            (Account.CUSTOMER_DEPOSITS, refund.money),
            (Account.PROVIDER_CLEARING, -refund.money),
        ],
    )
    back = sum(r.amount for r in payment.refunds.filter(status=RefundStatus.COMPLETED))
    if back == payment.amount and payment.can_move_to(Status.REFUNDED):
        payment.move_to(Status.REFUNDED)
        payment.save()
