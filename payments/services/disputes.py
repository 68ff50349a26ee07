"""Disputes as their provider tells them: money that banks take and give back, booked as it moves."""

import logging
from decimal import Decimal

from django.db.models.functions import Now

from core import failpoints
from core.errors import DomainError
from core.locks import lock_one
from core.money import Money
from core.outbox import record
from core.transactions import use_case
from payments.adapters import ProviderUnavailable
from payments.facts import DisputeChanged
from payments.ledger import post
from payments.models import (
    CAPTURED,
    Account,
    Dispute,
    DisputeStatus,
    Payment,
    RefundStatus,
    Status,
)
from payments.models.disputes import OVER
from payments.providers import provider
from payments.services.credit import is_all_back
from payments.services.refund import TAKEN_BACK, is_taken_back, withdrawn_of
from payments.services.withheld import follow_bank

log = logging.getLogger(__name__)

TRIES = 5
STATES = {
    "inquiry": DisputeStatus.INQUIRY,
    "needs_response": DisputeStatus.OPENED,
    "under_review": DisputeStatus.EVIDENCE_SENT,
    "won": DisputeStatus.WON,
    "lost": DisputeStatus.LOST,
    "closed": DisputeStatus.CLOSED,
}


class NotAwaited(DomainError):
    """Nobody waits for evidence in this dispute."""

    code = "evidence_not_awaited"


def read_disputes(payment_id):
    """Brings the disputes of a payment in line with what its provider says now; safe to repeat, by
    anyone, in any order. Returns them; raises ProviderUnavailable when it cannot be asked.

    Who was slow would write down what is past: what was read before somebody else wrote is read again.
    """
    for _ in range(TRIES):
        payment = Payment.objects.get(pk=payment_id)
        if not payment.provider_payment_ref:
            return []
        told = provider(payment.provider).find_disputes(payment.provider_payment_ref)
        failpoints.reach("disputes.before_record")
        if record_disputes(payment_id, told, read=payment.disputes_read):
            return list(Dispute.objects.filter(payment=payment_id))
    raise ProviderUnavailable("others are reading the same disputes")


@use_case
def record_disputes(payment_id, told, *, read):
    """Writes down what was told [ProviderDispute, the newest first] after `read` earlier times, unless
    somebody was faster; returns whether it did."""
    payment = lock_one(Payment.objects.filter(pk=payment_id))
    if payment.disputes_read != read:
        return False
    if payment.status in CAPTURED:  # else it is not money of ours that is disputed
        changed = [_record(payment, one) for one in reversed(told)]
        if any(changed):
            _stop_refunds(payment)
            _show_on(payment)
            record(DisputeChanged(payment_id=payment.pk))
        if told:
            follow_bank(payment)
    payment.disputes_read += 1
    payment.save(update_fields=["disputes_read", "status", "needs_attention", "failure"])
    return True


def _record(payment, told):
    """Whether anything about this dispute is new."""
    if told.currency != payment.currency:
        log.error("payment %s: a dispute in %s", payment.pk, told.currency)
        payment.needs_attention = True
        payment.failure = f"A bank disputes {told.amount} {told.currency}, not {payment.currency}."
        return False
    dispute = Dispute.objects.filter(payment=payment, provider_ref=told.ref).first()
    before = dispute and (dispute.status, dispute.withdrawn, dispute.amount)
    dispute = dispute or Dispute(payment=payment, provider_ref=told.ref, opened_at=told.created_at)
    _describe(dispute, told)
    _book(dispute, told)
    dispute.looked_up_at = Now()
    dispute.save()
    return before != (dispute.status, dispute.withdrawn, dispute.amount)


def _describe(dispute, told):
    dispute.reason = told.reason[:60]
    dispute.amount, dispute.currency = told.amount, told.currency
    dispute.evidence_due_at = told.evidence_due_at
    status = STATES[told.state]
    if status == DisputeStatus.OPENED and dispute.evidence_sent_at:
        status = DisputeStatus.EVIDENCE_SENT  # by us; the provider has not looked at it yet
    if dispute.status and dispute.status != status:
        dispute.move_to(status)
    dispute.status = status
    dispute.closed_at = (dispute.closed_at or Now()) if status in OVER else None


def _book(dispute, told):
    """Books by how much what the bank holds, what the provider charged and what is lost differ from
    what was booked before."""
    held = told.amount if told.is_withdrawn else Decimal(0)
    lost = held if dispute.status == DisputeStatus.LOST else Decimal(0)
    moved = [
        ("held", Account.DISPUTED, Account.PROVIDER_CLEARING, held - dispute.withdrawn),
        ("lost", Account.DISPUTE_LOSSES, Account.DISPUTED, lost - dispute.written_off),
    ]
    moves = [(*move, Money(amount, told.currency)) for *move, amount in moved]
    fees = ("fee", Account.PROVIDER_FEES, Account.PROVIDER_CLEARING)
    moves += [(*fees, money) for money in _fee_moves(dispute, told)]
    dispute.withdrawn, dispute.written_off = held, lost
    for kind, to, of, money in moves:
        if not money:
            continue
        dispute.postings += 1
        post(
            source="dispute",
            source_id=dispute.pk,
            kind=f"{kind} {dispute.postings}",
            lines=[(to, money), (of, -money)],
        )


def _fee_moves(dispute, told):
    """[Money] that the provider took as its fee, or gave back of it (negative), since it was booked
    before. What goes back goes back in the currency that it was taken in."""
    before = Money(dispute.fee, dispute.fee_currency or told.currency)
    now = Money(told.fee, (told.fee_currency if told.fee else before.currency) or told.currency)
    dispute.fee, dispute.fee_currency = now.amount, now.currency
    return [now - before] if now.currency == before.currency else [-before, now]


def _stop_refunds(payment):
    """What was not sent yet and the bank has taken already is not sent any more."""
    for refund in payment.refunds.filter(status=RefundStatus.PENDING).order_by("pk"):
        if is_taken_back(payment):
            refund.move_to(RefundStatus.FAILED)
            refund.failure = TAKEN_BACK
            refund.save(update_fields=["status", "failure"])


def _show_on(payment):
    """A payment is disputed as long as a bank holds money of it."""
    if withdrawn_of(payment):
        status = Status.DISPUTED
    else:
        status = Status.REFUNDED if is_all_back(payment) else Status.SUCCEEDED
    if payment.can_move_to(status):
        payment.move_to(status)


@use_case
def evidence_sent(dispute_id):
    """A person has sent the evidence at the provider's; returns the Dispute. Raises NotAwaited."""
    dispute = Dispute.objects.get(pk=dispute_id)
    lock_one(Payment.objects.filter(pk=dispute.payment_id))
    dispute = lock_one(Dispute.objects.filter(pk=dispute_id))
    if dispute.status != DisputeStatus.OPENED:
        raise NotAwaited("No evidence is awaited in this dispute any more.")
    dispute.move_to(DisputeStatus.EVIDENCE_SENT)
    dispute.evidence_sent_at = Now()
    dispute.save(update_fields=["status", "evidence_sent_at"])
    dispute.refresh_from_db()
    return dispute
