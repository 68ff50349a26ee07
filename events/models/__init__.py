from events.models.charges import (
    Channel,
    FeeRule,
    Per,
    SaleTerms,
    TaxedAs,
    TaxRule,
    rate_in_words,
)
from events.models.events import (
    MOVES,
    OVER,
    PUBLIC,
    Event,
    PriceArea,
    PriceLevel,
    SplitRule,
    Status,
)
from events.models.policies import BackTo, CancellationPolicy

__all__ = [
    "MOVES",
    "OVER",
    "PUBLIC",
    "BackTo",
    "CancellationPolicy",
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
    "rate_in_words",
]
