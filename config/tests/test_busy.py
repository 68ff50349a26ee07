"""A row that somebody else holds for longer than anyone waits: a calm page, and nothing happened."""

import psycopg
import pytest
from django.test import Client

from bookings.links import mailed_key
from bookings.models import Booking
from bookings.services import reserve
from core.tenancy import acting_for
from customers.models import Customer
from events.models import Event

pytestmark = pytest.mark.race


@pytest.fixture
def world(committed_db, made_house):
    return made_house


@pytest.fixture
def event(world):
    with acting_for(world["agency"]["id"]):
        yield Event.objects.get()


@pytest.fixture
def somebody_else(committed_db):
    """Another connection, to hold rows with until the test ends."""
    with psycopg.connect(committed_db.admin_url) as other:
        other.execute("SELECT set_config('tessera.system', 'on', false)")
        yield other


def browser_of(booking):
    """A browser that may open the booking."""
    browser = Client(headers={"host": "127.0.0.1"})
    browser.get(f"/checkout/{booking.pk}/", {"k": mailed_key(booking)})
    return browser


def test_a_page_says_so_and_when_to_try_again(event, somebody_else):
    booking = reserve(event=event, ordinals=[0])
    browser = browser_of(booking)
    somebody_else.execute("SELECT 1 FROM bookings_booking WHERE id = %s FOR UPDATE", [booking.pk])
    contact = {"name": "Noor Vance", "email": "noor@post.example"}
    answer = browser.post(f"/checkout/{booking.pk}/pay/", contact)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "3")
    assert "One moment, please." in answer.content.decode()
    assert Customer.objects.filter(email="noor@post.example").count() == 0
    somebody_else.rollback()
    browser.post(f"/checkout/{booking.pk}/release/")
    assert Booking.objects.get().status == "CANCELLED"


def test_the_api_says_busy_and_when_to_try_again(event, world, somebody_else):
    caller = Client(headers={"authorization": f"Api-Key {world['tokens']['buyer']}"})
    wanted = {"event": str(event.pk), "seats": [0]}
    made = caller.post("/api/v1/bookings", wanted, content_type="application/json").json()
    somebody_else.execute("SELECT 1 FROM bookings_booking WHERE id = %s FOR UPDATE", [made["id"]])
    answer = caller.delete(f"/api/v1/bookings/{made['id']}")
    assert (answer.status_code, answer.json()["code"]) == (503, "busy")
    assert answer.headers["Retry-After"] == "3"
    assert Booking.objects.get().status == "RESERVED"
