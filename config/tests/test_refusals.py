"""What the pages say when a wish cannot be met: by name, with what there is instead."""

import re

import pytest
from django.conf import settings
from django.core import signing
from django.test import Client

from bookings.views import choice
from core.tenancy import acting_for
from events.models import Event, PriceLevel

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(made_shop):
    return made_shop


@pytest.fixture
def browser(world):
    return Client()


def take(browser, world, **wish):
    """The answer to the press of the button; of a refusal the page it leads back to."""
    answer = browser.post(f"/events/{world['event']['slug']}/reserve/", wish)
    return browser.get(answer.url) if "refused=" in answer.url else answer


def read(response):
    return " ".join(response.content.decode().split())


def test_a_lost_seat_is_named_with_three_groups_as_good(browser, world):
    take(Client(), world, seat=[1])
    page = take(browser, world, seat=[0, 1, 2])
    assert "Section A, row A, seat 2 has just been taken." in read(page)
    assert "Hold just seats 1 and 3" in read(page)
    assert [group.price.display() for group in page.context["lost"].groups] == ["€45.00"] * 3
    assert page.context["lost"].groups[0].reason in {"Same row", "Same section"}
    assert take(browser, world, seat=page.context["lost"].groups[0].ordinals).status_code == 302


def test_many_lost_seats_are_counted(browser, world):
    take(Client(), world, seat=[0, 1, 2, 3])
    assert "4 of your seats have just been taken." in read(take(browser, world, seat=range(5)))


def test_the_section_list_keeps_the_other_ticks_and_strikes_the_lost_seat(browser, world):
    take(Client(), world, seat=[1])
    page = take(browser, world, seat=[0, 1, 2], from_section=0)
    row = page.context["rows"][0]
    states = [(seat["label"], seat["is_lost"], seat["is_chosen"]) for seat in row["benches"][0][:3]]
    assert states == [("1", False, True), ("2", True, False), ("3", False, True)]


def test_a_refusal_is_a_page_of_its_own_without_a_session(browser, world):
    answer = browser.post(f"/events/{world['event']['slug']}/reserve/", {"from_section": 0})
    assert answer.status_code == 302
    assert answer.url.startswith(f"/events/{world['event']['slug']}/seats/0/?refused=")
    page = browser.get(answer.url)
    assert "Choose at least one seat first." in read(page)
    assert "sessionid" not in browser.cookies
    altered = browser.get(answer.url[:-3] + "AAA")
    assert altered.status_code == 200
    assert altered.context["lost"] is None


def test_seats_the_house_does_not_have_are_no_seats_of_the_event(browser, world):
    assert "not seats of this event" in read(take(browser, world, seat=[99_999]))


def test_a_refused_wish_for_the_best_seats_stands_in_the_form_again(browser, world):
    page = take(browser, world, quantity=8, section=0, wheelchair="1", together="1")
    assert page.context["best"]["quantity"] == 8
    assert page.context["best"]["section"] == 0
    assert page.context["best"]["wheelchair"] is True


def test_a_wish_that_found_nothing_comes_back_however_its_number_was_written(browser, world):
    page = take(browser, world, quantity="0" * 41 + "8", section="0" * 41, wheelchair="1")
    assert page.status_code == 200
    assert (page.context["best"]["quantity"], page.context["best"]["section"]) == (8, 0)


def test_a_refusal_whose_wish_can_no_longer_be_read_says_its_words(browser, world):
    with acting_for(world["agency"]["id"]):
        event = Event.objects.get()
    carried = {"asked": {}, "words": "There is nothing.", "lost": [], "is_search": True}
    token = signing.dumps(carried, salt=choice._salt(event), compress=True)
    page = browser.get(f"/events/{event.slug}/", {choice.REFUSED: token})
    assert page.status_code == 200
    assert page.context["lost"].title == "There is nothing."


def test_the_checkout_keeps_what_was_typed_and_says_once_what_is_missing(browser, world):
    checkout = take(browser, world, seat=[0, 1]).url
    answer = browser.post(f"{checkout}pay/", {"name": "Noor Vance", "email": "noor"})
    assert (answer.status_code, answer.url) == (302, checkout)
    page = browser.get(checkout)
    assert "does not look like an e-mail address" in read(page)
    assert page.context["form"]["name"].value() == "Noor Vance"
    assert page.context["form"]["email"].value() == "noor"
    assert "needs your attention" not in read(browser.get(checkout))


def test_the_answer_about_a_mailed_link_is_a_page_of_its_own(browser):
    sought = {"number": "BCDF-2345", "email": "noor@post.example"}
    answer = browser.post("/find-booking/", sought)
    assert (answer.status_code, answer.url) == (302, "/find-booking/?sent=yes")
    assert "Look into your mail." in read(browser.get(answer.url))
    assert "Please enter the e-mail you booked with" in read(browser.post("/find-booking/", {}))


def test_a_taken_seat_parts_a_bench(browser, world):
    take(Client(), world, seat=[5])
    rows = browser.get(f"/events/{world['event']['slug']}/seats/0/").context["rows"]
    assert [len(bench) for bench in rows[0]["benches"]] == [5, 14]
    assert rows[0]["left"] == 19


def test_a_group_too_large_for_a_row_is_offered_in_pieces(browser, world):
    with acting_for(world["agency"]["id"]):
        Event.objects.update(max_per_booking=30)
    page = take(browser, world, quantity=25, together="1", section=0)
    assert "There are no 25 places together" in read(page)
    reasons = {group.reason: group.place for group in page.context["lost"].groups}
    assert reasons["Elsewhere in the house"] == "Floor, 25 standing places"
    assert reasons["Not all side by side"].startswith("Section A, rows ")


def test_the_event_page_asks_for_the_whole_map_at_once(browser, world):
    page = browser.get(f"/events/{world['event']['slug']}/").content.decode()
    folder = settings.BASE_DIR / "static/js/seatmap"
    hinted = re.findall(r'rel="modulepreload" href="/static/js/(?:seatmap/)?(\w+)', page)
    assert sorted(hinted) == sorted(["labels", *(file.stem for file in folder.glob("*.js"))])
    assert page.count('as="fetch"') == 3


def test_a_level_of_which_nothing_is_ours_is_not_called_full(browser, world):
    with acting_for(world["agency"]["id"]):
        event = Event.objects.get()
        PriceLevel.objects.create(event=event, name="Gods", price=5, currency="EUR", position=6)
    levels = browser.get(f"/events/{world['event']['slug']}/").context["levels"]
    assert {level.name: level.is_ours for level in levels}["Gods"] is False


def test_a_vain_search_offers_what_one_wish_less_would_find(browser, world):
    page = browser.get("/", {"q": "harpsichord", "max_price": "50"})
    assert "Nothing for “harpsichord” up to €50." in read(page)
    assert page.context["wider"] == [("Without “harpsichord”", "max_price=50", 1)]


def test_the_programme_says_how_many_dates_it_found(browser, world):
    assert "1 date found" in read(browser.get("/", {"q": "night"}))
