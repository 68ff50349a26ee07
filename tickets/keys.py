"""The keys that sign ticket codes. Private keys are derived when needed and never stored."""

import secrets

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

PURPOSE = b"tessera.ticket-key"
KEY_ID_BYTES = 4
SHORTEST_SECRET = 32


def new_key_id():
    """4 random bytes; a unique constraint refuses the rare id that is taken."""
    return secrets.token_bytes(KEY_ID_BYTES)


def derive(secret, key_id):
    """The Ed25519PrivateKey of a key id (4 bytes), which is unique over all agencies; the secret is
    bytes. Without the agency in it, a code can be verified where there is no database."""
    if len(secret) < SHORTEST_SECRET:
        raise ValueError(f"The signing secret needs {SHORTEST_SECRET} bytes or more.")
    if len(key_id) != KEY_ID_BYTES:
        raise ValueError(f"A key id has {KEY_ID_BYTES} bytes.")
    info = PURPOSE + key_id
    seed = HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(secret)
    return Ed25519PrivateKey.from_private_bytes(seed)


def public_bytes(private_key):
    """The raw public key, 32 bytes: all that devices and the database get."""
    return private_key.public_key().public_bytes_raw()
