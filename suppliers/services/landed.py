"""What an order costs beside its seats: spread over its lines when it is confirmed, and borne by each
seat in equal parts, all to the cent."""

from core.money import Money, total


def extra_costs(order):
    """What the order costs beside its seats, as Money."""
    return total((cost.money for cost in order.landed_costs.all()), order.currency)


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
    units, left_over = divmod(Money(line.landed, line.currency).minor, line.ordered)
    share = Money.from_minor(units, line.currency)
    larger = Money.from_minor(units + 1, line.currency)
    return {
        ordinal: larger if position < left_over else share
        for position, ordinal in enumerate(line.ordinals)
    }


def amount_of(line, ordinals):
    """What these places of the line cost, extra costs included, as Money."""
    shares = shares_of(line)
    return line.cost * len(ordinals) + total((shares[o] for o in ordinals), line.currency)
