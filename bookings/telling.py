"""What happened to bookings, in the words of the trade, for the timelines of the back office."""

from bookings.models import SOLD, Booking, ChangeStatus, EventChange, Status
from core.admin_names import clock, tells
from core.admin_parts import Entry

WORDS = {
    Status.CONFIRMED: "Sold: its tickets are valid",
    Status.PAID: "Paid",
    Status.EXPIRED: "Not paid in time: its places are free again",
}
CHANGES = {
    (ChangeStatus.PROPOSED, ChangeStatus.RUNNING): "Begun: booking after booking is dealt with",
    (ChangeStatus.RUNNING, ChangeStatus.DONE): "Done",
    (ChangeStatus.DONE, ChangeStatus.RUNNING): "Begun again, for what was in the way",
    (ChangeStatus.PROPOSED, ChangeStatus.WITHDRAWN): "Withdrawn: nothing was changed",
}
PROPOSED = {"CANCELLED": "Cancelling", "POSTPONED": "Another day", "MOVED": "Another house"}


@tells(Booking)
def told(change, booking):
    if change.is_new:
        return _begun(change, booking)
    return ", ".join(filter(None, [_moved(change), _buyer(change), _price(change)]))


@tells(EventChange)
def told_of_change(change, _):
    if change.is_new:
        waits = ", to be approved by somebody else" if change.after.get("needs_approval") else ""
        return f"{PROPOSED[change.after['kind']]} proposed{waits}"
    told = CHANGES.get((change.was("status"), change.became("status")), "")
    return ", ".join(filter(None, [told, change.others("status", "needs_approval")]))


def prolonged(booking):
    """[Entry] of what the audit trail does not keep: that the buyer asked for more time, once."""
    if not booking.renewed_at:
        return []
    until = clock(booking.reserved_until)
    return [Entry(booking.renewed_at, "the buyer", f"More time to pay, until {until}")]


def _begun(change, booking):
    """The end of the time is only known as long as it was not prolonged."""
    money = change.money("total")
    if change.after["status"] in SOLD:
        return f"Sold for {money}"
    until = booking and not booking.renewed_at and booking.reserved_until
    return f"Reserved{f' until {clock(until)}' if until else ''}, for {money}"


def _moved(change):
    status = change.became("status")
    if status == Status.CANCELLED:
        return "Cancelled: every ticket is given back" if change.was("status") in SOLD else "Let go"
    if status == Status.REFUNDED:
        is_late = change.was("status") == Status.EXPIRED
        return (
            "It could not be sold: all the money goes back" if is_late else "All the money is back"
        )
    return WORDS.get(status, "")


def _buyer(change):
    if not change.became("customer_id"):
        return ""
    instead = change.was("customer_id") and f", instead of {change.old_name('customer_id')}"
    return f"{change.name('customer_id')} is the buyer{instead or ''}"


def _price(change):
    if change.became("total") is None:
        return ""
    return f"It costs {change.money('total')} now, {change.old_money('total')} before"
