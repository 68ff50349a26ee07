from bookings.cancelling import money_is_back
from bookings.facts import BookingCancelled, BookingExpired
from bookings.models import Booking
from bookings.services import confirm, follow_disputes
from core.outbox import subscribe
from payments.facts import DisputeChanged, PaymentSucceeded, RefundCompleted
from payments.services import close_payment


@subscribe(PaymentSucceeded, prompt=True)
def confirm_paid_booking(fact):
    if Booking.objects.filter(pk=fact.reference).exists():
        confirm(fact.reference, payment_id=fact.payment_id)


@subscribe(BookingExpired)
def close_page_of_expired(fact):
    close_payment(fact.booking_id)


@subscribe(BookingCancelled)
def close_page_of_cancelled(fact):
    close_payment(fact.booking_id)


@subscribe(DisputeChanged, prompt=True)
def lock_disputed_tickets(fact):
    follow_disputes(fact.payment_id)


@subscribe(RefundCompleted)
def note_money_is_back(fact):
    money_is_back(fact.refund_id)
