"""Tickets of paid bookings for somebody else. The booking and its money stay with whoever paid."""

from django.db.models import Q

from bookings.facts import ProofAsked
from bookings.models import Booking, PlannedExchange
from core.errors import Invalid
from core.ids import uuid7
from core.locks import lock
from core.outbox import record
from core.transactions import use_case
from payments.models import Refund, RefundStatus
from payments.models import Status as PaymentStatus
from tickets.services import NotTransferable, begin_transfer

IN_WORK = (RefundStatus.PENDING, RefundStatus.PROCESSING)


@use_case
def offer_tickets(booking_id, ticket_ids, to, *, by=None, reason=""):
    """Offers tickets that are still their buyer's to a Recipient; returns the Transfer. Staff (`by`)
    say why. Raises NotTransferable, or Invalid."""
    [booking] = _lock(Booking.objects.filter(pk=booking_id))
    if booking.customer is None:
        raise NotTransferable("Nobody is named as the buyer of these tickets.")
    if by is not None and not reason.strip():
        raise Invalid("Say why the tickets are given for the guest.")
    own = booking.items.filter(cancelled=None).values_list("ticket", flat=True)
    if not set(ticket_ids) <= set(own):
        raise NotTransferable("These tickets are not in this booking any more.")
    _check(booking, ticket_ids)
    return begin_transfer(ticket_ids, to, giver=booking.customer, by=by, reason=reason)


@use_case
def pass_on(ticket_ids, to, *, holder):
    """Offers tickets that `holder` (a Customer) was given himself; returns the Transfer. Raises like
    `offer_tickets`."""
    concerned = Booking.objects.filter(items__ticket__in=ticket_ids).values("pk")
    for booking in _lock(Booking.objects.filter(pk__in=concerned)):
        _check(booking, ticket_ids)
    return begin_transfer(ticket_ids, to, giver=holder, holder=holder.pk)


def _lock(bookings):
    return lock(bookings.select_related("customer"))


def _check(booking, ticket_ids):
    """Nothing may be under way with these tickets that would end them, or with their money."""
    if not booking.is_sold:
        raise NotTransferable("Only tickets of a paid booking can be given to somebody.")
    planned = PlannedExchange.objects.filter(old=booking, tickets__overlap=list(ticket_ids))
    if planned.filter(payment__status=PaymentStatus.PROCESSING).exists():
        raise NotTransferable("These tickets are being changed for other seats.")
    refunds = Refund.objects.filter(payment=booking.payment_id, status__in=IN_WORK)
    parts = Q(request_key__startswith="cancellation:") | Q(request_key__startswith="paid-out:")
    if refunds.exclude(parts).exists():
        raise NotTransferable("The money of this booking is on its way back.")


@use_case
def ask_for_proof(customer_id, *, page):
    """Has a link mailed to a customer that proves that it is he, and leads back to this `page`, a path
    of ours."""
    record(ProofAsked(customer_id=customer_id, page=page, request_id=uuid7()))
