"""Who reserves, as far as it can be told, and how many reservations he may have open at once."""

from dataclasses import dataclass
from hashlib import blake2s

from django.conf import settings

from accounts.models import ApiKey
from agencies.queries import current_agency
from bookings.links import has_open
from core.network import client_address, site_of


@dataclass(frozen=True)
class Client:
    """`name` tells clients apart and says nothing about them; `may_hold` is how many open
    reservations this one may have, None for any number."""

    name: str = ""
    may_hold: int | None = None


ANYBODY = Client()


def are_limited():
    """Whether callers are counted: RATE_LIMITS, unless a load scenario lifted it for the agency."""
    return settings.RATE_LIMITS and current_agency().has_limits


def visitor(request):
    """The Client behind a page: all who share this address, for one who hoards throws his cookies
    away. An office or a carrier's whole town may be one; a single browser's limit is
    `too_many_open`."""
    return _limited(f"web:{address_digest(request)}", settings.OPEN_HOLDS_PER_NETWORK)


def too_many_open(request):
    """Whether this browser, as far as it tells us, has as many open reservations as a buyer may."""
    return are_limited() and has_open(request, settings.OPEN_HOLDS_PER_BUYER)


def address_digest(request):
    """32 letters that stand for the caller's address without telling it."""
    network = site_of(client_address(request))
    secret = settings.SECRET_KEY.encode()[:32]
    return blake2s(network.encode(), key=secret, digest_size=16).hexdigest()


def key_holder(key):
    """The Client behind an API key; a partner sells to many, any other key is one buyer's."""
    is_partner = key.role == ApiKey.Role.PARTNER
    most = settings.OPEN_HOLDS_PER_PARTNER if is_partner else settings.OPEN_HOLDS_PER_BUYER
    return _limited(f"key:{key.pk}", most)


def _limited(name, may_hold):
    return Client(name, may_hold) if are_limited() else ANYBODY
