"""A payment has come in: what it was for is sold, changed for other seats, or paid back whole."""

from bookings.models import Booking
from bookings.services.confirm import confirm
from bookings.services.exchange import finish_exchange
from payments.models import Payment
from payments.services import read_card


def sell_paid(payment_id):
    """Sells what a payment that has come in was for; safe to repeat, and whoever comes second waits for
    the first. Raises ProviderUnavailable where a limit asks for its card and nobody tells it."""
    reference, covers, amount = Payment.objects.values_list("reference", "covers", "amount").get(
        pk=payment_id
    )
    paid_for = Booking.objects.filter(pk__in=covers).values_list("total", "event__max_per_card")
    totals, limits = zip(*paid_for, strict=True) if paid_for else ((), ())
    if sum(totals) != amount and finish_exchange(payment_id):
        return
    if set(limits) - {None}:
        read_card(payment_id)
    if totals:
        confirm(reference, payment_id=payment_id)
