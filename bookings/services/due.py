"""What is due for an order now, and the payment that asks for exactly that."""

from bookings.models import Status
from bookings.orders import arrived_for, in_words, lock_payments_of, sum_of
from core.errors import DomainError, Invalid
from core.locks import database_now
from payments.models import OPEN
from payments.models import Status as PaymentStatus
from payments.services import PaymentBegun, amend_payment, open_payment


class NotYours(DomainError):
    """The reservation is over, so there is nothing to pay."""

    code = "reservation_over"


class AlreadyPaid(DomainError):
    """The money has arrived, so there is nothing to pay any more."""

    code = "already_paid"


class NoContact(Invalid):
    """Tickets must go to somebody."""

    code = "contact_missing"


def still_held(booking, now=None):
    """Raises AlreadyPaid or NotYours unless the booking can still be paid, at this moment if it is
    given."""
    if booking.status in (Status.CONFIRMED, Status.PAID):
        raise AlreadyPaid("This booking is already paid.")
    is_held = booking.status == Status.RESERVED
    if not is_held or booking.reserved_until <= (now or database_now()):
        raise NotYours(
            "The time to pay is over and the places went back on sale. Nothing was charged."
        )


def payment_due(bookings, *, provider="", money=None):
    """The open Payment for exactly these locked Bookings of one order, made (at this provider, or the
    usual one) or amended if need be: for what they cost, or for so much (Money) of it.

    Raises AlreadyPaid, or PaymentBegun when somebody is at a provider's page for another sum.
    """
    payments = lock_payments_of(bookings)
    is_any_there = any(each.status == PaymentStatus.SUCCEEDED for each in payments)
    if is_any_there and arrived_for(*bookings).exists():
        raise AlreadyPaid("Your payment has arrived; the tickets are on their way to you.")
    money, covers = money or sum_of(bookings), [each.pk for each in bookings]
    words = in_words(bookings)
    still_open = [each for each in payments if each.status in OPEN]
    of_order = [each for each in still_open if each.reference == bookings[0].order_key]
    rest = [each for each in still_open if each not in of_order]
    if any(each.status != PaymentStatus.PENDING for each in rest):
        raise PaymentBegun("Somebody is paying for a part of this order.")
    for each in rest:  # asked for before it was put to the order
        amend_payment(each, money - money)
    payment = next(iter(of_order), None)
    if payment is None:
        intent = {"money": money, "covers": covers, "description": words}
        return open_payment(reference=bookings[0].order_key, provider_name=provider, **intent)
    if payment.money == money and set(payment.covers) == set(covers):
        return payment
    if payment.status != PaymentStatus.PENDING:
        raise PaymentBegun("Somebody is paying for this order, with another sum.")
    amend_payment(payment, money, covers=covers, description=words)
    return payment
