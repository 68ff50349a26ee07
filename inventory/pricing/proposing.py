"""What pricing rules propose. Pure: places, sales and the day come in, prices with reasons come out.

Of the rules in order the first whose conditions a place fits decides about it, also when its guard
rails let nothing through. The rails, in order: the limit of one change, the direction, the floor, the
ceiling, cost and fees. A price outside any of them is never proposed; when they leave no room, the
price stays and the reason says which two are in each other's way.
"""

from collections import namedtuple
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal

from core.money import quantum
from inventory.models import PricingRule
from inventory.pricing.setting import LARGEST, Cohort, plainly, shown, signed

Rail = namedtuple("Rail", "amount words")


@dataclass(frozen=True, slots=True)
class Part:
    """The places of a level in a section: how many are owned (sold ones too), how many of them are
    sold, and {days ago: seats sold less those that came back}."""

    level_id: object
    section_id: object
    owned: int
    sold: int
    sold_by_day: dict


@dataclass(frozen=True, slots=True)
class Market:
    """How an event stands: calendar days until it begins, and its Parts."""

    days_to_event: int
    parts: tuple

    def within(self, rule):
        """(owned, sold, sold a day) of the places a rule is about."""
        parts = [part for part in self.parts if is_about(rule, part)]
        lately = sum(
            sold for part in parts for ago, sold in part.sold_by_day.items()
            if ago < rule.velocity_days
        )  # fmt: skip
        owned, sold = (sum(getattr(part, name) for part in parts) for name in ("owned", "sold"))
        return owned, sold, Decimal(lately) / rule.velocity_days


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a rule wants of a cohort: an own price, or None with the reason why it holds back."""

    rule: PricingRule
    cohort: Cohort
    price: Decimal | None
    reason: str


def decide(rules, market, cohorts):
    """[Proposal] of these rules, first come first served; cohorts that no rule fits, or whose price is
    right already, are absent."""
    found = []
    markets = {rule.pk: market.within(rule) for rule in rules}
    for cohort in cohorts:
        for rule in rules:
            evidence = _evidence(rule, market.days_to_event, markets[rule.pk], cohort)
            if evidence is not None:
                found.append(_proposed(rule, cohort, evidence))
                break
    return [each for each in found if each and each.price != each.cohort.present]


def is_about(rule, places):
    """Whether a Cohort or Part lies in the rule's level and section."""
    return rule.level_id in (None, places.level_id) and rule.section_id in (
        None,
        places.section_id,
    )


# Conditions


def _evidence(rule, days_to_event, market, cohort):
    """Words that say by which facts the rule fits; None when it does not."""
    if not is_about(rule, cohort) or cohort.present is None or cohort.currency != rule.currency:
        return None
    owned, sold, a_day = market
    share = Decimal(100 * sold) / owned if owned else Decimal(0)
    asked = [
        (rule.days_to_event_from, rule.days_to_event_to, days_to_event),
        (rule.sold_percent_from, rule.sold_percent_to, share),
        (rule.velocity_from, rule.velocity_to, a_day),
        (rule.owned_days_from, None, cohort.owned_days),
    ]
    if not all(_holds(*each) for each in asked):
        return None
    words = [
        f"{days_to_event} day{'s' * (days_to_event != 1)} to go",
        f"{_one_place(share)} % sold",
    ]
    if rule.velocity_from is not None or rule.velocity_to is not None:
        words.append(f"{_one_place(a_day)} a day")
    if rule.owned_days_from is not None:
        words.append(f"owned {cohort.owned_days} days")
    return ", ".join(words)


def _holds(least, most, fact):
    if least is None and most is None:
        return True
    return fact is not None and (least is None or fact >= least) and (most is None or fact <= most)


def _one_place(number):
    return plainly(number.quantize(Decimal("0.1"), ROUND_HALF_UP))


# Prices


def _proposed(rule, cohort, evidence):
    base = _basis(rule, cohort)
    if base is None:
        return None
    said = f"Rule ‘{rule.name[:60]}’: {evidence}, {_change_in_words(rule, base)}"
    if cohort.hours_since is not None and cohort.hours_since < rule.hours_between:
        ago = f"changed {cohort.hours_since} h ago"
        return Proposal(rule, cohort, None, f"{said}: held back, {ago}"[:200])
    price, note = within_rails(rule, cohort, base * (1 + rule.percent / 100) + rule.plus)
    return Proposal(rule, cohort, price, f"{said}{note}"[:200])


def _basis(rule, cohort):
    return {
        PricingRule.Basis.COST: cohort.cost,
        PricingRule.Basis.LEVEL: cohort.level_price,
        PricingRule.Basis.PRESENT: cohort.present,
    }[rule.basis]


def _change_in_words(rule, base):
    of = {"COST": "cost ", "LEVEL": "the level’s ", "PRESENT": ""}[rule.basis]
    plus = f" {signed(rule.plus)}" if rule.plus else ""
    return f"{signed(rule.percent)} % of {of}{shown(base, rule.currency)}{plus}"


def within_rails(rule, cohort, wanted):
    """(price, words): the multiple of the rule's step nearest to `wanted` that no guard rail forbids;
    (None, why) when there is none. The words go on after a sentence, or are empty."""
    low, high = _rails(rule, cohort)
    if low.amount > high.amount:
        return None, f": held back, {low.words} lies above {high.words}"
    step = rule.round_to or quantum(cohort.currency)
    first = (low.amount / step).to_integral_value(ROUND_CEILING)
    last = (high.amount / step).to_integral_value(ROUND_FLOOR)
    if first > last:
        return (
            None,
            f": held back, no price in steps of {plainly(step)} between {low.words} and {high.words}",
        )
    price = min(max((wanted / step).to_integral_value(ROUND_HALF_UP), first), last) * step
    rail = low if wanted < low.amount else high if wanted > high.amount else None
    return price, f", {rail.words}" if rail else ""


def _rails(rule, cohort):
    """(lowest, highest) Rail. Of two at the same amount the earlier one is named."""
    low, high = Rail(Decimal(0), "nothing"), Rail(LARGEST, "what anybody pays")
    for lowest, highest in _all_rails(rule, cohort):
        low = lowest if lowest and lowest.amount > low.amount else low
        high = highest if highest and highest.amount < high.amount else high
    return low, high


def _all_rails(rule, cohort):
    present, currency = cohort.present, cohort.currency
    room = present * rule.max_change_percent / 100
    limit = f"limit {plainly(rule.max_change_percent)} % of {shown(present, currency)}"
    yield Rail(present - room, limit), Rail(present + room, limit)
    if rule.direction == PricingRule.Direction.UP:
        yield Rail(present, f"only up from {shown(present, currency)}"), None
    if rule.direction == PricingRule.Direction.DOWN:
        yield None, Rail(present, f"only down from {shown(present, currency)}")
    if rule.floor is not None:
        yield Rail(rule.floor, f"floor {shown(rule.floor, currency)}"), None
    if rule.ceiling is not None:
        yield None, Rail(rule.ceiling, f"ceiling {shown(rule.ceiling, currency)}")
    if not rule.below_cost_reason:
        yield Rail(cohort.least, f"cost and fees {shown(cohort.least, currency)}"), None
