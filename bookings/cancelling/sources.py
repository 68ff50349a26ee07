"""Where the credit came from that seats were changed with: the payments it goes back to."""

from django.db.models import Q

from bookings.models import Cancellation, PlannedExchange
from core.money import Money
from payments.models import CreditEntry
from payments.services import credit_of_card, left_on_card


def sources_of(payment):
    """The Payments whose money a payment's credit is, the newest first: of the bookings that were given
    for the ones it paid for, through all exchanges, and of what dearer seats cost more."""
    found, asked = {}, [payment]
    while asked := [each for each in asked if each.credit]:
        bookings = {booking for each in asked for booking in each.covers}
        known = {payment.pk, *found}
        asked = {each.payment for each in became_for(bookings) if each.payment_id not in known}
        found |= {each.pk: each for each in asked}
    return sorted(found.values(), key=lambda each: each.pk, reverse=True)


def went_into(bookings):
    """The ids of all bookings that tickets of these (ids) were given for, through all exchanges."""
    found, asked = set(), set(bookings)
    while asked:
        given = Cancellation.objects.filter(booking__in=asked, exchanged_for__isnull=False)
        asked = set(given.values_list("exchanged_for", flat=True)) - found
        found |= asked
    return found


def became_for(bookings):
    """The CreditEntries that money of payments became to pay for these bookings (ids)."""
    given = list(
        Cancellation.objects.filter(exchanged_for__in=bookings).values_list("pk", flat=True)
    )
    if not given:
        return CreditEntry.objects.none()
    more = PlannedExchange.objects.filter(new__in=bookings).values_list("payment", flat=True)
    of_more = Q(payment__in=list(more), reference=None)
    became = CreditEntry.objects.filter(Q(reference__in=given) | of_more, kind="BACK")
    return became.select_related("payment")


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
