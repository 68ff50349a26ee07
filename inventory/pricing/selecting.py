"""Which places of an event a bulk change is about."""

from dataclasses import asdict, dataclass, fields
from datetime import timedelta
from decimal import Decimal

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Count, F, Max, Q
from django.db.models.functions import Now

from agencies.queries import current_agency
from core.money import Money
from inventory.models import TAKEN, EventSeat, Ownership, SeatEntry, Status
from inventory.pricing.setting import Cohort
from venues import ranges

KEY = {
    "section_id": F("seat__section_id"),
    "section": F("seat__section__label"),
    "level_name": F("level__name"),
    "level_price": F("level__price"),
}
OURS = Q(ownership=Ownership.OWNED)
FROZEN = Q(status__in=TAKEN)


@dataclass(frozen=True, slots=True)
class Selection:
    """Conditions that all must hold. `places` are ranges of ordinals ("0-41,50"), `level` and
    `section` ids as text, costs Decimals, days since the place was bought. Empty ones do not count."""

    places: str = ""
    level: str = ""
    section: str = ""
    status: str = ""
    cost_from: Decimal | None = None
    cost_to: Decimal | None = None
    owned_days_from: int | None = None
    owned_days_to: int | None = None
    words: str = ""

    def as_json(self):
        """For a JSONField; see `from_json`."""
        return {
            name: str(value) if isinstance(value, Decimal) else value
            for name, value in asdict(self).items()
        }

    @classmethod
    def from_json(cls, kept):
        amounts = {"cost_from", "cost_to"}
        return cls(
            **{
                name: Decimal(value) if name in amounts and value is not None else value
                for name, value in kept.items()
                if name in {field.name for field in fields(cls)}
            }
        )


@dataclass(frozen=True, slots=True)
class Left:
    """Chosen places that a change leaves alone: bought by somebody, not ours."""

    taken: int
    not_ours: int


def chosen(event, selection):
    """The EventSeats of the event that fit, whoever owns them."""
    seats = EventSeat.objects.of(event)
    if selection.places:
        ordinals = ranges.read(selection.places, count=event.layout.capacity)
        seats = seats.filter(ordinal__in=ordinals)
    return _within(_bought(seats, event, selection), selection)


def _within(seats, selection):
    rules = {
        "level": selection.level,
        "seat__section": selection.section,
        "status": selection.status,
        "cost__gte": selection.cost_from,
        "cost__lte": selection.cost_to,
    }
    rules = {name: value for name, value in rules.items() if value not in ("", None)}
    if rules.get("level") == "none":
        del rules["level"]
        rules["level__isnull"] = True
    for word in selection.words.split():
        seats = seats.filter(
            Q(seat__section__label__icontains=word)
            | Q(seat__row__iexact=word)
            | Q(seat__label__iexact=word)
        )
    return seats.filter(**rules)


def _bought(seats, event, selection):
    """Those bought at least and at most so many days ago."""
    least, most = selection.owned_days_from, selection.owned_days_to
    if least is None and most is None:
        return seats
    bought = (
        SeatEntry.objects.filter(event=event, kind=SeatEntry.Kind.BOUGHT)
        .order_by()
        .values("event_seat")
        .annotate(last=Max("at"))
    )
    if least is not None:
        bought = bought.filter(last__lte=Now() - timedelta(days=least))
    if most is not None:
        bought = bought.filter(last__gt=Now() - timedelta(days=most + 1))
    return seats.filter(pk__in=bought.values("event_seat"))


def cohorts_of(seats):
    """The places of a queryset whose price may change, as Cohorts: owned, neither reserved nor sold."""
    rows = (
        seats.filter(OURS & ~FROZEN)
        .order_by()
        .values("level_id", "price", "cost", "currency", **KEY)
        .annotate(ordinals=ArrayAgg("ordinal", order_by="ordinal"))
    )
    agency = current_agency()
    return sorted((_cohort(row, agency) for row in rows), key=lambda cohort: cohort.ordinals[0])


def _cohort(row, agency):
    return Cohort(
        currency=row["currency"],
        section_id=row["section_id"],
        section=row["section"],
        level_id=row["level_id"],
        level=row["level_name"] or "No level",
        own=row["price"],
        level_price=row["level_price"],
        cost=row["cost"],
        least=agency.least_price(Money(row["cost"], row["currency"])).amount,
        ordinals=tuple(row["ordinals"]),
    )


def left_alone(seats):
    """Left of a queryset of places."""
    counted = seats.order_by().aggregate(
        taken=Count("pk", filter=OURS & FROZEN), not_ours=Count("pk", filter=~OURS)
    )
    return Left(**counted)


STATUSES = [(value, value.label) for value in (Status.AVAILABLE, Status.HELD, Status.BLOCKED)]
