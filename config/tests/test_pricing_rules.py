"""Pricing rules at work, and what they would have done at past sales."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from config.tests import world
from events.models import Event
from inventory.models import PriceChange, PricingRule, SeatEntry
from inventory.pricing.rules import (
    NotSimulated,
    apply_rule,
    let_rules_work,
    pause,
    pause_all_rules,
    proposals,
    run_rules,
    switch_off,
    switch_on,
)
from inventory.pricing.simulating import comparable_events, keep_simulation, simulate
from inventory.pricing.undoing import undo_change
from inventory.services import lay_out
from inventory.tasks import run_pricing_rules

pytestmark = pytest.mark.django_db


@pytest.fixture
def event(agency):
    """In 20 days; stalls at €40, rows A and B (places 0 to 19) owned at €25."""
    _, layout = world.venue()
    event = world.event_on_sale(layout)
    world.received_order(event, rows="A-B")
    return event


def rule(name="Cheaper", **fields):
    made = {"basis": "PRESENT", "percent": Decimal(-10), "max_change_percent": Decimal(20)}
    return PricingRule.objects.create(name=name, **{**made, **fields})


def at_work(name="Cheaper", **fields):
    made = rule(name, **fields)
    keep_simulation(made, simulate(made, [], date(2026, 1, 1)))
    switch_on(made)
    return made


def prices(event):
    return sorted(
        set(event.seats.filter(ownership="OWNED").values_list("price", flat=True)), key=str
    )


def test_a_rule_that_was_never_simulated_cannot_be_switched_on(agency):
    made = rule()
    with pytest.raises(NotSimulated):
        switch_on(made)
    with pytest.raises(IntegrityError, match="simulated_before_it_is_on"), transaction.atomic():
        PricingRule.objects.update(is_on=True)


def test_what_a_rule_proposes_is_written_nowhere(event):
    world.sold_booking(event, [0, 1])
    world.reservation(event, [2])
    (found,) = proposals([rule()], event, timezone.now())
    assert (found.price, len(found.cohort.ordinals)) == (36, 17)
    assert found.reason == "Rule ‘Cheaper’: 20 days to go, 10 % sold, −10 % of €40.00"
    assert not PriceChange.objects.exists()


def test_rules_at_work_change_prices_once_and_say_why(event):
    made = at_work()
    world.reservation(event, [2])
    now = timezone.now()
    assert run_rules(event.pk, now) == 19
    assert run_rules(event.pk, now + timedelta(hours=23)) == 0
    change = PriceChange.objects.get()
    assert (change.source, change.rule, change.reason) == ("RULE", made, "Rule ‘Cheaper’")
    entry = SeatEntry.objects.filter(kind="REPRICED").last()
    assert (entry.price_after, entry.actor) == (36, "pricing rules")
    assert entry.reason == "Rule ‘Cheaper’: 20 days to go, 0 % sold, −10 % of €40.00"
    assert event.seats.get(ordinal=2).price is None
    assert run_rules(event.pk, now + timedelta(hours=25)) == 19
    assert event.seats.get(ordinal=3).price == Decimal("32.40")
    made.refresh_from_db()
    assert made.last_run_at == now + timedelta(hours=25)


def test_the_job_prices_coming_events_of_every_agency(event):
    at_work()
    assert run_pricing_rules() == 1
    assert prices(event) == [36]
    Event.objects.update(starts_at=timezone.now() - timedelta(minutes=1))
    assert run_pricing_rules() == 0


def test_the_rule_of_lower_position_decides_alone(event):
    at_work("Second", position=2, percent=Decimal(-5))
    at_work("First", position=1, percent=Decimal(-2), section=event.layout.sections.first())
    run_rules(event.pk, timezone.now())
    assert prices(event) == [Decimal("39.2")]


def test_rules_that_are_off_paused_or_all_paused_change_nothing(event):
    made, now = at_work(), timezone.now()
    switch_off(made)
    assert run_rules(event.pk, now) == 0
    switch_on(made)
    pause(made, until=now + timedelta(hours=1))
    assert run_rules(event.pk, now) == 0
    pause(made, until=None)
    pause_all_rules()
    assert run_rules(event.pk, now) == 0
    found = proposals([made], event, now)
    with pytest.raises(Exception, match="not at work any more"):
        apply_rule(event=event, rule_id=made.pk, wanted=found, now=now)
    let_rules_work()
    assert run_rules(event.pk, now) == 20
    assert run_rules(event.pk, now + timedelta(days=2)) == 20


def test_a_pause_ends_by_the_clock(event):
    made, now = at_work(), timezone.now()
    pause(made, until=now + timedelta(hours=1))
    assert run_rules(event.pk, now + timedelta(hours=1)) == 20


def test_what_a_rule_changed_can_be_undone(event):
    at_work()
    run_rules(event.pk, timezone.now())
    assert undo_change(change=PriceChange.objects.get(), by=None).seats == 20
    assert prices(event) == [None]
    assert run_rules(event.pk, timezone.now()) == 0  # the undoing counts as a change too


# Simulation


@pytest.fixture
def past(agency):
    """An evening of 11 March 2026 of which only the ledger is told: ten seats of row A bought on the
    1st for €25 at a price of €40; two sold on the 2nd, three on the 4th, one of them given back."""
    _, layout = world.venue("Old house")
    event = world.draft_event(layout, title="Last year")
    lay_out(event)
    event.starts_at = datetime(2026, 3, 11, 20, tzinfo=UTC)
    event.save()
    seats = list(event.seats.order_by("ordinal")[:10])
    for seat in seats:
        told(seat, 1, "BOUGHT", after=40)
    for seat in seats[:2]:
        told(seat, 2, "SOLD", before=40)
    for seat in seats[2:5]:
        told(seat, 4, "SOLD", before=40)
    told(seats[4], 5, "UNSOLD", before=40)
    return event


def told(seat, day, kind, before=None, after=None):
    SeatEntry.objects.create(
        event_id=seat.event_id,
        event_seat=seat,
        at=datetime(2026, 3, day, 12, tzinfo=UTC),
        kind=kind,
        stock=1,
        cost=25,
        list_price=40,
        currency="EUR",
        price_before=before,
        price_after=after,
    )


def test_a_simulation_has_the_prices_that_would_have_stood_on_each_day(past):
    found = simulate(rule(), [past], date(2026, 6, 1))["events"][0]
    # On the 2nd 36.00, on the 3rd 32.40, on the 4th 29.16, then 26.24 and 25.00: its cost.
    days = {day["day"][-2:]: (day["stock"], day["sold"], day["simulated"]) for day in found["days"]}
    assert days["01"] == (0, 0, "0")
    assert days["02"] == (10, 2, "72.00")
    assert days["03"] == (8, 0, "0")
    assert days["04"] == (8, 2, "58.32")
    assert days["06"] == (6, 0, "0")
    assert len(days) == 11
    assert (found["sold"], found["below"], found["above"], found["same"]) == (4, 4, 0, 0)
    assert (found["actual"], found["simulated"]) == ("160.000", "130.32")


def test_a_simulation_asks_the_days_and_the_sales_of_then(past):
    late = rule("Late", percent=Decimal(10), days_to_event_to=8, sold_percent_from=20)
    found = simulate(late, [past], date(2026, 6, 1))["events"][0]
    # The 3rd is the first of the last eight days, with two of ten sold: 44.00, and 48.40 on the 4th.
    assert [day["simulated"] for day in found["days"][:4]] == ["0", "80.000", "0", "96.80"]
    assert (found["above"], found["same"]) == (2, 2)
    slow = rule("Slow", velocity_days=1, velocity_from=Decimal(2))
    found = simulate(slow, [past], date(2026, 6, 1))["events"][0]
    assert (
        found["days"][3]["simulated"] == "72.00"
    )  # only the two sold the day before the 3rd count


def test_a_level_of_the_same_name_stands_for_the_rules_own(past, event):
    stalls = rule("Stalls", event=event, level=event.levels.get(name="Stalls"))
    circle = rule("Circle", event=event, level=event.levels.get(name="Circle"))
    assert simulate(stalls, [past], date(2026, 6, 1))["events"][0]["changes"] > 0
    assert simulate(circle, [past], date(2026, 6, 1))["events"][0]["changes"] == 0


def test_its_own_sales_come_first_then_those_of_past_events(past, event):
    assert comparable_events(rule(event=event)) == [past]
    world.sold_booking(event, [0])
    assert comparable_events(rule("Own", event=event)) == [event, past]


def test_what_was_seen_is_kept_and_opens_the_switch(past):
    made = rule()
    keep_simulation(made, simulate(made, [past], date(2026, 6, 1)))
    made.refresh_from_db()
    assert made.simulation["events"][0]["title"] == "Last year"
    switch_on(made)
    made.refresh_from_db()
    assert made.is_on
