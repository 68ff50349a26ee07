"""Where the credit came from that seats were changed with: the payments it goes back to."""

from django.db.models import Q

from bookings.models import Cancellation, PlannedExchange
from core.money import Money
from payments.models import CreditEntry, Payment
from payments.services import credit_of_card, left_on_card


def sources_of(payment):
    """The Payments whose money a payment's credit is, the newest first: of the bookings that were given
    for the ones it paid for, through all exchanges, and of what dearer seats cost more."""
    found, asked = {}, [payment]
    while asked := [each for each in asked if each.credit]:
        bookings = {booking for each in asked for booking in each.covers}
        asked = [each for each in _given_for(bookings) if each.pk not in {payment.pk, *found}]
        found |= {each.pk: each for each in asked}
    return sorted(found.values(), key=lambda each: each.pk, reverse=True)


def _given_for(bookings):
    """The Payments whose money became credit to pay for these bookings (ids)."""
    tickets = Q(reference__in=Cancellation.objects.filter(exchanged_for__in=bookings).values("pk"))
    more = PlannedExchange.objects.filter(new__in=bookings).values("payment")
    became = CreditEntry.objects.filter(tickets | Q(payment__in=more, reference=None), kind="BACK")
    return Payment.objects.filter(pk__in=became.values("payment"))


def shares_of(sources, money, taken):
    """How so much Money is divided among payments, as far as it is of their cards: ((Payment, Money),
    …), noted in `taken` {payment id: Money}. What came last goes back first: banks take back what was
    paid lately rather than what was paid long ago."""
    shares, left = [], money
    for source in sources:
        share = min(left, _less(credit_of_card(source), source, taken))
        if share:
            shares.append((source, take(source, share, taken)))
            left -= share
    return tuple(shares)


def left_of_card(payment, taken):
    """What of a payment can still go back to its card besides what others are to get."""
    return _less(left_on_card(payment), payment, taken)


def take(payment, money, taken):
    """Notes that so much is taken of a payment, and returns it."""
    taken[payment.pk] = taken.get(payment.pk, Money.zero(money.currency)) + money
    return money


def _less(money, payment, taken):
    nothing = Money.zero(money.currency)
    return max(money - taken.get(payment.pk, nothing), nothing)
