"""Seats of a paid booking changed for others of the same event, all or nothing, in one transaction: the
tickets die, what they are worth pays the new ones, and these are sold.

What dearer ones cost more is taken at the desk, or paid at a provider first; then the transaction is
that of the money's arrival.
"""

import logging
from copy import copy
from dataclasses import replace

from django.db import transaction

from bookings.cancelling import QuoteChanged, Wish, preview
from bookings.cancelling.carrying_out import carry_out, lock_money
from bookings.facts import MoneySentBack
from bookings.models import Booking, BookingItem, Grounds, PlannedExchange, Rule
from bookings.orders import NOT_KEPT, payments_of
from bookings.services.confirm import confirm
from bookings.services.consent import check_accepted
from bookings.services.due import payment_due, still_held
from bookings.services.expire import close_page_of
from bookings.services.pay import keep_while_paying, name_buyers, pay_page_addresses
from core import failpoints
from core.errors import DomainError
from core.locks import database_now, lock, lock_one
from core.money import Money
from core.outbox import record
from core.status import WrongState
from core.transactions import use_case
from inventory.services import lock_seats
from payments.models import CreditEntry, Payment, Refund
from payments.models import Status as PaymentStatus
from payments.services import (
    PaymentBegun,
    give_back_as_credit,
    open_payment,
    pay_with_credit,
    send_back,
    shut_page,
    start_payment,
    take_at_desk,
)
from tickets.services.issue import lock_tickets

log = logging.getLogger(__name__)


WORTH_NOTHING = (
    "Nothing is left of what these tickets cost, so there is nothing to change them for. "
    "Keep them, and pay for the new seats as usual."
)


class NotExchangeable(DomainError):
    """These seats cannot be changed for those; every ticket is as it was."""

    code = "not_exchangeable"


def wish_of(new, tickets, *, by=None, reason="", to=None):
    """The Wish to give these tickets (ids) for the seats of a reservation; with a `reason` staff decide
    it (the id of `by`), not the policy. What is left of cheaper ones goes `to` card or credit, where
    there is a choice."""
    rule = Rule.ALL_BACK if reason else Rule.POLICY
    return Wish(frozenset(tickets), Grounds.EXCHANGE, rule, reason, by, to=to, towards=new)


def difference(quote):
    """What is still to be paid for the new seats, as Money; nothing where they cost less."""
    due = quote.wish.towards.money
    return max(due - quote.refunded, Money.zero(due.currency))


def exchange(new_id, *, booking_id, tickets, seen, taking=None, **how):
    """Gives tickets of a paid booking for the seats of an unpaid reservation, as the Quote named `seen`
    said of `wish_of` them; returns the new Booking. Dearer seats are paid for by `taking`, what
    `take_at_desk` needs.

    A page that is open for the reservation is shut first. Raises QuoteChanged, NotCancellable,
    NotExchangeable, NotYours or AlreadyPaid, TermsNotAccepted, NotTakeable, OverLimit, or WrongState.
    """
    new = Booking.objects.get(pk=new_id)
    still_held(new)
    if payments_of(new).filter(status=PaymentStatus.PROCESSING).exists():
        close_page_of(new)
    return _exchange(new_id, booking_id, frozenset(tickets), seen, how, taking)


@use_case
def _exchange(new_id, booking_id, tickets, seen, how, taking):
    new, old = _locked(new_id, booking_id)
    quote = _quote(new, old, tickets, seen, how, database_now())
    cancelled = carry_out(quote)
    _name(new, quote)
    failpoints.reach("exchange.after_cancelling")
    payment = payment_due([new]) if new.total else None
    if payment:
        _pay(payment, cancelled, quote, taking)
    if not confirm(new_id, payment_id=payment and payment.pk).is_sold:
        raise WrongState("An offer in the new seats is used up by others. Nothing was changed.")
    return Booking.objects.get(pk=new_id)


def _quote(new, old, tickets, seen, how, now):
    """The Quote that was `seen`, of a buyer who has accepted the terms of sale."""
    quote = preview(old, wish_of(new, tickets, **how), now=now)
    if quote.name != seen:
        raise QuoteChanged(quote)
    if how.get("by") is None:  # at the desk nobody is asked, see bookings.services.consent
        check_accepted(new)
    return quote


def _locked(new_id, booking_id):
    """(the reservation, the paid booking), locked with all places and tickets of both."""
    new, old = _lock_both(new_id, booking_id)
    lock_money(old)
    still_held(new)
    if new.order_id or new.others.exists():
        raise NotExchangeable("The new seats are in an order with others. Pay for those first.")
    if new.customer_id not in (None, old.customer_id):
        raise NotExchangeable("The new seats are reserved for somebody else.")
    return new, old


def _lock_both(new_id, booking_id):
    both = Booking.objects.select_related("event", "terms", "customer")
    found = {each.pk: each for each in lock(both.filter(pk__in=[new_id, booking_id]))}
    items = list(BookingItem.objects.filter(booking__in=found))
    lock_seats([item.event_seat_id for item in items])
    lock_tickets([item.ticket_id for item in items])
    return found[new_id], found[booking_id]


def _name(new, quote):
    """The new seats have a buyer from now on, when the old tickets are dead: of what one person may
    have, they do not count together. Raises OverLimit or NotRedeemed."""
    if new.customer_id is None:
        name_buyers([new], quote.booking.customer, quote.lines[0].item.ticket.holder_name)


def _holder(cancellation):
    """The id of the customer whose credit the tickets became."""
    became = CreditEntry.objects.filter(reference=cancellation.pk)
    return became.values_list("customer", flat=True).first()


def _pay(payment, cancelled, quote, taking):
    """With what the tickets are worth, and at the desk what is missing."""
    missing, holder = difference(quote), _holder(cancelled)
    if not missing:
        pay_with_credit(payment.pk, holder, cancelled.pk)
    elif taking is None:
        raise NotExchangeable(
            f"The new seats cost {missing.display()} more, which has to be paid first."
        )
    else:
        credit = quote.refunded
        take_at_desk(payment.pk, credit=credit, customer_id=holder, came_by=cancelled.pk, **taking)


# Dearer seats on the site


def pay_difference(new_id, *, booking_id, tickets, seen, site=None, provider=""):
    """The address of the provider's page where a buyer pays what dearer seats cost more; the tickets
    stay valid until it has arrived, and the new seats are nobody's. The Quote `seen` and the sum stand
    from now on.

    A page that is open for anything else is shut first. Raises like `exchange`, NoSuchWay, or
    ProviderAway.
    """
    new = Booking.objects.get(pk=new_id)
    still_held(new)
    wanted = {"booking_id": booking_id, "tickets": frozenset(tickets), "seen": seen}
    try:
        new = _plan(new_id, **wanted, provider=provider)
    except PaymentBegun:
        shut_page(new.order_key)
        new = _plan(new_id, **wanted, provider=provider)
    success_url, cancel_url = pay_page_addresses(new, site)
    return start_payment(
        reference=new.order_key,
        email=Booking.objects.values_list("customer__email", flat=True).get(pk=booking_id),
        success_url=success_url,
        cancel_url=cancel_url,
        expires_at=new.reserved_until,
    )


@use_case
def _plan(new_id, *, booking_id, tickets, seen, provider):
    new, old = _locked(new_id, booking_id)
    now = database_now()
    quote = _quote(new, old, tickets, seen, {}, now)
    missing = difference(quote)
    if missing and not quote.refunded:
        raise NotExchangeable(WORTH_NOTHING)
    if not missing:
        raise NotExchangeable("There is no difference to pay. Please look at it again.")
    _rehearse(new, quote)
    keep_while_paying([new])
    payment = payment_due([new], provider=provider, money=missing)
    what = {"payment": payment, "quote": seen, "amount": missing.amount}
    if not PlannedExchange.objects.filter(**what).exists():
        if payment.status != PaymentStatus.PENDING:
            raise PaymentBegun("Somebody is paying for these seats already.")
        PlannedExchange.objects.create(
            old=old,
            new=new,
            tickets=sorted(tickets),
            currency=missing.currency,
            made_at=now,
            **what,
        )
    return Booking.objects.get(pk=new_id)


class _OnlyTried(Exception):
    """Nothing of a rehearsal stays."""


def _rehearse(new, quote):
    """Raises what would stand in the way of changing the seats now, before anybody pays for it."""
    try:
        with transaction.atomic():
            carry_out(replace(quote, booking=copy(quote.booking)))
            _name(copy(new), quote)
            raise _OnlyTried
    except _OnlyTried:
        return


def finish_exchange(payment_id):
    """The difference has arrived: the seats are changed as they were seen, or all of it goes back.
    Returns whether the payment was for an exchange; safe to repeat."""
    plans = PlannedExchange.objects.filter(payment=payment_id).select_related("payment")
    plan = plans.order_by("made_at", "pk").last()
    if plan is None or plan.money != plan.payment.money:
        return False
    try:
        _finish(plan)
    except DomainError as refused:
        log.warning("the seats of booking %s are not changed: %s", plan.old_id, refused)
        _send_back(plan)
    return True


@use_case
def _finish(plan):
    new, old = _lock_both(plan.new_id, plan.old_id)
    lock_money(old, plan.payment_id)
    if CreditEntry.objects.filter(key=f"back:{_key(plan)}").exists():
        return
    still_held(new)
    wish = wish_of(new, plan.tickets)
    quote = preview(old, wish, now=plan.made_at)
    if (quote.name, difference(quote)) != (plan.quote, plan.money):
        raise QuoteChanged(quote)
    cancelled = carry_out(quote)
    _name(new, quote)
    holder = _holder(cancelled)
    failpoints.reach("exchange.after_cancelling")
    paid = Payment.objects.get(pk=plan.payment_id)
    give_back_as_credit(paid, plan.money, key=_key(plan), customer_id=holder)
    payment = open_payment(reference=new.order_key, money=new.money, description=new.in_words)
    pay_with_credit(payment.pk, holder, cancelled.pk)
    if not confirm(new.pk, payment_id=payment.pk).is_sold:
        raise WrongState("An offer in the new seats is used up by others. Nothing was changed.")


def _key(plan):
    return f"exchange:{plan.pk}"


@use_case
def _send_back(plan):
    lock_one(Booking.objects.filter(pk=plan.new_id))
    refund = send_back(
        payment_id=plan.payment_id, reason=Refund.Reason.NOT_EXCHANGED, request_key=NOT_KEPT
    )
    if refund:
        record(MoneySentBack(refund_id=refund.pk))
