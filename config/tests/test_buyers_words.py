"""What buyers' pages say and keep: contact, links of another device, calendars, cancelled dates."""

import re
from datetime import UTC, datetime

import pytest
from django.test import Client

from bookings.models import Booking
from config.tests.scenarios import shop
from config.tests.world import sold_booking
from core.memory import Remembered
from core.templatetags.ui import clock_there
from core.tenancy import acting_for
from events.models import Event
from notifications import mailbox

pytestmark = pytest.mark.django_db


@pytest.fixture
def event(made_shop):
    world = made_shop
    with acting_for(world["agency"]["id"]):
        yield Event.objects.get()


def words(page):
    return " ".join(re.sub(r"<[^>]+>", "", page.content.decode()).split())


def checkout_of(browser, event, ordinal=0):
    return browser.post(f"/events/{event.slug}/reserve/", {"seat": [ordinal]}).url


def given(**changes):
    return {"name": "Noor Vance", "email": "noor@post.example", **changes}


def owner(booking):
    """A browser that may open the booking."""
    browser = Client()
    session = browser.session
    session["bookings"] = [str(booking.pk)]
    session.save()
    return browser


@pytest.fixture
def booking(event):
    return sold_booking(event, [0, 1])


def cancel(event):
    Event.objects.filter(pk=event.pk).update(status="CANCELLED")
    Remembered.forget_everything()


def test_a_phone_number_comes_back_with_the_checkout(event, settings):
    settings.PAYMENT_SIMULATOR_URL = "http://127.0.0.1:1"
    browser = Client()
    checkout = checkout_of(browser, event)
    browser.post(f"{checkout}pay/", given(phone="+33 6 12 34 56 78"))
    browser.get(checkout)  # says once why it did not go on
    form = browser.get(checkout).context["form"]
    assert form["phone"].value() == "+33 6 12 34 56 78"
    assert 'type="tel"' in str(form["phone"])


@pytest.mark.parametrize("phone", ["call me", "12345", "1" * 21])
def test_what_is_no_phone_number_is_said_so(event, phone):
    browser = Client()
    checkout = checkout_of(browser, event)
    browser.post(f"{checkout}pay/", given(phone=phone))
    assert "does not look like a phone number" in words(browser.get(checkout))
    assert Booking.objects.get().customer is None


def test_a_booking_in_another_browser_says_how_it_opens(event, booking):
    page = Client().get(f"/bookings/{booking.pk}/")
    assert page.status_code == 404
    assert "Open it by the link in your mail, or find your booking." in words(page)
    assert "Nothing is playing here" not in words(page)


def test_an_unpaid_checkout_in_another_browser_claims_no_mail(event):
    page = Client().get(checkout_of(Client(), event))
    assert page.status_code == 404
    assert "in the browser in which they were chosen" in words(page)
    assert "mail" not in words(page).partition("This browser")[2].partition("My tickets")[0]


def test_a_calendar_names_the_events_page_and_brings_its_time_zone(event, booking):
    calendar = owner(booking).get(f"/bookings/{booking.pk}/calendar.ics").content.decode()
    calendar = calendar.replace("\r\n ", "")
    assert f"/events/{event.slug}/" in calendar
    assert "/bookings/" not in calendar
    assert "BEGIN:VTIMEZONE\r\nTZID:Europe/Paris" in calendar


def test_a_cancelled_date_says_nothing_else(event, booking):
    browser = owner(booking)
    cancel(event)
    page = words(browser.get(f"/bookings/{booking.pk}/"))
    assert "is cancelled" in page
    for other in ("Paid and confirmed", "Show the code", "You’re going", "Turn the brightness up"):
        assert other not in page
    page = browser.get(f"/events/{event.slug}/")
    assert page.context["price_low"] is None
    assert "€45.00" not in words(page)
    calendar = browser.get(f"/bookings/{booking.pk}/calendar.ics").content.decode()
    assert "STATUS:CANCELLED" in calendar


def test_a_moment_names_whose_clock_it_is():
    moment = datetime(2027, 3, 13, 9, 8, tzinfo=UTC)
    assert "10:08 Paris time" in clock_there(moment, "Europe/Paris")
    assert "04:08 New York time" in clock_there(moment, "America/New_York")


def test_the_checkout_says_so_too(event):
    browser = Client()
    assert "Paris time" in words(browser.get(checkout_of(browser, event)))


def test_what_every_site_is_asked_for_is_there(event):
    assert Client().get("/favicon.ico").url.endswith("img/mark.svg")
    robots = Client().get("/robots.txt")
    assert robots["Content-Type"].startswith("text/plain")
    assert "Disallow: /checkout/" in robots.content.decode()


def test_one_name_leads_to_the_tickets_from_everywhere(event):
    for path in ("/", "/help/", "/no-such-page/", "/find-booking/"):
        page = words(Client().get(path))
        assert "My tickets" in page
        assert "Find my booking" not in page
        assert "organiser named on each event" not in page


def test_the_mailbox_shows_days_and_hours(event, tmp_path, settings):
    settings.MAIL_DIR = tmp_path
    mail = "To: noor@post.example\nSubject: Hello\nDate: Sat, 21 Nov 2026 09:15:18 -0000\n\nHello"
    (tmp_path / "1.eml").write_text(mail)
    assert mailbox.messages()
    assert "Sat 21 November, 10:15" in words(Client().get("/mailbox/"))
    assert "Saturday 21 November 2026, 10:15" in words(Client().get("/mailbox/1/"))


def test_where_everybody_stands_there_are_places_and_no_seats():
    venue = {"name": "Club", "sections": [{"name": "Floor", "standing": 80}]}
    night = {
        "title": "Crowd",
        "levels": [{"name": "Standing", "sections": ["Floor"], "price": "25.00", "cost": "10.00"}],
    }
    made = shop(venue=venue, event=night)
    page = words(Client().get(f"/events/{made['event']['slug']}/"))
    assert "80 places left" in page
    assert "Choose places" in page
    for word in ("seats left", "Choose seats", "Best seats", "Your seats", "Only side by side"):
        assert word not in page
    browser = Client()
    answer = browser.post(f"/events/{made['event']['slug']}/reserve/", {"quantity": 2})
    checkout = words(browser.get(answer.url))
    assert "Let these places go" in checkout
    assert "seat" not in checkout.partition("Details and payment")[2].partition("Tickets sold")[0]
