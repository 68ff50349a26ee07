"""The terms of sale, as they are and as they were."""

from django.http import Http404
from django.shortcuts import render
from django.views.decorators.http import require_safe

from agencies.models import TermsOfSale
from agencies.queries import current_terms


@require_safe
def terms(request, digest=None):
    """The version of that name, or the one that counts; 404 where there is none."""
    newest = current_terms()
    found = newest if digest is None else TermsOfSale.objects.filter(digest=digest).first()
    if found is None or not found.text:
        raise Http404
    is_current = newest is not None and newest.digest == found.digest
    return render(request, "bookings/terms.html", {"terms": found, "is_current": is_current})
