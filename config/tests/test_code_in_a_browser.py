"""A code on the checkout, from its field to the tickets, as a buyer meets it in a browser."""

import pytest
from playwright.sync_api import expect

from config.tests.browser import PHONE, barriers, chromium, reader, site
from config.tests.world import fee
from core import invariants
from core.tenancy import acting_for
from promotions.models import Use
from promotions.tests.factories import running

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser():
    with chromium() as launched:
        yield launched


@pytest.fixture
def world(committed_db, made_house):
    made = made_house
    with acting_for(made["agency"]["id"]):
        fee(percent=6)
        running("EARLY", name="Early bird", usage_limit=1)
        yield made


@pytest.fixture
def shop(world, tmp_path):
    with site(tmp_path) as running_site:
        yield running_site


def at_checkout(page, shop, world):
    """Two seats of row A, held."""
    page.goto(f"{shop.web.url}/events/{world['event']['slug']}/seats/0/")
    for seat in (1, 2):
        page.get_by_label(f"Row A, seat {seat}, ").check()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Details and payment")).to_be_visible()


def total(page):
    return page.locator(".order .total .money")


def test_without_javascript_or_mouse_a_code_lowers_what_is_paid_and_its_use_is_kept(
    browser, shop, world
):
    with reader(browser, java_script_enabled=False, viewport=PHONE) as buyer:
        page = buyer.page
        at_checkout(page, shop, world)
        expect(total(page)).to_have_text("€95.40")
        page.get_by_label("Name").fill("Noor Vance")
        page.get_by_label("Promotion code").fill("EARLI")
        buyer.press(page.get_by_role("button", name="Apply"))
        expect(page.get_by_role("alert")).to_contain_text("EARLI: There is no such code.")
        expect(page.get_by_label("Name")).to_have_value("Noor Vance")
        page.get_by_label("Promotion code").fill("early")
        buyer.press(page.get_by_role("button", name="Apply"))
        expect(page.get_by_role("status").filter(has_text="is in your order")).to_be_visible()
        expect(total(page)).to_have_text("€85.86")
        buyer.press(page.get_by_role("button", name="Take out EARLY"))
        expect(total(page)).to_have_text("€95.40")
        page.get_by_label("Promotion code").fill("early")
        page.get_by_label("E-mail").fill("noor@post.example")
        page.get_by_label("E-mail").press("Enter")  # pays: but first the new price is read
        expect(total(page)).to_have_text("€85.86")
        page.get_by_label("E-mail").press("Enter")
        buyer.press(page.get_by_role("button", name="Pay €85.86"))
        expect(page.get_by_text("Paid and confirmed")).to_be_visible()
        expect(page.get_by_text("Code EARLY")).to_be_visible()
    assert Use.objects.get(is_dropped=False).status == "KEPT"
    [mail] = shop.drain()
    assert "Code EARLY" in mail.get_body(("plain",)).get_content()
    assert invariants.violations() == {}


def test_the_code_is_readable_for_all(browser, shop, world):
    with reader(browser, viewport=PHONE, bypass_csp=True) as buyer:
        page, found = buyer.page, {}

        def look_at(name):
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
            for theme in ("dark", "light"):
                page.emulate_media(color_scheme=theme)
                found[name, theme] = barriers(page)

        at_checkout(page, shop, world)
        page.get_by_label("Promotion code").fill("NONE-SUCH")
        page.get_by_role("button", name="Apply").click()
        expect(page.get_by_role("alert")).to_be_visible()
        look_at("refused")
        page.get_by_label("Promotion code").fill("EARLY")
        page.get_by_role("button", name="Apply").click()
        expect(page.get_by_role("button", name="Take out EARLY")).to_be_visible()
        look_at("taken in")
    assert not any(found.values()), found
