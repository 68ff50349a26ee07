"""Who is calling, as far as it can be trusted."""

from ipaddress import ip_address, ip_network

from django.conf import settings

V6_SITE = 64  # a household or a server has this much to itself
SHORTENED = {4: 24, 6: 48}  # bits of an address that are kept where it need not tell who had it


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


def site_of(address):
    """The address, or of a long one the network that is one site's; as it is if it is none."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if found.version == 4:
        return str(found)
    return str(found.ipv4_mapped or ip_network((found, V6_SITE), strict=False))


def shortened(address):
    """The network that an address is in, such as 203.0.113.0/24: what may be kept of it for years.
    Empty for what is none."""
    try:
        found = ip_address(address)
    except ValueError:
        return ""
    found = getattr(found, "ipv4_mapped", None) or found
    return str(ip_network((found, SHORTENED[found.version]), strict=False))
