"""Fees and taxes: the terms that are in force, and what a buyer pays under them."""

from events.charges.reckoning import Charged, Fee, Line, Reckoning, Tax, reckon
from events.charges.terms import Terms, kept, sold_under, sold_under_terms, terms_of

__all__ = [
    "Charged",
    "Fee",
    "Line",
    "Reckoning",
    "Tax",
    "Terms",
    "kept",
    "reckon",
    "sold_under",
    "sold_under_terms",
    "terms_of",
]
