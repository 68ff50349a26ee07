"""Events as pages show them: all-in prices, what is left, in which state. Counts are remembered for
a few seconds by each process; what is really free only the reservation decides."""

from dataclasses import dataclass

from babel.dates import format_datetime
from django.utils import timezone

from agencies.queries import current_agency
from core.memory import Remembered
from core.money import Money
from events.models import Event, PriceLevel, Status
from inventory import picker, queries
from venues.models import LayoutSection

FEW = 60
_left = Remembered(seconds=3)
_sections = Remembered(seconds=3)
_levels = Remembered(seconds=3)
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
class ShownLevel:
    """A price level: `price` is all-in, made of `ticket_price` and `fee`. One that `is_ours` with
    nothing left is full; of any other there never was anything to buy here."""

    id: str
    name: str
    position: int
    ticket_price: Money
    fee: Money
    left: int
    is_ours: bool

    @property
    def price(self):
        return self.ticket_price + self.fee


@dataclass(frozen=True)
class ShownSection:
    """A section in the list: how many are left, from which all-in price, most side by side."""

    id: object
    name: str
    position: int
    entrance: str
    is_standing: bool
    left: int
    price_from: Money | None
    most_together: int | None


def all_in(amount, currency):
    """What the buyer pays for a place of this price (Decimal before fees), as Money."""
    price = Money(amount, currency)
    return price + current_agency().fee_for(price)


def left_of(event_ids):
    """{event id: Left or None}, a few seconds old at most."""
    return _left.get_many(event_ids, queries.left_by_event)


def wheelchair_spaces_of(event_ids):
    """{event id: wheelchair spaces left}, some seconds old at most."""
    return _wheelchairs.get_many(event_ids, queries.wheelchair_spaces_by_event)


def sale_of(event, left, now):
    """Which sale notice the event page shows: open, soon, sold_out, cancelled, closed or over."""
    if event.status == Status.CANCELLED:
        return "cancelled"
    if event.starts_at <= now:
        return "over"
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
        price_from=left and all_in(left.low, event.currency),
        left=left.count if left else 0,
    )


def _state(event, left, sale):
    if sale == "open" and left.count <= FEW:
        places = "seat" if left.count == 1 else "seats"
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
        return State("free", f"{left.count:,} seats left")
    return State(*words[sale])


def levels_of(event):
    """ShownLevels by position."""
    return _levels.get(event.pk, lambda: _read_levels(event))


def _read_levels(event):
    left = queries.left_by_level([event.pk])
    owned = queries.owned_levels(event.pk)
    agency = current_agency()
    return [
        ShownLevel(
            id=str(level.pk),
            name=level.name,
            position=level.position,
            ticket_price=level.money,
            fee=agency.fee_for(level.money),
            left=left[level.pk].count if level.pk in left else 0,
            is_ours=level.pk in owned,
        )
        for level in PriceLevel.objects.filter(event=event).order_by("-price", "pk")
    ]


def sections_of(event):
    """ShownSections in map order; those of which nothing was ever owned are left out."""
    return _sections.get(event.pk, lambda: _read_sections(event))


def _read_sections(event):
    left = queries.left_by_section(event.pk)
    owned = queries.owned_sections(event.pk)
    runs = picker.longest_run(picker.free_places(event))
    return [
        _section(section, left.get(section.pk), runs.get(section.label), event.currency)
        for section in LayoutSection.objects.filter(layout=event.layout_id).order_by("position")
        if section.pk in owned
    ]


def _section(section, left, run, currency):
    standing = section.kind == LayoutSection.Kind.STANDING
    return ShownSection(
        id=section.pk,
        name=section.label,
        position=section.position,
        entrance=section.entrance,
        is_standing=standing,
        left=left.count if left else 0,
        price_from=left and all_in(left.low, currency),
        most_together=None if standing else run,
    )
