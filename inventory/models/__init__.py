"""The seat inventory: places, their ledger, holds, allocation, presales and pricing."""

from inventory.models.allocation import AllocationPlan, AllocationShare, PlanStatus
from inventory.models.holds import Hold, HoldStatus
from inventory.models.moves import LayoutMove
from inventory.models.presales import Presale, PresalePlace, PresaleStatus
from inventory.models.pricing import PriceChange, PriceJob, PricingRule
from inventory.models.seats import (
    MOVES,
    OWNERSHIP_MOVES,
    TAKEN,
    EventSeat,
    EventSeatQuerySet,
    Ownership,
    SeatEntry,
    Status,
    StockChannel,
)
from inventory.models.showing import HouseChange, HouseState

__all__ = [
    "MOVES",
    "OWNERSHIP_MOVES",
    "TAKEN",
    "AllocationPlan",
    "AllocationShare",
    "EventSeat",
    "EventSeatQuerySet",
    "Hold",
    "HoldStatus",
    "HouseChange",
    "HouseState",
    "LayoutMove",
    "Ownership",
    "PlanStatus",
    "Presale",
    "PresalePlace",
    "PresaleStatus",
    "PriceChange",
    "PriceJob",
    "PricingRule",
    "SeatEntry",
    "Status",
    "StockChannel",
]
