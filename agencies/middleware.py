"""Puts each request into the scope of its agency, and names who acts.

The agency is the one at the request's host; a call of the API that carries a key acts for the
key's agency, whatever the host, so that devices and partners need no host name of their own.
"""

from contextlib import ExitStack

from django.http import HttpResponseNotFound

from accounts.keys import key_of
from agencies.queries import agency_at
from core.tenancy import acted_by, acting_for

# Probes and fixed files belong to no agency; a provider's notice names its own.
UNSCOPED = (
    *("/healthz", "/readyz", "/metrics", "/static/", "/webhooks/"),
    "/api/v1/payments/webhooks/",
)


class AgencyMiddleware:
    """Everything after this sees only the rows of the request's agency."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        request.agency = None
        request.api_key = None
        if request.path.startswith(UNSCOPED):
            return self.get_response(request)
        if request.path.startswith("/api/"):
            request.api_key = key_of(request)
        if request.api_key:
            return self._for_key(request)
        request.agency = agency_at(request.get_host())
        if request.agency is None:
            return HttpResponseNotFound("No agency sells at this address.")
        with acting_for(request.agency.pk):
            return self.get_response(request)

    def _for_key(self, request):
        with ExitStack() as scope:
            scope.enter_context(acting_for(request.api_key.agency_id))
            scope.enter_context(acted_by(_actor(request.api_key)))
            return self.get_response(request)


def _actor(key):
    """A staff key acts as its user."""
    return f"user:{key.user_id}" if key.user_id else f"key:{key.pk}"


class ActorMiddleware:
    """Names the signed-in user for the audit trail. Buyers' pages are left alone: reading the
    session there would cost a query."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if request.path.startswith("/admin/") and request.user.is_authenticated:
            with acted_by(f"user:{request.user.pk}"):
                return self.get_response(request)
        return self.get_response(request)
