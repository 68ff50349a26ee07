"""What browsers and search engines ask of every site."""

from django.http import HttpResponse
from django.shortcuts import redirect
from django.templatetags.static import static
from django.views.decorators.http import require_safe

# Pages of one reader, of the staff or of programs: nothing to be found by others.
PRIVATE = ("/admin/", "/api/", "/bookings/", "/checkout/", "/gate/", "/mailbox/", "/webhooks/")


@require_safe
def favicon(request):
    """The mark, for browsers that ask before they have read which it is."""
    return redirect(static("img/mark.svg"))


@require_safe
def robots(request):
    """What search engines leave alone."""
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in PRIVATE)]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")
