"""Reads for the gate's log."""

from collections import Counter

from django.db.models import Count

from tickets.models import Scan


def answered_at(gate):
    """Counter of how often each verdict was given at a gate."""
    rows = Scan.objects.filter(gate=gate).order_by().values_list("verdict").annotate(Count("pk"))
    return Counter(dict(rows))
