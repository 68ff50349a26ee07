"""Reads of tickets for pages, the PDF and the gate's log."""

from tickets.models import Ticket


def printable(ticket_ids):
    """These tickets with all that a page, a code or a PDF needs, in seat order, in one query."""
    return list(
        Ticket.objects.filter(pk__in=ticket_ids)
        .select_related("event__venue", "signing_key")
        .order_by("ordinal")
    )
