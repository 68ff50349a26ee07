from events.models.charges import Channel, FeeRule, Per, SaleTerms, TaxedAs, TaxRule
from events.models.events import (
    MOVES,
    PUBLIC,
    Event,
    PriceArea,
    PriceLevel,
    SplitRule,
    Status,
)

__all__ = [
    "MOVES",
    "PUBLIC",
    "Channel",
    "Event",
    "FeeRule",
    "Per",
    "PriceArea",
    "PriceLevel",
    "SaleTerms",
    "SplitRule",
    "Status",
    "TaxRule",
    "TaxedAs",
]
