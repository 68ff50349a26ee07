"""Amounts as Stripe counts them, which is not how ISO 4217 does: docs.stripe.com/currencies.

Forints and Taiwan dollars are charged with two decimals; only payouts of them are whole.
"""

from decimal import Decimal

from core.money import Money
from payments.adapters import ProviderRefused

NO_DECIMALS = frozenset(
    ["BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA"]  # noqa: RUF005 - two short lines
    + ["PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"]
)
THREE_DECIMALS = frozenset(["BHD", "JOD", "KWD", "OMR", "TND"])
"""The last digit must be 0: card networks count two."""
ALWAYS_00 = frozenset(["ISK", "UGX"])
"""Without decimals in life, with two zeros at Stripe: 5 ISK are 500. Stripe's list of currencies
without decimals still names UGX; the special rule beside it, with an example, is the more precise."""
NOT_TAKEN = frozenset(["IQD", "LYD"])


def units_of(money):
    """The Money as Stripe's whole number; ProviderRefused when Stripe cannot take that amount."""
    if money.currency in NOT_TAKEN:
        raise ProviderRefused(f"Stripe does not take {money.currency}.")
    units = money.amount.scaleb(_exponent(money.currency))
    if units != int(units) or units % _step(money.currency):
        raise ProviderRefused(f"Stripe cannot take {money}: it rounds {money.currency} coarser.")
    return int(units)


def money_of(units, currency):
    """The Money that Stripe calls `units` of `currency`, such as 1250, eur."""
    currency = currency.upper()
    return Money(Decimal(units).scaleb(-_exponent(currency)), currency)


def _exponent(currency):
    if currency in NO_DECIMALS:
        return 0
    return 3 if currency in THREE_DECIMALS else 2


def _step(currency):
    """Of what Stripe's amounts in this currency are a multiple."""
    if currency in ALWAYS_00:
        return 100
    return 10 if currency in THREE_DECIMALS else 1
