"""The buyer's map of real houses: a theatre on three floors, a club with tables, an arena on a slow
phone, and a stadium of 100,000 places."""

import re
from contextlib import contextmanager
from decimal import Decimal

import pytest
from playwright.sync_api import expect

from config import scenario
from config.tests.browser import barriers, chromium, reader, site
from config.tests.scenarios import HOUSE
from core.tenancy import acting_for
from events.models import Event
from inventory.models import EventSeat
from inventory.pricing.writing import price_stamp, stamp_prices

pytestmark = pytest.mark.browser

PHONE = {"viewport": {"width": 390, "height": 700}, "has_touch": True, "is_mobile": True}
SLOWER = 4  # a phone's processor


@pytest.fixture(scope="module")
def browser():
    with chromium() as running:
        yield running


@contextmanager
def open_map(browser, tmp_path, levels, *, slower=1, context=None, **house):
    """(page, world) of the event page of a house of that kind, with its map on it. `levels` are
    {price level: sections}."""
    world = scenario.load(
        {
            "agency": HOUSE["agency"],
            "venue": {"name": "House", **house},
            "event": {
                "title": "Night",
                "levels": [
                    {"name": name, "sections": sections, "price": f"{60 - 10 * n}.00"}
                    for n, (name, sections) in enumerate(levels.items())
                ],
            },
        }
    )
    with site(tmp_path) as shop, reader(browser, **(context or {})) as buyer:
        page = buyer.page
        session = page.context.new_cdp_session(page)
        session.send("Emulation.setCPUThrottlingRate", {"rate": slower})
        page.goto(f"{shop.web.url}/events/{world['event']['slug']}/")
        page.locator("#seatmap.is-ready").wait_for()
        yield page, world


THEATRE = {
    "Stalls": ["Stalls", "Boxes left", "Boxes right"],
    "Circle": ["Dress circle"],
    "Balcony": ["Balcony"],
}


def section(page, name):
    return page.get_by_role("link", name=re.compile(f"^{name},"))


def test_a_theatre_is_looked_at_floor_by_floor(committed_db, browser, tmp_path):
    with open_map(browser, tmp_path, THEATRE, house="theatre") as (page, _):
        floors = page.get_by_role("group", name="Floor")
        expect(floors.get_by_role("button")).to_have_text(
            ["All floors", "Main floor", "First", "Second"]
        )
        expect(section(page, "Stalls")).to_be_visible()
        # what is unticked is dimmed in the list as well, and the form does not take it
        page.locator("[data-level='1']").uncheck()
        expect(page.locator("#list .is-dim")).to_have_count(3)
        expect(page.locator("#best-level option:checked")).to_have_text("Any of those ticked")
        expect(page.locator("#best-level")).to_have_value(":50")
        page.locator("[data-level='1']").check()
        expect(page.locator("#best-level")).to_have_value("")
        floors.get_by_role("button", name="Second").click()
        expect(page.locator("#best-section option:checked")).to_have_text("Balcony")
        expect(floors.get_by_role("button", name="Second")).to_have_attribute(
            "aria-pressed", "true"
        )
        expect(page.get_by_role("link", name=re.compile("left, from"))).to_have_count(1)
        assert barriers(page) == []
        # the ends of the first rows up there look past a rail: told before and after it is chosen
        section(page, "Balcony").press("Enter")
        expect(page.locator(".seatmap__tip")).to_contain_text("restricted view")
        page.keyboard.press("Space")
        line = page.get_by_role("form", name="Your seats").get_by_role("listitem")
        expect(line).to_contain_text("restricted view")
        floors.get_by_role("button", name="All floors").click()
        expect(section(page, "Stalls")).to_be_visible()
        expect(line).to_have_count(1)


def look_again_until(page, place, words, times=10):
    """Somebody leaves the page and comes back until it says so: answers are shared for some seconds."""
    for _ in range(times):
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        page.wait_for_timeout(1000)
        if place.text_content() == words:
            break
    expect(place).to_have_text(words)


def test_an_open_page_follows_a_change_of_prices(committed_db, browser, tmp_path):
    with open_map(browser, tmp_path, THEATRE, house="theatre") as (page, world):
        section(page, "Stalls").press("Enter")
        page.keyboard.press("Space")
        total = page.get_by_role("form", name="Your seats").locator("[data-basket-total]")
        expect(total).to_have_text("€60.00")
        chosen = int(page.locator("input[name=seat]").first.input_value())
        with acting_for(world["agency"]["id"]):
            event = Event.objects.get()
            assert EventSeat.objects.filter(ordinal=chosen).update(price=Decimal(72)) == 1
            stamp_prices(event.pk)
            assert price_stamp(event.pk)
        look_again_until(page, total, "€72.00")
        expect(page.get_by_role("status").filter(has_text="A price has changed")).to_be_visible()
        expect(page.locator("[data-level-price='1']")).to_have_text("€60.00–€72.00")


def test_a_club_has_its_tables_and_places_to_stand(committed_db, browser, tmp_path):
    levels = {"Floor": ["Floor"], "Balcony": ["Balcony", "Balcony tables"]}
    with open_map(browser, tmp_path, levels, house="club") as (page, _):
        section(page, "Balcony tables").press("Enter")
        page.keyboard.press("Space")
        line = page.get_by_role("form", name="Your seats").get_by_role("listitem")
        expect(line).to_contain_text("Table 1")
        page.keyboard.press("Escape")
        section(page, "Floor").press("Enter")
        sheet = page.get_by_role("group", name="Floor").filter(has_text="600 places left")
        expect(sheet.locator("output")).to_have_text("1")
        sheet.get_by_role("button", name="One more").press("Enter")
        expect(sheet.locator("output")).to_have_text("2")
        assert barriers(page) == []


TABLES = """async () => {
  const { tableOf } = await import("/static/js/seatmap/geometry.js");
  const chairs = { box: [0, 0, 60, 60] };
  const drawn = { kind: "circle", box: [20, 20, 40, 40] };
  return [tableOf({ shapes: [] }, chairs), tableOf({ shapes: [drawn] }, chairs)];
}"""


def test_a_table_that_the_drawing_lacks_stands_among_its_chairs(committed_db, browser, tmp_path):
    with open_map(browser, tmp_path, {"All": ["Floor"]}, house="club") as (page, _):
        assert page.evaluate(TABLES) == [{"x": 30, "y": 30, "rx": 17.6, "ry": 17.6}, None]


def tap_until_chosen(page, target):
    """Taps one spot again and again: the map comes nearer until a tap takes the seat there."""
    chosen = page.get_by_role("complementary", name="Chosen seats")
    page.locator(".seatmap__box").scroll_into_view_if_needed()
    box = target.locator("path").bounding_box()
    spot = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    for _ in range(4):
        if chosen.is_visible():
            break
        page.touchscreen.tap(*spot)
        page.wait_for_timeout(300)  # two taps at once would be another gesture
        stage = page.locator(".seatmap__stage").bounding_box()
        spot = stage["x"] + stage["width"] / 2, stage["y"] + stage["height"] / 2
    expect(chosen).to_contain_text("1 seat")


def test_an_arena_is_bought_from_on_a_slow_phone(committed_db, browser, tmp_path):
    rings = {"Lower ring": [str(n) for n in range(101, 117)]}
    house = {"house": "arena", "places": 4_000, "context": PHONE, "slower": SLOWER}
    with open_map(browser, tmp_path, rings, **house) as (page, _):
        spaces = page.get_by_role("button", name="Wheelchair spaces")
        spaces.click()
        expect(spaces).to_have_attribute("aria-pressed", "true")
        told = page.get_by_role("status").filter(has_text="wheelchair spaces left")
        expect(told).to_be_visible()
        expect(page.get_by_label("One wheelchair space")).to_be_checked()
        page.get_by_role("group", name="Area").get_by_role("button", name="Lower ring").click()
        expect(page.get_by_role("link", name=re.compile("^Section 1.*left, from"))).to_have_count(
            16
        )
        expect(page.get_by_role("link", name="All 16 sections")).to_have_attribute(
            "href", re.compile(r"zone=Lower\+ring")
        )
        expect(page.locator("#list tbody tr")).to_have_count(4)  # with wheelchair spaces
        spaces.click()
        expect(page.locator("#list tbody tr")).to_have_count(16)
        assert barriers(page) == []
        tap_until_chosen(page, section(page, "Section 109"))
        expect(page.get_by_role("button", name="All sections")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.get_by_role("complementary", name="Chosen seats").get_by_role("button").click()
        expect(page.get_by_role("heading", name="Details and payment")).to_be_visible()


@pytest.mark.soak
@pytest.mark.parametrize("look", [{}, {"context": PHONE, "slower": SLOWER}], ids=["desk", "phone"])
def test_a_stadium_of_a_hundred_thousand_is_bought_from(committed_db, browser, tmp_path, look):
    levels = {
        "Field": ["Field"],
        "Lower tier": [str(n) for n in range(101, 135)],
        "Middle tier": [str(n) for n in range(201, 251)],
        "Upper tier": [str(n) for n in range(301, 373)],
    }
    house = {"house": "stadium", "places": 100_000, **look}
    with open_map(browser, tmp_path, levels, **house) as (page, _):
        assert page.evaluate("document.querySelectorAll('#seatmap *').length") < 1_000
        assert barriers(page) == []
        section(page, "Section 301").press("Enter")
        expect(page.locator(".seatmap__about")).to_contain_text("View from here: High up")
        page.keyboard.press("Space")
        line = page.get_by_role("form", name="Your seats").get_by_role("listitem")
        expect(line).to_contain_text("301")
        page.get_by_role("group", name="Floor").get_by_role("button", name="Lower tier").click()
        expect(section(page, "Section 301")).to_have_count(0)
        section(page, "Section 101").press("Enter")
        page.keyboard.press("Space")
        expect(line).to_have_count(2)
