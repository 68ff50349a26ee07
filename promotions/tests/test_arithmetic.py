"""What is taken off is exact to the smallest coin, and never more than a ticket costs."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.money import Money, exponent, total
from promotions.models import Promotion
from promotions.reckoning import combine
from promotions.terms import ASKED
from promotions.tests.factories import CIRCLE, NIGHT, STALLS, euros, tickets, unsaved


def offer(**given):
    return unsaved(is_stackable=True, **given)


def off(items, *offers, waivable="0"):
    """[[what each promotion gives each ticket], …] as text."""
    found = combine(offers, items, waivable=Money(Decimal(waivable), items[0].price.currency))
    return [[str(amount.amount) for amount in given.amounts] for given in found]


def test_a_percentage_is_divided_by_largest_remainder():
    assert off(tickets("33.33", "33.33", "33.34"), offer(percent=Decimal("12.5"))) == [
        ["4.17", "4.16", "4.17"]
    ]


def test_yen_have_no_decimals_and_dinars_three():
    assert off(tickets("999", "999", currency="JPY"), offer(currency="JPY")) == [["100", "100"]]
    dinars = tickets("1.001", "1.001", currency="KWD")
    assert off(dinars, offer(currency="KWD", percent=Decimal(50))) == [["0.501", "0.500"]]


def test_an_amount_comes_off_once_a_booking_or_of_each_ticket():
    once = offer(type="FIXED_DISCOUNT", amount=Decimal(10))
    assert off(tickets("40.00", "20.00"), once) == [["6.67", "3.33"]]
    each = offer(type="FIXED_DISCOUNT", amount=Decimal(10), per="TICKET")
    assert off(tickets("40.00", "7.00"), each) == [["10.00", "7.00"]]


def test_no_ticket_is_given_more_than_it_costs():
    assert off(tickets("4.00", "5.00"), offer(type="FIXED_DISCOUNT", amount=Decimal(500))) == [
        ["4.00", "5.00"]
    ]


def test_of_two_for_one_the_cheapest_are_free():
    two_for_one = offer(type="BUY_ONE_GET_ONE")
    assert off(tickets("50.00", "20.00", "30.00"), two_for_one) == [["0.00", "20.00", "0.00"]]
    assert off(tickets("50.00", "20.00", "30.00", "20.00"), two_for_one) == [
        ["0.00", "20.00", "0.00", "20.00"]
    ]


def test_the_third_of_three_can_be_half_price():
    third = offer(type="BUY_ONE_GET_ONE", buy=2, get=1, percent=Decimal(50))
    assert off(tickets("30.00", "30.00", "30.01"), third) == [["0.00", "15.00", "0.00"]]
    assert off(tickets("30.00", "30.00"), third) == []


def test_a_free_ticket_does_not_count_as_bought():
    assert off(tickets("0.00", "30.00"), offer(type="BUY_ONE_GET_ONE")) == []


def test_the_most_it_takes_off_is_divided_like_the_rest():
    capped = offer(percent=Decimal(50), max_discount=Decimal(10))
    assert off(tickets("100.00", "50.00"), capped) == [["6.67", "3.33"]]


def test_only_tickets_it_is_good_for_are_cheaper():
    items = tickets("40.00") + tickets("30.00", level_id=CIRCLE)
    assert off(items, offer(levels=[STALLS])) == [["4.00", "0.00"]]
    assert off(items, offer(kinds=["THEATER"])) == []
    assert off(items, offer(currency="USD")) == []


def test_percentages_come_before_amounts_and_both_before_booking_fees():
    ten_euros = offer(type="FIXED_DISCOUNT", amount=Decimal(10))
    ten_percent, no_fees = offer(), offer(type="FREE_SHIPPING")
    found = combine([no_fees, ten_euros, ten_percent], tickets("100.00"), waivable=euros("2.50"))
    assert [given.promotion for given in found] == [ten_percent, ten_euros, no_fees]
    assert [given.discount.amount for given in found] == [10, 10, 0]
    assert [given.waived.amount for given in found] == [0, 0, Decimal("2.50")]


def test_a_lower_priority_comes_first_whatever_its_kind():
    ten_euros = offer(type="FIXED_DISCOUNT", amount=Decimal(10), priority=1)
    assert off(tickets("100.00"), offer(), ten_euros) == [["10.00"], ["9.00"]]


def test_of_what_does_not_go_together_the_buyer_gets_what_gives_more():
    alone = unsaved(percent=Decimal(30))
    small = offer(percent=Decimal(10), priority=1)
    large = offer(percent=Decimal(25), priority=2)  # of one moment, their keys come in any order
    items = tickets("100.00")
    assert off(items, small, alone) == [["30.00"]]
    assert off(items, small, large, alone) == [["10.00"], ["22.50"]]


def test_fees_that_nobody_asks_for_cannot_be_waived_twice():
    first, second = offer(type="FREE_SHIPPING"), offer(type="FREE_SHIPPING")
    assert len(combine([first, second], tickets("10.00"), waivable=euros("3.00"))) == 1
    assert combine([first], tickets("10.00"), waivable=euros("0")) == []


def worth(given, currency):
    return total((each.worth for each in given), currency)


CURRENCIES = ("JPY", "EUR", "KWD")


@st.composite
def carts(draw):
    """(Items, promotions, waivable) with odd figures in one currency."""
    currency = draw(st.sampled_from(CURRENCIES))
    unit = Decimal(1).scaleb(-exponent(currency))

    def money(least, most):
        return draw(st.integers(least, most)) * unit

    items = [
        item
        for _ in range(draw(st.integers(1, 9)))
        for item in tickets(
            money(0, 60_007), currency=currency, level_id=draw(st.sampled_from([STALLS, CIRCLE]))
        )
    ]
    offers = [
        Promotion(
            agency_id=NIGHT,
            type=draw(st.sampled_from(list(ASKED))),
            percent=draw(st.integers(1, 10_000)) / Decimal(100),
            amount=money(1, 90_001),
            per=draw(st.sampled_from(Promotion.Per.values)),
            buy=draw(st.integers(1, 3)),
            get=draw(st.integers(1, 3)),
            currency=currency,
            max_discount=draw(st.sampled_from([None, money(1, 50_003)])),
            levels=draw(st.sampled_from([[], [STALLS], [CIRCLE]])),
            is_stackable=draw(st.booleans()),
            priority=draw(st.integers(1, 3)),
        )
        for _ in range(draw(st.integers(1, 4)))
    ]
    return items, offers, Money(money(0, 999), currency)


@settings(max_examples=1000, deadline=None, derandomize=True, database=None)
@given(carts())
def test_a_thousand_odd_carts_add_up(cart):
    items, offers, waivable = cart
    currency = waivable.currency
    found = combine(offers, items, waivable=waivable)
    nothing = Money.zero(currency)
    left = [item.price for item in items]
    for given_ in found:
        promotion = given_.promotion
        assert given_
        assert given_.discount == total(given_.amounts, currency)
        for item, rest, amount in zip(items, left, given_.amounts, strict=True):
            assert nothing <= amount <= rest
            assert not amount or promotion.is_good_for(item)
        if promotion.max_discount is not None:
            assert given_.worth.amount <= promotion.max_discount
        if promotion.type == "PERCENTAGE_DISCOUNT" and promotion.max_discount is None:
            good = [r for i, r in zip(items, left, strict=True) if promotion.is_good_for(i)]
            exact = total(good, currency).amount * promotion.percent / 100
            assert given_.discount == Money.rounded(exact, currency)
        left = [rest - amount for rest, amount in zip(left, given_.amounts, strict=True)]
    assert total((given_.waived for given_ in found), currency) <= waivable
    assert len(found) == 1 or all(given_.promotion.is_stackable for given_ in found)
    together = [each for each in offers if each.is_stackable]
    alone = [[each] for each in offers if not each.is_stackable]
    for choice in [together, *alone]:
        assert worth(combine(choice, items, waivable=waivable), currency) <= worth(found, currency)


@pytest.mark.parametrize("kind", list(ASKED))
def test_the_same_cart_is_reckoned_the_same_twice(kind):
    made = offer(type=kind, amount=Decimal(3), percent=Decimal(33), buy=1, get=1)
    items = tickets("10.01", "10.01", "9.99")
    assert off(items, made, waivable="1.00") == off(items, made, waivable="1.00")
