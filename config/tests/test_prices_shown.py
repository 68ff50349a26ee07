"""A price that is shown is one that somebody can buy: that of the places left, not of their level."""

import re
from decimal import Decimal

import pytest
from django.test import Client

from bookings.models import Booking
from core.memory import Remembered
from core.tenancy import acting_for
from events.models import Event, PriceLevel
from inventory.models import EventSeat

pytestmark = pytest.mark.django_db


@pytest.fixture
def event(made_shop):
    world = made_shop
    with acting_for(world["agency"]["id"]):
        yield Event.objects.get()


def reprice(price, ordinals):
    EventSeat.objects.filter(ordinal__in=ordinals).update(price=Decimal(price))
    Remembered.forget_everything()


def page_of(event):
    return Client().get(f"/events/{event.slug}/")


def read(page):
    return " ".join(page.content.decode().split())


def hold(event, **wish):
    """The prices of the places held; None when the wish was refused."""
    answer = Client().post(f"/events/{event.slug}/reserve/", wish)
    if "refused=" in answer.url:
        return None
    return {item.price for item in Booking.objects.latest("reserved_at").items.all()}


def test_a_level_whose_places_all_have_a_price_of_their_own_shows_that(event):
    reprice("52.50", range(200))
    page = page_of(event)
    front = next(level for level in page.context["levels"] if level.name == "Front")
    assert front.low.all_in.display() == front.high.all_in.display() == "€52.50"
    assert "€45.00" not in read(page)
    assert page.context["price_high"].display() == "€52.50"


def test_a_level_of_several_prices_says_from_which_to_which(event):
    reprice("52.50", range(100))
    page = read(page_of(event))
    assert "€45.00–€52.50" in page
    assert "up to €52.50, Front" in page


def test_the_best_places_cost_no_more_than_was_chosen(event):
    reprice("52.50", range(190))  # the ten left at the level's price are the farthest
    front = PriceLevel.objects.get(name="Front")
    assert hold(event, quantity=2, level=f"{front.pk}:45.00") == {Decimal(45)}
    assert hold(event, quantity=2, level=f"{front.pk}:52.50") == {Decimal("52.50")}
    assert hold(event, quantity=2, level=f"{front.pk}:44.99") is None
    assert hold(event, quantity=2, level=f"{front.pk}:nonsense") is None


def test_so_do_standing_places(event):
    reprice("30.00", range(400, 450))
    choices = Client().get(f"/events/{event.slug}/seats/2/").context["section"]["choices"]
    assert [choice.price.display() for choice in choices] == ["€25.00", "€30.00"]
    for _ in range(5):
        assert hold(event, quantity=10, section=2, level=choices[0].value) == {Decimal(25)}
    assert hold(event, quantity=10, section=2, level=choices[0].value) is None


def test_a_price_chosen_stands_in_the_form_again_and_others_are_offered(event):
    front = PriceLevel.objects.get(name="Front")
    reprice("52.50", range(2, 200))
    answer = Client().post(
        f"/events/{event.slug}/reserve/",
        {"quantity": 4, "level": f"{front.pk}:45.00", "together": "1"},
    )
    page = Client().get(answer.url)
    assert re.findall(r'<option value="([^"]+)"[^>]* selected>', read(page)) == [
        f"{front.pk}:45.00"
    ]
    assert "At another price" in {group.reason for group in page.context["lost"].groups}


def test_the_api_says_the_prices_of_the_places_left(event):
    reprice("52.50", range(100))
    EventSeat.objects.filter(ordinal__range=(200, 399)).update(price=Decimal("39.75"))
    told = Client().get(f"/api/v1/events/{event.pk}/availability").json()
    prices = {level["name"]: (level["price"], level["price_to"]) for level in told["levels"]}
    assert prices["Front"] == ("45.00", "52.50")
    assert prices["Back"] == ("39.75", "39.75")


def test_no_price_is_shown_for_what_was_never_ours(event):
    PriceLevel.objects.create(event=event, name="Gods", price=5, currency="EUR", position=6)
    assert "€5.00" not in read(page_of(event))
    told = Client().get(f"/api/v1/events/{event.pk}/availability").json()
    assert {level["name"]: level["price"] for level in told["levels"]}["Gods"] is None
