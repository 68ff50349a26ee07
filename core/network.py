"""Who is calling, as far as it can be trusted."""

from django.conf import settings


def client_address(request):
    """The caller's address: the last one our own proxy added, else the peer's. What a client
    writes into forwarding headers himself stands before that and counts for nothing."""
    return trusted_address(
        peer=request.META.get("REMOTE_ADDR", ""),
        forwarded=request.META.get("HTTP_X_FORWARDED_FOR", ""),
    )


def trusted_address(*, peer, forwarded):
    """The same from the parts: the peer's address and the text of X-Forwarded-For."""
    if settings.BEHIND_TLS_PROXY and forwarded:
        return forwarded.rpartition(",")[2].strip()
    return peer
