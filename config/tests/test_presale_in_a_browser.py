"""Two at the page of an event before its sale: one has a code, the other has none."""

import re

import pytest
from playwright.sync_api import expect

from config.tests.browser import PHONE, barriers, chromium, reader, site
from config.tests.presaling import not_on_sale_yet, presale
from config.tests.scenarios import house
from core.tenancy import acting_for
from events.models import Event
from promotions.models import Use

pytestmark = pytest.mark.browser


def test_who_has_the_code_sees_and_holds_what_the_other_cannot(committed_db, tmp_path):
    made = house()
    with acting_for(made["agency"]["id"]):
        event = not_on_sale_yet(Event.objects.get())
        presale(event, levels=[event.levels.get(name="Back").pk])
    with (
        site(tmp_path) as shop,
        chromium() as browser,
        reader(browser, viewport=PHONE, bypass_csp=True) as fan,
        reader(browser, java_script_enabled=False) as stranger,
    ):
        for someone in (fan, stranger):
            someone.page.goto(f"{shop.web.url}/events/{event.slug}/")
            expect(someone.page.get_by_role("heading", name="Presale")).to_be_visible()
            expect(someone.page.get_by_role("heading", name="Choose seats")).to_have_count(0)
        stranger.page.get_by_label("Presale code").fill("FANZ")
        stranger.press(stranger.page.get_by_role("button", name="Go in"))
        expect(stranger.page.get_by_role("alert")).to_contain_text("opens nothing here now")
        expect(stranger.page.get_by_label("Presale code")).to_have_value("FANZ")

        page = fan.page
        assert not barriers(page)
        page.get_by_label("Presale code").fill("fans")
        page.get_by_label("Presale code").press("Enter")
        expect(page.get_by_role("heading", name="You are in: Fan club.")).to_be_visible()
        page.locator("#seatmap.is-ready").wait_for()
        section = page.get_by_role("link", name=re.compile("^Section B, 200 seats left"))
        expect(section).to_be_visible()
        assert not barriers(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        section.press("Enter")
        page.keyboard.press("Space")
        page.get_by_role("form", name="Your seats").get_by_role("button", name="Continue").click()
        page.get_by_role("heading", name="Details and payment").wait_for()
    with acting_for(made["agency"]["id"]):
        assert Use.objects.get().status == "HELD"
