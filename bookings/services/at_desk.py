"""Selling at the desk: places reserved for who stands there, paid for and confirmed at once."""

from bookings.models import Booking, Channel
from bookings.orders import lock_order, lock_places, payments_of, still_due
from bookings.services.confirm import confirm
from bookings.services.due import NoContact, payment_due, still_held
from bookings.services.expire import close_page_of
from bookings.services.pay import contact
from bookings.services.reserve import Sale, reserve
from core.errors import DomainError
from core.status import WrongState
from core.transactions import use_case
from inventory.models import StockChannel
from payments.adapters import ProviderRefused, ProviderUnavailable
from payments.models import Status as PaymentStatus
from payments.services import credit_of, take_at_desk
from tickets.models import Ticket
from tickets.services.issue import lock_tickets


class PageStillOpen(DomainError):
    """The buyer may still pay on a provider's page, which cannot be shut now."""

    code = "page_still_open"


class OtherSum(DomainError):
    """The order has changed since the cashier looked: another sum is due. Nothing was taken."""

    code = "other_sum"


def reserve_at_desk(*, event, ordinals, email, name):
    """Reserves these places for a guest at the desk, out of what is open to all and to the box office;
    returns the Booking. Raises like `reserve`."""
    sale = Sale(channel=Channel.BOX_OFFICE, stock=StockChannel.BOX_OFFICE)
    booking = reserve(event=event, ordinals=ordinals, sale=sale)
    return contact(booking.pk, email=email, name=name)


def pay_at_desk(booking_id, *, way, by, due=None, given=None, reference="", credit=None):
    """Takes the whole money for a reservation and those of its order in cash or on the terminal (`way`
    of DeskTaking.Way) and confirms them; returns the DeskTaking. `credit` (Money): all that the buyer
    has, which is used first.

    A page of a provider that was opened before is shut first. Raises OtherSum unless it is `due`
    (Money) that is due, and that credit that is there, AlreadyPaid, NotYours when the time is over,
    NoContact, PageStillOpen, WrongState, or NotTakeable; then nothing was taken.
    """
    booking = Booking.objects.get(pk=booking_id)
    still_held(booking)
    shut_page_of(booking)
    how = {"way": way, "by": by, "given": given, "reference": reference}
    return _take(booking_id, due, credit, **how)


def shut_page_of(booking):
    """Nobody can pay for this booking on a provider's page any more; raises PageStillOpen."""
    if payments_of(booking).filter(status=PaymentStatus.PROCESSING).exists():
        try:
            close_page_of(booking)
        except (ProviderUnavailable, ProviderRefused) as error:
            raise PageStillOpen(
                "This guest has a payment page open, and its provider gives no answer: he might pay "
                "twice. Take nothing now; try again in a moment."
            ) from error


def _has(booking, credit):
    """The id of the guest, whose credit is as it was when the terminal was told what is left to pay."""
    there = credit_of(booking.customer_id, booking.currency)
    if there != credit:
        raise OtherSum(
            f"The guest has {there.display()} of credit by now, not {credit.display()}. "
            "Nothing was taken; look again at what is left to pay."
        )
    return booking.customer_id


@use_case
def _take(booking_id, due, credit, **how):
    bookings = lock_order(booking_id)
    still_held(bookings[0])
    bookings = still_due(bookings)
    if any(booking.customer is None for booking in bookings):
        raise NoContact("Say who buys first, so that the tickets can reach him.")
    lock_places(bookings)
    lock_tickets(
        list(Ticket.objects.filter(items__booking__in=bookings).values_list("pk", flat=True))
    )
    payment = payment_due(bookings)
    if due is not None and due != payment.money:
        raise OtherSum(
            f"{payment.money.display()} are due by now, not {due.display()}: the order has changed. "
            "Nothing was taken."
        )
    if credit:
        how |= {"customer_id": _has(bookings[0], credit), "credit": credit}
    taking = take_at_desk(payment.pk, **how)
    if not confirm(booking_id, payment_id=payment.pk).is_sold:
        raise WrongState("An offer in this booking is used up by others. Nothing was taken.")
    return taking
