"""Use cases of promotions, one module each."""

from promotions.services.changing import activate, copy_of, end, pause
from promotions.services.coding import ask_for_codes, close_code, make_codes, name_code
from promotions.services.pricing import Applied, Context, Part, price_with
from promotions.services.redeeming import (
    NotRedeemed,
    drop,
    give_back,
    keep,
    name_buyer,
    redeem,
    renew,
)

__all__ = [
    "Applied",
    "Context",
    "NotRedeemed",
    "Part",
    "activate",
    "ask_for_codes",
    "close_code",
    "copy_of",
    "drop",
    "end",
    "give_back",
    "keep",
    "make_codes",
    "name_buyer",
    "name_code",
    "pause",
    "price_with",
    "redeem",
    "renew",
]
