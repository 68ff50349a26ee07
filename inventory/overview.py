"""What is left of an event, in figures: counted from what buyers are shown of its places (a byte a
place, `services.look`), from what each costs, and from its house. The map lives on the same bytes, so
a page says no other number than the map beside it.

Nothing here depends on who asks but for the presale through which he sees the event. What is counted is
remembered for a few seconds by each process; what is really free only the reservation decides.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from itertools import chain, repeat
from operator import add, attrgetter
from typing import NamedTuple
from uuid import UUID

from core.memory import Remembered
from events.models import PriceLevel
from inventory.picking import house_of
from inventory.picking.states import FREE
from inventory.picking.windows import longest_runs
from inventory.pricing.writing import price_stamp
from inventory.queries import Left, price_runs
from inventory.services import FRESH_SECONDS, look

NOT_FOR_SALE = 2  # of the bytes that buyers are shown
STATES = 4  # more than there are
_overviews = Remembered(seconds=3)
_levels = Remembered(seconds=3)
_prices = Remembered(seconds=30)


@dataclass(frozen=True)
class Overview:
    """`left` is the event's Left, None when nothing is. {section's label: …}: `sections` Left where
    anything is, `our_sections` the same of all that is ours, sold or not, `together` how many are free
    side by side at most, `spaces` wheelchair spaces that are free. {level id: …}: `levels` and
    `our_levels`, of the same kinds."""

    left: Left | None
    sections: dict
    levels: dict
    our_sections: dict
    our_levels: dict
    together: dict
    spaces: Counter


class _Lot(NamedTuple):
    """So many places of one section and level that cost the same and stand alike."""

    section: str
    level_id: UUID
    price: Decimal
    state: int
    places: int


def overview_of(event):
    """The event's Overview, a few seconds old at most."""
    return _overviews.get(event.as_seen, lambda: read_overview(event))


def read_overview(event):
    """The event's Overview as of now, a second ago at most."""
    seen, runs = seen_and_priced(event)
    if not seen.status:
        return Overview(None, {}, {}, {}, {}, {}, Counter())
    house = house_of(seen.layout_id)
    lots = _lots(house, runs, seen.status)
    free = [lot for lot in lots if lot.state == FREE]
    section, level = attrgetter("section"), attrgetter("level_id")
    is_standing = len(house.standing) == len(house)
    return Overview(
        left=_left(free, is_standing) if free else None,
        sections=_by(section, free),
        levels=_by(level, free),
        our_sections=_by(section, lots),
        our_levels=_by(level, lots),
        together=longest_runs(house, seen.status),
        spaces=_free_spaces(house, seen.status),
    )


def levels_now(event):
    """The event's PriceLevels by position, a few seconds old at most."""
    levels = PriceLevel.objects.filter(event=event).order_by("position", "pk")
    return _levels.get(event.pk, lambda: list(levels))


def prices_stand_since(event):
    """A key for what is made of `prices_now`: it changes when staff change a price or the layout."""
    levels = tuple((each.pk, each.name, each.position, each.price) for each in levels_now(event))
    return event.pk, event.layout_id, price_stamp(event.pk), levels


def prices_now(event):
    """The event's Priced places, remembered half a minute, or until staff have changed a price."""
    return _prices.get(prices_stand_since(event), lambda: price_runs(event.pk))


def seen_and_priced(event):
    """(Seen, PriceRuns) of one layout, also of an event that is just moving to another."""
    looking = partial(look, event.pk, presale_id=event.presale_id)
    seen, priced = looking(within=FRESH_SECONDS), prices_now(event)
    if sum(run.places for run in priced.runs) != len(seen.status):  # they are just being laid out
        seen, priced = looking(within=0), price_runs(event.pk)
    while seen.layout_id != priced.layout_id:
        seen, priced = looking(within=0), price_runs(event.pk)
    return seen, priced.runs


def _lots(house, runs, status):
    """The _Lots of the places of ours. What each place is, section and price, becomes one number: so
    counting them all is one pass that runs no line of ours."""
    priced = {run[:4]: number for number, run in enumerate(dict.fromkeys(run[:4] for run in runs))}
    width = len(priced) * STATES
    sections = (repeat(n * width, end - start) for n, (_, start, end) in enumerate(house.spans))
    prices = (repeat(priced[run[:4]] * STATES, run.places) for run in runs)
    places = map(add, chain.from_iterable(sections), chain.from_iterable(prices))
    counted = Counter(map(add, places, status))
    known = list(priced)
    return [
        _Lot(house.spans[number // width][0], level_id, price, number % STATES, count)
        for number, count in counted.items()
        for level_id, _, _, price in [known[number % width // STATES]]
        if number % STATES != NOT_FOR_SALE and level_id is not None
    ]


def _by(key, lots):
    found = defaultdict(list)
    for lot in lots:
        found[key(lot)].append(lot)
    return {name: _left(members) for name, members in found.items()}


def _left(lots, is_standing=False):
    prices = [lot.price for lot in lots]
    return Left(min(prices), max(prices), sum(lot.places for lot in lots), is_standing)


def _free_spaces(house, status):
    """Counter {section: wheelchair spaces that are free}."""
    return Counter(section for at, section in house.spaces if status[at] == FREE)
