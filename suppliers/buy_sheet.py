"""What an order is worth before it is submitted: cost, list price, margin, break-even. Prices are those
of now and history is the agency's own; nothing is forecast."""

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from django.db.models import Avg, Count, Q
from django.db.models.functions import Coalesce, Now

from agencies.queries import current_agency
from core.money import Money, total
from events.charges import terms_of
from events.models import Channel
from events.models import Status as EventStatus
from inventory.models import EventSeat, Ownership
from inventory.models import Status as SeatStatus
from suppliers.services.landed import extra_costs, spread_over


@dataclass(frozen=True)
class Prices:
    """What some seats sell for: `before` the buyer's fee, `after` it, and `kept` when selling them has
    been paid, Money all; `unpriced` of them have no price yet."""

    before: Money
    after: Money
    kept: Money
    unpriced: int

    def __add__(self, other):
        return Prices(
            self.before + other.before,
            self.after + other.after,
            self.kept + other.kept,
            self.unpriced + other.unpriced,
        )


@dataclass(frozen=True)
class History:
    """Seats of the same part of the same house at nights that are over: how many were ours, sold, at
    which average cost and list price (Money, or None)."""

    nights: int
    seats: int
    sold: int
    cost: Money
    price: Money

    @property
    def sold_share(self):
        return self.sold / self.seats


@dataclass(frozen=True)
class Sheet:
    """One line of a buy sheet, or all of them together. `cost` has its part of the extra costs; `face`
    is None where a face value is not known; `history` is None without nights that are over."""

    seats: int
    cost: Money
    face: Money | None
    prices: Prices
    line: object = None
    history: History | None = None

    @property
    def margin(self):
        """What is left of the list price when the seats and selling them have been paid; None while a
        seat has no price."""
        return None if self.prices.unpriced else self.prices.kept - self.cost

    @property
    def margin_share(self):
        """The margin as a part of the list price; None where there is none."""
        if self.margin is None or not self.prices.before:
            return None
        return self.margin.amount / self.prices.before.amount

    @property
    def break_even_price(self):
        """The lowest price of a seat, before fees, that brings back its cost and that of selling it."""
        each = Decimal(self.cost.amount) / self.seats
        return current_agency().least_price(_rounded_up(each, self.cost.currency))

    @property
    def seats_to_break_even(self):
        """How many of the seats must sell at list to bring back the cost of all; None when all of them
        would not, or while a seat has no price."""
        kept = self.prices.kept.amount
        if self.prices.unpriced or kept <= 0 or kept < self.cost.amount:
            return None
        needed = self.cost.amount * self.seats / kept
        return int(needed.to_integral_value(ROUND_CEILING))


def _rounded_up(amount, currency):
    exact = Money.rounded(amount, currency)
    return exact if exact.amount >= amount else exact + Money.from_minor(1, currency)


def sheets_of(order):
    """([Sheet of each line], the Sheet of all of them); ([], None) for an order without lines."""
    lines = list(
        order.lines.select_related("event__venue", "section", "level").order_by("position", "pk")
    )
    if not lines:
        return [], None
    shares = spread_over(lines, extra_costs(order))
    sheets = [_sheet(line, share) for line, share in zip(lines, shares, strict=True)]
    faces = [sheet.face for sheet in sheets]
    return sheets, Sheet(
        seats=sum(sheet.seats for sheet in sheets),
        cost=total((sheet.cost for sheet in sheets), order.currency),
        face=None if any(face is None for face in faces) else total(faces, order.currency),
        prices=sum((sheet.prices for sheet in sheets[1:]), sheets[0].prices),
    )


def _sheet(line, share):
    face = None
    if line.face_value is not None:
        face = Money(line.face_value, line.currency) * line.ordered
    return Sheet(
        seats=line.ordered,
        cost=line.amount + share,
        face=face,
        prices=_prices(line),
        line=line,
        history=_history(line),
    )


def _prices(line):
    """The Prices of a line: its own retail price, else what its seats cost buyers now."""
    counts = _prices_of_seats(line)
    if line.retail_price is not None:
        counts = {line.retail_price: line.ordered}
    agency, currency = current_agency(), line.currency
    terms = terms_of(line.event, Channel.WEB)
    before = after = kept = Money.zero(currency)
    for price, count in counts.items():
        if price is None:
            continue
        each = Money(price, currency)
        before += each * count
        after += terms.all_in(each) * count
        kept += (each - agency.sale_cost_of(each)) * count
    return Prices(before, after, kept, counts.get(None, 0))


def _prices_of_seats(line):
    """{price before fees, or None: how many of the line's seats have it}."""
    seats = EventSeat.objects.at(line.event, line.ordinals).order_by()
    rows = seats.values_list(Coalesce("price", "level__price")).annotate(Count("pk"))
    return dict(rows)


def _history(line):
    """The History of the line's price levels and section in this house, or None."""
    levels = EventSeat.objects.at(line.event, line.ordinals).order_by()
    names = set(levels.exclude(level=None).values_list("level__name", flat=True).distinct())
    place = Q(level__name__in=names)
    if line.section:
        place &= Q(seat__section__label=line.section.label)
    seats = EventSeat.objects.filter(
        place,
        event__venue=line.event.venue,
        event__starts_at__lt=Now(),
        event__currency=line.currency,
        ownership=Ownership.OWNED,
    ).exclude(event__status=EventStatus.CANCELLED)
    found = seats.aggregate(
        nights=Count("event", distinct=True),
        seats=Count("pk"),
        sold=Count("pk", filter=Q(status=SeatStatus.SOLD)),
        cost=Avg("cost"),
        price=Avg(Coalesce("price", "level__price")),
    )
    if not found["seats"]:
        return None
    money = {name: Money.rounded(found[name], line.currency) for name in ("cost", "price")}
    return History(**{**found, **money})
