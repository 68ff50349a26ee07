"""Receiving at the loading dock: on a phone, there and back."""

import pytest
from playwright.sync_api import expect

from config.tests import world
from config.tests.browser import PHONE, barriers, chromium, reader, site
from config.tests.scenarios import house
from core.tenancy import acting_for
from events.models import Event
from suppliers.models import DeliveryReceipt

pytestmark = pytest.mark.browser


def test_a_delivery_is_received_on_a_phone_and_back_shows_what_was_filled_in(
    committed_db, tmp_path
):
    made = house(owned={"sections": ["A"]})
    with acting_for(made["agency"]["id"]):
        order = world.confirmed_order(Event.objects.get(), section="B", rows="A-C")
    with site(tmp_path) as shop, chromium() as browser, reader(browser, viewport=PHONE) as staff:
        page = staff.page
        page.goto(f"{shop.web.url}{world.of(order, 'receive')}")
        page.locator("#id_username").fill(made["staff"]["user"])
        page.locator("#id_password").fill(made["staff"]["password"])
        page.locator("#id_password").press("Enter")
        rows = page.get_by_label("Rows")
        for field in (rows, page.get_by_label("How many"), page.get_by_text("€25.00")):
            box = field.bounding_box()
            assert 0 <= box["x"] <= box["x"] + box["width"] <= PHONE["width"]
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= PHONE["width"]
        assert barriers(page) == []
        page.get_by_label("Arrived").select_option("part")
        rows.fill("A-B")
        page.get_by_role("button", name="Preview").click()
        expect(page.get_by_role("button", name="Receive and owe")).to_be_visible()
        page.get_by_role("button", name="Receive and owe").click()
        expect(page.get_by_text("40 seats are ours now")).to_be_visible()
        answer = page.go_back()
        assert answer is None or answer.ok
        expect(page.get_by_role("button", name="Preview")).to_be_visible()
    with acting_for(made["agency"]["id"]):
        assert DeliveryReceipt.objects.filter(order=order).count() == 1
