"""One door for every way we learn about a payment: it reads the provider's present object."""

import logging
from decimal import Decimal

from django.db.models.functions import Now

from core import failpoints
from core.locks import alone, lock_one
from core.outbox import record
from core.postgres.rows import read
from core.transactions import use_case
from payments.adapters import ProviderUnavailable
from payments.facts import PaymentSucceeded
from payments.ledger import post
from payments.models import NOT_PAID, OPEN, PAGE_EXPIRED, PAGE_SHUT, Account, Payment, Status
from payments.providers import provider
from payments.services.credit import hold_again, return_credit

log = logging.getLogger(__name__)

DECLINED = "The provider declined the payment."
ENDED = {"expired": PAGE_EXPIRED, "failed": DECLINED}


def settle(payment_id):
    """Brings a payment in line with what its provider says now; safe to repeat, by anyone.

    Called by the return page, the webhook and reconciliation alike. Returns the Payment as it is
    afterwards; raises ProviderUnavailable when the provider cannot be asked.
    """
    payment = read(Payment, id=payment_id)
    if payment is None:
        raise Payment.DoesNotExist
    session = find_session(payment)
    if session is None:
        return _never_opened(payment)
    if session.state == "approved":
        session = _take(payment_id, session)
    failpoints.reach("settle.before_record")
    return _record(payment_id, session)


def _take(payment_id, session):
    """Takes the money of an approved session, once, and only while it is still wanted. Returns the
    session as it is then.

    One process at a time takes or gives up: who comes second leaves it to the first. A call whose
    outcome is unknown is not made again before the session has been looked at, and then with its key.
    """
    with alone(_taking(payment_id)) as is_first:
        payment = Payment.objects.get(pk=payment_id)
        if not is_first or payment.status not in OPEN or _mismatch(payment, session):
            return session
        failpoints.reach("settle.before_capture")
        key = f"{payment.pk}:capture"
        return provider(payment.provider).capture(ref=session.ref, idempotency_key=key) or session


def _taking(payment_id):
    return f"capture of payment {payment_id}"


def find_session(payment):
    """The provider's session of a Payment as it is now, or None when there is none.

    Until we have heard its id it is found by ours, among those of the time between the first try to
    open it and, once that has ended, the end of the payment."""
    adapter = provider(payment.provider)
    if payment.provider_ref:
        return adapter.find_session(ref=payment.provider_ref)
    return adapter.find_session(
        payment_id=payment.pk,
        since=payment.opened_at or payment.created_at,
        until=payment.settled_at,
    )


@use_case
def _never_opened(payment):
    """The provider has no object of ours: leave the attempt to be made again."""
    Payment.objects.filter(pk=payment.pk).update(looked_up_at=Now())
    return Payment.objects.get(pk=payment.pk)


@use_case
def _record(payment_id, session, *, is_shut=False):
    """`is_shut`: it was we who ended the session, if it has ended unpaid; the provider's own notice of
    that may have been faster."""
    payment = read(Payment, id=payment_id, for_update=True)
    payment.provider_ref = session.ref
    payment.provider_payment_ref = session.payment_ref or ""
    if session.state == "paid" and payment.can_move_to(Status.SUCCEEDED):
        _succeed(payment, session)
    elif session.state in ENDED and payment.status in OPEN:
        _fail(payment, ENDED[session.state])
    elif session.state == "approved" and payment.status in OPEN and _mismatch(payment, session):
        _fail(payment, f"Not taken: {_mismatch(payment, session)}")
    if is_shut and payment.status == Status.FAILED and payment.failure == ENDED["expired"]:
        payment.failure = PAGE_SHUT
    payment.looked_up_at = Now()
    payment.save()
    return read(Payment, id=payment_id)


def _succeed(payment, session):
    wrong = _mismatch(payment, session)
    if wrong:
        if payment.failure != wrong:  # what a person has dealt with is not brought up again
            log.error("payment %s: %s", payment.pk, wrong)
            payment.failure, payment.needs_attention = wrong, True
        return
    if payment.status == Status.FAILED and payment.credit and not hold_again(payment):
        # What came is not all that was due, so `confirm` sends it back.
        payment.amount, payment.credit = payment.charged.amount, Decimal(0)
    payment.move_to(Status.SUCCEEDED)
    payment.failure, payment.needs_attention = "", False
    payment.settled_at = Now()
    post(
        source="payment",
        source_id=payment.pk,
        kind="captured",
        lines=[
            (Account.PROVIDER_CLEARING, payment.charged),
            (Account.CUSTOMER_CREDIT, payment.by_credit),
            (Account.CUSTOMER_DEPOSITS, -payment.money),
        ],
    )
    record(PaymentSucceeded(reference=payment.reference, payment_id=payment.pk))


def _mismatch(payment, session):
    """Why the provider's object is not this payment, or an empty string."""
    if (session.amount, session.currency) != (payment.charged.amount, payment.currency):
        return f"The provider says {session.amount} {session.currency}, not {payment.charged}."
    named = session.metadata.get("payment_id")
    if named != str(payment.pk):
        return f"The provider's object names payment {named}."
    return ""


@use_case
def dealt_with(payment_id):
    """A person has sorted out, with the provider, money that is not this payment: it counts as failed
    and asks for nobody's attention any more. Returns the Payment."""
    payment = lock_one(Payment.objects.filter(pk=payment_id, needs_attention=True))
    if payment.status in OPEN:
        return_credit(payment)
        payment.move_to(Status.FAILED)
        payment.settled_at = Now()
    payment.needs_attention = False
    payment.save()
    return payment


def _fail(payment, why):
    return_credit(payment)
    payment.move_to(Status.FAILED)
    payment.failure = why
    payment.settled_at = Now()


def close_payment(reference, *, covering=None):
    """Shuts the provider's page for what is no longer for sale; money already there is settled. With
    `covering` only if it is (also) this id that is paid for there.

    Safe to repeat. Raises ProviderUnavailable as long as the provider does not say that nobody can pay
    any more.
    """
    found = Payment.objects.filter(reference=reference, status__in=OPEN)
    payment = (found.filter(covers__contains=[covering]) if covering else found).first()
    if payment is None:
        return
    if payment.status == Status.PENDING:
        _give_up(payment.pk)
        return
    if not provider(payment.provider).captures:
        _close(payment)
        return
    with alone(_taking(payment.pk)) as is_first:
        if not is_first:
            raise ProviderUnavailable("the money is being taken at this moment")
        _close(payment)


def _close(payment):
    session = _shut(payment)
    if session is None:
        _give_up(payment.pk)
        return
    if session.state == "open":
        raise ProviderUnavailable("the page could not be shut: money is on its way")
    _record(payment.pk, session, is_shut=not session.was_over)


def _shut(payment):
    """The provider's session of a Payment after its page was shut, or None when there is none."""
    expire = provider(payment.provider).expire_session
    if payment.provider_ref:
        return expire(payment.provider_ref)
    session = find_session(payment)
    return expire(session.ref) if session and session.state in ("open", "approved") else session


@use_case
def _give_up(payment_id):
    payment = lock_one(Payment.objects.filter(pk=payment_id))
    if payment.status in OPEN:
        _fail(payment, NOT_PAID)
        payment.save()


__all__ = [
    "DECLINED",
    "ProviderUnavailable",
    "close_payment",
    "dealt_with",
    "settle",
]
