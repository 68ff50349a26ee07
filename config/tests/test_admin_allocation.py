"""Allocation plans through the back office: shares, the look before, apply, compare, undo."""

import pytest
from django.utils.html import strip_tags

from bookings.services import Sale, reserve
from config.tests import world
from config.tests.world import address, of, told
from inventory.models import AllocationPlan, EventSeat

pytestmark = pytest.mark.django_db


@pytest.fixture
def event(agency):
    event = world.event_on_sale(world.venue()[1])
    world.received_order(event)
    return event


def shares(*rows):
    """The fields of the form of shares; each row is (channel, quantity, percent)."""
    fields = {
        "shares-TOTAL_FORMS": len(rows),
        "shares-INITIAL_FORMS": 0,
        "shares-MIN_NUM_FORMS": 0,
        "shares-MAX_NUM_FORMS": 1000,
    }
    for number, (channel, quantity, percent) in enumerate(rows):
        line = {"position": number + 1, "channel": channel, "order": "BEST"}
        line |= {"quantity": quantity, "percent": percent}
        fields |= {f"shares-{number}-{name}": value for name, value in line.items()}
    return fields


@pytest.fixture
def plan(mireille, event):
    page = mireille.post(
        address("inventory.allocationplan", "add"), {"event": event.pk, "name": "Tour split"}
    )
    plan = AllocationPlan.objects.get()
    assert page.url == of(plan)
    assert plan.made_by.email == "owner@parterre.example"
    fields = {"name": "Tour split", **shares(("PARTNER", 10, ""), ("BOX_OFFICE", "", "20"))}
    assert mireille.post(of(plan), fields).url == of(plan)
    return plan


def in_channel(channel):
    seats = EventSeat.objects.filter(channel=channel, ownership="OWNED")
    return list(seats.values_list("ordinal", flat=True))


def table(page, title):
    """The rows of a panel as text."""
    [found] = [panel for panel in page.context["panels"] if panel.title == title]
    return [[strip_tags(str(cell)) for cell in row] for row in found.table.rows]


def test_the_plan_shows_what_applying_it_would_do(mireille, plan):
    page = mireille.get(of(plan))
    assert table(page, "What applying it would do now") == [
        ["Box office", "0", "10", "+10", "€400.00"],
        ["Partners", "0", "10", "+10", "€400.00"],
        ["Open to all", "50", "30", "-20", "€1,200.00"],
    ]
    titles = [panel.title for panel in page.context["panels"]]
    assert titles[:3] == ["What applying it would do now", "After", "Before"]
    assert in_channel("PARTNER") == []


def test_a_share_is_a_number_or_a_percentage(mireille, plan):
    for row in [("WEB", 5, "10"), ("WEB", "", "")]:
        fields = {"name": "Tour split", **shares(row)}
        page = mireille.post(of(plan), fields)
        assert b"Give either a number or a percentage." in page.content
    assert plan.shares.count() == 2


def test_what_does_not_fit_is_named_before(mireille, plan):
    mireille.post(of(plan), {"name": "Tour split", **shares(("GROUP", 45, ""))})
    page = mireille.get(of(plan, "apply"))
    assert table(page, "Does not fit") == [
        ["Groups", "Whole event", "45", "40", "5"],
        ["Box office", "Whole event", "10", "0", "10"],
    ]


def test_a_plan_is_applied_and_undone_but_for_what_was_sold(mireille, plan, event):
    mireille.post(of(plan, "apply"))
    assert told(mireille, of(plan))[-1] == "20 places changed their channel."
    assert in_channel("PARTNER") == list(range(10))
    page = mireille.get(of(plan))
    assert page.context["is_read_only"]
    reserve(event=event, ordinals=[0], sale=Sale(stock="PARTNER"))
    mireille.post(of(plan, "undo"))
    assert told(mireille, of(plan))[-1] == (
        "19 places are what they were. 1 were sold, held or changed since and stay as they are."
    )
    assert in_channel("PARTNER") == [0]


def test_two_plans_stand_side_by_side_and_the_second_undoes_the_first(mireille, plan, event):
    other = AllocationPlan.objects.create(event=event, name="Cautious")
    other.shares.create(channel="GROUP", quantity=4)
    page = mireille.get(of(plan, "compare"), {"with": other.pk})
    rows = [[strip_tags(str(c)) for c in row] for row in page.context["totals"][0].table.rows]
    assert ["Groups", "0", "€0.00", "4", "€160.00"] in rows
    mireille.post(of(plan, "apply"))
    look = mireille.get(of(other, "apply"))
    assert table(look, "Undone first")[0][0] == "Tour split"
    mireille.post(of(other, "apply"))
    assert (in_channel("PARTNER"), in_channel("GROUP")) == ([], [0, 1, 2, 3])


def test_purchasing_applies_plans_and_the_box_office_only_looks(agency, plan):
    box_office = world.client_of(world.staff(agency, "BOX_OFFICE"), agency)
    assert box_office.get(of(plan)).status_code == 200
    assert box_office.post(of(plan, "apply")).status_code == 403
    assert in_channel("PARTNER") == []
