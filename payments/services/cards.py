"""What a payment was made with, as far as its provider tells: a fingerprint, never a card."""

from django.db.models.functions import Now

from payments.models import Payment
from payments.providers import provider


def read_card(payment_id):
    """The fingerprint of what was paid with, asked of the provider once; empty where it knows none.
    Raises ProviderUnavailable when it cannot be asked."""
    payment = Payment.objects.get(pk=payment_id)
    if payment.card_read_at is not None or not payment.provider_payment_ref:
        return payment.card
    charge = provider(payment.provider).find_charge(payment.provider_payment_ref)
    card = charge.card[:64] if charge else ""
    Payment.objects.filter(pk=payment_id).update(card=card, card_read_at=Now())
    return card
