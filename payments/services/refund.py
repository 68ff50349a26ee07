"""Giving money back: our own row first, the provider afterwards, the ledger when it is done."""

import logging

from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from core import failpoints
from core.errors import DomainError
from core.ids import uuid7
from core.locks import alone, lock_one
from core.money import Money, total
from core.outbox import record
from core.status import WrongState
from core.transactions import use_case
from payments.adapters import ProviderRefused
from payments.facts import RefundCompleted, RefundRequested
from payments.ledger import post, refunded_from
from payments.models import Account, Payment, Refund, RefundStatus
from payments.providers import provider
from payments.services.credit import give_back_as_credit, note_all_is_back

log = logging.getLogger(__name__)

TAKEN_BACK = "The buyer’s bank has taken this money back already."


class RefundTooHigh(DomainError):
    """Refunds never exceed what was captured; the database refuses it."""

    code = "refund_too_high"


def request_refund(*, payment_id, money, reason, request_key, refund_id=None):
    """Decides a refund, once per (payment, request_key); it is sent after the commit.

    Runs in its caller's transaction. Returns the Refund; a new one has the id that is given.
    """
    payment = lock_one(Payment.objects.filter(pk=payment_id))
    known = Refund.objects.filter(payment=payment, request_key=request_key).first()
    if known:
        return known
    try:
        with transaction.atomic():
            refund = Refund.objects.create(
                id=refund_id or uuid7(),
                payment=payment,
                request_key=request_key,
                amount=money.amount,
                currency=money.currency,
                reason=reason,
            )
    except IntegrityError as error:
        raise RefundTooHigh(too_high(money, payment, is_new=True)) from error
    record(RefundRequested(refund_id=refund.pk))
    return refund


def send_back(*, payment_id, reason, request_key):
    """Decides to send all of a payment back, once per (payment, request_key): what was paid with credit
    is credit again at once.

    What a bank holds of it at present would go back twice: it stands as a failed refund, which a
    person sends should the bank give it back. Runs in its caller's transaction. Returns the Refund
    that is sent, or None when the bank holds all of it, or all was credit.
    """
    payment = lock_one(Payment.objects.filter(pk=payment_id))
    if payment.credit:
        give_back_as_credit(payment, payment.by_credit, key=f"{request_key}:{payment.pk}")
    known = {refund.request_key: refund for refund in payment.refunds.all()}
    of_bank = f"{request_key}, held"
    if request_key in known or of_bank in known:
        return known.get(request_key)
    held = Money(withdrawn_of(payment), payment.currency)
    if held:
        Refund.objects.create(
            payment=payment,
            request_key=of_bank,
            amount=held.amount,
            currency=held.currency,
            reason=reason,
            status=RefundStatus.FAILED,
            failure=TAKEN_BACK,
        )
    rest = payment.charged - held
    if not rest:
        return None
    return request_refund(payment_id=payment_id, money=rest, reason=reason, request_key=request_key)


def send_refund(refund_id):
    """Has the provider send the money back; safe to repeat: the refund's id and attempt are the key.

    One process at a time asks for a refund: who was slow must not send an attempt that has been given
    up for another. Who comes second leaves it to the first; should that one die, reconciliation asks.
    """
    with alone(f"refund {refund_id}") as is_first:
        return _send(refund_id) if is_first else Refund.objects.get(pk=refund_id)


def _send(refund_id):
    refund = Refund.objects.select_related("payment").get(pk=refund_id)
    if refund.status in (RefundStatus.COMPLETED, RefundStatus.FAILED):
        return refund
    if refund.status == RefundStatus.PENDING and not _begin(refund_id):
        return _refused(refund_id, TAKEN_BACK)
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
    return complete(refund_id, sent.ref)


@use_case
def retry_refund(refund_id):
    """A failed refund is sent again as another attempt, by a person's decision; returns the Refund.

    Raises RefundTooHigh when other refunds have taken what was left of the payment.
    """
    payment, refund = locked(refund_id)
    failpoints.reach("refund.before_retry")
    refund.move_to(RefundStatus.PROCESSING)
    refund.failure = ""
    refund.attempt += 1
    try:
        with transaction.atomic():
            refund.save(update_fields=["status", "failure", "attempt"])
    except IntegrityError as error:
        raise RefundTooHigh(too_high(refund.money, payment)) from error
    record(RefundRequested(refund_id=refund_id))
    return refund


def locked(refund_id):
    """(Payment, Refund): always in this order, for the trigger behind each change of a refund's
    state locks the payment."""
    payment = lock_one(Payment.objects.filter(refunds=refund_id))
    return payment, lock_one(Refund.objects.filter(pk=refund_id))


@use_case
def _begin(refund_id):
    """Whether it may be sent: not when a bank has taken the money back meanwhile."""
    payment, refund = locked(refund_id)
    if refund.status == RefundStatus.PENDING:
        if is_taken_back(payment):
            return False
        refund.move_to(RefundStatus.PROCESSING)
        refund.save(update_fields=["status"])
    return True


def is_taken_back(payment):
    """Whether banks hold so much of a payment that its refunds would give it back twice."""
    alive = payment.refunds.exclude(status=RefundStatus.FAILED)
    back = sum(refund.amount for refund in alive)
    return back + withdrawn_of(payment) > payment.charged.amount


def withdrawn_of(payment):
    """What banks hold of a payment at present, as a Decimal."""
    return sum(dispute.withdrawn for dispute in payment.disputes.all())


def too_high(money, payment, *, is_new=False):
    taken = Money(withdrawn_of(payment), payment.currency)
    failed = payment.refunds.filter(status=RefundStatus.FAILED)
    refused = total((each.money for each in failed), payment.currency)
    words = f"{money.display()} is more than is left of {payment.charged.display()}"
    why = []
    if taken:
        why.append(f"the buyer’s bank has taken back {taken.display()}")
    if refused and is_new:
        why.append(f"{refused.display()} was refused and stays owed, to be sent again")
    return f"{words}: {', '.join(why)}." if why else f"{words}."


def _find_or_send(refund):
    known = find(refund)
    if known:
        return known
    if is_taken_back(refund.payment):
        raise ProviderRefused(TAKEN_BACK)
    return provider(refund.payment.provider).refund(
        **_named(refund),
        amount=refund.amount,
        currency=refund.currency,
        idempotency_key=f"{refund.pk}:refund:{refund.attempt}",
    )


def find(refund):
    """The provider's refund for ours, or None; raises ProviderUnavailable, ProviderRefused."""
    return provider(refund.payment.provider).find_refund(**_named(refund))


def _named(refund):
    return {
        "refund_id": refund.pk,
        "attempt": refund.attempt,
        "payment_ref": refund.payment.provider_payment_ref,
    }


@use_case
def _refused(refund_id, why):
    _, refund = locked(refund_id)
    if refund.can_move_to(RefundStatus.FAILED):
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
def complete(refund_id, provider_ref):
    """The money is back: books it, once. Returns the Refund. What a person gave back another way is not
    booked again: it waits for a person on the desk."""
    payment, refund = locked(refund_id)
    if refund.other_way:
        _sent_after_all(payment, refund, provider_ref)
    if refund.status == RefundStatus.COMPLETED:
        return refund
    if refund.status == RefundStatus.FAILED:
        raise WrongState("This refund has failed. Send it again first.")
    refund.move_to(RefundStatus.COMPLETED)
    refund.provider_ref = provider_ref
    refund.completed_at = Now()
    refund.save()
    book(payment, refund)
    record(RefundCompleted(refund_id=refund.pk))
    refund.refresh_from_db()
    return refund


def _sent_after_all(payment, refund, provider_ref):
    """Says so once: what a person has dealt with is not brought up again."""
    words = (
        f"{refund.money.display()} went back {refund.by_other_way}, and the provider sent it, too: "
    )
    words += provider_ref
    if refund.failure == words[:200]:
        return
    log.error("refund %s: %s", refund.pk, words)
    refund.failure = payment.failure = words[:200]
    payment.needs_attention = True
    refund.save(update_fields=["failure"])
    payment.save(update_fields=["failure", "needs_attention"])


def look_after_other_ways(payment_id):
    """Asks the provider whether it sent after all what a person gave back another way; then somebody
    must look. Raises ProviderUnavailable."""
    said = Refund.objects.filter(payment=payment_id).exclude(other_way="")
    for refund in said.select_related("payment"):
        known = find(refund)
        if known and known.state != "failed":
            complete(refund.pk, known.ref)


def book(payment, refund):
    """Books a locked Refund that is done, out of where the money came from."""
    post(
        source="refund",
        source_id=refund.pk,
        kind="refunded",
        lines=[
            (Account.CUSTOMER_DEPOSITS, refund.money),
            (refunded_from(refund), -refund.money),
        ],
    )
    note_all_is_back(payment)
