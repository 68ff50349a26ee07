"""Who is let into a presale, how often, and what came of it. Which places it opens, and when, is
said in `inventory`: docs/presales.md."""

from promotions.presales.entering import (
    NoEntry,
    Pass,
    admit,
    admit_listed,
    pass_of,
    presale_of,
    visited,
)
from promotions.presales.making import (
    Terms,
    activate,
    change,
    choose_places,
    end,
    make,
    offer_of,
)

__all__ = [
    "NoEntry",
    "Pass",
    "Terms",
    "activate",
    "admit",
    "admit_listed",
    "change",
    "choose_places",
    "end",
    "make",
    "offer_of",
    "pass_of",
    "presale_of",
    "visited",
]
