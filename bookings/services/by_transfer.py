"""A reservation that is paid by bank transfer: its places are kept until a due date."""

from datetime import timedelta

from agencies.queries import current_agency
from bookings.facts import TransferAsked
from bookings.models import Booking
from bookings.services.at_desk import payment_due, shut_page
from bookings.services.expire import GRACE
from bookings.services.pay import NoContact, keep_uses, still_held
from core.errors import Invalid
from core.locks import database_now, lock_one
from core.outbox import record
from core.transactions import use_case
from inventory.services import keep, lock_seats
from payments.models import Payment
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
    still_held(Booking.objects.get(pk=booking_id))
    if not _awaited(booking_id):
        shut_page(booking_id)
    return _await(booking_id, days)


def _awaited(booking_id):
    """The Payment of a booking that is awaited on the bank account already, or None."""
    return Payment.objects.filter(
        reference=booking_id, provider="bank", status=PaymentStatus.PROCESSING
    ).first()


@use_case
def _await(booking_id, days):
    booking = lock_one(Booking.objects.select_related("event", "customer").filter(pk=booking_id))
    still_held(booking)
    if booking.customer is None:
        raise NoContact("Say who buys first, so that the account can be mailed to him.")
    until = database_now() + timedelta(days=days)
    _check(booking, days, until)
    seats = [seat.pk for seat in lock_seats(booking.items.values("event_seat_id"))]
    booking.reserved_until = until
    booking.save(update_fields=["reserved_until"])
    keep(seat_ids=seats, reference=booking.pk, until=until + GRACE)
    payment = _awaited(booking.pk)
    if payment is None:
        due = payment_due(booking)
        payment = expect_transfer(due.pk, reference=reference_of(booking.number))
        record(TransferAsked(booking_id=booking.pk))
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
