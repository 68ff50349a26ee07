"""The points of a booking: earned when it is paid, reversed as far as its tickets are given back or its
money is lost. Told by facts, after the sale: nobody who pays waits for it."""

from fractions import Fraction

from django.db.models import F, Q, Sum

from bookings.models import Booking
from core.money import Money
from core.postgres.rows import read
from customers.points import earn, keep_share
from payments.models import Payment, RefundStatus

TICKET = F("price") - F("discount")
"""What of an item earns points: its price after discounts. Not fees, nor taxes put on top."""


def earn_points(booking_id):
    """A paid booking earns points for its customer, once, as the programme says now. Harmless the
    second time, and when its tickets were given back meanwhile."""
    booking = read(Booking, id=booking_id)
    if booking.customer_id is None or booking.confirmed_at is None:
        return
    money = Money(booking.price - booking.discount, booking.currency)
    if earn(booking.customer_id, money, reference=booking.pk):
        _reverse(booking_id)


def reverse_points(payment_id):
    """Of what the bookings of a payment have earned stays what their tickets that are left are worth of
    it, as far as their money was not lost to a bank. Safe to repeat, in any order."""
    for booking_id in Payment.objects.values_list("covers", flat=True).get(pk=payment_id):
        _reverse(booking_id)


def _reverse(booking_id):
    keep_share(booking_id, lambda: _share_left(booking_id))


def _share_left(booking_id):
    items = Booking.objects.get(pk=booking_id).items
    sums = items.aggregate(sold=Sum(TICKET), left=Sum(TICKET, filter=Q(cancelled=None), default=0))
    return Fraction(sums["left"]) / Fraction(sums["sold"]) * _share_paid(booking_id)


def _share_paid(booking_id):
    """Which part of the money that was not given back is not lost to a bank, 0 to 1."""
    payment = Payment.objects.filter(
        pk__in=Booking.objects.filter(pk=booking_id).values("payment_id")
    ).first()
    lost = payment and payment.disputes.aggregate(sum=Sum("written_off", default=0))["sum"]
    if not lost:
        return Fraction(1)
    sent = payment.refunds.exclude(status=RefundStatus.FAILED)
    back = payment.credit_entries.filter(kind="BACK")
    gone = sum(rows.aggregate(sum=Sum("amount", default=0))["sum"] for rows in (sent, back))
    return 1 - Fraction(lost) / max(Fraction(payment.amount - gone), Fraction(lost))
