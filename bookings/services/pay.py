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
from core.transactions import use_case
from customers.services import remember_customer
from inventory.services import keep
from payments.services import PaymentBegun, pay_at, shut_page, start_payment
from promotions.services import NotRedeemed, name_buyer, renew
from tickets.services import name_holder


@use_case
def contact(booking_id, *, email, name, phone=""):
    """Says who buys this booking and those of its order; may be said again until they are paid.
    Returns the Booking.

    Raises NotRedeemed when he has used an offer of them as often as one may, OverLimit when he would
    have more tickets than an event allows one person.
    """
    bookings = lock_order(booking_id)
    still_held(bookings[0])
    customer = remember_customer(email=email, name=name, phone=phone)
    name_buyers(still_due(bookings), customer, name)
    return bookings[0]


def name_buyers(bookings, customer, name):
    """Says of these locked bookings who buys them, and under which name. Raises NotRedeemed,
    OverLimit."""
    for booking in sorted(
        bookings, key=lambda each: each.event_id
    ):  # shares are locked in this order
        booking.customer = customer
        with refused_in_words(booking):
            booking.save(update_fields=["customer"])
        name_holder(booking.items.values_list("ticket_id", flat=True), name)
        name_buyer(booking.pk, customer.email)


def by_event(bookings):
    """In the order in which a person's shares of events are locked."""
    return sorted(bookings, key=lambda each: each.event_id)


def pay(booking_id, *, site=None, provider=""):
    """The address where the buyer goes now to pay for the order: the provider's page, or, when nothing
    is due, the booking's own. `site` is the address of our site, such as https://tickets.example,
    `provider` the name of the one the buyer has chosen, empty for the usual one or the one he is at
    already.

    Raises NotYours when the time is over, AlreadyPaid, NoContact, TermsNotAccepted, NotRedeemed,
    NoSuchWay, or ProviderAway.
    """
    booking = Booking.objects.get(pk=booking_id)
    still_held(booking)
    bookings = due_of(booking)
    if any(each.customer is None for each in bookings):
        raise NoContact("Please say who you are, so that the tickets can reach you.")
    for each in bookings:
        check_accepted(each)
    if not sum_of(bookings):
        confirm(booking_id)
        return reverse("booking", args=[booking_id])
    if provider:
        pay_at(booking.order_key, sum_of(bookings), provider)
    _ensure_payment(booking, provider)
    booking = next(each for each in bookings if each.pk == booking_id)
    success_url, cancel_url = pay_page_addresses(booking, site)
    return start_payment(
        reference=booking.order_key,
        email=booking.customer.email,
        success_url=success_url,
        cancel_url=cancel_url,
        expires_at=min(each.reserved_until for each in bookings),
    )


def pay_page_addresses(booking, site=None):
    """(where the provider sends the buyer after paying, where after turning back).

    Both carry the booking's key: a banking app may come back in a browser that has no session. The
    page exchanges it at once.
    """
    site = (site or site_of(current_agency())).rstrip("/")
    pages = (reverse(name, args=[booking.pk]) for name in ("payment_return", "checkout"))
    return tuple(f"{site}{page}?k={mailed_key(booking)}" for page in pages)


def _ensure_payment(booking, provider):
    """A page that is open for another sum, for the order has changed, is shut first."""
    try:
        _ask(booking.pk, provider)
    except PaymentBegun:
        shut_page(booking.order_key)
        _ask(booking.pk, provider)


@use_case
def _ask(booking_id, provider):
    """A failed attempt may be followed by another while the places are still kept."""
    bookings = lock_order(booking_id)
    still_held(bookings[0])
    bookings = still_due(bookings)
    _keep_while_paying(bookings)
    payment_due(bookings, provider=provider)
    for booking in bookings:
        keep_uses(booking.pk, booking.reserved_until + GRACE)


def _keep_while_paying(bookings):
    """Nobody takes over places whose buyer may be paying: first the provider's page is shut, and only
    if nobody answers there does the time run out by itself."""
    for booking, seats in lock_places(bookings):
        keep(seat_ids=seats, reference=booking.pk, until=booking.reserved_until + GRACE)


def keep_uses(booking_id, until):
    """Its offers are held as long as its places are. Raises NotRedeemed."""
    if not renew(booking_id, until):
        raise NotRedeemed("An offer in this booking is used up. Take its code out to go on.")
