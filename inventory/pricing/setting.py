"""How a new price is made of what a place costs and sells for. Pure: no query, no clock."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from django.db import models

from core.errors import Invalid
from core.money import DECIMAL_PLACES, MAX_DIGITS, Money, quantum

LARGEST = Decimal(10) ** (MAX_DIGITS - DECIMAL_PLACES) - 1
# Prices people know from the shelf: just below a whole step, in smallest units (below, step).
CHARMING = {0: (20, 100), 2: (1, 100), 3: (10, 1000)}
STEPS = (5, 10, 50, 100, 500, 1000)  # smallest units: 0.05 to 10.00 euros, 5 to 1,000 yen


class Way(models.TextChoices):
    """What is done to a price."""

    TO = "TO", "Set to an amount"
    PLUS = "PLUS", "Add an amount (or take it off with −)"
    PERCENT = "PERCENT", "Change by percent"
    MARKUP = "MARKUP", "Cost and a markup in percent"
    LEVEL = "LEVEL", "Back to the price of its level"


@dataclass(frozen=True, slots=True)
class Cohort:
    """Places alike in all that makes a price. `own` is their own price, None where their level's
    holds; `least` the lowest price that brings back cost and fees. Amounts are Decimals of
    `currency`; `ordinals` ascend. `owned_days` and `hours_since` (their last change) only rules ask."""

    currency: str
    section_id: object
    section: str
    level_id: object
    level: str
    own: Decimal | None
    level_price: Decimal | None
    cost: Decimal
    least: Decimal
    ordinals: tuple
    owned_days: int | None = None
    hours_since: int | None = None

    @property
    def present(self):
        """What a place sells for now, or None when neither it nor a level has a price."""
        return self.level_price if self.own is None else self.own


@dataclass(frozen=True, slots=True)
class Rounding:
    """To the nearest multiple of `step`, less `below`: step 1.00 and below 0.01 end in .99."""

    step: Decimal
    below: Decimal = Decimal(0)

    def nearest(self, amount):
        """The nearest such price, halves up; never less than the first above nothing."""
        steps = ((amount + self.below) / self.step).to_integral_value(ROUND_HALF_UP)
        return max(steps, 1 if self.below else 0) * self.step - self.below


def roundings(currency):
    """{key: (words, Rounding)} that make sense in a currency, the finest first; "" does not round
    beyond its smallest unit."""
    unit = quantum(currency)
    offered = {"": ("Not rounded further", Rounding(unit))}
    for step in STEPS:
        offered[str(step)] = (f"In steps of {step * unit:f}", Rounding(step * unit))
    below, step = CHARMING[-unit.as_tuple().exponent]
    ending = f"{(step - below) * unit:f}".removeprefix("0")
    offered["charm"] = (f"Ending in {ending}", Rounding(step * unit, below * unit))
    return offered


@dataclass(frozen=True, slots=True)
class Setting:
    """What is done to every chosen price: `way`, its amount or percent, and a key of `roundings`."""

    way: str
    value: Decimal = Decimal(0)
    rounding: str = ""

    def own_price(self, cohort):
        """The cohort's own price afterwards, None for its level's. Raises Invalid when there is no
        price to begin with, or when it would be less than nothing or more than anybody pays."""
        if self.way == Way.LEVEL:
            if cohort.level_price is None:
                raise Invalid(
                    f"{cohort.section}: these places have no level whose price could hold."
                )
            return None
        exact = self._exact(cohort)
        _, rounding = roundings(cohort.currency)[self.rounding]
        price = rounding.nearest(exact)
        if exact < 0 or not 0 <= price <= LARGEST:
            raise Invalid(f"{cohort.section}: {exact:f} {cohort.currency} cannot be a price.")
        return price

    def _exact(self, cohort):
        if self.way == Way.TO:
            return self.value
        if self.way == Way.MARKUP:
            return cohort.cost * (1 + self.value / 100)
        if cohort.present is None:
            raise Invalid(f"{cohort.section}: these places have no price that could be changed.")
        if self.way == Way.PLUS:
            return cohort.present + self.value
        return cohort.present * (1 + self.value / 100)

    def in_words(self, currency):
        """Such as: −10 %, in steps of 0.50."""
        said = {
            Way.TO: lambda: f"set to {shown(self.value, currency)}",
            Way.PLUS: lambda: f"{signed(self.value)} {currency}",
            Way.PERCENT: lambda: f"{signed(self.value)} %",
            Way.MARKUP: lambda: f"cost {signed(self.value)} %",
            Way.LEVEL: lambda: "back to the price of the level",
        }[self.way]()
        if not self.rounding:
            return said
        words, _ = roundings(currency)[self.rounding]
        return f"{said}, {words[0].lower()}{words[1:]}"


def signed(number):
    """+5, −10, +0.50: with a true minus."""
    sign = "−" if number < 0 else "+"
    return f"{sign}{plainly(abs(number))}"


def plainly(number):
    """Without the zeros that a column of the database adds: 10.00 is 10, 0.50 stays."""
    whole = number.to_integral_value()
    return f"{whole:f}" if whole == number else f"{number.normalize():f}"


def shown(amount, currency):
    """€40.00"""
    return Money(amount, currency).display()
