"""How PayPal signs its notices: RSA, with a certificate that it serves itself."""

import base64
import json
import secrets
import zlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID

from payments.simulator.webhooks import Courier

NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "messageverificationcerts.peer")])
CERTIFICATE_PATH = "/v1/notifications/certs/CERT-360caa42-fca2a594-a5cafa77"


class Signer:
    """A key and its certificate, kept in `file` (PEM, both) from the first use on."""

    def __init__(self, file):
        path = Path(file)
        if not path.exists():
            path.write_bytes(_made())
        text = path.read_bytes()
        self._key = serialization.load_pem_private_key(text, None)
        self.certificate = x509.load_pem_x509_certificate(text).public_bytes(
            serialization.Encoding.PEM
        )

    def headers(self, body, webhook_id, now, base_url):
        """What a notice with this body (bytes) bears, signed at a moment (unix seconds)."""
        transmission = secrets.token_hex(16)
        time = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        text = f"{transmission}|{time}|{webhook_id}|{zlib.crc32(body)}".encode()
        signature = self._key.sign(text, padding.PKCS1v15(), SHA256())
        return {
            "PAYPAL-TRANSMISSION-ID": transmission,
            "PAYPAL-TRANSMISSION-TIME": time,
            "PAYPAL-TRANSMISSION-SIG": base64.b64encode(signature).decode(),
            "PAYPAL-CERT-URL": base_url + CERTIFICATE_PATH,
            "PAYPAL-AUTH-ALGO": "SHA256withRSA",
        }


def _made():
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(NAME)
        .issuer_name(NAME)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=365))
        .sign(key, SHA256())
    )
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ) + certificate.public_bytes(serialization.Encoding.PEM)


class SigningCourier(Courier):
    """Its `secret` is the id of the webhook."""

    signer: Signer
    base_url = ""

    def told(self, event):
        return json.dumps(event["told"]).encode()

    def signature(self, body, now):
        return self.signer.headers(body, self.secret, now, self.base_url)
