"""Finding a date: as it is typed on any keyboard, and told what was not found."""

import pytest
from django.test import Client

from core.memory import Remembered
from core.tenancy import acting_for
from events.models import Event
from venues.models import Venue

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def world(made_shop):
    made = made_shop
    with acting_for(made["agency"]["id"]):
        Event.objects.update(title="L’Ours au café", kind="COMEDY")
        Venue.objects.update(city="Nantes")
    Remembered.forget_everything()
    return made


def found(**wishes):
    return Client().get("/", wishes).context["total"]


def words(**wishes):
    return " ".join(Client().get("/", wishes).content.decode().split())


@pytest.mark.parametrize("typed", ["L'ours", "l’ours", "L`OURS", "cafe", "Café", "CAFE\u0301"])
def test_apostrophes_and_accents_are_alike_on_every_keyboard(typed):
    assert found(q=typed) == 1
    assert found(q=f"{typed}x") == 0


def test_what_has_no_accent_is_found_with_one(world):
    with acting_for(world["agency"]["id"]):
        Event.objects.update(title="Cafe Lours")
    assert found(q="café") == 1


def test_an_empty_result_names_every_wish():
    assert "No music in Nantes." in words(kind="CONCERT", place="Nantes")
    assert "Nothing on stage for “ours”." in words(kind="THEATER", q="ours")
    assert "Nothing from 1 March 2020 to 2 March 2020." in words(
        **{"from": "2020-03-01", "to": "2020-03-02"}
    )
    assert "No sport." in words(kind="SPORTS")


def test_days_the_wrong_way_round_are_said_to_be_so():
    days = {"when": "dates", "from": "2190-03-05", "to": "2020-03-02"}
    page = words(**days)
    assert "The last day, 2 March 2020, is before the first, 5 March 2190." in page
    assert "The other way round" in page
    assert found(when="dates", **{"from": "2020-03-02", "to": "2190-03-05"}) == 1
