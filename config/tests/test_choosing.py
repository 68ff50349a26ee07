"""The pages on which a buyer says what he wants: numbers, company, near a seat, without a gap."""

import pytest
from django.test import Client

from bookings.services import reserve
from config.tests.scenarios import house, with_rule
from core.memory import Remembered
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


@pytest.fixture
def browser():
    return Client()


def take(browser, event, **wish):
    """The answer to the press of a button; of a refusal the page it leads back to."""
    answer = browser.post(f"/events/{event.slug}/reserve/", wish)
    return browser.get(answer.url) if "refused=" in answer.url else answer


def words(page):
    return " ".join(page.content.decode().split())


def taken(event):
    return list(
        event.seats.filter(status="RESERVED").order_by("ordinal").values_list("ordinal", flat=True)
    )


def quantities(browser, event):
    Remembered.forget_everything()
    return browser.get(f"/events/{event.slug}/").context["quantities"]


def test_the_forms_offer_the_numbers_in_which_an_event_sells_and_say_why(browser, event):
    assert quantities(browser, event) == list(range(1, 11))
    with_rule(event, SplitRule.PAIRS)
    assert quantities(browser, event) == [2, 4, 6, 8, 10]
    assert "This date is sold in pairs." in words(browser.get(f"/events/{event.slug}/"))
    with_rule(event, SplitRule.CUSTOM, 3, 7)
    assert quantities(browser, event) == [3, 7]
    for page in ("", "seats/", "seats/0/", "seats/2/"):
        assert "This date is sold by 3 or 7." in words(browser.get(f"/events/{event.slug}/{page}"))
    assert browser.get(f"/events/{event.slug}/").context["best"]["quantity"] == 3


def test_who_asks_for_another_number_is_told_and_his_wish_is_kept(browser, event):
    with_rule(event, SplitRule.PAIRS)
    page = take(browser, event, quantity=4, wheelchair="", level="", section=1, together="1")
    assert page.url.startswith("/checkout/")
    page = take(browser, event, quantity=3, section=1, together="1")
    assert "sold in pairs" in page.context["lost"].title
    assert (page.context["best"]["quantity"], page.context["best"]["section"]) == (3, 1)


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        (SplitRule.ANY, ""),
        (SplitRule.NO_SINGLES, "Please leave no single seat between yours and the next"),
        (SplitRule.PAIRS, "Please leave beside yours what can be sold like that."),
    ],
)
def test_who_chooses_himself_is_told_beforehand_how_rows_may_be_parted(browser, event, rule, says):
    with_rule(event, rule)
    for page in ("", "seats/0/"):
        shown = browser.get(f"/events/{event.slug}/{page}")
        assert says in words(shown)
        assert bool(shown.context["parting"]) == bool(says)


def test_one_wheelchair_space_goes_with_up_to_three_companions(browser, event):
    page = take(browser, event, quantity=5, wheelchair="1", together="1")
    assert "up to 3 companions" in page.context["lost"].title
    assert page.context["best"]["wheelchair"] is True
    assert page.context["best"]["quantity"] == 5
    assert taken(event) == []


def test_the_best_near_a_ticked_seat_are_near_it(browser, event):
    answer = take(browser, event, seat=[29], around=3, from_section=0)
    assert answer.url.startswith("/checkout/")
    places = taken(event)
    assert len(places) == 3
    assert min(abs(place % 20 - 9) for place in places) <= 4
    assert max(place // 20 for place in places) <= 3


def test_the_best_near_no_seat_at_all_are_not_looked_for(browser, event):
    page = take(browser, event, around=2, from_section=0)
    assert "Tick the seat first" in page.context["lost"].title
    assert taken(event) == []


def test_the_map_asks_for_the_best_near_the_seat_that_was_chosen_first(browser, event):
    assert take(browser, event, quantity=2, near=399, together="1").url.startswith("/checkout/")
    assert min(taken(event)) >= 300
    page = take(browser, event, quantity=2, near=10_000)
    assert "no such place to be near to" in page.context["lost"].title


def test_a_gap_is_named_the_choice_is_kept_and_one_press_takes_what_leaves_none(browser, event):
    with_rule(event, SplitRule.NO_SINGLES)
    page = take(browser, event, seat=[1, 2], from_section=0)
    lost = page.context["lost"]
    assert lost.title == "This choice would leave Section A, row A, seat 1 on its own."
    assert "Your choice is kept" in words(page)
    ticked = [
        seat["ordinal"] for seat in page.context["rows"][0]["benches"][0] if seat["is_chosen"]
    ]
    assert ticked == [1, 2]
    [group] = lost.groups
    assert take(browser, event, seat=group.ordinals).url.startswith("/checkout/")
    assert taken(event) == group.ordinals


def test_several_places_left_alone_are_named_together(browser, event):
    with_rule(event, SplitRule.NO_SINGLES)
    lost = take(browser, event, seat=[1, 2, 4, 5], from_section=0).context["lost"]
    assert lost.title == "This choice would leave Section A, row A, seats 1 and 4, each on its own."


def test_what_cannot_be_sold_in_pairs_is_named_with_the_rule(browser, event):
    with_rule(event, SplitRule.PAIRS)
    lost = take(browser, event, seat=[3, 4], from_section=0).context["lost"]
    assert lost.title.startswith("This choice would leave Section A, row A, seats 1 to ")
    assert lost.title.endswith(", which cannot be sold in pairs.")


def test_a_refusal_is_no_dead_end_when_nothing_can_be_offered(browser, event):
    with_rule(event, SplitRule.NO_SINGLES)
    event.seats.exclude(ordinal__in=[0, 1, 2, 20, 21]).update(channel="PARTNER")
    Remembered.forget_everything()
    page = take(browser, event, seat=[0, 1], from_section=0)
    assert page.context["lost"].groups[0].ordinals == [20, 21]
    reserve(event=event, ordinals=[20, 21])
    assert take(browser, event, seat=[0, 1], from_section=0).url.startswith("/checkout/")


def test_a_section_shows_the_best_groups_of_a_party_and_the_rows_with_room(browser, event):
    for first in range(1, 20, 3):
        reserve(event=event, ordinals=[first])  # row A has pairs only
    page = browser.get(f"/events/{event.slug}/seats/0/?party=3")
    assert page.context["rows_left_out"] == 1
    assert page.context["rows"][0]["name"] == "Row B"
    groups = page.context["groups"]
    assert [len(group.ordinals) for group in groups] == [3, 3, 3]
    assert len({ordinal for group in groups for ordinal in group.ordinals}) == 9
    assert take(browser, event, seat=groups[0].ordinals, party=3).url.startswith("/checkout/")


def test_a_large_section_is_shown_some_rows_at_a_time():
    venue = {"name": "Bowl", "sections": [{"name": "A", "rows": 50, "seats": 20}]}
    levels = [{"name": "One", "sections": ["A"], "price": "45.00", "cost": "30.00"}]
    agency = {"slug": "bowl", "host": "bowl.example", "currency": "EUR"}
    made = house(agency=agency, venue=venue, event={"title": "Match", "levels": levels})
    browser = Client(headers={"host": "bowl.example"})
    path = f"/events/{made['event']['slug']}/seats/0/"
    page = browser.get(path)
    assert page.context["pages"] == ["Rows A to T", "Rows U to AN", "Rows AO to AX"]
    assert words(page).count('name="seat"') == 400
    last = browser.get(f"{path}?page=99").context
    assert (last["page"], last["rows"][-1]["name"]) == (3, "Row AX")
    answer = browser.post(
        f"/events/{made['event']['slug']}/reserve/",
        {"seat": [999], "around": 100, "from_section": 0},
    )
    kept = browser.get(answer.url).context  # refused, and shown with the row of the ticked seat
    assert kept["page"] == 3


def test_a_party_too_large_for_a_section_is_led_to_others(browser, event):
    Event.objects.filter(pk=event.pk).update(max_per_booking=30)
    page = browser.get(f"/events/{event.slug}/seats/0/?party=30")
    assert "No 30 side by side are left in this section" in words(page)
    assert "/seats/?party=30" in page.content.decode()


def test_a_refusal_comes_back_to_the_rows_of_the_party(browser, event):
    reserve(event=event, ordinals=[20])
    page = take(browser, event, seat=[20, 21], from_section=0, party=3)
    assert page.context["party"] == 3
    assert page.context["lost"].lost_ordinals == [20]


@pytest.mark.parametrize("asked", ["party=x", "party=-1", "party=999999", "page=0", "party=1e9"])
def test_what_cannot_be_read_of_a_party_is_as_if_nothing_was_said(browser, event, asked):
    for path in ("seats/", "seats/0/"):
        page = browser.get(f"/events/{event.slug}/{path}?{asked}")
        assert page.status_code == 200
        assert page.context["lost"] is None
