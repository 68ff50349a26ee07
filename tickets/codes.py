"""The signed text inside a ticket's QR code. Pure: no database, no settings, no clock.

A code is `T1` and the base32 (RFC 4648, no padding) of 107 bytes, big-endian: version (1), key id
(4), ticket (16), event (16), generation (2), valid until (4), Ed25519 signature (64). Its 174
characters belong to QR's alphanumeric mode: a version 7 symbol at level M.
"""

import base64
import binascii
import re
import struct
import uuid
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from core.errors import DomainError

PREFIX = "T1"
VERSION = 1
PURPOSE = b"tessera.ticket.v1"
FIELDS = struct.Struct(">B4s16s16sHI")
SIGNATURE_BYTES = 64
LONGEST_INPUT = 400
SEPARATORS = re.compile(r"[\s-]+")

REASONS = {
    "malformed": "This is not a Tessera ticket code.",
    "version": "This code was made by a newer Tessera. Update this device.",
    "unknown_key": "This code is signed with a key that is not in use here.",
    "bad_signature": "This code has been altered or forged.",
}


class CodeRefused(DomainError):
    """The text is no code that we signed; `reason` is a key of REASONS."""

    code = "code_refused"
    status = 422

    def __init__(self, reason):
        super().__init__(REASONS[reason], reason=reason)
        self.reason = reason


@dataclass(frozen=True)
class TicketCode:
    """What a code says. `valid_until` is in Unix seconds, 0 for no end; `key_id` has 4 bytes."""

    key_id: bytes
    ticket: uuid.UUID
    event: uuid.UUID
    generation: int
    valid_until: int
    signature: bytes

    @property
    def payload(self):
        return FIELDS.pack(
            VERSION,
            self.key_id,
            self.ticket.bytes,
            self.event.bytes,
            self.generation,
            self.valid_until,
        )

    @property
    def text(self):
        return PREFIX + base64.b32encode(self.payload + self.signature).decode().rstrip("=")

    def is_valid_at(self, moment):
        """Whether the code has not run out at this aware datetime."""
        return not self.valid_until or moment.timestamp() < self.valid_until


def sign(private_key, key_id, *, ticket, event, generation, valid_until=0):
    """The text of a new code.

    private_key is an Ed25519PrivateKey, key_id 4 bytes, ticket and event UUIDs, generation
    1..65535, valid_until whole Unix seconds or 0.
    """
    if len(key_id) != 4 or generation < 1:
        raise ValueError("A code needs a key id of 4 bytes and a generation from 1 on.")
    blank = TicketCode(key_id, ticket, event, generation, valid_until, b"")
    signature = private_key.sign(PURPOSE + blank.payload)
    return TicketCode(key_id, ticket, event, generation, valid_until, signature).text


def read(text):
    """The TicketCode a text spells, signature not checked; raises CodeRefused.

    Spaces and hyphens are skipped, and a code may come all in small letters. Capitals and small
    letters together are refused, so that no single wrong bit goes unnoticed.
    """
    raw = _bytes(_normal(text))
    if raw[0] != VERSION:
        raise CodeRefused("version")
    if len(raw) != FIELDS.size + SIGNATURE_BYTES:
        raise CodeRefused("malformed")
    _, key_id, ticket, event, generation, valid_until = FIELDS.unpack_from(raw)
    return TicketCode(
        key_id=key_id,
        ticket=uuid.UUID(bytes=ticket),
        event=uuid.UUID(bytes=event),
        generation=generation,
        valid_until=valid_until,
        signature=raw[FIELDS.size :],
    )


def verify(text, public_keys):
    """The TicketCode of a text that one of our keys signed; raises CodeRefused.

    public_keys maps key ids (4 bytes) to raw Ed25519 public keys (32 bytes).
    """
    code = read(text)
    key = public_keys.get(code.key_id)
    if key is None:
        raise CodeRefused("unknown_key")
    try:
        Ed25519PublicKey.from_public_bytes(bytes(key)).verify(
            code.signature, PURPOSE + code.payload
        )
    except InvalidSignature as error:
        raise CodeRefused("bad_signature") from error
    return code


def _normal(text):
    """The text in capitals without separators, if it begins like a code."""
    plain = SEPARATORS.sub("", text[:LONGEST_INPUT])
    capitals = plain.upper()
    if len(text) > LONGEST_INPUT or not plain.isascii() or plain not in (capitals, plain.lower()):
        raise CodeRefused("malformed")
    if not capitals.startswith(PREFIX):
        raise CodeRefused("malformed")
    return capitals


def _bytes(text):
    """The bytes behind a code in capitals; base32 with stray bits at its end is refused."""
    body = text.removeprefix(PREFIX)
    try:
        raw = base64.b32decode(body + "=" * (-len(body) % 8))
    except binascii.Error as error:
        raise CodeRefused("malformed") from error
    if not raw or base64.b32encode(raw).decode().rstrip("=") != body:
        raise CodeRefused("malformed")
    return raw
