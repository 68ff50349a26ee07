"""A draw in plain Python: what anybody can reckon from the published list and the source's value. The
database reckons for itself (customers.models.draw_rules); a test holds the two together."""

import re
from hashlib import sha256

from core.errors import Invalid
from customers.models import Draw
from customers.models.draw_rules import BEACON


def digest_of(numbers):
    """The SHA-256 that is published of a list of entry numbers: sorted, each ended by a line feed."""
    return sha256("".join(f"{number}\n" for number in sorted(numbers)).encode()).hexdigest()


def lot_of(value, number):
    """By what an entry is ranked, lowest first."""
    return sha256(f"{value}|{number}".encode()).hexdigest()


def order_of(value, numbers):
    """The entry numbers in the order in which they are drawn."""
    return sorted(numbers, key=lambda number: (lot_of(value, number), number))


def value_of(draw, typed):
    """The source's value in its one spelling, however it was typed: so nobody can choose among
    spellings. Raises Invalid for what the draw's source cannot give."""
    if draw.source_kind == Draw.Source.BEACON:
        letters = "".join(typed.split()).lower()
        if not re.fullmatch(BEACON, letters):
            raise Invalid("A beacon’s value has 64 letters, 0 to 9 and a to f.")
        return letters
    parts = re.split(r"[\s,;+-]+", typed.strip())
    if not all(re.fullmatch("[0-9]{1,3}", part) for part in parts):
        raise Invalid("Write the numbers with spaces between them, each below 1000.")
    numbers = {int(part) for part in parts}
    if len(numbers) != len(parts) or len(numbers) != draw.source_count:
        raise Invalid(f"The source gives {draw.source_count} numbers, no two alike.")
    if max(numbers) > draw.source_highest:
        raise Invalid(f"The source’s highest number is {draw.source_highest}, not {max(numbers)}.")
    return " ".join(map(str, sorted(numbers)))
