"""Choosing places on the back office's map: with the pointer and with the keyboard."""

import pytest
from playwright.sync_api import expect

from config.tests import world
from config.tests.browser import barriers, chromium, reader, site
from config.tests.scenarios import house
from core.tenancy import acting_for
from inventory.models import Hold

pytestmark = pytest.mark.browser


@pytest.fixture
def made(committed_db):
    return house()


def sign_in(page, shop, made, address):
    page.goto(f"{shop.web.url}{address}")
    page.locator("#id_username").fill(made["staff"]["user"])
    page.locator("#id_password").fill(made["staff"]["password"])
    page.locator("#id_password").press("Enter")


def held(made):
    with acting_for(made["agency"]["id"]):
        hold = Hold.objects.order_by("-made_at").first()
        return list(hold.seats.values_list("ordinal", flat=True))


def at(page, ordinal):
    """Where a place of the plan is on the screen: found as the script finds it."""
    return page.evaluate(
        """async (ordinal) => {
          const root = document.querySelector("[data-choose]");
          const { decode } = await import(document.querySelector("script[src*='admin-select-map']").src
            .replace(/admin-select-map[^/]*\\.js/, "seatmap/geometry.js"));
          const geo = decode(await (await fetch(root.dataset.geometry)).arrayBuffer());
          const svg = root.querySelector("svg");
          svg.scrollIntoView({ block: "center" });
          const place = new DOMPoint(geo.xs[ordinal], geo.ys[ordinal]);
          const { x, y } = place.matrixTransform(svg.getScreenCTM());
          return [x, y];
        }""",
        ordinal,
    )


def test_places_are_chosen_with_the_pointer_and_with_the_keyboard(made, tmp_path):
    new = f"{world.address('inventory.hold', 'add')}?event={made['event']['id']}"
    with site(tmp_path) as shop, chromium() as browser, reader(browser) as staff:
        page = staff.page
        sign_in(page, shop, made, new)
        page.locator(".choose.is-ready").wait_for()
        count = page.locator("[data-choose-count]")
        chosen = page.locator("#id_places")
        expect(count).to_have_text("none chosen")
        # a seat, a row, a box of places, some of them taken away again
        page.mouse.click(*at(page, 0))
        expect(chosen).to_have_value("0")
        page.keyboard.down("Shift")
        page.mouse.click(*at(page, 25))
        page.keyboard.up("Shift")
        expect(chosen).to_have_value("0,20-39")
        (left, top), (right, bottom) = at(page, 41), at(page, 63)
        page.mouse.move(min(left, right) - 3, min(top, bottom) - 3)
        page.mouse.down()
        page.mouse.move(max(left, right) + 3, max(top, bottom) + 3, steps=4)
        page.mouse.up()
        expect(chosen).to_have_value("0,20-39,41-43,61-63")
        page.keyboard.down("Control")
        page.mouse.click(*at(page, 42))
        page.keyboard.up("Control")
        expect(count).to_have_text("26 chosen")
        # the keyboard alone
        page.mouse.click(*at(page, 0))
        page.get_by_role("button", name="Choose none").click()
        page.locator(".choose svg").focus()
        for key in ("Space", "Shift+ArrowRight", "Shift+ArrowRight"):
            page.keyboard.press(key)
        expect(chosen).to_have_value("0-2")
        expect(page.locator("[data-choose-at]")).to_have_text("A, row A, 3: chosen")
        page.keyboard.press("s")
        expect(count).to_have_text("200 chosen")
        page.keyboard.press("Escape")
        page.keyboard.press("r")
        expect(chosen).to_have_value("0-19")
        assert barriers(page) == []
        page.locator("#id_name").fill("The band")
        page.get_by_role("button", name="Hold these places").click()
        expect(page.get_by_text("20 places are held")).to_be_visible()
        assert barriers(page) == []
    assert held(made) == list(range(20))
