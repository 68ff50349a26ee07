"""What happened to promotions and presales, in the words of the trade."""

from core.admin_names import tells
from customers.models import BuyerList
from events.models import PriceLevel
from inventory.models import Presale, PresaleStatus
from promotions.models import Promotion, Status

OF_PROMOTION = {
    Status.ACTIVE: "Active: its codes count from now on",
    Status.PAUSED: "Paused: its codes give nothing until it goes on",
    Status.ENDED: "Ended for good",
}
# {column: (what its ids are called, their model, what none means)}
LISTED = {"levels": ("Levels", PriceLevel, "all"), "lists": ("Lists", BuyerList, "none")}
LIMITS = {
    "usage_limit": "bookings in all",
    "usage_limit_per_customer": "bookings of one buyer",
    "tickets_per_customer": "tickets of one buyer",
}
OF_PRESALE = {
    PresaleStatus.ACTIVE: "Active: it opens when its time comes",
    PresaleStatus.ENDED: "Ended for good: nobody comes in any more",
}


@tells(Promotion)
def told_of_promotion(change, promotion):
    if promotion and promotion.presale_id:
        return "" if change.is_new else _limits(change)
    return _told(change, "Promotion", OF_PROMOTION)


@tells(Presale)
def told_of_presale(change, presale):
    told = _told(change, "Presale", OF_PRESALE, *LISTED)
    opens = [_from_to(change, *how) for how in LISTED.items() if not change.is_new]
    return "; ".join(filter(None, [told, *opens]))


def _from_to(change, column, how):
    """Levels: all → Balcony, Stalls; nothing where they stayed."""
    if change.became(column) is None:
        return ""
    words, model, none = how
    was, became = change.was(column) or [], change.became(column)
    names = {
        str(pk): name
        for pk, name in model.objects.filter(pk__in=[*was, *became]).values_list("pk", "name")
    }

    def called(ids):
        return ", ".join(names.get(str(each), "one that is gone") for each in ids) or none

    return f"{words}: {called(was)} → {called(became)}"


def _limits(change):
    """Tickets of one buyer 4 → 3"""
    told = [
        f"{words} {change.was(column) or 'any number'} → {change.after[column] or 'any number'}"
        for column, words in LIMITS.items()
        if column in change.after
    ]
    return ", ".join(told)


def _told(change, thing, moves, *said):
    if change.is_new:
        return f"{thing} written"
    moved = moves.get(change.became("status"), "")
    if moved and change.was("status") == "PAUSED" and change.became("status") == "ACTIVE":
        moved = "Goes on: its codes count again"
    return ", ".join(filter(None, [moved, change.others("status", "ended_at", *said)]))
