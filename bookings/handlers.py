from bookings.cancelling import money_is_back
from bookings.facts import BookingCancelled, BookingConfirmed, BookingExpired, TicketsCancelled
from bookings.invoicing import issue_credit_note, issue_invoice
from bookings.models import Booking, Cancellation
from bookings.services import follow_disputes, note_duplicate, resolve_alerts, sell_paid
from bookings.services.expire import close_page_of
from bookings.services.points import earn_points, reverse_points
from bookings.services.suspicion import look_at_guest_again, note_suspicion
from core.outbox import subscribe
from core.postgres.prepared import prepared
from payments.facts import ChargeRead, DisputeChanged, PaymentSucceeded, RefundCompleted


@subscribe(PaymentSucceeded, prompt=True)
@prepared()
def confirm_paid_booking(fact):
    sell_paid(fact.payment_id)


@subscribe(BookingConfirmed)
@prepared()
def write_invoice(fact):
    issue_invoice(fact.booking_id)


@subscribe(TicketsCancelled)
@prepared()
def write_credit_note(fact):
    issue_credit_note(fact.cancellation_id)


@subscribe(BookingConfirmed)
@prepared()
def earn_points_of_booking(fact):
    earn_points(fact.booking_id)


@subscribe(TicketsCancelled)
@prepared()
def reverse_points_of_cancelled(fact):
    paid_by = Cancellation.objects.values_list("booking__payment_id", flat=True)
    if payment_id := paid_by.get(pk=fact.cancellation_id):
        reverse_points(payment_id)


@subscribe(DisputeChanged)
def reverse_points_of_disputed(fact):
    reverse_points(fact.payment_id)


@subscribe(BookingExpired)
def close_page_of_expired(fact):
    close_page_of(Booking.objects.get(pk=fact.booking_id))


@subscribe(BookingCancelled)
@prepared()
def close_page_of_cancelled(fact):
    close_page_of(Booking.objects.get(pk=fact.booking_id))


@subscribe(BookingConfirmed)
@prepared()
def look_for_duplicate(fact):
    note_duplicate(fact.booking_id)


@subscribe(ChargeRead)
def look_for_fraud(fact):
    note_suspicion(fact.payment_id)


@subscribe(DisputeChanged)
def look_at_the_guest_again(fact):
    look_at_guest_again(fact.payment_id)


@subscribe(BookingCancelled)
@prepared()
def close_alerts_of_cancelled(fact):
    resolve_alerts(fact.booking_id)


@subscribe(DisputeChanged, prompt=True)
def lock_disputed_tickets(fact):
    follow_disputes(fact.payment_id)


@subscribe(RefundCompleted)
@prepared()
def note_money_is_back(fact):
    money_is_back(fact.refund_id)
