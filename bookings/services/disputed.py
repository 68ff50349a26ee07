"""What a dispute about its payment means for a booking's tickets, as the agency wants it."""

from agencies.models import WhenDisputed
from agencies.queries import current_agency
from bookings.cancelling import Wish
from bookings.cancelling.carrying_out import cancel_as_it_is
from bookings.cancelling.sources import became_for, sources_of, went_into
from bookings.models import Alert, AlertStatus, Booking, BookingItem, Grounds, Rule
from core.locks import lock
from core.transactions import use_case
from payments.models import Dispute, DisputeStatus, Payment, RefundStatus
from tickets.models import Status as TicketStatus
from tickets.models import Ticket
from tickets.services import lock_out
from tickets.services.issue import lock_tickets

STANDING = (DisputeStatus.OPENED, DisputeStatus.EVIDENCE_SENT, DisputeStatus.LOST)
UNUSED = (TicketStatus.CONFIRMED, TicketStatus.TRANSFERRED)
BECAUSE_LOST = "Its payment was lost in a dispute"
LOCKED = "This ticket is locked: the buyer’s bank took the payment back."
SUSPECTED = "This ticket is locked: its sale is being looked at. Send the guest to the box office."


def follow_disputes(payment_id):
    """Locks the tickets that a payment paid for, and those that they were given for, while a dispute
    about it stands, and for good when it is lost; a bank's mere question locks nothing. Safe to
    repeat, in any order.

    Where the agency wants it, tickets that nobody used are cancelled once all the money that paid for
    them is lost. Of seats that were changed that is all they stem from: while only a part of it is
    lost, they stay locked until a person decides.
    """
    lock_as_it_is(payment_id)
    if current_agency().when_disputed == WhenDisputed.CANCEL:
        _cancel_lost(Payment.objects.get(pk=payment_id))


@use_case
def lock_as_it_is(payment_id):
    """Locks those tickets of what a payment paid for that a dispute or an alert keeps from the door,
    with the words of why, and no others. What is locked follows from these alone, whatever it was."""
    payment = Payment.objects.get(pk=payment_id)
    bookings = {*payment.covers, *went_into(payment.covers)}
    bookings = lock(Booking.objects.filter(pk__in=bookings))
    items = BookingItem.objects.filter(booking__in=bookings)
    tickets = dict(items.values_list("ticket", "booking"))
    lock_tickets(list(tickets))
    stands = Dispute.objects.filter(payment__covers__overlap=payment.covers, status__in=STANDING)
    is_any = stands.filter(payment__reference=payment.reference).exists()
    locked = {
        booking.pk
        for booking in bookings
        if (is_any and booking.pk in payment.covers) or _stems_from_disputed(booking)
    }
    if current_agency().when_disputed == WhenDisputed.NOTHING:
        locked = set()
    held = set(
        Alert.objects.filter(booking__in=bookings, status=AlertStatus.OPEN, holds_tickets=True)
        .order_by()
        .values_list("booking", flat=True)
    )
    why = {
        pk: LOCKED if of in locked else SUSPECTED if of in held else ""
        for pk, of in tickets.items()
    }
    for because in (LOCKED, SUSPECTED, ""):
        lock_out([pk for pk in tickets if why[pk] == because], because)


def _stems_from_disputed(booking):
    """Whether a dispute stands about the money that a booking's seats were changed with, or about what
    they cost more."""
    payment = Payment.objects.filter(pk=booking.payment_id).first()
    paid_by = {payment, *sources_of(payment)} if payment else ()
    return Dispute.objects.filter(payment__in=paid_by, status__in=STANDING).exists()


def _cancel_lost(payment):
    concerned = {*payment.covers, *went_into(payment.covers)}
    for booking in Booking.objects.sold().filter(pk__in=concerned).order_by("pk"):
        paid_by = Payment.objects.filter(pk=booking.payment_id).first()
        if paid_by and all(_is_lost(each) for each in (paid_by, *sources_of(paid_by))):
            _cancel_unused(booking)


def _is_lost(payment):
    """Whether banks took all that was charged by a payment and not sent back. One by credit alone is as
    lost as those that the credit stems from; credit that was there before is not."""
    if not payment.charged.amount:
        return became_for(payment.covers).exists()
    lost = sum(dispute.written_off for dispute in payment.disputes.all())
    sent_back = payment.refunds.exclude(status=RefundStatus.FAILED)
    return lost + sum(refund.amount for refund in sent_back) >= payment.charged.amount


def _cancel_unused(booking):
    unused = Ticket.objects.filter(items__booking=booking, status__in=UNUSED)
    tickets = frozenset(unused.values_list("pk", flat=True))
    if tickets:
        wish = Wish(
            tickets=tickets, grounds=Grounds.STAFF, rule=Rule.NOTHING_BACK, reason=BECAUSE_LOST
        )
        cancel_as_it_is(booking.pk, wish)
