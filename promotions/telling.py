"""What happened to promotions and presales, in the words of the trade."""

from core.admin_names import tells
from inventory.models import Presale, PresaleStatus
from promotions.models import Promotion, Status

OF_PROMOTION = {
    Status.ACTIVE: "Active: its codes count from now on",
    Status.PAUSED: "Paused: its codes give nothing until it goes on",
    Status.ENDED: "Ended for good",
}
OF_PRESALE = {
    PresaleStatus.ACTIVE: "Active: it opens when its time comes",
    PresaleStatus.ENDED: "Ended for good: nobody comes in any more",
}


@tells(Promotion)
def told_of_promotion(change, promotion):
    return _told(change, "Promotion", OF_PROMOTION)


@tells(Presale)
def told_of_presale(change, presale):
    return _told(change, "Presale", OF_PRESALE)


def _told(change, thing, moves):
    if change.is_new:
        return f"{thing} written"
    moved = moves.get(change.became("status"), "")
    if moved and change.was("status") == "PAUSED" and change.became("status") == "ACTIVE":
        moved = "Goes on: its codes count again"
    return ", ".join(filter(None, [moved, change.others("status", "ended_at")]))
