"""Allocation plans: what they would do, what they did, and back."""

from decimal import Decimal

import pytest

from bookings.services import Sale, reserve
from config.tests import world
from core import invariants
from core.status import WrongState
from inventory.models import AllocationPlan, EventSeat
from inventory.services import (
    NothingToAllocate,
    SeatsTaken,
    Terms,
    Wanted,
    apply_plan,
    look,
    make_hold,
    simulate_plan,
    undo_plan,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def event(agency):
    """Stalls 0-49 at €40 in rows of ten, circle 50-69 at €30, all owned."""
    event = world.event_on_sale(world.venue()[1])
    world.received_order(event)
    world.received_order(event, section="Circle")
    yield event
    assert invariants.violations() == {}


def plan_of(event, *shares, name="Tour"):
    """Shares are (channel, section label or None, number or percentage such as "25 %", order)."""
    plan = AllocationPlan.objects.create(event=event, name=name)
    for position, (channel, section, size, *order) in enumerate(shares, start=1):
        is_percent = isinstance(size, str)
        plan.shares.create(
            position=position,
            channel=channel,
            section=section and event.layout.sections.get(label=section),
            percent=Decimal(size.removesuffix(" %")) if is_percent else None,
            quantity=None if is_percent else size,
            order=order[0] if order else "BEST",
        )
    return plan


def in_channel(channel):
    seats = EventSeat.objects.filter(channel=channel, ownership="OWNED")
    return list(seats.values_list("ordinal", flat=True))


def test_the_best_and_the_last_of_a_section_go_to_their_channels(event):
    plan = plan_of(event, ("BOX_OFFICE", "Stalls", 12), ("PARTNER", "Stalls", 5, "LAST"))
    found = simulate_plan(plan)
    assert [o for o, channel in sorted(found.channels.items()) if channel == "BOX_OFFICE"] == list(
        range(12)
    )
    assert [o for o, channel in sorted(found.channels.items()) if channel == "PARTNER"] == [
        *range(45, 50)
    ]
    assert found.totals == {
        "BOX_OFFICE": (12, Decimal(480)),
        "PARTNER": (5, Decimal(200)),
        "": (53, Decimal(33 * 40 + 20 * 30)),
    }
    assert found.misfits == []
    assert found.changes == 17
    assert in_channel("BOX_OFFICE") == []


def test_percentages_of_the_same_places_make_a_whole(event):
    thirds = [("WEB", None, "33.33 %"), ("PARTNER", None, "33.33 %"), ("GROUP", None, "33.34 %")]
    totals = simulate_plan(plan_of(event, *thirds)).totals
    assert {channel: count for channel, (count, _) in totals.items()} == {
        "WEB": 23,
        "PARTNER": 24,
        "GROUP": 23,
    }


def test_what_does_not_fit_is_named(event):
    plan = plan_of(event, ("WEB", "Circle", 15), ("PARTNER", "Circle", 10))
    [misfit] = simulate_plan(plan).misfits
    assert (misfit.share.channel, misfit.wanted, misfit.given) == ("PARTNER", 10, 5)


def test_only_free_places_are_given_out(event):
    world.reservation(event, [0])
    make_hold(event=event, wanted=Wanted((1,)), terms=Terms(kind="VENUE", name="House"))
    plan = plan_of(event, ("PARTNER", "Stalls", "100 %"))
    assert apply_plan(plan) == 48
    assert in_channel("PARTNER") == list(range(2, 50))


def test_an_applied_plan_decides_who_may_sell_and_can_be_undone(event):
    plan = plan_of(event, ("PARTNER", "Stalls", 10), ("BOX_OFFICE", "Circle", "50 %"))
    assert apply_plan(plan) == 20
    assert look(event.pk, within=0).status[:12] == b"\1" * 10 + b"\0" * 2
    with pytest.raises(SeatsTaken):
        reserve(event=event, ordinals=[0])
    reserve(event=event, ordinals=[0, 1], sale=Sale(stock="PARTNER"))
    with pytest.raises(WrongState, match="Undo it first"):
        apply_plan(plan)
    assert undo_plan(plan) == (18, [0, 1])
    plan.refresh_from_db()
    assert plan.status == "UNDONE"
    assert in_channel("PARTNER") == [0, 1]
    with pytest.raises(WrongState):
        undo_plan(plan)


def test_another_plan_takes_the_place_of_the_first(event):
    first = plan_of(event, ("PARTNER", "Stalls", 10))
    apply_plan(first)
    second = plan_of(event, ("GROUP", "Stalls", 4), name="Second")
    assert apply_plan(second) == 4
    assert (in_channel("PARTNER"), in_channel("GROUP")) == ([], [0, 1, 2, 3])
    first.refresh_from_db()
    assert first.status == "UNDONE"
    undo_plan(second)
    assert apply_plan(first) == 10


def test_a_plan_without_shares_is_not_applied(event):
    with pytest.raises(NothingToAllocate):
        apply_plan(plan_of(event))
