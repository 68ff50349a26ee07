"""Several reservations, of one or several events, that are paid together."""

from bookings.models import Booking
from bookings.orders import lock_order, payments_of, still_due, sum_of
from bookings.services.due import payment_due, still_held
from bookings.services.pay import name_buyers
from core.errors import DomainError
from core.transactions import use_case
from payments.models import Status as PaymentStatus
from payments.services import PaymentBegun

MOST = 10
"""Bookings of one order that can still be paid."""


class NotTogether(DomainError):
    """These reservations cannot be paid together; each stays as it was."""

    code = "not_together"


@use_case
def join(booking_id, *, to):
    """Puts an unpaid reservation into the order of another one, to be paid together with it; returns
    the Booking. Nothing happens when it is there already.

    Whoever was named as the buyer of the order buys it, too. Raises NotTogether when the two differ in
    currency or seller or are too many, PaymentBegun when one of them is being paid, NotYours or
    AlreadyPaid.
    """
    booking_id, to = _newer_to_older(booking_id, to)
    order = lock_order(to)
    booking = _lock_alone(booking_id, order)
    if booking.order_key == order[0].order_key:
        return booking
    still_held(order[0])
    still_held(booking)
    due = still_due(order)
    _check(booking, due)
    if payments_of(booking, *order).filter(status=PaymentStatus.PROCESSING).exists():
        raise PaymentBegun("One of these reservations is being paid; the other is paid by itself.")
    _put(booking, due)
    if sum_of([*due, booking]):
        payment_due([*due, booking])
    return booking


def _newer_to_older(one, other):
    """(what is put, to what): an order is named by its oldest booking, which is locked first."""
    orders = Booking.objects.only("order_id").in_bulk([one, other])
    if len(orders) == 1 and one != other:
        raise Booking.DoesNotExist
    return (other, one) if one < orders[other].order_key else (one, other)


def _lock_alone(booking_id, order):
    """The locked booking, which has no others of its own."""
    for each in order:
        if each.pk == booking_id:
            return each
    booking, *others = lock_order(booking_id)
    if others or booking.order_id:
        raise NotTogether("This reservation is paid together with others already.")
    return booking


def _check(booking, due):
    first = due[0]
    if booking.currency != first.currency:
        raise NotTogether(f"One is paid in {booking.currency}, the other in {first.currency}.")
    if (booking.seller_key, booking.channel) != (first.seller_key, first.channel):
        raise NotTogether("They are not sold by the same seller.")
    if len(due) >= MOST:
        raise NotTogether(f"One order holds {MOST} reservations. Pay for these first.")


def _put(booking, due):
    """Whoever was named for one of them is named for all."""
    buyers = {each.customer_id for each in [booking, *due]} - {None}
    if len(buyers) > 1:
        raise NotTogether("They were reserved for two different buyers.")
    booking.order_id = due[0].order_key
    booking.save(update_fields=["order"])
    named = next((each for each in [booking, *due] if each.customer_id), None)
    if named:
        holder = named.items.values_list("ticket__holder_name", flat=True).first()
        name_buyers([booking, *due], named.customer, holder)
