"""Who buys, and the way to the provider's page."""

from django.urls import reverse

from agencies.queries import current_agency, site_of
from bookings.links import mailed_key
from bookings.models import Booking, Status
from bookings.services.confirm import confirm
from bookings.services.consent import check_accepted
from bookings.services.expire import GRACE
from bookings.services.limits import refused_in_words
from core.errors import DomainError, Invalid
from core.locks import database_now, lock_one
from core.transactions import use_case
from customers.services import remember_customer
from inventory.services import keep, lock_seats
from payments.models import OPEN, Payment
from payments.models import Status as PaymentStatus
from payments.services import open_payment, pay_at, start_payment
from promotions.services import NotRedeemed, name_buyer, renew
from tickets.services import name_holder


class NotYours(DomainError):
    """The reservation is over, so there is nothing to pay."""

    code = "reservation_over"


class AlreadyPaid(DomainError):
    """The money has arrived, so there is nothing to pay any more."""

    code = "already_paid"


class NoContact(Invalid):
    """Tickets must go to somebody."""

    code = "contact_missing"


@use_case
def contact(booking_id, *, email, name, phone=""):
    """Says who buys; may be said again until the booking is paid. Returns the Booking.

    Raises NotRedeemed when he has used an offer of this booking as often as one may, OverLimit when
    he would have more tickets than the event allows one person.
    """
    booking = lock_one(Booking.objects.filter(pk=booking_id))
    still_held(booking)
    booking.customer = remember_customer(email=email, name=name, phone=phone)
    with refused_in_words(booking):
        booking.save(update_fields=["customer"])
    name_holder(booking.items.values_list("ticket_id", flat=True), name)
    name_buyer(booking_id, email)
    return booking


def pay(booking_id, *, site=None, provider=""):
    """The address where the buyer goes now: the provider's page, or, when nothing is due, the
    booking's own. `site` is the address of our site, such as https://tickets.example, `provider` the
    name of the one the buyer has chosen, empty for the usual one or the one he is at already.

    Raises NotYours when the time is over, AlreadyPaid, NoContact, TermsNotAccepted, NotRedeemed,
    NoSuchWay, or ProviderAway.
    """
    booking = Booking.objects.select_related("customer", "event").get(pk=booking_id)
    still_held(booking)
    if booking.customer is None:
        raise NoContact("Please say who you are, so that the tickets can reach you.")
    check_accepted(booking)
    if not booking.total:
        confirm(booking_id)
        return reverse("booking", args=[booking_id])
    if provider:
        pay_at(booking.pk, booking.money, provider)
    _ensure_payment(booking_id, provider)
    success_url, cancel_url = pay_page_addresses(booking, site)
    return start_payment(
        reference=booking.pk,
        email=booking.customer.email,
        success_url=success_url,
        cancel_url=cancel_url,
        expires_at=booking.reserved_until,
    )


def pay_page_addresses(booking, site=None):
    """(where the provider sends the buyer after paying, where after turning back).

    Both carry the booking's key: a banking app may come back in a browser that has no session. The
    page exchanges it at once.
    """
    site = (site or site_of(current_agency())).rstrip("/")
    pages = (reverse(name, args=[booking.pk]) for name in ("payment_return", "checkout"))
    return tuple(f"{site}{page}?k={mailed_key(booking)}" for page in pages)


@use_case
def _ensure_payment(booking_id, provider):
    """A failed attempt may be followed by another while the places are still kept."""
    booking = lock_one(Booking.objects.select_related("event").filter(pk=booking_id))
    still_held(booking)
    _keep_while_paying(booking)
    known = set(Payment.objects.filter(reference=booking_id).values_list("status", flat=True))
    if PaymentStatus.SUCCEEDED in known:
        raise AlreadyPaid("Your payment has arrived; the tickets are on their way to you.")
    if not known.intersection(OPEN):
        open_payment(
            reference=booking_id,
            money=booking.money,
            description=booking.in_words,
            provider_name=provider,
        )
    keep_uses(booking_id, booking.reserved_until + GRACE)


def _keep_while_paying(booking):
    """Nobody takes over places whose buyer may be paying: first the provider's page is shut, and only
    if nobody answers there does the time run out by itself."""
    seats = [seat.pk for seat in lock_seats(booking.items.values("event_seat_id"))]
    keep(seat_ids=seats, reference=booking.pk, until=booking.reserved_until + GRACE)


def keep_uses(booking_id, until):
    """Its offers are held as long as its places are. Raises NotRedeemed."""
    if not renew(booking_id, until):
        raise NotRedeemed("An offer in this booking is used up. Take its code out to go on.")


def still_held(booking):
    """Raises AlreadyPaid or NotYours unless the booking can still be paid."""
    if booking.status in (Status.CONFIRMED, Status.PAID):
        raise AlreadyPaid("This booking is already paid.")
    if booking.status != Status.RESERVED or booking.reserved_until <= database_now():
        raise NotYours(
            "The time to pay is over and the places went back on sale. Nothing was charged."
        )
