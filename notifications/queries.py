"""Reads of messages for pages."""

from uuid import uuid5

from bookings.orders import payments_of
from inventory.models import LayoutMove
from notifications.models import Message
from payments.models import Refund
from tickets.models import Transfer


def messages_about(booking):
    """All Messages (a queryset, oldest first) about a booking, its payments, what was given back of it,
    offers of its tickets, and what became of its event. Links that a guest asks for are about nothing
    but his address."""
    payments = payments_of(booking)
    subjects = [
        booking.pk,
        *payments.values_list("pk", flat=True),
        *Refund.objects.filter(payment__in=payments).values_list("pk", flat=True),
        *booking.cancellations.values_list("pk", flat=True),
        *booking.changes.values_list("pk", flat=True),
    ]
    moves = LayoutMove.objects.filter(event=booking.event_id).values_list("pk", flat=True)
    subjects += [uuid5(move, str(booking.pk)) for move in moves]
    items = booking.items.values("ticket")
    subjects += Transfer.objects.filter(rows__ticket__in=items).values_list("pk", flat=True)
    return Message.objects.filter(subject_id__in=subjects).order_by("created_at", "pk")
