"""From the row written at reservation to the page of the provider."""

import logging

from django.db.models.functions import Now

from agencies.queries import current_agency
from core import failpoints
from core.errors import DomainError, Invalid
from core.locks import lock
from core.postgres.fixed import FixedUpdate, Locking
from core.postgres.rows import insert
from core.transactions import use_case
from payments.adapters import ProviderRefused, ProviderUnavailable
from payments.models import NOTHING_DUE, OPEN, Payment, Status
from payments.providers import BY_HAND, default_provider, provider, ways_to_pay
from payments.services.credit import hold_credit
from payments.services.settle import close_payment, find_session, settle
from payments.statements import in_fours

log = logging.getLogger(__name__)


class ProviderAway(DomainError):
    """The provider did not answer; whether it acted is unknown and will be looked up."""

    code = "payment_provider_unavailable"
    status = 503


class AwaitsTransfer(DomainError):
    """The money is awaited on the bank account, so no page is opened for it."""

    code = "awaits_transfer"


class NothingToPay(DomainError):
    """There is no open payment: it was paid, refunded or given up."""

    code = "nothing_to_pay"


def new_payment(*, reference, money, description, covers=None):
    """The intent to be paid for `covers` (ids), or for `reference` alone, for the transaction that
    makes it due to write. Returns the Payment."""
    return Payment(
        reference=reference,
        covers=list(covers or [reference]),
        provider=default_provider(current_agency(), money),
        amount=money.amount,
        currency=money.currency,
        description=description,
    )


class PaymentBegun(DomainError):
    """Somebody is at the provider's page, or has paid: what is asked for stays as it is."""

    code = "payment_begun"


def amend_payment(payment, money, *, covers=None, description=""):
    """Asks for another amount (Money) with an open payment that nobody has begun, or for other `covers`
    (ids) which a `description` names; for nothing, it is given up."""
    if money:
        payment.amount = money.amount
        payment.covers = list(covers or payment.covers)
        payment.description = description or payment.description
    else:
        payment.move_to(Status.FAILED)
        payment.failure, payment.settled_at = NOTHING_DUE, Now()
    payment.save(
        update_fields=["amount", "covers", "description", "status", "failure", "settled_at"]
    )


def shut_page(reference):
    """Shuts the provider's page if somebody was sent there, so that another price can be asked for.

    Raises ProviderAway when the provider does not answer.
    """
    if Payment.objects.filter(reference=reference, status=Status.PROCESSING).exists():
        try:
            close_payment(reference)
        except (ProviderUnavailable, ProviderRefused) as error:
            raise ProviderAway(
                "The payment page that you had open could not be shut, because the provider does not "
                "answer or is taking your money at this moment. Until we hear more the price stays "
                "as it is, and your seats are still kept."
            ) from error


class NoSuchWay(Invalid):
    """What is due cannot be paid at that provider."""

    code = "no_such_way_to_pay"


def pay_at(reference, money, name):
    """Has what is open for `reference` be paid at the provider of this name. A page of another provider
    that the buyer has open is shut first, so that nobody pays on both.

    Raises NoSuchWay, or ProviderAway when the other provider does not answer.
    """
    ways = ways_to_pay(current_agency(), money)
    if name not in ways:
        raise NoSuchWay(
            f"This cannot be paid by {name[:20]!r}. Choose one of: {', '.join(ways) or 'none'}."
        )
    if _is_begun_elsewhere(reference, name):
        try:
            close_payment(reference)
        except (ProviderUnavailable, ProviderRefused) as error:
            raise ProviderAway(
                "The payment page that you had open could not be shut, so please pay there, or try "
                "again in a moment. Your seats are still kept."
            ) from error


@use_case
def _is_begun_elsewhere(reference, name):
    """Whether the buyer was sent to another provider; what nobody has begun simply changes over."""
    wanted = Payment.objects.filter(reference=reference, status__in=OPEN)
    other = lock(wanted.exclude(provider__in=(name, *BY_HAND)))
    for payment in other:
        if payment.status == Status.PENDING:
            payment.provider = name
            payment.save(update_fields=["provider"])
    return any(payment.status == Status.PROCESSING for payment in other)


def open_payment(*, provider_name="", **intent):
    """Writes a new_payment, at the provider of this name if one is given; returns it."""
    payment = new_payment(**intent)
    payment.provider = provider_name or payment.provider
    return insert([payment])[0]


STILL_OPEN = Locking(lambda reference: Payment.objects.filter(reference=reference, status__in=OPEN))
BEGIN = FixedUpdate(
    lambda payment, status, credit: (
        Payment.objects.filter(pk=payment),
        {"status": status, "credit": credit, "opened_at": Now()},
    )
)
OPENED = FixedUpdate(
    lambda payment, ref, url, payment_ref: (
        Payment.objects.filter(pk=payment, status__in=OPEN),
        {"provider_ref": ref, "provider_url": url, "provider_payment_ref": payment_ref},
    )
)


def start_payment(
    *, reference, email, success_url, cancel_url, expires_at, credit=None, customer_id=None
):
    """Opens the provider's page for the open payment of `reference`; returns its address. With
    `credit` so much of it (Money, less than all) is paid with what this customer has: it is held
    from the moment the payment is begun.

    Repeating it gives the same page. Raises NothingToPay, NotEnoughCredit, or ProviderAway when the
    outcome is unknown: the row is then already PROCESSING and reconciliation looks the object up.
    """
    payment, is_first = _begin(reference, credit, customer_id)
    if payment.provider_url:
        return payment.provider_url
    failpoints.reach("pay.before_provider")
    session = _open_session(payment, is_first, email, success_url, cancel_url, expires_at)
    failpoints.reach("pay.after_provider")
    if not OPENED(payment.pk, session.ref, session.url, session.payment_ref or ""):
        # Given up while the page was being opened: shut it, so that no money can follow.
        provider(payment.provider).expire_session(session.ref)
        raise NothingToPay("The time to pay is over. Nothing was charged.")
    if session.state != "open":
        settle(payment.pk)
        raise NothingToPay("This payment has come to its end. Please look at your booking again.")
    return session.url


@use_case
def _begin(reference, credit, customer_id):
    """(the open Payment, whether nobody has asked the provider for it before)."""
    payment = STILL_OPEN.first(reference)
    if payment is None:
        raise NothingToPay("There is nothing left to pay for this booking.")
    if payment.provider in BY_HAND:
        raise AwaitsTransfer(
            "This booking is paid by bank transfer, with the reference "
            f"{in_fours(payment.provider_ref)}: the account is in your mail."
        )
    is_first = payment.status == Status.PENDING
    if is_first:
        payment.credit = credit.amount if credit else payment.credit
        if payment.credit >= payment.amount:
            raise PaymentBegun("What is due has changed meanwhile. Please look at it again.")
        payment.move_to(Status.PROCESSING)
        BEGIN(payment.pk, payment.status, payment.credit)
        if payment.credit:
            hold_credit(payment, customer_id)
    return payment, is_first


def _open_session(payment, is_first, email, success_url, cancel_url, expires_at):
    """The provider's session for this payment, found again if an earlier try made it without our
    hearing of it."""
    try:
        known = None if is_first else find_session(payment)
        return known or provider(payment.provider).open_session(
            payment_id=payment.pk,
            reference=payment.reference,
            amount=payment.charged.amount,
            currency=payment.currency,
            description=payment.description,
            payee=current_agency().name,
            email=email,
            success_url=success_url,
            cancel_url=cancel_url,
            expires_at=expires_at,
            idempotency_key=f"{payment.pk}:open",
        )
    except (ProviderUnavailable, ProviderRefused) as error:
        log.warning("the page of payment %s could not be opened: %s", payment.pk, error)
        raise ProviderAway(
            "The payment page could not be opened. Your seats are still kept and nothing was "
            "charged; please try again in a moment."
        ) from error
