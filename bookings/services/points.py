"""The points of a booking: earned when it is paid, reversed as far as its tickets are given back or its
money is lost. Told by facts, after the sale: nobody who pays waits for it."""

from fractions import Fraction

from django.db.models import F, Q, Sum

from bookings.cancelling.sources import became_for, went_into
from bookings.models import Booking, BookingItem, CancelledItem
from core.money import Money
from core.postgres.rows import read
from customers.points import earn, keep_share
from payments.models import CreditEntry, Payment, RefundStatus

TICKET = F("price") - F("discount")
"""What of an item earns points: its price after discounts. Not fees, nor taxes put on top."""
OF_GIVEN = F("item__price") - F("item__discount")


def earn_points(booking_id):
    """A paid booking earns points for its customer, once, as the programme says now. Harmless the
    second time, and when its tickets were given back meanwhile.

    What tickets had earned that were given for its seats goes on with them, and is none the younger.
    """
    booking = read(Booking, id=booking_id)
    if booking.customer_id is None or booking.confirmed_at is None:
        return
    money = Money(booking.price - booking.discount, booking.currency)
    before = _before(booking) if booking.instead_of_id else {}
    if earn(booking.customer_id, money, reference=booking.pk, **before):
        _reverse(booking_id)


def _before(booking):
    """What `earn` is told of the tickets that were given for the seats of a Booking."""
    old = booking.instead_of_id
    given = CancelledItem.objects.filter(cancellation__exchanged_for=booking.pk)
    worth = given.aggregate(sum=Sum(OF_GIVEN, default=0))["sum"]
    went_on = [(old, Fraction(worth) / _worth_of(old))] if worth else []
    return {"went_on": went_on, "given": (Money(worth, booking.currency), _first_bought(old))}


def _first_bought(booking_id):
    """When the first seats were bought that were changed, through all exchanges, for this booking's."""
    found = Booking.objects.values_list("instead_of", "confirmed_at").get(pk=booking_id)
    while found[0]:
        found = Booking.objects.values_list("instead_of", "confirmed_at").get(pk=found[0])
    return found[1]


def _worth_of(booking_id):
    """What all tickets of a booking earned points for."""
    return _sum(BookingItem.objects.filter(booking=booking_id), TICKET)


def reverse_points(payment_id):
    """Of what the bookings of a payment have earned, and those that their tickets were given for, stays
    what their tickets that are left are worth of it, as far as their money was not lost to a bank. Safe
    to repeat, in any order."""
    covers = Payment.objects.values_list("covers", flat=True).get(pk=payment_id)
    for booking_id in sorted({*covers, *went_into(covers)}):
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
    if payment is None:
        return Fraction(1)
    lost = _written_off(payment)
    lost = lost / max(_left(payment), lost) if lost else lost
    return 1 - min(lost + _lost_before(payment), 1)


def _lost_before(payment):
    """Which part of a payment is credit for which seats were changed, and a bank took it from where it
    came from, 0 to 1."""
    became = list(became_for(payment.covers)) if payment.credit else []
    came = sum(Fraction(entry.amount) for entry in became)
    if not came:
        return Fraction(0)
    lost = sum(Fraction(entry.amount) * _lost_as_credit(entry.payment) for entry in became)
    return lost / came * Fraction(payment.credit) / Fraction(payment.amount)


def _lost_as_credit(payment):
    """Which part of what became credit of a payment a bank took: it takes what stayed sold first."""
    became = _sum(payment.credit_entries.filter(kind__in=CreditEntry.CAME_BACK))
    over = max(_written_off(payment) - max(_left(payment), Fraction(0)), Fraction(0))
    lost = min(over / became, Fraction(1)) if became else Fraction(1 if over else 0)
    return min(lost + _lost_before(payment), Fraction(1))


def _written_off(payment):
    return _sum(payment.disputes, "written_off")


def _left(payment):
    """What of a payment was neither sent back nor became credit."""
    sent = payment.refunds.exclude(status=RefundStatus.FAILED)
    became = payment.credit_entries.filter(kind__in=CreditEntry.CAME_BACK)
    return Fraction(payment.amount) - _sum(sent) - _sum(became)


def _sum(rows, name="amount"):
    return Fraction(rows.aggregate(sum=Sum(name, default=0))["sum"])
