"""A price from the map of the back office to the map of the buyer and back, and a rule to its work."""

import pytest
from playwright.sync_api import expect

from config.tests.browser import barriers, chromium, reader, site
from config.tests.scenarios import house
from core.tenancy import acting_for
from events.models import Event
from inventory.models import PricingRule
from inventory.tasks import run_pricing_rules

pytestmark = pytest.mark.browser


@pytest.fixture
def made(committed_db):
    """400 seats at €45 and €35, all owned, sixty sold."""
    return house(options={"sold": 60})


def sign_in(page, shop, made):
    page.goto(f"{shop.web.url}/admin/inventory/pricechange/add/")
    page.locator("#id_username").fill(made["staff"]["user"])
    page.locator("#id_password").fill(made["staff"]["password"])
    page.locator("#id_password").press("Enter")


def prices_shown(page, shop, made):
    """What the map of the buyer is told that places cost."""
    with page.expect_response(lambda answer: "/prices/" in answer.url) as found:
        page.goto(f"{shop.web.url}/events/{made['event']['slug']}/")
    return sorted({level["price"] for level in found.value.json()["levels"]})


def test_prices_chosen_on_the_map_reach_the_buyer_and_are_given_back(made, tmp_path):
    with (
        site(tmp_path) as shop,
        chromium() as browser,
        reader(browser) as staff,
        reader(browser) as buyer,
    ):
        assert prices_shown(buyer.page, shop, made) == ["25.00", "35.00", "45.00"]
        page = staff.page
        sign_in(page, shop, made)
        page.get_by_role("link", name="Night").click()
        page.get_by_role("application").focus()
        for key in ("ArrowDown", "s"):
            page.keyboard.press(key)
        expect(page.get_by_text("140 chosen")).to_be_visible()
        page.get_by_label("What to do").select_option(label="Set to an amount")
        page.get_by_label("How much").fill("52,50")
        page.get_by_label("Reason").fill("Near the stage")
        page.get_by_role("button", name="Look at the difference").click()
        expect(page.get_by_text("€7,350.00")).to_be_visible()  # 140 × 52.50
        assert barriers(page) == []
        page.get_by_role("button", name="Change 140 prices").click()
        expect(page.get_by_text("140 places have a new price.")).to_be_visible()
        assert "52.50" in prices_shown(buyer.page, shop, made)
        page.get_by_role("link", name="Undo").click()
        expect(page.get_by_text("Given back")).to_be_visible()
        page.get_by_role("button", name="Undo").click()
        expect(page.get_by_text("140 places have their former price back.")).to_be_visible()
        assert prices_shown(buyer.page, shop, made) == ["25.00", "35.00", "45.00"]


def test_a_rule_is_written_tried_simulated_switched_on_and_paused(made, tmp_path):
    with site(tmp_path) as shop, chromium() as browser, reader(browser) as staff:
        page = staff.page
        sign_in(page, shop, made)
        page.goto(f"{shop.web.url}/admin/inventory/pricingrule/add/")
        page.get_by_label("Name").fill("Slow seats")
        page.get_by_label("Basis").select_option(label="Its present price")
        page.get_by_label("Change, %").fill("-10")
        page.get_by_label("Floor").fill("30")
        page.get_by_role("button", name="Save").click()
        page.get_by_role("link", name="Try on now").click()
        expect(page.get_by_text("held back, floor €30.00 lies above limit")).to_be_visible()
        page.go_back()
        page.get_by_role("link", name="Simulate").click()
        page.get_by_role("button", name="Simulate and keep").click()
        expect(page.get_by_text("at unchanged numbers sold")).to_be_visible()
        assert barriers(page) == []
        page.get_by_role("link", name="Switch on").click()
        page.get_by_role("button", name="Switch on").click()
        expect(page.get_by_text("works from its next turn on")).to_be_visible()
        assert run_pricing_rules() == 1
        page.reload()
        expect(page.get_by_text("Rule ‘Slow seats’")).to_be_visible()
        page.goto(f"{shop.web.url}/admin/inventory/pricingrule/")
        page.get_by_role("button", name="Pause all rules at once").click()
        expect(page.get_by_role("heading", name="All rules rest")).to_be_visible()
    with acting_for(made["agency"]["id"]):
        assert PricingRule.objects.get().last_run_at
        own = Event.objects.get().seats.order_by("ordinal").values_list("price", flat=True)
        assert {str(price) for price in own} == {"None", "40.500", "31.500"}
