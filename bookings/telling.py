"""What happened to bookings, in the words of the trade, for the timelines of the back office."""

from collections import defaultdict
from datetime import timedelta

from bookings.models import SOLD, Booking, CancelledItem, ChangeStatus, EventChange, Status
from core.admin_names import clock, names_of, tells
from core.admin_parts import Entry
from core.models import AuditEntry
from promotions.models import Use

A_MOMENT = timedelta(seconds=1)

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
    return ", ".join(filter(None, [_moved(change, booking), _buyer(change), _price(change)]))


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


def changed_for(booking):
    """The numbers of the bookings that all cancelled tickets of a Booking (or None) were given for;
    empty where some were only cancelled."""
    if booking is None:
        return ""
    made = booking.cancellations.order_by("made_at", "pk")
    numbers = list(made.values_list("exchanged_for__number", flat=True))
    return ", ".join(numbers) if all(numbers) else ""


def tickets_told(booking):
    """The tickets of a Booking, each with the number that it was `changed_for`, if it was."""
    given = CancelledItem.objects.filter(item__booking=booking)
    numbers = dict(given.values_list("item__ticket", "cancellation__exchanged_for__number"))
    tickets = [item.ticket for item in booking.items.select_related("ticket")]
    for ticket in tickets:
        ticket.changed_for = numbers.get(ticket.pk) or ""
    return tickets


def codes_in_and_out(booking):
    """[Entry] of the codes that were taken in and out, which the audit trail does not keep. A booking
    that is reckoned anew drops its uses and takes them again at the same moment: that is no news."""
    taken, dropped = defaultdict(set), defaultdict(set)
    for use in Use.objects.filter(reference=booking.pk).offers().select_related("code"):
        taken[use.used_at].add(use.code.text)
        if use.is_dropped:
            dropped[use.returned_at].add(use.code.text)
    who = _who_at(booking, {*taken, *dropped})
    return [
        Entry(at, who[at], f"The code {text} was taken {way}")
        for way, these, others in (("in", taken, dropped), ("out", dropped, taken))
        for at, texts in these.items()
        for text in sorted(texts - others.get(at, set()))
    ]


def _who_at(booking, moments):
    """{moment: who changed the booking then}"""
    if not moments:
        return {}
    table = Booking._meta.db_table
    rows = AuditEntry.objects.filter(table=table, row_id=str(booking.pk)).order_by("pk")
    rows = list(rows.values_list("at", "actor"))
    names = names_of(actor for _, actor in rows)
    found = {at: [actor for then, actor in rows if abs(then - at) < A_MOMENT] for at in moments}
    return {
        at: names.get(actors[0], actors[0]) or "the buyer" if actors else "the buyer"
        for at, actors in found.items()
    }


def _begun(change, booking):
    """The end of the time is only known as long as it was not prolonged."""
    money = change.money("total")
    if change.after["status"] in SOLD:
        return f"Sold for {money}"
    until = booking and not booking.renewed_at and booking.reserved_until
    return f"Reserved{f' until {clock(until)}' if until else ''}, for {money}"


def _moved(change, booking):
    status = change.became("status")
    new = changed_for(booking) if status in (Status.CANCELLED, Status.REFUNDED) else ""
    if new and change.was("status") in (*SOLD, Status.CANCELLED):
        return f"Changed for {new}"
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
