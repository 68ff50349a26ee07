"""Events as pages show them: all-in prices, what is left, in which state. Counts are remembered for
a few seconds by each process; what is really free only the reservation decides."""

import math
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter

from babel.dates import format_datetime
from django.utils import timezone

from core.memory import Remembered
from core.money import Money
from events.cancelling import ALWAYS, FINAL
from events.charges import terms_of
from events.models import Channel, Event, Status, rate_in_words
from inventory import queries
from inventory.overview import levels_now, overview_of
from inventory.picking import house_of
from inventory.picking.reading import HOUSES_KEPT
from venues.models import LayoutSection

FEW = 60
BUYABLE = ("open", "soon")  # sales that name prices: what is left can be bought, or will be
_left = Remembered(seconds=3)
_sections = Remembered(seconds=3)
_wheelchairs = Remembered(seconds=10)


@dataclass(frozen=True)
class State:
    """`mark` is a sign of _ui/state.html: free, few, gone, bad, soon."""

    mark: str
    words: str


@dataclass(frozen=True)
class ShownEvent:
    """An event with what the programme says about it."""

    event: Event
    state: State
    price_from: Money | None
    left: int

    def __getattr__(self, name):
        return getattr(self.event, name)


@dataclass(frozen=True)
class ShownPrice:
    """What the buyer pays for a place: its price, with fees and taxes that come on top of it."""

    ticket: Money
    all_in: Money

    @property
    def fee(self):
        return self.all_in - self.ticket


@dataclass(frozen=True)
class PriceChoice:
    """A line of the choice of prices: `value` goes into the form, no place costs more than `price`."""

    value: str
    price: Money
    is_up_to: bool


@dataclass(frozen=True)
class ShownLevel:
    """A price level with the prices of the places left, cheapest (`low`) to dearest (`high`). One that
    `is_ours` with nothing left is full, and has those of all its places; of any other there never was
    anything to buy here, and it has none."""

    id: str
    name: str
    position: int
    low: ShownPrice | None
    high: ShownPrice | None
    left: int
    is_ours: bool

    @property
    def choices(self):
        return price_choices(self.id, self.low, self.high)


@dataclass(frozen=True)
class ShownSection:
    """A section in the list: how many are left, from which all-in price, most side by side, how many
    wheelchair spaces. `far` is how far its nearest seat is from what is looked at."""

    id: object
    name: str
    position: int
    floor: str
    zone: str
    entrance: str
    view_note: str
    is_standing: bool
    left: int
    low: ShownPrice | None
    high: ShownPrice | None
    most_together: int | None
    spaces: int
    far: float

    @property
    def price_from(self):
        return self.low and self.low.all_in

    @property
    def choices(self):
        return price_choices("", self.low, self.high)

    def has_room_for(self, party):
        """Whether so many find places here side by side, or to stand."""
        return (self.left if self.is_standing else self.most_together or 0) >= party


def price_choices(level_id, low, high):
    """PriceChoices of places between these ShownPrices, in words of ReserveForm's `level`."""
    prices = [low] if low == high else [low, high]
    return [
        PriceChoice(f"{level_id}:{price.ticket.amount}", price.all_in, is_up_to=price != low)
        for price in prices
    ]


def once_a_booking(event):
    """What comes on top of the tickets once a booking, such as "Post €4.00"; empty if nothing does."""
    fees = terms_of(event, Channel.WEB).once_a_booking
    return " and ".join(
        f"{fee.name} {rate_in_words(fee.percent, Money(fee.amount, event.currency))}"
        for fee in fees
    )


def all_in(event, amount):
    """What the buyer pays on this site for a place of this price (Decimal before fees), as Money."""
    return terms_of(event, Channel.WEB).all_in(Money(amount, event.currency))


def _shown_price(event, amount):
    return ShownPrice(Money(amount, event.currency), all_in(event, amount))


def left_of(event_ids):
    """{event id: Left or None} for lists of events, a few seconds old at most."""
    return _left.get_many(event_ids, queries.left_by_event)


def wheelchair_spaces_of(event_ids):
    """{event id: wheelchair spaces left}, some seconds old at most."""
    return _wheelchairs.get_many(event_ids, queries.wheelchair_spaces_by_event)


def sale_of(event, left, now):
    """Which sale notice the event page shows: open, soon, sold_out, cancelled, closed or over. Who
    sees the event through a presale is told of that, which runs."""
    if event.status == Status.CANCELLED:
        return "cancelled"
    if event.starts_at <= now:
        return "over"
    if event.presale_id:
        return "open" if left else "sold_out"
    if now < event.sale_starts_at:
        return "soon"
    if not event.sells_at(now):
        return "closed"
    return "open" if left else "sold_out"


def shown(event, left):
    """The ShownEvent of an event and its Left (or None)."""
    sale = sale_of(event, left, timezone.now())
    return ShownEvent(
        event=event,
        state=_state(event, left, sale),
        price_from=all_in(event, left.low) if left and sale in BUYABLE else None,
        left=left.count if left and sale in BUYABLE else 0,
    )


def _state(event, left, sale):
    if sale == "open" and left.count <= FEW:
        places = left.noun if left.count == 1 else f"{left.noun}s"
        return State("few", f"Last {left.count} {places}")
    words = {
        "cancelled": ("bad", "Cancelled"),
        "over": ("gone", "Over"),
        "closed": ("gone", "Sale closed"),
        "sold_out": ("gone", "Sold out"),
    }
    if sale == "soon":
        local = event.sale_starts_at.astimezone(event.zone)
        return State("soon", f"On sale {format_datetime(local, 'EEE d MMMM, HH:mm', locale='en')}")
    if sale == "open":
        return State("free", f"{left.count:,} {left.noun}s left")
    return State(*words[sale])


def levels_of(event):
    """ShownLevels, the dearest first."""
    overview = overview_of(event)
    shown_levels = [
        _level(event, level, overview.levels.get(level.pk), overview.our_levels.get(level.pk))
        for level in sorted(levels_now(event), key=attrgetter("price"), reverse=True)
    ]
    return sorted(shown_levels, key=_price_from, reverse=True)


def _price_from(level):
    return level.low.all_in.amount if level.low else 0


def _level(event, level, left, ours):
    priced = left or ours
    return ShownLevel(
        id=str(level.pk),
        name=level.name,
        position=level.position,
        low=priced and _shown_price(event, priced.low),
        high=priced and _shown_price(event, priced.high),
        left=left.count if left else 0,
        is_ours=ours is not None,
    )


def sections_of(event):
    """ShownSections in map order; those of which nothing was ever owned are left out."""
    return _sections.get(event.as_seen, lambda: _read_sections(event))


def _read_sections(event):
    overview, house = overview_of(event), house_of(event.layout_id)
    return [
        _section(section, overview, house.nearest, event)
        for section in _sections_of_layout(event.layout_id)
        if section.label in overview.our_sections
    ]


@lru_cache(HOUSES_KEPT)
def _sections_of_layout(layout_id):
    """The LayoutSections of a layout in their order: like its house they never change."""
    return list(LayoutSection.objects.filter(layout=layout_id).order_by("position"))


def _section(section, overview, nearest, event):
    label, left = section.label, overview.sections.get(section.label)
    standing = section.kind == LayoutSection.Kind.STANDING
    return ShownSection(
        id=section.pk,
        name=label,
        position=section.position,
        floor=section.floor,
        zone=section.zone,
        entrance=section.entrance,
        view_note=section.view_note,
        is_standing=standing,
        left=left.count if left else 0,
        low=left and _shown_price(event, left.low),
        high=left and _shown_price(event, left.high),
        most_together=None if standing else overview.together.get(label),
        spaces=overview.spaces[label],
        far=nearest.get(label, math.inf),
    )


def giving_back(policy, event, now):
    """What a buyer is told of cancelling under a Policy or None: {"deadlines": [{"end", "back"}],
    "rest": [sentences]}; windows that are over are left out."""
    ends = policy.ends(event.starts_at) if policy else []
    deadlines = [{"end": end, "back": window.back(policy)} for window, end in ends if now <= end]
    return {"deadlines": deadlines, "rest": policy.rest if deadlines else [FINAL, ALWAYS]}
