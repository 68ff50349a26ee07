"""Who is calling, as far as it can be trusted."""

from django.conf import settings


def client_address(request):
    """The caller's address: the last one our own proxy added, else the peer's. What a client
    writes into forwarding headers himself stands before that and counts for nothing."""
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "")
    if settings.BEHIND_TLS_PROXY and forwarded:
        return forwarded.rpartition(",")[2].strip()
    return request.META.get("REMOTE_ADDR", "")
