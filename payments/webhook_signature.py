"""Signatures of webhooks: `t=<unix seconds>,v1=<hex HMAC-SHA256 of "t.body">`, as Stripe makes them."""

import hashlib
import hmac

from payments.adapters import WebhookRefused


def sign(body, secret, now):
    """The header value for `body` (bytes), signed with `secret` (str) at `now` (unix seconds)."""
    timestamp = int(now)
    return f"t={timestamp},v1={_digest(body, secret, timestamp).decode()}"


def verify(body, header, secrets, now, tolerance=300):
    """Returns when `header` is a signature of `body` (bytes) by any of `secrets`.

    Raises WebhookRefused when there is none, when it is made with another secret, or when its time
    is more than `tolerance` seconds away from `now` (unix seconds).
    """
    timestamp, signatures = _parts(header)
    expected = [_digest(body, secret, timestamp) for secret in secrets if secret]
    # Summed, so that every pair is compared, whichever one fits.
    if not sum(hmac.compare_digest(one, other) for one in expected for other in signatures):
        raise WebhookRefused("The signature does not fit.")
    if abs(now - timestamp) > tolerance:
        raise WebhookRefused("The signature is too old or from the future.")


def _digest(body, secret, timestamp):
    return hmac.new(secret.encode(), b"%d." % timestamp + body, hashlib.sha256).hexdigest().encode()


def _parts(header):
    """(unix seconds, [signatures as bytes]) of a header; raises WebhookRefused."""
    pairs = [part.strip().partition("=") for part in (header or "").split(",")]
    times = [value for name, _, value in pairs if name == "t"]
    signatures = [value.encode() for name, _, value in pairs if name == "v1"]
    if len(times) != 1 or not signatures or not _is_number(times[0]):
        raise WebhookRefused("There is no readable signature.")
    return int(times[0]), signatures


def _is_number(text):
    return text.isascii() and text.isdigit() and len(text) <= 12
