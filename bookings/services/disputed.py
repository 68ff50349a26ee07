"""What a dispute about its payment means for a booking's tickets, as the agency wants it."""

from agencies.models import WhenDisputed
from agencies.queries import current_agency
from bookings.models import Booking
from core.locks import lock
from core.transactions import use_case
from payments.models import Dispute, DisputeStatus, Payment
from tickets.services import lock_out
from tickets.services.issue import lock_tickets

STANDING = (DisputeStatus.OPENED, DisputeStatus.EVIDENCE_SENT, DisputeStatus.LOST)
LOCKED = "This ticket is locked: the buyer’s bank took the payment back."


@use_case
def follow_disputes(payment_id):
    """Locks the tickets that a payment paid for while a dispute about it stands, and for good when it
    is lost; a bank's mere question locks nothing. Safe to repeat, in any order."""
    payment = Payment.objects.get(pk=payment_id)
    lock(Booking.objects.filter(pk=payment.reference))
    tickets = Booking.objects.filter(pk=payment.reference).values_list("items__ticket", flat=True)
    tickets = [ticket.pk for ticket in lock_tickets(list(tickets))]
    stands = Dispute.objects.filter(payment__reference=payment.reference, status__in=STANDING)
    is_locked = current_agency().when_disputed == WhenDisputed.LOCK and stands.exists()
    lock_out(tickets, LOCKED if is_locked else "")
