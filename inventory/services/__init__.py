"""Who may make places scarcer: only here. One module for each of the things that happen to places."""

from inventory.services.allocating import (
    Misfit,
    NothingToAllocate,
    Simulation,
    apply_plan,
    simulate,
    simulate_plan,
    undo_plan,
)
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
from inventory.services.holding import (
    NotHoldable,
    Terms,
    Wanted,
    WrongTerms,
    add_places,
    extend_hold,
    give_notice,
    make_hold,
)
from inventory.services.laying_out import (
    lay_out,
)
from inventory.services.letting_go import (
    expire_hold,
    free_killed,
    kill_hold,
    killed_places,
    release_hold,
    release_places,
)
from inventory.services.owning import (
    NotReceivable,
    take_ownership,
)
from inventory.services.returning import (
    give_back,
    put_on_sale,
    take_off_sale,
)

__all__ = [
    "ClaimedSeat",
    "Misfit",
    "NotHoldable",
    "NotOnSale",
    "NotReceivable",
    "NothingToAllocate",
    "SeatsLocked",
    "SeatsTaken",
    "Simulation",
    "Terms",
    "Wanted",
    "WrongTerms",
    "add_places",
    "apply_plan",
    "claim",
    "claim_held",
    "claim_standing",
    "claim_unlocked",
    "expire_hold",
    "extend_hold",
    "free_killed",
    "give_back",
    "give_notice",
    "keep",
    "kill_hold",
    "killed_places",
    "lapsed_claims",
    "lay_out",
    "lock_seats",
    "make_hold",
    "put_on_sale",
    "release",
    "release_hold",
    "release_places",
    "sell",
    "simulate",
    "simulate_plan",
    "take_off_sale",
    "take_ownership",
    "undo_plan",
]
