"""Why a code takes nothing off, in words. Nothing here tells whether any other code exists."""

from dataclasses import dataclass
from enum import StrEnum

from core.money import Money, total
from core.words import many
from promotions.models import Status


class Why(StrEnum):
    UNKNOWN = "unknown"
    NOT_YET = "not_yet"
    EXPIRED = "expired"
    RESTS = "rests"
    NOT_FOR_THESE = "not_for_these"
    MINIMUM = "minimum_not_reached"
    USED_UP = "used_up"
    USED_BY_YOU = "used_by_you"
    TWICE = "already_applied"
    TOO_MANY = "too_many_codes"
    NOT_TOGETHER = "not_together"
    NOTHING_LEFT = "nothing_left"


SAYS = {
    Why.UNKNOWN: "There is no such code.",
    Why.NOT_YET: "This code is not valid yet.",
    Why.EXPIRED: "This code has expired.",
    Why.RESTS: "This code is not valid at the moment.",
    Why.NOT_FOR_THESE: "This code is not for these tickets.",
    Why.USED_UP: "This code has been used up.",
    Why.USED_BY_YOU: "You have used this code as often as one may.",
    Why.TWICE: "This offer is in your booking already.",
    Why.TOO_MANY: "That is more codes than one booking takes.",
    Why.NOT_TOGETHER: "This code does not go together with the others, which give more.",
    Why.NOTHING_LEFT: "There is nothing that this code could take off.",
}


@dataclass(frozen=True, slots=True)
class Refused:
    """A code as it was typed, why it takes nothing off, and the sentence that says so."""

    code: str
    why: Why
    says: str


def refused(text, why, says=""):
    return Refused(text, why, says or SAYS[why])


def not_running(promotion, now):
    """Why a promotion that was announced does not run at this moment; None if it does."""
    if promotion.status == Status.ENDED or (promotion.ends_at and promotion.ends_at <= now):
        return Why.EXPIRED
    if promotion.status == Status.PAUSED:
        return Why.RESTS
    if promotion.starts_at and promotion.starts_at > now:
        return Why.NOT_YET
    return None


def not_enough(promotion, good):
    """What these Items, which it is good for, lack of its minimum, as a sentence; empty if nothing."""
    if len(good) < promotion.min_tickets:
        tickets = many(promotion.min_tickets, "ticket")
        return f"This code is for {tickets} or more that it is valid for."
    worth = total((item.price for item in good), promotion.currency)
    least = Money.rounded(promotion.min_amount, promotion.currency)
    if worth < least:
        return f"This code is for tickets worth {least.display()} or more that it is valid for."
    return ""
