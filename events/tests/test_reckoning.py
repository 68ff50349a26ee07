"""A thousand odd carts add up, line by line, in currencies of no, two and three decimals."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.money import Money, total
from events.charges import Fee, Line, Tax, reckon
from events.models import Per, TaxedAs


def euros(amount):
    return Money(Decimal(amount), "EUR")


def line(price, discount="0"):
    return Line(euros(price), euros(discount))


def of_one(price, **terms):
    return reckon([line(price)], currency="EUR", **terms).lines[0]


def test_a_fee_comes_on_top_of_the_price_or_out_of_it():
    on_top = Fee("Service", percent=Decimal(6), amount=Decimal("0.50"))
    assert of_one("40", fees=[on_top]).total == euros("42.90")
    inside = Fee("Service", percent=Decimal(6), amount=Decimal("0.50"), is_absorbed=True)
    charged = of_one("40", fees=[inside])
    assert (charged.total, charged.absorbed, charged.fee) == (euros(40), euros("2.90"), euros(0))


def test_what_costs_nothing_bears_no_fee_and_absorbs_none():
    fees = [Fee("Service", amount=Decimal(2)), Fee("Ours", amount=Decimal(9), is_absorbed=True)]
    given_away = reckon([line("40", "40")], fees=fees, currency="EUR").lines[0]
    assert (given_away.fee, given_away.absorbed, given_away.total) == (euros(0),) * 3
    assert of_one("5", fees=fees).absorbed == euros(5)


def test_a_fee_once_a_booking_is_divided_by_what_the_tickets_cost():
    post = Fee("Post", per=Per.BOOKING, amount=Decimal("4.00"))
    charged = reckon([line("30"), line("10"), line("0")], fees=[post], currency="EUR")
    assert [each.fee for each in charged.lines] == [euros(3), euros(1), euros(0)]
    assert charged.fees == [("Post", euros(4))]


def test_a_tax_is_contained_or_comes_on_top():
    vat = Tax("TVA", Decimal("5.5"))
    contained = of_one("40", taxes=[vat])
    assert (contained.tax_in_price, contained.total) == (euros("2.09"), euros(40))
    sales = Tax("Sales tax", Decimal("8.875"), is_contained=False)
    on_top = of_one("40", taxes=[sales])
    assert (on_top.tax_on_top, on_top.total) == (euros("3.55"), euros("43.55"))


def test_fees_are_taxed_by_their_own_rate_and_taxes_never_by_each_other():
    taxes = [
        Tax("TVA", Decimal(20), on=TaxedAs.SERVICE),
        Tax("State", Decimal(4), is_contained=False),
        Tax("City", Decimal(2), is_contained=False),
    ]
    charged = of_one("100", fees=[Fee("Service", amount=Decimal(6))], taxes=taxes)
    assert (charged.tax_in_fee, charged.tax_on_top) == (euros(1), euros(6))
    assert charged.total == euros(112)


def test_two_contained_taxes_are_of_the_price_without_either():
    taxes = [Tax("A", Decimal(10)), Tax("B", Decimal(15))]
    charged = reckon([line("125")], taxes=taxes, currency="EUR")
    assert [levied.amount for levied in charged.taxes] == [euros(10), euros(15)]


RATES = st.decimals(0, 25, places=3)
AMOUNTS = st.integers(0, 40_000)


@st.composite
def carts(draw):
    """(lines, fees, taxes, currency) of a cart with odd prices, discounts, fees and taxes."""
    currency = draw(st.sampled_from(["EUR", "JPY", "KWD"]))
    money = AMOUNTS.map(lambda units: Money.from_minor(units, currency))
    prices = draw(st.lists(money, min_size=1, max_size=8))
    lines = [
        Line(price, Money.from_minor(draw(st.integers(0, price.minor)), currency))
        for price in prices
    ]
    fee = st.builds(
        Fee,
        st.just("Fee"),
        per=st.sampled_from(Per),
        percent=RATES,
        amount=money.map(lambda some: some.amount),
        is_absorbed=st.booleans(),
    )
    tax = st.builds(
        Tax, st.just("Tax"), RATES, on=st.sampled_from(TaxedAs), is_contained=st.booleans()
    )
    return lines, draw(st.lists(fee, max_size=3)), draw(st.lists(tax, max_size=3)), currency


@settings(max_examples=1000, deadline=None, derandomize=True)
@given(carts())
def test_any_cart_adds_up_line_by_line(cart):
    lines, fees, taxes, currency = cart
    found = reckon(lines, fees=fees, taxes=taxes, currency=currency)
    zero = Money.zero(currency)
    assert found.sum("fee") == total((amount for _, amount in found.fees), currency)
    levied = {
        is_contained: total(
            (each.amount for each in found.taxes if each.tax.is_contained == is_contained), currency
        )
        for is_contained in (True, False)
    }
    assert levied[False] == found.sum("tax_on_top")
    assert levied[True] == found.sum("tax_in_price") + found.sum("tax_in_fee")
    assert found.sum("total") == (
        found.sum("price") - found.sum("discount") + found.sum("fee") + found.sum("tax_on_top")
    )
    for line, charged in zip(lines, found.lines, strict=True):
        assert zero <= charged.absorbed <= line.net
        assert zero <= charged.tax_in_price <= line.net
        assert zero <= charged.tax_in_fee <= charged.fee
        assert line.net or charged.fee == zero


@pytest.mark.parametrize("currency", ["EUR", "JPY", "KWD"])
def test_a_whole_is_what_its_lines_are_and_one_ticket_costs_the_same_in_any_company(currency):
    fee, tax = (
        Fee("Service", percent=Decimal("7.77")),
        Tax("Tax", Decimal("8.875"), is_contained=False),
    )
    price = Money.from_minor(3_333, currency)
    free = Money.zero(currency)
    alone = reckon([Line(price, free)], fees=[fee], taxes=[tax], currency=currency)
    many = reckon([Line(price, free)] * 7, fees=[fee], taxes=[tax], currency=currency)
    assert many.sum("total") == alone.sum("total") * 7
