"""What a rule would have done at past sales, day by day.

It knows which places were bought and sold on which day and at which price before fees: the seat
ledger says so. It does not know whether somebody would have bought at another price. So the numbers
sold stay as they were, and the figures compare prices, not demand.
"""

from collections import Counter, defaultdict, namedtuple
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal

from django.db.models import Exists, OuterRef
from django.utils import timezone

from agencies.queries import current_agency
from core.errors import DomainError
from core.locks import lock_one
from core.money import Money
from core.transactions import use_case
from events.models import Event
from inventory.models import PricingRule, SeatEntry
from inventory.pricing.proposing import Market, Part, decide
from inventory.pricing.setting import Cohort

AT_MOST = 3  # events in one simulation
OFFERED = 20
LONGEST_DAYS = 730
SOLD = SeatEntry.objects.filter(event=OuterRef("pk"), kind=SeatEntry.Kind.SOLD)
KINDS = ("BOUGHT", "RETURNED", "SOLD", "UNSOLD")


class TooMuchToSimulate(DomainError):
    """More events than one simulation replays."""

    code = "too_much_to_simulate"


@dataclass(eq=False)
class Pool:
    """Places that a rule cannot tell apart, so their simulated price is the same all the time: bought
    on one day, in one part of the house, for one cost, at one price."""

    cohort: Cohort
    bought_on: object
    price: Decimal
    changed_on: object = None
    places: set = field(default_factory=set)


@dataclass(slots=True)
class Replay:
    """An event's past as the ledger has it: {day: {place: (its pool, whether it came or went)}}, and
    {day: [(pool, price it sold for)]} of what stayed sold."""

    event: Event
    pools: list
    moves: dict
    sales: dict
    days: list


Told = namedtuple("Told", "at seat kind before after cost level_id level section_id section")


def comparable_events(rule):
    """Events with sales that a rule can be simulated on, the likeliest first: its own, then past ones
    in its currency, then those that still sell."""
    sold = Event.objects.filter(Exists(SOLD), currency=rule.currency)
    others, now = sold.exclude(pk=rule.event_id), timezone.now()
    past = others.filter(starts_at__lt=now).order_by("-starts_at", "pk")[:OFFERED]
    coming = others.filter(starts_at__gte=now).order_by("starts_at", "pk")[:OFFERED]
    return [*sold.filter(pk=rule.event_id), *past, *coming]


def simulate(rule, events, today):
    """The simulation of a rule on events, as a dict for JSON: {"today", "currency", "events": [{"id",
    "title", "sold", "above", "below", "same", "actual", "simulated", "changes", "days": [{"day",
    "days_to_go", "stock", "sold", "actual", "simulated"}]}]}; amounts as text, before fees.
    Raises TooMuchToSimulate."""
    if len(events) > AT_MOST:
        raise TooMuchToSimulate(f"Choose at most {AT_MOST} events.")
    return {
        "today": today.isoformat(),
        "currency": rule.currency,
        "events": [_replayed(rule, event, today) for event in events],
    }


@use_case
def keep_simulation(rule, result):
    """Stores what was seen: from now on the rule may be switched on, until its terms change."""
    rule = lock_one(PricingRule.objects.filter(pk=rule.pk))
    rule.simulation, rule.simulated_at = result, timezone.now()
    rule.save(update_fields=["simulation", "simulated_at"])
    return rule


def _replayed(rule, event, today):
    replay = _past_of(rule, event, today)
    told, changes, sold = [], 0, Counter()
    sold_on = defaultdict(Counter)  # {(level, section): {day: seats}}
    for day in replay.days:
        changes += _reprice(rule, replay, day, sold_on)
        stock = sum(len(pool.places) for pool in replay.pools)
        sales = replay.sales[day]
        actual, simulated = sum(p for _, p in sales), sum(pool.price for pool, _ in sales)
        for pool, price in sales:
            sold[_compared(pool.price, price)] += 1
            sold_on[pool.cohort.level_id, pool.cohort.section_id][day] += 1
        for place, (pool, is_in) in replay.moves[day].items():
            (pool.places.add if is_in else pool.places.discard)(place)
        told.append(_day(event, day, stock, len(sales), actual, simulated))
    return _told(event, told, sold, changes)


def _compared(simulated, actual):
    return "same" if simulated == actual else "above" if simulated > actual else "below"


def _day(event, day, *figures):
    stock, sold, actual, simulated = figures
    return {
        "day": day.isoformat(),
        "days_to_go": (event.local_start.date() - day).days,
        "stock": stock,
        "sold": sold,
        "actual": str(actual),
        "simulated": str(simulated),
    }


def _told(event, days, sold, changes):
    return {
        "id": str(event.pk),
        "title": event.title,
        "sold": sum(sold.values()),
        **{word: sold[word] for word in ("above", "below", "same")},
        "actual": str(sum((Decimal(day["actual"]) for day in days), Decimal(0))),
        "simulated": str(sum((Decimal(day["simulated"]) for day in days), Decimal(0))),
        "changes": changes,
        "days": days,
    }


def _reprice(rule, replay, day, sold_on):
    """Lets the rule decide as of the beginning of a day; returns how many places it repriced."""
    waiting = {id(pool): pool for pool in replay.pools if pool.places}
    cohorts = [_as_of(pool, day) for pool in waiting.values()]
    changed = 0
    for each in decide([rule], _market(replay, day, sold_on), cohorts):
        if each.price is not None:
            pool = waiting[each.cohort.ordinals[0]]
            pool.price, pool.changed_on = each.price, day
            changed += len(pool.places)
    return changed


def _as_of(pool, day):
    """The pool as the rule sees it that day; its only ordinal is the pool's identity."""
    since = pool.changed_on and (day - pool.changed_on).days * 24
    owned = (day - pool.bought_on).days
    return replace(
        pool.cohort, own=pool.price, owned_days=owned, hours_since=since, ordinals=(id(pool),)
    )


def _market(replay, day, sold_on):
    owned = Counter()
    for pool in replay.pools:
        owned[pool.cohort.level_id, pool.cohort.section_id] += len(pool.places)
    parts = []
    for key in owned.keys() | sold_on.keys():
        by_day = {(day - sold).days - 1: seats for sold, seats in sold_on[key].items()}
        gone = sum(by_day.values())
        parts.append(Part(*key, owned[key] + gone, gone, by_day))
    return Market((replay.event.local_start.date() - day).days, tuple(parts))


# What the ledger says


def _past_of(rule, event, today):
    moves, sales = defaultdict(dict), defaultdict(list)
    pools, pool_of, sold = {}, {}, {}
    for told in _ledger(event):
        day = told.at.astimezone(event.zone).date()
        if told.kind == "BOUGHT" and told.after is not None:
            pool_of[told.seat] = _pool(rule, event, told, day, pools)
        pool = pool_of.get(told.seat)
        if pool is None:
            continue
        is_in = told.kind in ("BOUGHT", "UNSOLD")
        moves[day][told.seat] = (pool, is_in)
        sold.pop(told.seat, None)
        if told.kind == "SOLD":
            sold[told.seat] = (day, pool, told.before)
    for day, pool, price in sold.values():
        sales[day].append((pool, price))
    return Replay(event, list(pools.values()), moves, sales, _days(event, moves, today))


def _ledger(event):
    names = ["at", "event_seat", "kind", "price_before", "price_after", "cost"]
    names += ["event_seat__level", "event_seat__level__name"]
    names += ["event_seat__seat__section", "event_seat__seat__section__label"]
    entries = SeatEntry.objects.filter(event=event, kind__in=KINDS).order_by("pk")
    return [Told(*row) for row in entries.values_list(*names)]


def _days(event, moves, today):
    """From the day the first place was bought to the day it began, today at the latest."""
    if not moves:
        return []
    first, last = min(moves), min(event.local_start.date(), today)
    count = min((last - first).days + 1, LONGEST_DAYS)
    return [first + timedelta(days=number) for number in range(count)]


def _pool(rule, event, told, day, pools):
    key = (told.level_id, told.section_id, told.after, told.cost, day)
    if key not in pools:
        pools[key] = Pool(_cohort(rule, event, told), day, told.after)
    return pools[key]


def _cohort(rule, event, told):
    """As the rule would meet it: a level and a section of the same name stand for the rule's own."""
    is_level = rule.level_id and told.level == rule.level.name
    is_section = rule.section_id and told.section == rule.section.label
    return Cohort(
        currency=event.currency,
        section_id=rule.section_id if is_section else told.section_id,
        section=told.section,
        level_id=rule.level_id if is_level else told.level_id,
        level=told.level or "No level",
        own=told.after,
        level_price=told.after,
        cost=told.cost,
        least=current_agency().least_price(Money(told.cost, event.currency)).amount,
        ordinals=(),
    )
