"""Provider notices: stored once, answered, then worked until done."""

import logging
from datetime import timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Now

from core.postgres.fixed import Fixed, FixedUpdate
from core.postgres.rows import insert, read
from core.tenancy import acting_for, as_system
from payments.adapters import ProviderUnavailable
from payments.models import InboxMessage, Payment
from payments.providers import provider
from payments.services.disputes import read_disputes
from payments.services.refund import look_after_other_ways
from payments.services.settle import settle

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=1)
ATTEMPTS = 12


BY_SESSION = Fixed(lambda name, ref: Payment.objects.filter(provider=name, provider_ref=ref))
BY_PAYMENT = Fixed(
    lambda name, ref: Payment.objects.filter(provider=name, provider_payment_ref=ref)
)
TRIED = FixedUpdate(
    lambda message: (
        InboxMessage.objects.filter(pk=message),
        {"attempts": F("attempts") + 1, "due_at": Now() + LEASE},
    )
)
WORKED = FixedUpdate(
    lambda message: (
        InboxMessage.objects.filter(pk=message),
        {"state": InboxMessage.State.DONE, "done_at": Now(), "last_error": ""},
    )
)


def _known(name, about):
    """The Payment of this provider that a notice is about, by the provider's ids, or None."""
    found = about.session_ref and BY_SESSION(name, about.session_ref)
    found = found or (about.payment_ref and BY_PAYMENT(name, about.payment_ref))
    return found[0] if found else None


def receive_notice(*, provider_name, body, headers):
    """Verifies a provider's notice and stores it once; returns the InboxMessage, or None when it is
    about nothing of ours. Raises WebhookRefused for a signature that does not hold."""
    adapter = provider(provider_name)
    notice = adapter.verify_webhook(body, headers)
    payment = _payment_of(provider_name, adapter, notice)
    if payment is None:
        log.warning("a notice of %s about %s is not ours", provider_name, notice.session_ref)
        return None
    with acting_for(payment.agency_id):
        return _store(provider_name, notice, payment)


def _payment_of(provider_name, adapter, notice):
    """The payment a notice is about: by the provider's ids, else by the id we put into its object
    (a notice can be faster than the answer that tells us the provider's id)."""
    with as_system():
        known = _known(provider_name, notice)
        if known:
            return known
        session = adapter.find_session(ref=notice.session_ref) if notice.session_ref else None
        if session is None:
            return None
        named = Payment.objects.filter(provider=provider_name, pk=_named_payment(session))
        return named.first()


def _named_payment(session):
    """The payment id in a session's metadata, or None: the account may sell other things, too."""
    try:
        return UUID(session.metadata.get("payment_id", ""))
    except ValueError:
        return None


def _store(provider_name, notice, payment):
    """The notice under our own reference of its session once there is one, so that whose it is need
    not be asked again."""
    try:
        with transaction.atomic():
            return insert(
                [
                    InboxMessage(
                        provider=provider_name,
                        event_id=notice.id,
                        kind=notice.kind,
                        session_ref=payment.provider_ref or notice.session_ref or "",
                        payment_ref=notice.payment_ref or "",
                    )
                ]
            )[0]
    except IntegrityError:
        return InboxMessage.objects.get(provider=provider_name, event_id=notice.id)


def work_notice(message_id):
    """Settles the payment a stored notice is about; a failure is kept for the next try. Returns
    whether the provider answered, or need not be asked."""
    message = read(InboxMessage, id=message_id)
    if message.state != InboxMessage.State.RECEIVED:
        return True
    TRIED(message_id)
    try:
        _settle_for(message)
    except Exception as error:
        log.exception("notice %s failed", message.event_id)
        _failed(message, str(error))
        return not isinstance(error, ProviderUnavailable)
    WORKED(message_id)
    return True


def _settle_for(message):
    payment = _known(message.provider, message)
    if payment is None:
        session = provider(message.provider).find_session(ref=message.session_ref)
        if session is None:
            raise LookupError(f"The provider no longer knows {message.session_ref}.")
        named = Payment.objects.filter(provider=message.provider)
        payment = named.get(pk=session.metadata["payment_id"])
    settle(payment.pk)
    if "dispute" in message.kind.lower():
        read_disputes(payment.pk)
    if "refund" in message.kind.lower():
        look_after_other_ways(payment.pk)


def _failed(message, error):
    attempts = message.attempts + 1
    state = InboxMessage.State.FAILED if attempts >= ATTEMPTS else InboxMessage.State.RECEIVED
    InboxMessage.objects.filter(pk=message.pk).update(
        state=state,
        last_error=error[:2000],
        due_at=Now() + timedelta(seconds=min(2**attempts, 3600)),
    )
