"""Tables of customers, by topic."""

from customers.models.customers import BuyerList, Customer, ListedBuyer
from customers.models.draws import Draw, DrawEntry, DrawStatus, DrawWave
from customers.models.points import PointEntry, Programme
from customers.models.tiers import Tier

__all__ = [
    "BuyerList",
    "Customer",
    "Draw",
    "DrawEntry",
    "DrawStatus",
    "DrawWave",
    "ListedBuyer",
    "PointEntry",
    "Programme",
    "Tier",
]
