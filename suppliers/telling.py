"""What happened to purchase orders and what they cost, in the words of the trade."""

from core.admin_names import tells
from core.words import many
from suppliers.models import LandedCost, PurchaseOrder, PurchaseOrderLine
from suppliers.models.orders import Status

WORDS = {
    Status.DRAFT: "Order back to draft",
    Status.PENDING: "Order submitted",
    Status.CONFIRMED: "Order confirmed",
    Status.PARTIALLY_RECEIVED: "Part of the order has arrived",
    Status.COMPLETED: "The order is completed",
    Status.CANCELLED: "Order cancelled",
}
DOERS = ("submitted_by_id", "confirmed_by_id", "cancelled_by_id")
SEATS = {"received": "arrived", "cancelled": "cancelled", "returned": "sent back"}


@tells(PurchaseOrder)
def told_of_order(change, order):
    if change.is_new:
        return "Order drafted"
    words = WORDS.get(change.became("status"), "")
    doer = next((change.name(each) for each in DOERS if change.became(each)), "")
    if doer:
        words = f"{words or 'Changed'} by {doer}"
    approver = f"approved by {change.name('approved_by_id')}" * bool(
        change.became("approved_by_id")
    )
    rest = change.others("status", "approved_by_id", *DOERS)
    return ", ".join(filter(None, [words, approver, rest]))


@tells(PurchaseOrderLine)
def told_of_line(change, line):
    """Its state says no more than the figures and the order's do."""
    if change.is_new:
        return (
            f"{many(change.after['ordered'], 'seat')} ordered, at {change.after['unit_cost']:.2f}"
        )
    told = [
        f"{many(change.became(name) - change.was(name), 'seat')} {words}"
        for name, words in SEATS.items()
        if change.became(name) is not None
    ]
    if change.became("landed") is not None:
        told.append(f"{change.money('landed')} of other costs fall on its seats")
    rest = change.others("status", "landed", *SEATS)
    return ", ".join(filter(None, [*told, rest]))


@tells(LandedCost)
def told_of_cost(change, cost):
    if change.is_new:
        return f"Other costs: {change.label('kind').lower()}, {change.money('amount')}"
    return change.others()
