"""Who may make places scarcer: only here. One module for each of the things that happen to places."""

from inventory.services.claiming import (
    ClaimedSeat,
    NotOnSale,
    SeatsLocked,
    SeatsTaken,
    claim,
    claim_held,
    claim_standing,
    claim_unlocked,
    keep,
    lapsed_claims,
    lock_seats,
    release,
    sell,
)
from inventory.services.laying_out import lay_out
from inventory.services.owning import NotReceivable, take_ownership

__all__ = [
    "ClaimedSeat",
    "NotOnSale",
    "NotReceivable",
    "SeatsLocked",
    "SeatsTaken",
    "claim",
    "claim_held",
    "claim_standing",
    "claim_unlocked",
    "keep",
    "lapsed_claims",
    "lay_out",
    "lock_seats",
    "release",
    "sell",
    "take_ownership",
]
