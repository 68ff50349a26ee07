"""Identifiers: time-ordered UUIDs for keys, short random references for people."""

import os
import secrets
import time
import uuid

# No vowels (no words), no 0/O, 1/I/L: can be read out over a bad line.
REFERENCE_ALPHABET = "23456789BCDFGHJKMNPQRSTVWXZ"


def uuid7():
    """A version 7 UUID (RFC 9562): 48 bits of milliseconds, then 74 random bits."""
    value = int(time.time() * 1000) << 80 | int.from_bytes(os.urandom(10), "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    return uuid.UUID(int=value & ~(0x3 << 62) | 0x2 << 62)


def reference(length):
    """A random reference of `length` characters from an alphabet without lookalikes."""
    return "".join(secrets.choice(REFERENCE_ALPHABET) for _ in range(length))


def long_reference():
    """A random reference that nobody hits by guessing, such as 7KQM-2XBT-WD9R: 57 bits."""
    return "-".join(reference(4) for _ in range(3))
