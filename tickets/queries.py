"""Reads of tickets for pages, the PDF and the gate's log."""

from collections import Counter

from django.db.models import Count

from tickets.models import Scan, Ticket


def printable(ticket_ids):
    """These tickets with all that a page, a code or a PDF needs, in seat order, in one query."""
    return list(
        Ticket.objects.filter(pk__in=ticket_ids)
        .select_related("event__venue", "signing_key")
        .order_by("ordinal")
    )


def answered_at(gate):
    """Counter of how often each verdict was given at a gate."""
    rows = Scan.objects.filter(gate=gate).order_by().values_list("verdict").annotate(Count("pk"))
    return Counter(dict(rows))
