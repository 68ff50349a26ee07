"""The key in a booking's links: it opens the booking in any browser, then leaves the address, and ends
some time after the event."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from bookings.links import key_fits, mailed_key
from bookings.services import contact, pay_page_addresses, reserve
from core.tenancy import acting_for
from events.models import Event

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(made_shop):
    return made_shop


@pytest.fixture
def event(world):
    with acting_for(world["agency"]["id"]):
        yield Event.objects.get()


def held(event):
    booking = reserve(event=event, ordinals=[0])
    contact(booking.pk, email="noor@post.example", name="Noor Vance")
    return booking


def lands(browser, address):
    """(the paths a browser goes through, the page it ends on)."""
    page = browser.get(address, follow=True)
    return [url for url, _ in page.redirect_chain], page


def test_no_page_behind_a_key_keeps_it_in_its_address(event):
    booking = held(event)
    for address in pay_page_addresses(booking, "http://testserver"):
        assert "?k=" in address
        way, page = lands(Client(), address)
        assert page.status_code == 200
        assert not any("k=" in step for step in way)


@pytest.mark.parametrize("key", ["", "x", "1.", ".", "0.AAAA", "٣.\x00", "9" * 5000])
def test_an_invented_key_opens_nothing(event, key):
    booking = held(event)
    for page in ("return/", ""):
        answer = Client().get(f"/checkout/{booking.pk}/{page}", {"k": key}, follow=True)
        assert answer.status_code == 404


def test_the_key_of_one_booking_opens_no_other(event):
    booking, other = held(event), reserve(event=event, ordinals=[1])
    assert key_fits(booking.pk, mailed_key(booking))
    assert not key_fits(other.pk, mailed_key(booking))


def test_a_key_ends_thirty_days_after_the_event_and_cannot_be_prolonged(event):
    booking = held(event)
    event.starts_at = timezone.now() - timedelta(days=31)
    booking.event = event
    still_new = mailed_key(booking)  # asked for again after the event: thirty days from today
    assert key_fits(booking.pk, still_new)
    day, _, signature = still_new.partition(".")
    assert not key_fits(booking.pk, f"{int(day) + 1}.{signature}")


def test_a_key_of_last_year_opens_nothing(event, monkeypatch):
    booking = held(event)
    key = mailed_key(booking)
    later = event.starts_at + timedelta(days=30)
    monkeypatch.setattr("bookings.links.timezone.now", lambda: later)
    assert key_fits(booking.pk, key)
    monkeypatch.setattr("bookings.links.timezone.now", lambda: later + timedelta(days=1))
    assert not key_fits(booking.pk, key)
