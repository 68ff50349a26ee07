"""What promotions take off, ticket by ticket: pure arithmetic, nothing is read.

Promotions that go together are taken one after another, each from what the former left of a ticket's
price: by priority, and at the same priority percentages, then buy-some-get-some, then amounts, then
booking fees. One that does not go together with others stands alone. Of all that is allowed the buyer
gets what takes off most.
"""

from dataclasses import dataclass
from uuid import UUID

from core.money import Money, total
from promotions.models import Per, Promotion, Type

ORDER = list(Type)


@dataclass(frozen=True, slots=True)
class Item:
    """A ticket as it is listed: its price, and what it is for."""

    price: Money
    event_id: UUID
    kind: str
    level_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Given:
    """What a promotion takes off: `amounts` of the Items in their order, or the fees that come once a
    booking (`waived`)."""

    promotion: Promotion
    amounts: list[Money]
    waived: Money

    @property
    def discount(self):
        return total(self.amounts, self.waived.currency)

    @property
    def worth(self):
        return self.discount + self.waived

    def __bool__(self):
        return bool(self.worth)


def combine(promotions, items, *, waivable):
    """[Given] that take off most of these promotions, in the order in which they were taken.

    `waivable` is what fees come once a booking (Money). Those that take off nothing are left out.
    """
    ranked = sorted(promotions, key=_rank)
    together = [promotion for promotion in ranked if promotion.is_stackable]
    choices = [together, *([each] for each in ranked if not each.is_stackable)]
    found = [_one_after_another(choice, items, waivable) for choice in choices]
    return max(found, key=lambda given: total((each.worth for each in given), waivable.currency))


def _rank(promotion):
    return promotion.priority, ORDER.index(promotion.type), promotion.pk


def _one_after_another(promotions, items, waivable):
    left, found = [item.price for item in items], []
    for promotion in promotions:
        given = give(promotion, items, left, waivable)
        if given:
            found.append(given)
            left = [rest - amount for rest, amount in zip(left, given.amounts, strict=True)]
            waivable -= given.waived
    return found


def give(promotion, items, left, waivable):
    """The Given of one promotion, from what is `left` of each Item's price."""
    nothing = Money.zero(waivable.currency)
    untouched = [nothing] * len(items)
    if promotion.type == Type.FREE_SHIPPING:
        return Given(promotion, untouched, _at_most(promotion, waivable))
    rests = [
        rest if promotion.is_good_for(item) else nothing
        for item, rest in zip(items, left, strict=True)
    ]
    whole, weights = WAYS[promotion.type](promotion, rests, total(rests, nothing.currency))
    whole = _at_most(promotion, whole)
    shares = whole.split([weight.amount for weight in weights]) if whole else untouched
    return Given(promotion, shares, nothing)


def _at_most(promotion, money):
    limit = promotion.money("max_discount")
    return money if limit is None else min(money, limit)


# Each way gives (what is taken off together, how much of it each ticket bears at most): it is divided
# in that proportion by largest remainder, so no ticket is given more than it costs.


def _percentage(promotion, rests, whole):
    return _percent_of(whole, promotion), rests


def _amount(promotion, rests, whole):
    off = promotion.money("amount")
    if promotion.per == Per.BOOKING:
        return min(off, whole), rests
    each = [min(off, rest) for rest in rests]
    return total(each, whole.currency), each


def _some_for_some(promotion, rests, whole):
    """Of every `buy` + `get` tickets `get` are cheaper: the cheapest of all, of equals the later."""
    priced = [at for at, rest in enumerate(rests) if rest]
    count = len(priced) // (promotion.buy + promotion.get) * promotion.get
    got = sorted(priced, key=lambda at: (rests[at].amount, -at))[:count]
    nothing = Money.zero(whole.currency)
    each = [_percent_of(rest, promotion) if at in got else nothing for at, rest in enumerate(rests)]
    return total(each, whole.currency), each


def _percent_of(money, promotion):
    return Money.rounded(money.amount * promotion.percent / 100, money.currency)


WAYS = {
    Type.PERCENTAGE_DISCOUNT: _percentage,
    Type.BUY_ONE_GET_ONE: _some_for_some,
    Type.FIXED_DISCOUNT: _amount,
}
