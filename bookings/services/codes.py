"""Codes of promotions in a booking: with its reservation, or while it is held and unpaid. Whoever holds
a use has it; what a code gives is reckoned anew each time, under the terms the places were reserved."""

from contextlib import suppress
from dataclasses import replace

from bookings.models import AMOUNTS, Booking, BookingItem
from bookings.orders import due_of, lock_order, still_due, sum_of, unbegun_payment
from bookings.services.due import still_held
from core.errors import DomainError
from core.money import Money, total
from core.transactions import use_case
from customers.models import Customer
from events.charges import Line, sold_under_terms, terms_of
from inventory.models import EventSeat
from payments.services import PaymentBegun, amend_payment, shut_page
from promotions.queries import codes_of, uses_of
from promotions.reckoning import Item
from promotions.refusals import Why
from promotions.services import Applied, Context, NotRedeemed, drop, price_with, redeem


class CodeRefused(DomainError):
    """A code takes nothing off, so nothing was changed. `refused` says which and why."""

    code = "code_refused"

    def __init__(self, refused):
        super().__init__(f"{refused.code}: {refused.says}", reason=refused.why.value)
        self.refused = refused


def apply(codes, *, event, seats, prices, terms, context):
    """What these codes take off the EventSeats of these ids at these prices (Money) for the buyer of a
    Context, which need not know about fees: Applied. Takes no use."""
    if not codes:
        return Applied([Money.zero(event.currency)] * len(prices), event.currency)
    levels = dict(EventSeat.objects.filter(pk__in=seats).values_list("pk", "level_id"))
    items = [
        Item(price, event.pk, event.kind, levels[seat])
        for seat, price in zip(seats, prices, strict=True)
    ]
    waivable = terms.waivable(total(prices, event.currency))
    return price_with(codes, items, replace(context, waivable=waivable))


def reckon_with(applied, prices, terms):
    """(Reckoning, Applied with what is waived of the fees there are) of tickets at these prices."""
    lines = [Line(*each) for each in zip(prices, applied.discounts, strict=True)]
    charged = terms.reckon(lines, applied.currency, waived=applied.waived)
    return charged, applied.waiving(charged.waived)


def email_of(customer_id):
    """The e-mail that a customer's own limits go by; empty for nobody."""
    if customer_id is None:
        return ""
    return Customer.objects.values_list("email", flat=True).get(pk=customer_id)


def enter_code(booking_id, text):
    """Takes one more code into an unpaid reservation and those of its order that it is good for;
    returns the texts of those that give way to it.

    Raises CodeRefused, NotRedeemed, NotYours, AlreadyPaid, PaymentBegun or ProviderAway when it is good
    for none: places and price are then what they were.
    """
    try:
        return _enter(booking_id, text)
    except PaymentBegun:  # a code that does no good shuts nobody's page
        _shut_page(booking_id)
        return _enter(booking_id, text)


def _enter(booking_id, text):
    given_way, refused = {}, []
    wanted = _order(booking_id)
    for each in wanted:
        try:
            found = _change_codes(each, lambda codes: [*codes, text], entered=text)
            given_way |= dict.fromkeys(found)
        except (CodeRefused, NotRedeemed) as no:
            refused.append(no)
    if len(refused) == len(wanted):
        raise refused[0]
    return list(given_way)


def take_codes_of_order(booking_id):
    """Takes the codes of the others of its order into an unpaid reservation that was put to it, as far
    as they are good for it: what is refused is left out.

    Raises NotYours, AlreadyPaid or PaymentBegun.
    """
    _, *others = _order(booking_id)
    for text in codes_of(others):
        with suppress(CodeRefused, NotRedeemed):
            _change_codes(booking_id, lambda codes, text=text: _with(codes, text), entered=text)


def _with(codes, text):
    return codes if text in codes else [*codes, text]


def take_out_code(booking_id, text):
    """Takes a code out of an unpaid reservation and those of its order again; raises like
    `enter_code`."""
    _shut_page(booking_id)
    for each in _order(booking_id):
        _change_codes(each, lambda codes: [code for code in codes if code != text])


def _shut_page(booking_id):
    shut_page(Booking.objects.only("order_id").get(pk=booking_id).order_key)


def _order(booking_id):
    """Ids of what is due together with a booking, itself first."""
    due = due_of(Booking.objects.get(pk=booking_id))
    return sorted({booking_id, *(each.pk for each in due)}, key=lambda key: key != booking_id)


@use_case
def _change_codes(booking_id, change, entered=""):
    bookings = lock_order(booking_id)
    booking = bookings[0]
    still_held(booking)
    due = still_due(bookings)
    payment, begun = _unbegun(due)
    items = list(booking.items.order_by("position"))
    prices = [item.sum_of("price") for item in items]
    wanted = change([use.code.text for use in uses_of(booking_id)])
    buyer, terms = email_of(booking.customer_id), _terms_of(booking)
    drop(booking_id)
    applied = apply(
        wanted,
        event=booking.event,
        seats=[item.event_seat_id for item in items],
        prices=prices,
        terms=terms,
        context=Context(booking.currency, booking.channel, email=buyer),
    )
    given_way = _given_way(applied, entered)
    if begun:
        raise begun
    charged, applied = reckon_with(applied, prices, terms)
    _rewrite(booking, items, charged)
    if payment is not None:
        amend_payment(payment, sum_of(due), covers=[each.pk for each in due])
    redeem(applied, reference=booking_id, until=booking.reserved_until, email=buyer)
    return given_way


def _unbegun(due):
    """(the open payment of these bookings, locked, or None; the PaymentBegun that is in its way)."""
    try:
        return unbegun_payment(due), None
    except PaymentBegun as begun:
        return None, begun


def _given_way(applied, entered):
    """The texts of codes that others outdo; raises CodeRefused for what was entered or is not good any
    more."""
    for no in applied.refused:
        if no.code == entered or no.why != Why.NOT_TOGETHER:
            raise CodeRefused(no)
    return [no.code for no in applied.refused]


def _terms_of(booking):
    if booking.terms_id is None:
        return terms_of(booking.event, booking.channel)
    return sold_under_terms(booking.terms_id)


def _rewrite(booking, items, charged):
    """Says what the places cost now; only what they are listed at and cost us never changes."""
    for item, line in zip(items, charged.lines, strict=True):
        for name in AMOUNTS:
            setattr(item, name, getattr(line, name).amount)
    BookingItem.objects.bulk_update(items, AMOUNTS)
    for name in AMOUNTS:
        setattr(booking, name, charged.sum(name).amount)
    booking.waived = charged.waived.amount
    booking.save(update_fields=[*AMOUNTS, "waived"])
