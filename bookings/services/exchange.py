"""Seats of a paid booking changed for others of the same event, all or nothing, in one transaction: the
tickets die, what they are worth pays the new ones, and these are sold."""

from bookings.cancelling import QuoteChanged, Wish, preview
from bookings.cancelling.carrying_out import carry_out
from bookings.models import Booking, BookingItem, Grounds, Rule
from bookings.orders import payments_of
from bookings.services.confirm import confirm
from bookings.services.consent import check_accepted
from bookings.services.due import payment_due, still_held
from bookings.services.expire import close_page_of
from bookings.services.pay import name_buyers
from core import failpoints
from core.errors import DomainError
from core.locks import database_now, lock
from core.money import Money
from core.status import WrongState
from core.transactions import use_case
from inventory.services import lock_seats
from payments.models import CreditEntry
from payments.models import Status as PaymentStatus
from payments.services import pay_with_credit, take_at_desk
from tickets.services.issue import lock_tickets


class NotExchangeable(DomainError):
    """These seats cannot be changed for those; every ticket is as it was."""

    code = "not_exchangeable"


def wish_of(new, tickets, *, by=None, reason=""):
    """The Wish to give these tickets (ids) for the seats of a reservation; with a `reason` staff decide
    it (the id of `by`), not the policy."""
    rule = Rule.ALL_BACK if reason else Rule.POLICY
    return Wish(frozenset(tickets), Grounds.EXCHANGE, rule, reason, by, towards=new)


def difference(quote):
    """What is still to be paid for the new seats, as Money; nothing where they cost less."""
    due = quote.wish.towards.money
    return max(due - quote.refunded, Money.zero(due.currency))


def exchange(new_id, *, booking_id, tickets, seen, by=None, reason="", taking=None):
    """Gives tickets of a paid booking for the seats of an unpaid reservation, as the Quote named `seen`
    said; returns the new Booking. Dearer seats are paid for by `taking`, what `take_at_desk` needs.

    A page that is open for the reservation is shut first. Raises QuoteChanged, NotCancellable,
    NotExchangeable, NotYours or AlreadyPaid, TermsNotAccepted, NotTakeable, OverLimit, or WrongState.
    """
    new = Booking.objects.get(pk=new_id)
    still_held(new)
    if payments_of(new).filter(status=PaymentStatus.PROCESSING).exists():
        close_page_of(new)
    how = {"by": by, "reason": reason}
    return _exchange(new_id, booking_id, frozenset(tickets), seen, how, taking)


@use_case
def _exchange(new_id, booking_id, tickets, seen, how, taking):
    new, old = _locked(new_id, booking_id)
    quote = preview(old, wish_of(new, tickets, **how), now=database_now())
    if quote.name != seen:
        raise QuoteChanged(quote)
    if new.customer_id is None:
        name_buyers([new], old.customer, quote.lines[0].item.ticket.holder_name)
    if how["by"] is None:  # at the desk nobody is asked, see bookings.services.consent
        check_accepted(new)
    holder = _holder(carry_out(quote))
    failpoints.reach("exchange.after_cancelling")
    payment = payment_due([new]) if new.total else None
    if payment:
        _pay(payment, holder, quote, taking)
    if not confirm(new_id, payment_id=payment and payment.pk).is_sold:
        raise WrongState("An offer in the new seats is used up by others. Nothing was changed.")
    return Booking.objects.get(pk=new_id)


def _locked(new_id, booking_id):
    """(the reservation, the paid booking), locked with all places and tickets of both."""
    both = Booking.objects.select_related("event", "terms", "customer")
    found = {each.pk: each for each in lock(both.filter(pk__in=[new_id, booking_id]))}
    new, old = found[new_id], found[booking_id]
    still_held(new)
    if new.order_id or new.others.exists():
        raise NotExchangeable("The new seats are in an order with others. Pay for those first.")
    if new.customer_id not in (None, old.customer_id):
        raise NotExchangeable("The new seats are reserved for somebody else.")
    items = list(BookingItem.objects.filter(booking__in=[new, old]))
    lock_seats([item.event_seat_id for item in items])
    lock_tickets([item.ticket_id for item in items])
    return new, old


def _holder(cancellation):
    """The id of the customer whose credit the tickets became."""
    became = CreditEntry.objects.filter(reference=cancellation.pk)
    return became.values_list("customer", flat=True).first()


def _pay(payment, holder, quote, taking):
    """With what the tickets are worth, and at the desk what is missing."""
    missing = difference(quote)
    if not missing:
        pay_with_credit(payment.pk, holder)
    elif taking is None:
        raise NotExchangeable(
            f"The new seats cost {missing.display()} more. The desk can take that; here seats are "
            "changed for others that cost as much or less."
        )
    else:
        credit = quote.refunded
        take_at_desk(payment.pk, credit=credit, customer_id=holder, **taking)
