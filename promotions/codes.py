"""What a code is looked up by, how codes are drawn, and what stands for a buyer."""

import unicodedata
from hashlib import blake2s

from core.ids import reference
from core.tenancy import current_agency_id
from customers.same_person import person_of

LONGEST = 40
# Left out when codes are compared: how people group letters when they write them down.
GAPS = str.maketrans("", "", " -_.\u00a0\u2010\u2011\u2012\u2013\u2014\u202f")
GROUPS = 3  # of four letters each: 57 bits, which 100,000 codes leave one guess in 10¹² to hit


def spelled(text):
    """A code as it is compared: summer 2024 and SUMMER-2024 are the same. Empty for what no code can
    be, such as one with a NUL in it."""
    if len(text) > 3 * LONGEST:
        return ""
    letters = unicodedata.normalize("NFKC", text.casefold()).casefold().translate(GAPS)
    return letters if letters.isalnum() and len(letters) <= LONGEST else ""


def digest_of(letters):
    """What a spelled code is found by in this agency. Neighbours in the index are no neighbours in
    spelling, so the time a look-up takes says nothing about other codes."""
    return _digest(b"code:", letters)


def customer_of(email):
    """What stands for the buyer with this e-mail, however he writes it, in this agency. Empty without
    an e-mail."""
    person = person_of(email)
    return _digest(b"buyer:", person) if person else ""


def drawn(prefix):
    """A new code such as SPRING-7KQM-2XBT-WD9R."""
    parts = [reference(4) for _ in range(GROUPS)]
    return "-".join([prefix, *parts] if prefix else parts)


def _digest(kind, text):
    key = current_agency_id().bytes
    return blake2s(kind + text.encode(errors="replace"), key=key, digest_size=16).hexdigest()
