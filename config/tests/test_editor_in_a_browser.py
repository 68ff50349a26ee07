"""A layout is drawn, numbered, looked over and published in the back office, and a buyer sits in it."""

import re

import pytest
from PIL import Image
from playwright.sync_api import expect

from config.tests import world
from config.tests.browser import barriers, chromium, reader, site
from config.tests.scenarios import house
from core.tenancy import acting_for
from venues import drafts
from venues.generators import grid
from venues.models import Layout, LayoutDraft, LayoutSeat, Venue

pytestmark = pytest.mark.browser

DESK = {"width": 1440, "height": 900}
TABLET = {"width": 820, "height": 1100}
PHONE = {"width": 390, "height": 844}
PATIENCE = 30_000  # ms, for a large plan on a busy machine


@pytest.fixture
def made(committed_db):
    return house()


def open_drawing(page, shop, made, draft):
    """Signs in at the drawing page and waits for the plan."""
    path = f"/admin/venues/layoutdraft/{draft.pk}/draw/"
    page.goto(f"{shop.web.url}{path}")
    page.locator("#id_username").fill(made["staff"]["user"])
    page.locator("#id_password").fill(made["staff"]["password"])
    page.locator("#id_password").press("Enter")
    expect(page.get_by_text("Everything is saved")).to_be_visible(timeout=PATIENCE)


def in_plan(page, *points):
    """Points of the window from points within the plan."""
    box = page.get_by_role("application").bounding_box()
    return [(box["x"] + x, box["y"] + y) for x, y in points]


def drag(page, start, end):
    (ax, ay), (bx, by) = in_plan(page, start, end)
    page.mouse.move(ax, ay)
    page.mouse.down()
    page.mouse.move(bx, by, steps=4)
    page.mouse.up()


def click(page, *points, **how):
    for x, y in in_plan(page, *points):
        page.mouse.click(x, y, **how)


def says(page, words, begins=False):
    wanted = re.compile(f"^{words}") if begins else words
    expect(page.locator("[data-live]")).to_have_text(wanted, timeout=PATIENCE)


def lose_the_first_answer_to_a_save(page):
    """The server stores what it was sent; the page hears nothing of it."""

    def lost(route):
        route.fetch()
        route.abort()

    page.route("**/save/", lost, times=1)


def scanned(folder):
    """A plan on paper, as a file."""
    Image.new("RGB", (60, 40), "white").save(folder / "plan.png")
    return folder / "plan.png"


def draft_in(made, plan=None):
    with acting_for(made["agency"]["id"]):
        venue = Venue.objects.get()
        return drafts.start_draft(venue=venue, name="Studio", by=None, plan=plan)


def on_sale(layout):
    """An event laid out on it, all of whose places are owned and priced."""
    event = world.event_on_sale(layout, prices=[("Section", "40.00")])
    world.received_order(event, section="Section")
    return event


def take_the_seat_by_the_door(page, address):
    """The buyer's way from the map to the checkout."""
    page.goto(address)
    page.locator("#seatmap.is-ready").wait_for()
    page.get_by_role("link", name=re.compile("^Section, 20 seats left")).press("Enter")
    page.get_by_role("gridcell", name=re.compile("seat 39,.*By the door")).press("Space")
    basket = page.get_by_role("form", name="Your seats")
    expect(basket.locator("[data-basket-count]")).to_have_text("1 seat")
    basket.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("By the door")).to_be_visible()


def check_and_publish(page):
    page.get_by_role("button", name="Check").click()
    expect(page.get_by_text("Nothing is wrong with this plan.").first).to_be_visible()
    page.get_by_role("button", name="Publish…").click()
    assert barriers(page) == []
    page.get_by_role("button", name="Publish 20 places").click()
    expect(page.get_by_text("is published: 20 places.")).to_be_visible()


def test_a_row_is_drawn_looked_over_and_published_and_a_buyer_takes_a_seat_of_it(made, tmp_path):
    draft = draft_in(made)
    with (
        site(tmp_path) as shop,
        chromium() as browser,
        reader(browser, viewport=DESK) as staff,
        reader(browser) as buyer,
    ):
        page = staff.page
        open_drawing(page, shop, made, draft)
        page.get_by_role("application").focus()
        page.keyboard.press("r")
        drag(page, (150, 250), (500, 250))
        says(page, "20 seats selected")
        page.keyboard.press("v")
        drag(page, (110, 150), (162, 330))  # around its left end
        says(page, "1 seat selected")
        click(page, (150, 250), click_count=2)
        says(page, "20 seats selected")
        page.get_by_label("Degrees", exact=True).fill("40")
        page.keyboard.press("Tab")
        says(page, "1 row bent")
        numbers = page.locator("[data-form=numbers]")
        numbers.get_by_label("Scheme").select_option(label="1, 3, 5")
        numbers.get_by_label("From").select_option(label="Right to left")
        page.get_by_role("button", name="Number seats").click()
        says(page, "20 seats numbered")
        page.keyboard.press("Control+z")
        says(page, "Undone: 20 seats numbered")
        page.keyboard.press("Control+y")
        says(page, "Again: 20 seats numbered")

        page.get_by_role("application").focus()
        page.keyboard.press("v")
        drag(page, (110, 150), (162, 330))  # around its left end
        says(page, "1 seat selected")
        page.get_by_label("Type").select_option(label="Wheelchair space")
        page.get_by_label("Told to buyers").fill("By the door")
        page.keyboard.press("Tab")
        says(page, "1 seat described")
        page.get_by_role("button", name="Copy", exact=True).click()
        says(page, "1 seat copied")
        page.get_by_role("button", name="Delete", exact=True).click()
        says(page, "1 seat deleted")
        assert barriers(page) == []

        check_and_publish(page)

        with acting_for(made["agency"]["id"]):
            event = on_sale(Layout.objects.get(name="Studio"))
        take_the_seat_by_the_door(buyer.page, f"{shop.web.url}/events/{event.slug}/")
    with acting_for(made["agency"]["id"]):
        layout = Layout.objects.get(name="Studio")
        seats = list(LayoutSeat.objects.filter(layout=layout))
        assert [seat.label for seat in seats] == [str(39 - 2 * n) for n in range(20)]
        assert (seats[0].kind, seats[0].disclosure) == ("WHEELCHAIR", "By the door")
        assert max(seat.y for seat in seats) - min(seat.y for seat in seats) > 20
        assert not LayoutDraft.objects.exists()


def test_two_who_draw_at_once_one_of_them_by_keyboard_lose_nothing(made, tmp_path):
    draft = draft_in(made)
    with (
        site(tmp_path) as shop,
        chromium() as browser,
        reader(browser, viewport=DESK) as anna,
        reader(browser, viewport=TABLET) as ben,
    ):
        for someone in (anna, ben):
            open_drawing(someone.page, shop, made, draft)
        lose_the_first_answer_to_a_save(anna.page)
        anna.page.get_by_role("application").focus()
        anna.page.keyboard.press("a")
        click(anna.page, (100, 100), (300, 100), (300, 250), (100, 250), (100, 100))
        says(anna.page, "200 seats selected")
        anna.page.keyboard.press("v")
        drag(anna.page, (200, 250), (200, 300))  # an edge becomes a corner
        says(anna.page, "Corner 4 of 5", begins=True)
        for key, words in ((".", "Corner 5 of 5"), ("i", "Corner 6 of 6"), ("Delete", "Corner 5")):
            anna.page.keyboard.press(key)
            says(anna.page, words, begins=True)
        anna.page.keyboard.press("p")
        with anna.page.expect_file_chooser() as asked:
            anna.page.get_by_role("button", name="Choose a picture…").click()
        asked.value.set_files(scanned(tmp_path))
        says(anna.page, "The picture lies under the plan.")
        assert barriers(anna.page) == []
        anna.page.get_by_role("application").focus()
        anna.page.keyboard.press("Control+s")
        saved = anna.page.locator("[data-saved]")
        expect(saved).to_contain_text("Saved ", timeout=PATIENCE)
        assert any("ERR_FAILED" in words for words in anna.complaints)
        anna.complaints.clear()
        page = ben.page
        ben.tab_to(page.get_by_role("application"))
        for key in ("r", "Enter", *["ArrowRight"] * 9, "Enter"):
            page.keyboard.press(key)
        says(page, "20 seats selected")
        for key in ("ArrowDown", "Delete", "b", "Enter"):
            page.keyboard.press(key)
        says(page, "200 seats selected")
        page.keyboard.press("Control+s")
        expect(page.get_by_text("Your drawing is still here")).to_be_visible()
        assert barriers(page) == []
        ben.press(page.get_by_role("button", name="Keep mine as a draft of its own"))
        expect(page.get_by_role("heading", name="Studio (copy)").first).to_be_visible()
        assert all("409" in words for words in ben.complaints)
        ben.complaints.clear()
    with acting_for(made["agency"]["id"]):
        found = LayoutDraft.objects.order_by("name")
        kinds = [(d.name, d.places, d.plan["sections"][0]["kind"]) for d in found]
        assert kinds == [("Studio", 200, "STANDING"), ("Studio (copy)", 200, "SEATS")]
        assert [d.tracings.count() for d in found] == [1, 1]
        assert len(found[0].plan["sections"][0]["outline"]) == 5


def test_fifty_thousand_seats_are_moved_and_a_phone_shows_them(made, tmp_path):
    big = grid([{"name": f"{n}", "rows": 25, "seats": 40} for n in range(50)])
    draft = draft_in(made, big)
    with (
        site(tmp_path) as shop,
        chromium() as browser,
        reader(browser, viewport=DESK) as staff,
        reader(browser, viewport=PHONE) as phone,
    ):
        page = staff.page
        open_drawing(page, shop, made, draft)
        page.get_by_role("application").focus()
        page.keyboard.press("Control+a")
        says(page, "50,000 seats, STAGE selected")
        page.keyboard.press("ArrowRight")
        says(page, "50,000 seats, STAGE moved")
        page.keyboard.press("Control+z")
        says(page, "Undone: 50,000 seats, STAGE moved")
        page = phone.page
        open_drawing(page, shop, made, draft)
        expect(page.get_by_text("50,000 places")).to_be_visible()
        expect(page.get_by_text("Drawing needs a larger screen")).to_be_visible()
        expect(page.get_by_role("button", name="Row R")).to_be_hidden()
        assert barriers(page) == []
