"""Tickets given back by a buyer on a phone without a script, and by staff at the desk."""

import pytest
from playwright.sync_api import expect

from agencies.models import Agency
from bookings.links import mailed_key
from bookings.models import Booking, Cancellation
from config.tests import world
from config.tests.browser import PHONE, barriers, chromium, reader, site
from config.tests.test_cancelling import policy
from config.tests.test_order_in_a_browser import sign_in
from core.tenancy import acting_for, as_system
from events.models import Event

pytestmark = pytest.mark.browser


def test_one_ticket_is_given_back_by_its_buyer_another_by_staff(
    committed_db, tmp_path, half_owned_house
):
    made = half_owned_house
    with as_system():
        agency = Agency.objects.get()
    with acting_for(agency.pk):
        policy((14, 0, "2.00"), (2, 50, "2.00"))
        event = Event.objects.select_related("layout").get()
        booking = world.sold_booking(event, [0, 1, 2])
        booking = Booking.objects.select_related("event").get(pk=booking.pk)
        link = f"/bookings/{booking.pk}/?k={mailed_key(booking)}"
    mireille = world.staff(agency, "OWNER").email
    with (
        site(tmp_path) as shop,
        chromium() as browser,
        reader(browser, viewport=PHONE, java_script_enabled=False) as noor,
        reader(browser, viewport=PHONE) as looking,
        reader(browser) as owner,
    ):
        looks(looking.page, shop, event, link)
        gives_back(noor.page, f"{shop.web.url}{link}")
        step = world.address("bookings.booking", "cancel_tickets", booking.pk)
        sign_in(owner.page, f"{shop.web.url}{step}", mireille)
        gives_all_back(owner.page)
        mails = shop.drain()
    with acting_for(made["agency"]["id"]):
        assert sorted(Cancellation.objects.values_list("grounds", "refunded")) == [
            ("BUYER", 43),
            ("STAFF", 90),
        ]
    assert sum("cancelled" in mail["Subject"] for mail in mails) == 2


def looks(page, shop, event, link):
    """Nothing on the pages that tell of giving back is in anybody's way."""
    for address in (f"/events/{event.slug}/", link, f"{link.split('?')[0]}cancel/"):
        page.goto(f"{shop.web.url}{address}")
        assert barriers(page) == []
    page.get_by_label("Row 1, seat 1").or_(page.locator("input[name=ticket]").first).first.check()
    page.get_by_role("button", name="See what comes back").click()
    expect(page.get_by_role("heading", name="You get back €43.00")).to_be_visible()
    assert barriers(page) == []


def gives_back(page, address):
    page.goto(address)
    page.get_by_role("link", name="Cancel tickets").click()
    page.locator("input[name=ticket]").first.check()
    page.get_by_role("button", name="See what comes back").click()
    page.get_by_role("button", name="Cancel this ticket").click()
    expect(page.get_by_text("€43.00 is on its way back to you.")).to_be_visible()
    expect(page.get_by_text("Cancelled", exact=True)).to_be_visible()


def gives_all_back(page):
    page.get_by_label("What goes back").select_option("ALL_BACK")
    page.get_by_label("Reason").fill("The view was worse than told")
    page.get_by_role("button", name="See the money first").click()
    assert barriers(page) == []
    page.get_by_role("button", name="Cancel 2 tickets, €90.00 back").click()
    expect(page.get_by_text("2 tickets are cancelled; €90.00 goes back.")).to_be_visible()
