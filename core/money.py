"""Exact money: an amount with its currency, never a float, never two currencies in one sum."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

from babel.numbers import format_currency
from django.db.models import CheckConstraint, Func, Q
from django.db.models.fields import BooleanField

from core.errors import DomainError

MAX_DIGITS = 14
DECIMAL_PLACES = 3


class CurrencyMismatch(TypeError):
    """Adding or comparing euros and yen is a bug, not a conversion."""


class WrongScale(DomainError):
    code = "wrong_scale"
    status = 422


# ISO 4217, as payment providers count; the database function tessera_fits_currency says the same.
NO_DECIMALS = frozenset(
    ["BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW"]  # noqa: RUF005 - two short lines
    + ["PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"]
)
THREE_DECIMALS = frozenset(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"])


def exponent(currency):
    """How many decimals the currency has: EUR 2, JPY 0, BHD 3."""
    if currency in NO_DECIMALS:
        return 0
    return 3 if currency in THREE_DECIMALS else 2


def quantum(currency):
    """The smallest amount of the currency, as a Decimal: EUR 0.01."""
    return Decimal(1).scaleb(-exponent(currency))


@lru_cache(2000)
def _in_words(amount, currency, locale):
    return format_currency(amount, currency, locale=locale)


@dataclass(frozen=True, slots=True)
class Money:
    """An exact amount. `amount` always has the scale of its currency; raises WrongScale otherwise."""

    amount: Decimal
    currency: str

    def __post_init__(self):
        if isinstance(self.amount, float):
            raise TypeError("Money is never made from a float.")
        amount = Decimal(self.amount)
        fitted = amount.quantize(quantum(self.currency))
        if fitted != amount:
            raise WrongScale(f"{self.amount} has too many decimals for {self.currency}.")
        object.__setattr__(self, "amount", fitted)

    @classmethod
    def rounded(cls, amount, currency):
        """The nearest Money, halves up: the one place where rounding happens."""
        return cls(Decimal(amount).quantize(quantum(currency), ROUND_HALF_UP), currency)

    @classmethod
    def zero(cls, currency):
        return cls(Decimal(0), currency)

    @classmethod
    def from_minor(cls, units, currency):
        """From a provider's integer minor units: 1250, EUR -> 12.50."""
        return cls(Decimal(units).scaleb(-exponent(currency)), currency)

    @property
    def minor(self):
        """Integer minor units, as payment providers count."""
        return int(self.amount.scaleb(exponent(self.currency)))

    def _same(self, other):
        if not isinstance(other, Money):
            raise CurrencyMismatch(f"{other!r} is not money.")
        if other.currency != self.currency:
            raise CurrencyMismatch(f"{self.currency} and {other.currency} do not mix.")
        return other

    def __add__(self, other):
        return Money(self.amount + self._same(other).amount, self.currency)

    def __sub__(self, other):
        return Money(self.amount - self._same(other).amount, self.currency)

    def __neg__(self):
        return Money(-self.amount, self.currency)

    def __mul__(self, count):
        if not isinstance(count, int):
            raise TypeError("Money times a whole number only; use Money.rounded for rates.")
        return Money(self.amount * count, self.currency)

    def __lt__(self, other):
        return self.amount < self._same(other).amount

    def __le__(self, other):
        return self.amount <= self._same(other).amount

    def __gt__(self, other):
        return self.amount > self._same(other).amount

    def __ge__(self, other):
        return self.amount >= self._same(other).amount

    def __eq__(self, other):
        return self.amount == self._same(other).amount

    def __hash__(self):
        return hash((self.amount, self.currency))

    def __bool__(self):
        return bool(self.amount)

    def __str__(self):
        return f"{self.amount} {self.currency}"

    def display(self, locale="en"):
        """For people: €1,234.50."""
        return _in_words(self.amount, self.currency, locale.replace("-", "_"))

    def split(self, weights):
        """Shares by weight that add up to exactly this, by largest remainder.

        `weights` are non-negative numbers, not all zero; ties go to the earlier share.
        """
        weights = [Decimal(weight) for weight in weights]
        total = sum(weights)
        if not weights or total <= 0 or min(weights) < 0:
            raise ValueError("Weights must be non-negative and not all zero.")
        sign = -1 if self.minor < 0 else 1
        exact = [abs(self.minor) * weight / total for weight in weights]
        shares = [int(share) for share in exact]
        by_remainder = sorted(range(len(exact)), key=lambda i: (shares[i] - exact[i], i))
        for position in by_remainder[: abs(self.minor) - sum(shares)]:
            shares[position] += 1
        return [Money.from_minor(sign * share, self.currency) for share in shares]


def total(amounts, currency):
    """The sum of Money values, zero of `currency` when there are none."""
    return sum(amounts, Money.zero(currency))


class FitsCurrency(Func):
    """True in the database when an amount has no more decimals than its currency allows."""

    function = "tessera_fits_currency"
    output_field = BooleanField()


def fits_currency(*fields, currency="currency", name):
    """The CheckConstraint that keeps `fields` within the scale of their currency."""
    condition = Q()
    for field in fields:
        condition &= Q(FitsCurrency(field, currency))
    return CheckConstraint(condition=condition, name=name)
