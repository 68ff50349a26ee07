"""Extra costs of an order: spread over its lines and seats so that every cent is somewhere."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from core.ids import uuid7
from core.money import Money, total
from suppliers.models import PurchaseOrderLine
from suppliers.services.landed import amount_of, shares_of, spread_over

NOWHERE = uuid7()
CURRENCIES = st.sampled_from(["EUR", "JPY", "KWD"])


def line(currency, *, seats, each=0, landed=0, first=0):
    """A line of places from ordinal `first`; `each` and `landed` in the smallest units."""
    return PurchaseOrderLine(
        agency_id=NOWHERE,
        ordinals=list(range(first, first + seats)),
        ordered=seats,
        unit_cost=Money.from_minor(each, currency).amount,
        landed=Money.from_minor(landed, currency).amount,
        currency=currency,
    )


@given(
    CURRENCIES,
    st.integers(1, 400),
    st.integers(0, 10**6),
    st.integers(0, 10**6),
    st.randoms(use_true_random=False),
)
def test_partial_receipts_in_any_order_add_up_to_the_whole(currency, seats, each, landed, chance):
    bought = line(currency, seats=seats, each=each, landed=landed)
    coming = list(bought.ordinals)
    chance.shuffle(coming)
    received = Money.zero(currency)
    while coming:
        count = chance.randint(1, len(coming))
        delivery, coming = coming[:count], coming[count:]
        received += amount_of(bought, delivery)
    assert received.minor == seats * each + landed


@given(CURRENCIES, st.integers(1, 400), st.integers(0, 10**6))
def test_no_seat_bears_more_than_a_cent_above_another(currency, seats, landed):
    shares = list(shares_of(line(currency, seats=seats, landed=landed)).values())
    assert max(shares).minor - min(shares).minor <= 1
    assert shares == sorted(shares, reverse=True)


@given(
    CURRENCIES,
    st.lists(st.tuples(st.integers(1, 50), st.integers(0, 10**5)), min_size=1, max_size=6),
    st.integers(0, 10**6),
)
def test_the_lines_shares_add_up_to_the_extra_costs(currency, parts, extra):
    lines = [line(currency, seats=seats, each=each) for seats, each in parts]
    shares = spread_over(lines, Money.from_minor(extra, currency))
    assert total(shares, currency).minor == extra


def test_lines_bear_costs_in_proportion_to_their_amounts():
    dear = line("EUR", seats=10, each=3000)
    cheap = line("EUR", seats=10, each=1000)
    shares = spread_over([dear, cheap], Money(Decimal("10.01"), "EUR"))
    assert [share.amount for share in shares] == [Decimal("7.51"), Decimal("2.50")]


def test_lines_that_cost_nothing_bear_costs_by_their_seats():
    lines = [line("JPY", seats=3), line("JPY", seats=1)]
    assert [s.minor for s in spread_over(lines, Money.from_minor(401, "JPY"))] == [301, 100]


def test_a_seats_share_follows_its_position_in_the_line():
    bought = line("EUR", seats=3, landed=200, first=70)
    assert {o: share.minor for o, share in shares_of(bought).items()} == {70: 67, 71: 67, 72: 66}
