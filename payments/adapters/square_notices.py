"""Whether a notice is Square's: base64 of HMAC-SHA256 of the address it was sent to and its body.

The signature has no time of its own, so the age of a notice is what its signed body says.
"""

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

from payments.adapters import WebhookRefused

HEADER = "x-square-hmacsha256-signature"
OLDEST = timedelta(days=4)
"""Square repeats a notice for one to three days and never dates it anew. An old one told again does no
harm: each is stored once, and what it is about is asked for."""
AHEAD = timedelta(minutes=5)


def sign(body, key, address):
    """The header value for `body` (bytes) sent to `address`, signed with `key` (str)."""
    digest = hmac.new(key.encode(), address.encode() + body, hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def verify(body, headers, keys, address):
    """Returns when `headers` sign `body` (bytes) sent to `address` with any of our `keys`; raises
    WebhookRefused."""
    given = (headers.get(HEADER) or "").encode()
    expected = [sign(body, key, address).encode() for key in keys if key]
    # Summed, so that every key is compared, whichever one fits.
    if not sum(hmac.compare_digest(given, one) for one in expected):
        raise WebhookRefused("The signature does not fit.")


def check_age(created_at):
    """Raises WebhookRefused for a notice of another time."""
    if not -AHEAD <= datetime.now(UTC) - created_at <= OLDEST:
        raise WebhookRefused("The notice is too old or from the future.")
