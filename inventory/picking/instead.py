"""What is offered for places just lost: as good, as near, and not dearer."""

from collections import Counter
from itertools import chain, islice

from inventory.picking.accessible import with_spaces
from inventory.picking.splits import ANYHOW
from inventory.picking.states import (
    FOR_ANYBODY,
    FOR_COMPANY,
    FOR_LACK_OF_OTHERS,
    FREE,
    TAKEN,
    over_each_other,
)
from inventory.picking.windows import nearest

TRIES = 8  # groups looked at for each one offered


def alternatives(house, stands, wanted, *, named, count=3):
    """Up to `count` groups as good as the `wanted` places, nearest first, none in two of them.

    `stands` as of `choose`; what is dearer than the dearest of the wanted is OTHER in it. The wanted
    have kind, restricted_view, price, x and y, and so have those that `named(positions)` returns, of
    which the groups consist. None costs more in all, and none has what the wanted had not: a restricted
    view, a companion's seat. Who wanted wheelchair spaces gets as many. Only when no seats are left is
    whoever wanted seats told of standing places.
    """
    search = _Search(house, stands, wanted, named)
    kinds = Counter(place.kind for place in wanted)
    if kinds["WHEELCHAIR"]:
        return search.acceptable(search.with_spaces(kinds["WHEELCHAIR"]), count)
    if kinds["STANDING"] == len(wanted):
        return search.acceptable(chain(search.standing(), search.seats(kinds)), count)
    return search.acceptable(search.seats(kinds), count) or search.acceptable(
        search.standing(), count
    )


class _Search:
    """Groups one after the other; a place of one that was accepted is not in the next."""

    def __init__(self, house, stands, wanted, named):
        layers = [stands, house.special]
        if not any(place.restricted_view for place in wanted):
            layers.append(house.restricted)
        self.house, self.wanted, self.named = house, wanted, named
        self.state = bytearray(over_each_other(*layers))
        self.size = len(wanted)
        self.near = tuple(
            sum(getattr(place, axis) for place in wanted) / self.size for axis in "xy"
        )

    def seats(self, kinds):
        """Windows; companion seats only for company."""
        view = self.house.seen_from(self.near)
        reading = FOR_LACK_OF_OTHERS if kinds["COMPANION"] else FOR_ANYBODY
        how = {"view": view, "split": ANYHOW, "strictly": False}
        while found := nearest(self.state.translate(reading), self.size, **how):
            yield found[0].places

    def standing(self):
        free = [at for at in self.house.standing if self.state[at] == FREE]
        if len(free) >= self.size:
            yield sorted(free, key=self._far)[: self.size]

    def with_spaces(self, spaces):
        view = self.house.seen_from(self.near)
        while found := with_spaces(
            self.house, self.state.translate(FOR_COMPANY), self.size, spaces, view=view
        ):
            yield found[0]

    def acceptable(self, groups, count):
        """The first `count` groups, as named places, that are no worse or dearer than the wanted."""
        found = []
        for positions in islice(groups, count * TRIES):
            places = self.named(sorted(positions))
            if _is_no_worse(places, self.wanted):
                found.append(places)
                self._strike(positions)
            else:
                self._strike([max(places, key=_cost).ordinal])
            if len(found) == count:
                break
        return found

    def _strike(self, positions):
        for at in positions:
            self.state[at] = TAKEN

    def _far(self, at):
        x, y = self.near
        return (self.house.xs[at] - x) ** 2 + (self.house.ys[at] - y) ** 2


def _cost(place):
    return place.restricted_view, place.price or 0


def _is_no_worse(group, wanted):
    has, had = (
        (sum(place.price or 0 for place in places), sum(place.restricted_view for place in places))
        for places in (group, wanted)
    )
    return all(now <= before for now, before in zip(has, had, strict=True))
