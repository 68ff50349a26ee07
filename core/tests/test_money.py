"""Exact money: what adds up, what is refused, and what the database says about decimals."""

from decimal import Decimal

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from core.money import CurrencyMismatch, Money, WrongScale, exponent, total

CURRENCIES = ["JPY", "EUR", "BHD"]
minor_units = st.integers(-(10**9), 10**9)
weights = st.lists(st.integers(0, 10**6), min_size=1, max_size=30).filter(any)


def test_unlike_currencies_never_meet():
    euros, yen = Money(1, "EUR"), Money(1, "JPY")
    for meet in (
        lambda: euros + yen,
        lambda: euros - yen,
        lambda: euros < yen,
        lambda: euros == yen,
        lambda: total([euros, yen], "EUR"),
    ):
        with pytest.raises(CurrencyMismatch):
            meet()


def test_money_is_never_a_float_and_has_the_scale_of_its_currency():
    with pytest.raises(TypeError):
        Money(1.5, "EUR")
    with pytest.raises(TypeError):
        Money(1, "EUR") * 1.5
    with pytest.raises(WrongScale):
        Money(Decimal("1.005"), "EUR")
    with pytest.raises(WrongScale):
        Money(Decimal("1.5"), "JPY")
    assert str(Money(Decimal("1.5"), "BHD").amount) == "1.500"


def test_rounding_is_half_up_in_one_place():
    assert Money.rounded(Decimal("2.345"), "EUR") == Money(Decimal("2.35"), "EUR")
    assert Money.rounded(Decimal("-2.345"), "EUR") == Money(Decimal("-2.35"), "EUR")
    assert Money.rounded(Decimal("2.5"), "JPY") == Money(3, "JPY")


@given(minor_units, weights, st.sampled_from(CURRENCIES))
def test_shares_add_up_to_exactly_the_whole(units, parts, currency):
    whole = Money.from_minor(units, currency)
    shares = whole.split(parts)
    assert total(shares, currency) == whole
    exact = [Decimal(units) * part / sum(parts) for part in parts]
    assert all(abs(s.minor - e) < 1 for s, e in zip(shares, exact, strict=True))


@given(minor_units, st.sampled_from(CURRENCIES))
def test_minor_units_come_back_as_they_went(units, currency):
    assert Money.from_minor(units, currency).minor == units


def test_a_split_refuses_weights_without_sense():
    for bad in ([], [0, 0], [1, -1]):
        with pytest.raises(ValueError, match="Weights"):
            Money(1, "EUR").split(bad)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "currency", ["EUR", "USD", "JPY", "KRW", "XOF", "BHD", "TND", "KWD", "GBP"]
)
def test_the_database_counts_decimals_as_we_do(currency):
    fits = "SELECT tessera_fits_currency(%s, %s)"
    smallest = Decimal(1).scaleb(-exponent(currency))
    with connection.cursor() as cursor:
        cursor.execute(fits, [smallest, currency])
        assert cursor.fetchone()[0] is True
        cursor.execute(fits, [smallest / 10, currency])
        assert cursor.fetchone()[0] is False
