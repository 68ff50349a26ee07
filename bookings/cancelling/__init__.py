"""Tickets given back: what it would bring, and doing it. See docs/cancellation.md."""

from bookings.cancelling.carrying_out import NotPaidHere, QuoteChanged, cancel, money_is_back
from bookings.cancelling.paying_back import (
    NotOfTickets,
    look_at_payment,
    pay_back,
    sum_up,
)
from bookings.cancelling.quoting import (
    NotCancellable,
    Quote,
    Wish,
    left_of,
    may_choose,
    may_exchange,
    may_give_back,
    own_left_of,
    policy_of,
    preview,
    terms_of,
)

__all__ = [
    "NotCancellable",
    "NotOfTickets",
    "NotPaidHere",
    "Quote",
    "QuoteChanged",
    "Wish",
    "cancel",
    "left_of",
    "look_at_payment",
    "may_choose",
    "may_exchange",
    "may_give_back",
    "money_is_back",
    "own_left_of",
    "pay_back",
    "policy_of",
    "preview",
    "sum_up",
    "terms_of",
]
