"""An event is cancelled, put off or moved: one action over all its bookings.

See docs/cancellation.md.
"""

from bookings.changing.answering import answer, open_change_of, why_cancelled
from bookings.changing.carrying_on import carry_on, try_again
from bookings.changing.proposing import (
    Extent,
    NotChangeable,
    at_stake,
    begin,
    extent_of,
    may_begin,
    propose,
    withdraw,
)
from bookings.changing.splitting import Way, ways_of
from bookings.changing.standing import Standing, refunds_of, standing_of

__all__ = [
    "Extent",
    "NotChangeable",
    "Standing",
    "Way",
    "answer",
    "at_stake",
    "begin",
    "carry_on",
    "extent_of",
    "may_begin",
    "open_change_of",
    "propose",
    "refunds_of",
    "standing_of",
    "try_again",
    "ways_of",
    "why_cancelled",
    "withdraw",
]
