"""A reservation that is paid by bank transfer: its places are kept until a due date."""

from datetime import timedelta

from agencies.queries import current_agency
from bookings.facts import TransferAsked
from bookings.models import Booking
from bookings.orders import lock_order, lock_places, payments_of, still_due
from bookings.services.at_desk import shut_page_of
from bookings.services.due import NoContact, payment_due, still_held
from bookings.services.expire import GRACE
from bookings.services.pay import keep_uses
from core.errors import Invalid
from core.locks import database_now
from core.outbox import record
from core.transactions import use_case
from inventory.services import keep
from payments.models import Status as PaymentStatus
from payments.services import expect_transfer
from payments.statements import reference_of


class NoTransfer(Invalid):
    """This booking cannot be paid by bank transfer, or not so late."""

    code = "no_transfer"


def await_transfer(booking_id, *, days):
    """Keeps a reservation for so many days and mails its buyer where to transfer the money, with a
    reference; returns the Payment. Money that is not there by then comes as late money does.

    Raises NoTransfer, AlreadyPaid, NotYours when the time is over, NoContact, or PageStillOpen.
    """
    booking = Booking.objects.get(pk=booking_id)
    still_held(booking)
    if not _awaited(booking):
        shut_page_of(booking)
    return _await(booking_id, days)


def _awaited(booking):
    """The Payment of a booking that is awaited on the bank account already, or None."""
    return payments_of(booking).filter(provider="bank", status=PaymentStatus.PROCESSING).first()


@use_case
def _await(booking_id, days):
    bookings = lock_order(booking_id)
    still_held(bookings[0])
    bookings = still_due(bookings)
    if any(booking.customer is None for booking in bookings):
        raise NoContact("Say who buys first, so that the account can be mailed to him.")
    until = database_now() + timedelta(days=days)
    for booking in bookings:
        _check(booking, days, until)
    for booking, seats in lock_places(bookings):
        booking.reserved_until = until
        booking.save(update_fields=["reserved_until"])
        keep(seat_ids=seats, reference=booking.pk, until=until + GRACE)
    payment = _awaited(bookings[0])
    if payment is None:
        due = payment_due(bookings)
        payment = expect_transfer(due.pk, reference=reference_of(bookings[0].number))
        record(TransferAsked(booking_id=bookings[0].pk))
    for booking in bookings:
        keep_uses(booking.pk, until + GRACE)
    return payment


def _check(booking, days, until):
    agency = current_agency()
    if not agency.transfer_days or not agency.bank_account:
        raise NoTransfer("Your agency takes no bank transfers: its page has no account for them.")
    if not 1 <= days <= agency.transfer_days:
        raise NoTransfer(f"Places are kept for 1 to {agency.transfer_days} days.")
    if until >= booking.event.starts_at:
        raise NoTransfer("The event begins before the money would be there.")
