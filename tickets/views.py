"""The scanner page: a shell that talks to the API with its device's key."""

from django.shortcuts import render
from django.views.decorators.http import require_safe


@require_safe
def gate(request):
    """The full-screen scanner; it holds nothing until a device key is typed in."""
    return render(request, "tickets/gate.html")
