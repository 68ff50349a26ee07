"""What is kept of tickets that are given for other seats: the fee for changing, and of what the new
ones cost less the part that the policy would keep of tickets of that worth."""

from core.money import Money, total


def fees_of(items, policy):
    """What a Policy keeps of each of these BookingItems when its seat is changed, in their order."""
    return [min(Money(policy.exchange_fee, each.currency), each.sum_of("total")) for each in items]


def kept_of_rest(worth, due, kept, paid):
    """What of the difference is kept, divided among tickets that are `worth` so much (a list of Money)
    and given for seats that cost `due`: the policy would keep `kept` of the `paid` for them all."""
    nothing = Money.zero(due.currency)
    rest = max(total(worth, due.currency) - due, nothing)
    if not rest:
        return [nothing for _ in worth]
    part = Money.rounded(rest.amount * kept.amount / paid.amount, due.currency)
    return part.split([each.amount for each in worth])


def kept_apart(cancellation, items, policy):
    """(the fees for changing, what was kept of the difference) of a Cancellation that changed seats of
    these BookingItems, sold under this Policy."""
    kept = cancellation.kept_money
    if not kept:
        return kept, kept
    fees = total(fees_of(items, policy), cancellation.currency)
    return fees, kept - fees
