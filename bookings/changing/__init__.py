"""An event is cancelled, put off or moved: one action over all its bookings.

See docs/cancellation.md.
"""

from bookings.changing.answering import answer, open_change_of
from bookings.changing.carrying_on import carry_on, try_again
from bookings.changing.proposing import (
    Extent,
    NotChangeable,
    at_stake,
    begin,
    extent_of,
    may_begin,
    paid_with_credit,
    propose,
    withdraw,
)

__all__ = [
    "Extent",
    "NotChangeable",
    "answer",
    "at_stake",
    "begin",
    "carry_on",
    "extent_of",
    "may_begin",
    "open_change_of",
    "paid_with_credit",
    "propose",
    "try_again",
    "withdraw",
]
