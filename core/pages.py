"""Error pages in the site's own look, and how a refusal reaches a reader."""

from django.http import HttpResponseServerError
from django.shortcuts import render
from django.template.loader import render_to_string

from core.errors import DomainError
from core.transactions import is_lock_timeout

RETRY_SECONDS = 3


def not_found(request, exception=None):
    return render(request, "404.html", status=404)


def _busy(request):
    page = render(request, "busy.html", status=503)
    page["Retry-After"] = str(RETRY_SECONDS)
    return page


def server_error(request):
    return HttpResponseServerError(render_to_string("500.html"))


class DomainErrorMiddleware:
    """A DomainError that a page did not catch becomes a page with its sentence, not a crash; so does
    a row that somebody else held too long."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_exception(self, request, exception):
        if is_lock_timeout(exception):
            return _busy(request)
        if not isinstance(exception, DomainError):
            return None
        context = {"problem": exception.message, "code": exception.code}
        template = "404.html" if exception.status == 404 else "refused.html"
        return render(request, template, context, status=exception.status)
