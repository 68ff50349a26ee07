"""Who buys, and the way to the provider's page."""

from django.urls import reverse

from agencies.queries import current_agency, site_of
from bookings.links import mailed_key
from bookings.models import Booking
from bookings.orders import due_of, lock_order, lock_places, still_due, sum_of
from bookings.services.confirm import confirm
from bookings.services.consent import check_accepted
from bookings.services.due import NoContact, payment_due, still_held
from bookings.services.expire import GRACE
from bookings.services.limits import refused_in_words
from core.errors import Invalid
from core.locks import database_now
from core.postgres.rows import read
from core.status import WrongState
from core.transactions import use_case
from customers.services import remember_customer
from inventory.services import keep
from payments.models import Status as PaymentStatus
from payments.services import (
    NotEnoughCredit,
    PaymentBegun,
    pay_at,
    pay_with_credit,
    shut_page,
    start_payment,
)
from promotions.services import NotRedeemed, name_buyer, renew
from tickets.models import Ticket
from tickets.services import name_holder
from tickets.services.issue import lock_tickets


class NotHisCredit(Invalid):
    """Credit pays for bookings of whom it belongs to, and no others."""

    code = "not_his_credit"


@use_case
def contact(booking_id, *, email, name, phone=""):
    """Says who buys this booking and those of its order; may be said again until they are paid.
    Returns the Booking.

    Raises NotRedeemed when he has used an offer of them as often as one may, OverLimit when he would
    have more tickets than an event allows one person.
    """
    bookings, now = lock_order(booking_id), database_now()
    still_held(bookings[0], now)
    customer = remember_customer(email=email, name=name, phone=phone)
    name_buyers(still_due(bookings, now), customer, name)
    return bookings[0]


def name_buyers(bookings, customer, name):
    """Says of these locked bookings who buys them, and under which name. Raises NotRedeemed,
    OverLimit."""
    for booking in by_event(bookings):
        booking.customer = customer
        with refused_in_words(booking):
            booking.save(update_fields=["customer"])
        name_holder(booking.items.values_list("ticket_id", flat=True), name)
        name_buyer(booking.pk, customer.email)


def by_event(bookings):
    """In the order in which a person's shares of events are locked."""
    return sorted(bookings, key=lambda each: each.event_id)


def pay(booking_id, *, site=None, provider="", credit=None, whose=None):
    """The address where the buyer goes now to pay for the order: the provider's page, or, when nothing
    is due, the booking's own. `site` is the address of our site, such as https://tickets.example,
    `provider` the name of the one the buyer has chosen, empty for the usual one or the one he is at
    already. `credit` is what of it is paid with the credit (Money) of the customer `whose` (an id), who
    has proven that it is he; None for what a page that is open says.

    Raises NotYours when the time is over, AlreadyPaid, NoContact, TermsNotAccepted, NotRedeemed,
    NoSuchWay, NotEnoughCredit, NotHisCredit, or ProviderAway.
    """
    bookings = _due_with(booking_id)
    booking = next(each for each in bookings if each.pk == booking_id)
    if any(each.customer is None for each in bookings):
        raise NoContact("Please say who you are, so that the tickets can reach you.")
    for each in bookings:
        check_accepted(each)
    if not sum_of(bookings):
        confirm(booking_id)
        return reverse("booking", args=[booking_id])
    due = sum_of(bookings)
    if credit and credit >= due:
        return _pay_all_with_credit(booking, credit, whose)
    if provider:
        pay_at(booking.order_key, due - credit if credit else due, provider)
    _ensure_payment(booking, provider, credit, whose)
    success_url, cancel_url = pay_page_addresses(booking, site)
    return start_payment(
        reference=booking.order_key,
        email=booking.customer.email,
        success_url=success_url,
        cancel_url=cancel_url,
        expires_at=min(each.reserved_until for each in bookings),
        credit=credit,
        customer_id=whose,
    )


def _due_with(booking_id):
    """[Booking] of an order that can be paid now, this one among them. Raises NotYours, AlreadyPaid,
    Booking.DoesNotExist."""
    booking = read(Booking, id=booking_id)
    if booking is None:
        raise Booking.DoesNotExist
    bookings = due_of(booking)
    if booking not in bookings:
        still_held(booking, max(booking.reserved_until, database_now()))
    return bookings


def _pay_all_with_credit(booking, credit, whose):
    """Nothing is left for a provider: a page that is open is shut, and the order is sold at once."""
    shut_page(booking.order_key)
    buy_with_credit(booking.pk, most=credit, whose=whose)
    return reverse("booking", args=[booking.pk])


@use_case
def buy_with_credit(booking_id, *, most=None, whose=None):
    """An order is paid with its buyer's credit alone, with no more than `most` (Money) and nobody's but
    that of `whose` (the id of a customer) if that is said, and confirmed at once; returns the Payment.

    Raises AlreadyPaid, NotYours when the time is over, NoContact, PaymentBegun when somebody is at a
    provider's page, NotEnoughCredit, NotHisCredit, or WrongState when an offer is used up; then nothing
    was paid.
    """
    bookings = lock_order(booking_id)
    still_held(bookings[0])
    bookings = still_due(bookings)
    if any(booking.customer is None for booking in bookings):
        raise NoContact("Say who buys first, so that the tickets can reach him.")
    if whose:
        _check_his(bookings, whose)
    lock_places(bookings)
    lock_tickets(
        list(Ticket.objects.filter(items__booking__in=bookings).values_list("pk", flat=True))
    )
    payment = payment_due(bookings)
    if payment.status != PaymentStatus.PENDING:
        raise PaymentBegun("This is being paid already. Look once more.")
    if most is not None and payment.money > most:
        raise NotEnoughCredit(f"{payment.money.display()} are due by now. Please look at it again.")
    pay_with_credit(payment.pk, bookings[0].customer_id)
    if not confirm(booking_id, payment_id=payment.pk).is_sold:
        raise WrongState("An offer in this booking is used up by others. Nothing was paid.")
    return payment


def pay_page_addresses(booking, site=None):
    """(where the provider sends the buyer after paying, where after turning back).

    Both carry the booking's key: a banking app may come back in a browser that has no session. The
    page exchanges it at once.
    """
    site = (site or site_of(current_agency())).rstrip("/")
    pages = (reverse(name, args=[booking.pk]) for name in ("payment_return", "checkout"))
    return tuple(f"{site}{page}?k={mailed_key(booking)}" for page in pages)


def _check_his(bookings, customer_id):
    """Nobody's credit pays for a booking that names somebody else by now."""
    if any(each.customer_id != customer_id for each in bookings):
        raise NotHisCredit("This booking is under another e-mail by now. Nothing was paid.")


def _ensure_payment(booking, provider, credit, whose):
    """A page that is open for another sum, for the order or the credit has changed, is shut first."""
    try:
        _ask(booking.pk, provider, credit, whose)
    except PaymentBegun:
        shut_page(booking.order_key)
        _ask(booking.pk, provider, credit, whose)


@use_case
def _ask(booking_id, provider, credit, whose):
    """A failed attempt may be followed by another while the places are still kept."""
    bookings, now = lock_order(booking_id), database_now()
    still_held(bookings[0], now)
    bookings = still_due(bookings, now)
    if credit:
        _check_his(bookings, whose)
    keep_while_paying(bookings)
    payment = payment_due(bookings, provider=provider)
    is_begun = payment.status != PaymentStatus.PENDING
    if is_begun and credit is not None and credit != payment.by_credit:
        raise PaymentBegun("Somebody is paying for this order, with another part of it as credit.")
    for booking in bookings:
        keep_uses(booking.pk, booking.reserved_until + GRACE)


def keep_while_paying(bookings):
    """Nobody takes over places whose buyer may be paying: first the provider's page is shut, and only
    if nobody answers there does the time run out by itself."""
    for booking, seats in lock_places(bookings):
        keep(seat_ids=seats, reference=booking.pk, until=booking.reserved_until + GRACE)


def keep_uses(booking_id, until):
    """Its offers are held as long as its places are. Raises NotRedeemed."""
    if not renew(booking_id, until):
        raise NotRedeemed("An offer in this booking is used up. Take its code out to go on.")
