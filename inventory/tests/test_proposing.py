"""What rules propose, by figures worked out by hand; guard rails against everything."""

from decimal import Decimal
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.money import quantum
from inventory.models import PricingRule
from inventory.pricing.proposing import Market, Part, decide, within_rails
from inventory.pricing.setting import Cohort, Setting, Way, roundings

STALLS, CIRCLE = uuid4(), uuid4()


def rule(name="Last week", **fields):
    made = {"basis": "PRESENT", "percent": Decimal(-10), "plus": Decimal(0)}
    made |= {"max_change_percent": Decimal(10), **fields}
    return PricingRule(agency_id=uuid4(), name=name, **made)


def cohort(own=None, level="45.00", cost="25.00", currency="EUR", least=None, **fields):
    made = {"section_id": None, "section": "Stalls", "level_id": STALLS, "level": "Stalls"}
    return Cohort(
        currency=currency,
        own=None if own is None else Decimal(own),
        level_price=Decimal(level),
        cost=Decimal(cost),
        least=Decimal(cost if least is None else least),
        ordinals=(0, 1, 2),
        **{**made, "owned_days": 20, "hours_since": None, **fields},
    )


def market(days=6, owned=100, sold=12, by_day=None):
    return Market(days, (Part(STALLS, None, owned, sold, by_day or {}),))


def proposed(*rules, places=None, **now):
    found = decide(rules, market(**now), [places or cohort()])
    return found[0] if found else None


def test_every_price_names_its_rule_and_its_evidence():
    found = proposed(rule(floor=Decimal(32), max_change_percent=Decimal(50)))
    assert found.price == Decimal("40.50")
    assert found.reason == "Rule ‘Last week’: 6 days to go, 12 % sold, −10 % of €45.00"
    held = proposed(rule(floor=Decimal("42.00")))
    assert held.price == Decimal("42.00")
    assert held.reason.endswith("−10 % of €45.00, floor €42.00")


@pytest.mark.parametrize(
    ("fields", "price", "ending"),
    [
        ({"percent": -30}, "40.50", "limit 10 % of €45.00"),
        ({"percent": 5, "direction": "DOWN"}, None, None),  # stays: 45.00
        ({"percent": -5, "direction": "UP"}, None, None),
        ({"percent": 8, "ceiling": Decimal(47)}, "47.00", "ceiling €47.00"),
        ({"percent": 7, "round_to": Decimal("0.50")}, "48.00", "+7 % of €45.00"),  # 48.15
        ({"percent": 9, "round_to": Decimal(5)}, None, None),  # 49.05 → 50 is over 49.50: 45
        ({"basis": "COST", "percent": 70}, "42.50", "+70 % of cost €25.00"),
        ({"basis": "COST", "percent": 60, "plus": Decimal(3)}, "43.00", "+60 % of cost €25.00 +3"),
        ({"basis": "LEVEL", "percent": -4}, "43.20", "−4 % of the level’s €45.00"),
        ({"percent": -50, "max_change_percent": 99}, "25.00", "cost and fees €25.00"),
        ({"percent": -50, "max_change_percent": 99, "below_cost_reason": "x"}, "22.50", "€45.00"),
    ],
)
def test_prices_worked_out_by_hand(fields, price, ending):
    fields = {name: Decimal(v) if isinstance(v, int) else v for name, v in fields.items()}
    found = proposed(rule(**fields))
    if price is None:
        assert found is None
    else:
        assert (found.price, found.reason.endswith(ending)) == (Decimal(price), True), found.reason


def test_rails_that_leave_no_room_keep_the_price_and_say_so():
    found = proposed(rule(floor=Decimal(60)))
    assert found.price is None
    assert found.reason.endswith(": held back, floor €60.00 lies above limit 10 % of €45.00")
    dear = proposed(rule(), places=cohort(cost="50.00"))
    assert dear.reason.endswith("held back, cost and fees €50.00 lies above limit 10 % of €45.00")
    coarse = rule(round_to=Decimal(50), max_change_percent=Decimal(1))
    assert "no price in steps of 50" in proposed(coarse).reason


def test_yen_have_no_decimals_and_dinars_three():
    yen = cohort(level="5999", cost="3000", currency="JPY")
    found = proposed(rule(currency="JPY", percent=Decimal("-3.5")), places=yen)
    assert found.price == 5789  # 5,789.035
    dinar = cohort(level="12.345", cost="3.000", currency="KWD")
    found = proposed(rule(currency="KWD", percent=Decimal("-3.5")), places=dinar)
    assert found.price == Decimal("11.913")  # 11.912925
    assert proposed(rule(), places=yen) is None  # a rule in euros leaves yen alone


@pytest.mark.parametrize(
    ("fields", "now", "fits"),
    [
        ({"days_to_event_to": 6}, {"days": 6}, True),
        ({"days_to_event_to": 6}, {"days": 7}, False),
        ({"days_to_event_from": 7}, {"days": 6}, False),
        ({"sold_percent_to": 12}, {"sold": 12}, True),
        ({"sold_percent_to": 12}, {"owned": 199, "sold": 24}, False),  # 12.06 %
        ({"sold_percent_from": 12}, {"owned": 201, "sold": 24}, False),  # 11.94 %
        ({"velocity_days": 4, "velocity_from": Decimal("2.50")}, {"by_day": {0: 4, 3: 6}}, True),
        ({"velocity_days": 3, "velocity_from": Decimal("2.50")}, {"by_day": {0: 4, 3: 6}}, False),
        ({"velocity_days": 4, "velocity_to": Decimal("2.49")}, {"by_day": {0: 4, 3: 6}}, False),
        ({"owned_days_from": 20}, {}, True),
        ({"owned_days_from": 21}, {}, False),
        ({"level_id": CIRCLE}, {}, False),
        ({"section_id": CIRCLE}, {}, False),
        ({"sold_percent_to": 0}, {"owned": 0, "sold": 0}, True),
    ],
)
def test_conditions(fields, now, fits):
    assert (proposed(rule(**fields), **now) is not None) == fits


def test_places_of_which_nothing_is_known_fit_no_condition_about_it():
    assert proposed(rule(owned_days_from=0), places=cohort(owned_days=None)) is None


def test_the_first_rule_that_fits_decides_even_if_it_holds_back():
    first = rule("First", days_to_event_to=3)
    second, third = rule("Second", percent=Decimal(-2)), rule("Third")
    assert proposed(first, second, third).price == Decimal("44.10")
    waits = cohort(hours_since=23)
    held = proposed(second, third, places=waits)
    assert (held.rule, held.price) == (second, None)
    assert held.reason.endswith("held back, changed 23 h ago")
    assert proposed(second, third, places=cohort(hours_since=24)).price == Decimal("44.10")


AMOUNTS = st.integers(0, 500_000).map(lambda n: Decimal(n))
PERCENTS = st.integers(-10_000, 30_000).map(lambda n: Decimal(n) / 100)


@given(
    currency=st.sampled_from(["EUR", "JPY", "KWD"]),
    present=AMOUNTS,
    least=AMOUNTS,
    floor=st.none() | AMOUNTS,
    ceiling=st.none() | AMOUNTS,
    step=st.none() | st.integers(1, 5000).map(Decimal),
    limit=st.integers(1, 20_000).map(lambda n: Decimal(n) / 100),
    direction=st.sampled_from(PricingRule.Direction.values),
    why=st.sampled_from(["", "It must go"]),
    percent=PERCENTS,
)
def test_no_price_is_ever_beyond_a_guard_rail(
    *, currency, present, least, floor, ceiling, step, limit, direction, why, percent
):
    unit = quantum(currency)
    present, least = present * unit, least * unit
    scaled = {
        name: None if amount is None else amount * unit
        for name, amount in (("floor", floor), ("ceiling", ceiling), ("round_to", step))
    }
    made = rule(
        currency=currency,
        max_change_percent=limit,
        direction=direction,
        below_cost_reason=why,
        **scaled,
    )
    places = cohort(level=present, cost=least, currency=currency)
    price, note = within_rails(made, places, present * (1 + percent / 100))
    if price is None:
        assert "held back" in note
        return
    assert abs(price - present) * 100 <= present * limit
    assert price >= present or direction != "UP"
    assert price <= present or direction != "DOWN"
    assert made.floor is None or price >= made.floor
    assert made.ceiling is None or price <= made.ceiling
    assert why or price >= least
    assert price % (made.round_to or unit) == 0


# Changes by hand


@pytest.mark.parametrize(
    ("currency", "way", "value", "rounding", "price"),
    [
        ("EUR", "PERCENT", "-10", "", "40.50"),
        ("EUR", "PERCENT", "-3.33", "", "43.50"),  # 43.5015
        ("EUR", "PERCENT", "-3.33", "100", "44.00"),  # to whole euros, half a cent over 43.50
        ("EUR", "PLUS", "0.24", "50", "45.00"),
        ("EUR", "PLUS", "0.25", "50", "45.50"),
        ("EUR", "PERCENT", "-10", "charm", "40.99"),  # 40.50, and 40.49 is the middle
        ("EUR", "TO", "0.20", "charm", "0.99"),
        ("EUR", "MARKUP", "33", "", "33.25"),
        ("JPY", "PERCENT", "-10", "charm", "80"),  # 40.5
        ("JPY", "PLUS", "5955", "charm", "5980"),  # 6,000
        ("JPY", "PERCENT", "10", "", "50"),  # 49.5
        ("KWD", "PERCENT", "-3.5", "", "43.425"),
        ("KWD", "PERCENT", "-3.5", "5", "43.425"),
        ("KWD", "PERCENT", "-3.5", "charm", "42.990"),
    ],
)
def test_settings_worked_out_by_hand(currency, way, value, rounding, price):
    places = cohort(level="45", cost="25", currency=currency)
    assert Setting(way, Decimal(value), rounding).own_price(places) == Decimal(price)


def test_what_can_be_rounded_to_is_said_in_the_currency():
    said = {
        code: [words for words, _ in roundings(code).values()] for code in ("EUR", "JPY", "KWD")
    }
    assert said["EUR"][1:] == [
        *(f"In steps of {step}" for step in ("0.05", "0.10", "0.50", "1.00", "5.00", "10.00")),
        "Ending in .99",
    ]
    assert said["JPY"][-2:] == ["In steps of 1000", "Ending in 80"]
    assert said["KWD"][-2:] == ["In steps of 1.000", "Ending in .990"]
    assert Setting(Way.PERCENT, Decimal(-10), "50").in_words("EUR") == "−10 %, in steps of 0.50"
