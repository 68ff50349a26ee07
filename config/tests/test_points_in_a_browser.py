"""Points of a guest on a phone without a script: turned into credit at the checkout, and gone into a
booking."""

import re

import pytest
from playwright.sync_api import expect

from agencies.models import Agency
from bookings.links import mailed_key
from bookings.services import contact, reserve
from config.tests import world
from config.tests.browser import PHONE, barriers, chromium, reader, site
from config.tests.scenarios import house
from config.tests.test_points import lot
from core.tenancy import acting_for, as_system
from customers.links import mailed_key as own_key
from customers.models import Customer
from customers.points import points_of
from events.models import Event

pytestmark = pytest.mark.browser
NOOR = {"name": "Noor Vance", "email": "noor@post.example"}


def test_points_pay_for_a_booking(committed_db, tmp_path):
    house(owned={"sections": ["A"]})
    with as_system():
        agency = Agency.objects.get()
    with acting_for(agency.pk):
        world.loyal(point_days=365, silver_from=100, gold_from=200)
        booking = reserve(event=Event.objects.get(), ordinals=[0])
        contact(booking.pk, **NOOR)
        noor = Customer.objects.get(email=NOOR["email"])
        lot(noor, 6000, days=30)
    with (
        site(tmp_path) as shop,
        chromium() as browser,
        reader(browser, viewport=PHONE, java_script_enabled=False) as buyer,
        reader(browser, viewport=PHONE) as looking,
    ):
        for page in (buyer.page, looking.page):
            page.goto(f"{shop.web.url}/mine/?k={own_key(noor)}")
            expect(page.get_by_role("heading", name="My points: 6,000")).to_be_visible()
            page.goto(f"{shop.web.url}/checkout/{booking.pk}/?k={mailed_key(booking)}")
        assert barriers(looking.page) == []
        looking.page.goto(f"{shop.web.url}/mine/")
        assert barriers(looking.page) == []
        pays(buyer.page)
    with acting_for(agency.pk):
        booking.refresh_from_db()
        assert booking.status == "CONFIRMED"
        assert points_of(noor.pk) == 6000 - booking.total * 100


def pays(page):
    page.get_by_role("button", name="of credit").click()
    expect(page.get_by_text("is your credit now. It is ticked above.")).to_be_visible()
    expect(page.get_by_label("Use my credit")).to_be_checked()
    page.get_by_role("button", name="Pay with my credit").click()
    expect(page).to_have_url(re.compile("/bookings/"))
