"""Tables of customers, by topic."""

from customers.models.customers import BuyerList, Customer, ListedBuyer
from customers.models.points import PointEntry, Programme
from customers.models.tiers import Tier

__all__ = ["BuyerList", "Customer", "ListedBuyer", "PointEntry", "Programme", "Tier"]
