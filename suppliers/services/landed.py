"""What an order costs beside its seats: spread over its lines when it is confirmed, and borne by each
seat in equal parts, all to the cent."""

from core.money import Money, total
from core.transactions import use_case
from suppliers.models import LandedCost
from suppliers.services.drafting import NotOrderable, drafts_only, locked, touch


def extra_costs(order):
    """What the order costs beside its seats, as Money."""
    return total((cost.money for cost in order.landed_costs.all()), order.currency)


def total_of(order):
    """What the order costs with everything, as Money."""
    return total((line.amount for line in order.lines.all()), order.currency) + extra_costs(order)


def spread_over(lines, extra):
    """The share of each line in these costs (Money): in proportion to the lines' amounts, or to their
    seats where these cost nothing."""
    weights = [line.amount.amount for line in lines]
    if not any(weights):
        weights = [line.ordered for line in lines]
    return extra.split(weights)


def shares_of(line):
    """{ordinal: Money}: what each place of the line bears of its extra costs. The same whenever it is
    asked, by the place's position in the line; together they are exactly `landed`."""
    share, larger, number = _split(line)
    return {
        ordinal: larger if position < number else share
        for position, ordinal in enumerate(line.ordinals)
    }


def _split(line):
    """(share, larger share, how many of the first places bear the larger)."""
    units, left_over = divmod(Money(line.landed, line.currency).minor, line.ordered)
    share, larger = (Money.from_minor(each, line.currency) for each in (units, units + 1))
    return share, larger, left_over


def amount_of(line, ordinals):
    """What these places of the line cost, extra costs included, as Money."""
    share, larger, number = _split(line)
    bearing_more = len(set(line.ordinals[:number]).intersection(ordinals))
    return (line.cost + share) * len(ordinals) + (larger - share) * bearing_more


@use_case
def add_landed_cost(*, order, kind, amount, description=""):
    """Puts tax, shipping or another cost (`amount` is Money above zero) on a draft."""
    order = locked(order)
    drafts_only(order)
    if amount.currency != order.currency:
        raise NotOrderable(f"{order} is in {order.currency}, not in {amount.currency}.")
    if amount.amount <= 0:
        raise NotOrderable("An extra cost is more than nothing.")
    same = {"kind": kind, "description": description, "amount": amount.amount}
    if order.landed_costs.filter(**same).exists():
        raise NotOrderable("Just this cost is on the order already. Describe a second one.")
    cost = LandedCost.objects.create(
        order=order,
        **same,
        currency=order.currency,
    )
    touch(order)
    return cost


@use_case
def remove_landed_cost(*, cost):
    """Takes an extra cost off a draft."""
    order = locked(cost.order)
    drafts_only(order)
    LandedCost.objects.filter(pk=cost.pk).delete()
    touch(order)
