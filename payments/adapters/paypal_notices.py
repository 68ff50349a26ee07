"""Whether a notice is PayPal's: signed with the certificate that PayPal itself serves.

PayPal signs `transmission id|time|id of our webhook|CRC-32 of the body` with RSA. The certificate is
fetched once from PayPal's own host and kept, so that a notice is checked without asking anybody.
"""

import base64
import re
import threading
import zlib
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

from payments.adapters import ProviderUnavailable, WebhookRefused
from payments.adapters.paypal_objects import moment

ALGORITHM = "SHA256withRSA"
CERTIFICATE = re.compile(r"/v1/notifications/certs/[A-Za-z0-9_-]{1,120}")
OLDEST = timedelta(days=4)
"""PayPal repeats a notice for three days, and does not promise to date it anew. An old one told again
does no harm: each is stored once, and what it is about is asked for."""
AHEAD = timedelta(minutes=5)
KEPT = 16


def signed_text(transmission_id, time, webhook_id, body):
    """What PayPal signs, as bytes."""
    return f"{transmission_id}|{time}|{webhook_id}|{zlib.crc32(body)}".encode()


def verify(body, headers, webhook_ids, certificates):
    """Returns when `headers` sign `body` (bytes) for any of our `webhook_ids`; raises WebhookRefused,
    or ProviderUnavailable when PayPal does not hand out its certificate."""
    names = ("ID", "TIME", "SIG")
    transmission, time, signature = (
        headers.get(f"PAYPAL-TRANSMISSION-{name}") or "" for name in names
    )
    if headers.get("PAYPAL-AUTH-ALGO") != ALGORITHM or not (transmission and time and signature):
        raise WebhookRefused("There is no readable signature.")
    _check_age(time)
    try:
        made = base64.b64decode(signature, validate=True)
    except ValueError as error:
        raise WebhookRefused("The signature is no base64.") from error
    key = certificates.key_at(headers.get("PAYPAL-CERT-URL") or "")
    ours = [signed_text(transmission, time, one, body) for one in webhook_ids if one]
    if not any(_fits(key, made, text) for text in ours):
        raise WebhookRefused("The signature does not fit.")


def _check_age(time):
    try:
        age = datetime.now(UTC) - moment(time)
    except ValueError as error:
        raise WebhookRefused("There is no readable signature.") from error
    if not -AHEAD <= age <= OLDEST:
        raise WebhookRefused("The signature is too old or from the future.")


def _fits(key, signature, text):
    try:
        key.verify(signature, text, padding.PKCS1v15(), SHA256())
    except InvalidSignature:
        return False
    return True


class Certificates:
    """Public keys of PayPal's certificates by their address, fetched once each."""

    def __init__(self, client):
        self._client = client
        self._hosts = _hosts_of(client.api_base)
        self._known = {}
        self._fetching = threading.Lock()

    def key_at(self, address):
        """The key at one of PayPal's own addresses; WebhookRefused for any other address."""
        parts = urlsplit(address)
        is_own = (parts.scheme, parts.netloc) in self._hosts
        if not is_own or parts.query or not CERTIFICATE.fullmatch(parts.path):
            raise WebhookRefused("The certificate is not PayPal's.")
        with self._fetching:
            if address not in self._known:
                if len(self._known) >= KEPT:
                    self._known.clear()
                self._known[address] = self._fetch(address)
            certificate = self._known[address]
        now = datetime.now(UTC)
        if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
            raise WebhookRefused("The certificate is not valid at present.")
        return certificate.public_key()

    def _fetch(self, address):
        status, text = self._client.download(address)
        if 400 <= status < 500:
            raise WebhookRefused("PayPal has no such certificate.")
        if status != 200:
            raise ProviderUnavailable(f"the certificate of a notice: status {status}")
        try:
            certificate = x509.load_pem_x509_certificates(text)[0]
        except ValueError as error:
            raise WebhookRefused("The certificate cannot be read.") from error
        if not isinstance(certificate.public_key(), rsa.RSAPublicKey):
            raise WebhookRefused("The certificate is for another algorithm.")
        return certificate


def _hosts_of(api_base):
    """{(scheme, host)} that certificates come from: PayPal's API has two names, `api-m` and `api`."""
    parts = urlsplit(api_base)
    return {(parts.scheme, parts.netloc), (parts.scheme, parts.netloc.replace("api-m.", "api.", 1))}
