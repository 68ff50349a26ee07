"""Puts each request into the scope of the agency at its host, and names who acts."""

from django.http import HttpResponseNotFound

from agencies.queries import agency_at
from core.tenancy import acted_by, acting_for

# Probes and fixed files belong to no agency.
UNSCOPED = ("/healthz", "/readyz", "/metrics", "/static/")


class AgencyMiddleware:
    """Everything after this sees only the rows of the request's agency."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        request.agency = None
        if request.path.startswith(UNSCOPED):
            return self.get_response(request)
        agency = agency_at(request.get_host())
        if agency is None:
            return HttpResponseNotFound("No agency sells at this address.")
        request.agency = agency
        with acting_for(agency.pk):
            return self.get_response(request)


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
