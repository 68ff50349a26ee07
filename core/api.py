"""Errors of /api/v1/ as problem documents (RFC 9457) and the paging of its lists."""

from django.core.exceptions import PermissionDenied
from django.core.exceptions import ValidationError as DjangoValidationError
from django.http import Http404, JsonResponse
from drf_spectacular.utils import OpenApiParameter
from rest_framework import exceptions, pagination, serializers, status
from rest_framework.response import Response
from rest_framework.views import exception_handler

from core.errors import DomainError
from core.pages import RETRY_SECONDS
from core.transactions import is_lock_timeout

CODES = (
    "Among them: `invalid`, `parse_error`, `too_large` (a body of more than 64 KiB), `not_found`, "
    "`busy` (try again after `Retry-After`), `seats_taken`, `leaves_places_alone`, `no_such_group`, "
    "`wrong_quantity`, `too_many_holds`, `not_on_sale`, "
    "`too_many_guesses`, `code_taken`, `code_refused`, `code_not_redeemed`, `payment_begun`, "
    "`already_paid`, `reservation_over`, `contact_missing`, `payment_provider_unavailable`, "
    "`not_paid`, `quote_missing`, `quote_changed`, `not_cancellable`, `refund_too_high`, "
    "`idempotency_key_reused` (for another request), `idempotency_key_invalid` (more than 200 "
    "characters, or some that cannot be printed), `nonce_reused`."
)


class Problem(serializers.Serializer):
    """Shape of every error: `code` is stable, `detail` is for people, `errors` names fields."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.CharField(help_text=CODES)
    detail = serializers.CharField()
    errors = serializers.DictField(required=False)


class Strict(serializers.Serializer):
    """Refuses fields it does not know, so that nobody believes a price he sent was heard."""

    def to_internal_value(self, data):
        unknown = set(data) - set(self.fields) if isinstance(data, dict) else set()
        if unknown:
            raise serializers.ValidationError(dict.fromkeys(sorted(unknown), "Unknown field."))
        return super().to_internal_value(data)


def document(*, code, status, detail, **more):
    """A problem document as a dict."""
    title = code.replace("_", " ").capitalize()
    return {
        "type": f"/problems/{code}",
        "title": title,
        "status": status,
        "code": code,
        "detail": detail,
        **more,
    }


def _response(body, headers=None):
    response = Response(encodable(body), status=body["status"], headers=headers)
    response.content_type = "application/problem+json"
    return response


def encodable(told):
    """The same JSON-able thing in letters that UTF-8 knows: what a caller wrote may have others."""
    if isinstance(told, dict):
        return {encodable(name): encodable(value) for name, value in told.items()}
    if isinstance(told, list | tuple):
        return [encodable(value) for value in told]
    return told.encode(errors="replace").decode() if isinstance(told, str) else told


def problem(error, context):
    """DRF's exception handler: every error leaves as a problem document."""
    if isinstance(error, DomainError):
        body = document(code=error.code, status=error.status, detail=error.message, **error.details)
        return _response(body)
    if is_lock_timeout(error):
        body = document(code="busy", status=503, detail="Too busy; please try again.")
        return _response(body, {"Retry-After": str(RETRY_SECONDS)})
    if isinstance(error, DjangoValidationError):
        error = exceptions.ValidationError({"request": error.messages})
    response = exception_handler(error, context)
    return response and _response(_describe(error, response), _headers(response))


def _headers(response):
    kept = ("WWW-Authenticate", "Retry-After", "Allow")
    return {name: response[name] for name in kept if response.has_header(name)}


def _describe(error, response):
    if isinstance(error, exceptions.ValidationError):
        return document(
            code="invalid",
            status=response.status_code,
            detail="The request is not valid; nothing was changed.",
            errors=_field_errors(error.detail),
        )
    if isinstance(error, Http404):
        return document(code="not_found", status=404, detail="There is no such thing here.")
    if isinstance(error, PermissionDenied):
        return document(code="forbidden", status=403, detail="This key may not do that.")
    return document(
        code=str(error.default_code), status=response.status_code, detail=str(error.detail)
    )


def _field_errors(detail):
    if isinstance(detail, dict):
        return detail
    return {"request": detail}


def not_found(request, *args, **kwargs):
    """For unknown paths below /api/."""
    body = document(code="not_found", status=404, detail="There is no such path.")
    return JsonResponse(body, status=404, content_type="application/problem+json")


class CursorPagination(pagination.CursorPagination):
    """Cursor paging with the newest first; `?limit=` up to 200."""

    page_size = 50
    max_page_size = 200
    page_size_query_param = "limit"
    ordering = "-pk"


PROBLEM_RESPONSES = {
    status.HTTP_400_BAD_REQUEST: Problem,
    status.HTTP_401_UNAUTHORIZED: Problem,
    status.HTTP_403_FORBIDDEN: Problem,
    status.HTTP_404_NOT_FOUND: Problem,
    status.HTTP_409_CONFLICT: Problem,
    status.HTTP_413_REQUEST_ENTITY_TOO_LARGE: Problem,
    status.HTTP_422_UNPROCESSABLE_ENTITY: Problem,
    status.HTTP_429_TOO_MANY_REQUESTS: Problem,
    status.HTTP_503_SERVICE_UNAVAILABLE: Problem,
}
IDEMPOTENCY = OpenApiParameter(
    "Idempotency-Key", str, OpenApiParameter.HEADER, description="Said twice, done once."
)
