"""What of all credit that came is there still, worked out in the order of time."""

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal

from payments.models import CreditEntry

Kind = CreditEntry.Kind
NOTHING = Decimal(0)
FOR_DEARER_SEATS = "back:exchange:"


@dataclass
class Lot:
    """A CreditEntry that came, and how much of it is `left` (a Decimal)."""

    entry: CreditEntry
    left: Decimal

    @property
    def lapses_when(self):
        return (self.entry.expires_at is None, self.entry.expires_at, *_in_time(self.entry))


def lots_of(entries):
    """{the id of an entry that came: its Lot} of all CreditEntries of one customer in one currency.

    A spending is one of what had come before it, and of that what lapses first; but seats are changed
    with what the old ones were worth, and what was paid for dearer ones. What was returned is as if
    it had not been held. Where clocks differ a spending may seem to be before what it is of: it waits
    for what comes next.
    """
    lots, waiting = {}, NOTHING
    for entry in sorted(_without_returned(entries), key=_in_time):
        if entry.of_id in lots:
            waiting += _change(lots[entry.of_id], entry.amount)
        elif entry.amount > 0 and entry.of_id is None:
            lots[entry.pk] = Lot(entry, entry.amount)
        else:
            waiting += _spend(_in_turn(lots.values(), entry), -entry.amount)
        if waiting:
            waiting = _spend(_in_turn(lots.values()), waiting)
    return lots


def _in_time(entry):
    """By transactions, then by their ids' milliseconds: in one, what comes is before what goes."""
    return (entry.made_at, entry.pk.int >> 80, entry.amount < 0, entry.pk)


def _without_returned(entries):
    """The entries without what was held and returned."""
    kept, moves = [], defaultdict(list)
    for entry in sorted(entries, key=_in_time):
        is_move = entry.kind in (Kind.HELD, Kind.RETURNED)
        (moves[entry.payment_id] if is_move else kept).append(entry)
    for of_payment in moves.values():
        if sum(each.amount for each in of_payment) < 0:
            kept.append([each for each in of_payment if each.kind == Kind.HELD][-1])
    return kept


def _in_turn(lots, entry=None):
    """The Lots in the order in which an entry (any) spends them."""
    turn = sorted(lots, key=lambda lot: lot.lapses_when)
    if entry is None or entry.kind != Kind.HELD or entry.reference is None:
        return turn
    return sorted(turn, key=lambda lot: _nearness(lot.entry, entry.reference))


def _nearness(entry, reference):
    if entry.reference == reference:
        return 0
    return 1 if entry.key.startswith(FOR_DEARER_SEATS) else 2


def _change(lot, amount):
    """Makes one Lot smaller or larger; returns what it did not have."""
    lot.left += amount
    short = max(-lot.left, NOTHING)
    lot.left += short
    return short


def _spend(lots, amount):
    """Takes so much of the Lots in their turn; returns what they did not have."""
    for lot in lots:
        part = min(lot.left, amount)
        lot.left -= part
        amount -= part
    return amount
