"""What taking the money came to: the provider's fee, how risky it holds the payment to be, and a
fingerprint of what was paid with, never a card. Asked once the money has come in; docs/payments.md."""

from django.db.models.functions import Now

from core.locks import lock_one
from core.money import Money
from core.outbox import record
from core.transactions import use_case
from payments.facts import ChargeRead
from payments.ledger import post
from payments.models import Account, LineState, Payment, PayoutLine, Risk
from payments.providers import BY_HAND, provider


def read_charge(payment_id):
    """Asks the provider what it took for a payment and thinks of it, and books its fee; returns the
    Payment. What was said once stays, so it is safe to repeat. Raises ProviderUnavailable."""
    payment = Payment.objects.get(pk=payment_id)
    if payment.provider in BY_HAND or not payment.provider_payment_ref:
        return payment
    told = provider(payment.provider).find_charge(payment.provider_payment_ref)
    return _record(payment_id, told)


def read_card(payment_id):
    """The fingerprint of what was paid with, asked of the provider once, before anything is sold for
    it; empty where it knows none. Raises ProviderUnavailable when it cannot be asked."""
    payment = Payment.objects.get(pk=payment_id)
    if payment.card or payment.card_read_at or not payment.provider_payment_ref:
        return payment.card
    told = provider(payment.provider).find_charge(payment.provider_payment_ref)
    card = told.card[:64] if told else ""
    Payment.objects.filter(pk=payment_id).update(card=card, card_read_at=Now())
    return card


@use_case
def _record(payment_id, told):
    payment = lock_one(Payment.objects.filter(pk=payment_id))
    before = payment.charge_read_at and _thought(payment)
    payment.charge_read_at = Now()
    if told:
        payment.card = payment.card or told.card[:64]
        _note_risk(payment, told)
        _book_fee(payment, told)
    payment.save(update_fields=SAID)
    if before != _thought(payment):
        record(ChargeRead(payment_id=payment.pk))
    payment.refresh_from_db()
    return payment


SAID = [
    *("charge_read_at", "card", "fee", "fee_currency"),
    *("risk_level", "risk_score", "risk_reason"),
]


def _thought(payment):
    """What the provider thinks of it, as far as it was noted."""
    return payment.card, payment.risk_level, payment.risk_score


def _note_risk(payment, told):
    """A provider may judge later, or once more; that it says nothing takes back nothing."""
    if told.risk_level in Risk:
        payment.risk_level = told.risk_level
        payment.risk_score, payment.risk_reason = told.risk_score, told.risk_reason[:120]


def _book_fee(payment, told):
    if payment.fee is not None or told.fee is None or _is_paid_out(payment):
        return
    fee = Money(told.fee, told.fee_currency)
    payment.fee, payment.fee_currency = fee.amount, fee.currency
    if fee:
        lines = [(Account.PROVIDER_FEES, fee), (Account.PROVIDER_CLEARING, -fee)]
        post(source="charge", source_id=payment.pk, kind="fee", lines=lines)


def _is_paid_out(payment):
    """Whether a payout has brought it, and what was kept of it is booked with that."""
    lines = payment.payout_lines.filter(kind=PayoutLine.Kind.PAYMENT, to_fees__gt=0)
    return lines.exclude(status=LineState.OPEN).exists()
