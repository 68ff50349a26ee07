"""How rows may be parted: what a buyer who chooses himself is refused, told and offered."""

import json

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from bookings.services import LeavesAlone, Wish, reserve, reserve_best
from config.tests.scenarios import with_rule
from core.errors import Invalid
from core.tenancy import acting_for
from events.models import Event, SplitRule

pytestmark = pytest.mark.django_db


@pytest.fixture
def made(made_shop):
    return made_shop


@pytest.fixture
def event(made):
    with acting_for(made["agency"]["id"]):
        yield Event.objects.get()


def taken(event):
    return list(
        event.seats.filter(status="RESERVED").order_by("ordinal").values_list("ordinal", flat=True)
    )


def test_without_a_rule_a_buyer_may_leave_what_he_likes(event):
    reserve(event=event, ordinals=[1, 2])
    assert len(taken(event)) == 2


def test_a_gap_is_refused_by_name_and_nothing_is_taken(event):
    with pytest.raises(LeavesAlone, match="leave A, row A, seat 1 on its own") as refused:
        reserve(event=with_rule(event, SplitRule.NO_SINGLES), ordinals=[1, 2])
    assert refused.value.details == {"left": [0]}
    assert taken(event) == []
    reserve(event=event, ordinals=[0, 1])


def test_pairs_are_sold_in_pairs_chosen_or_best(event):
    with_rule(event, SplitRule.PAIRS)
    for attempt in (
        lambda: reserve(event=event, ordinals=[0]),
        lambda: reserve_best(event=event, wish=Wish(quantity=3)),
    ):
        with pytest.raises(Invalid, match="sold in pairs"):
            attempt()
    reserve_best(event=event, wish=Wish(quantity=2))
    assert taken(event)[0] % 2 == 0


def test_the_page_offers_what_is_beside_and_leaves_no_gap(made, event):
    with_rule(event, SplitRule.NO_SINGLES)
    browser = Client()
    answer = browser.post(f"/events/{made['event']['slug']}/reserve/", {"seat": [1, 2]})
    page = browser.get(answer.url)
    assert "on its own" in page.content.decode()
    [group] = page.context["lost"].groups
    assert group.reason in {"Same row", "Same section"}
    offered = browser.post(f"/events/{made['event']['slug']}/reserve/", {"seat": group.ordinals})
    assert "refused=" not in offered.url


def test_the_api_names_the_gap_and_what_would_leave_none(made, event):
    with_rule(event, SplitRule.NO_SINGLES)
    answer = Client().post(
        "/api/v1/bookings",
        json.dumps({"event": str(event.pk), "seats": [1, 2]}),
        content_type="application/json",
        headers={"Authorization": f"Bearer {made['tokens']['buyer']}", "Idempotency-Key": "gap"},
    )
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (409, "leaves_places_alone")
    assert problem["left"] == [0]
    [instead] = problem["alternatives"]
    reserve(event=event, ordinals=instead)


def test_the_best_places_near_a_place_are_near_it(event):
    reserve_best(event=event, wish=Wish(quantity=2, near=0))
    assert max(taken(event)) < 20 * 4  # of the first rows, from which one of four groups is drawn
    with pytest.raises(Invalid, match="no such place"):
        reserve_best(event=event, wish=Wish(quantity=2, near=10_000))


def test_numbers_of_ones_own_belong_to_their_rule_alone(event):
    for rule, sizes in ((SplitRule.CUSTOM, []), (SplitRule.ANY, [2])):
        with pytest.raises(IntegrityError), transaction.atomic():
            Event.objects.filter(pk=event.pk).update(split_rule=rule, split_sizes=sizes)
    with_rule(event, SplitRule.CUSTOM, 2, 4)
    with pytest.raises(Invalid, match="by 2 or 4, not by 3"):
        reserve(event=event, ordinals=[0, 1, 2])
