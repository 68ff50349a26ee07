"""Stories of buyers, told through the pages in a real browser."""

import re

import pypdfium2
import pytest
import zxingcpp
from playwright.sync_api import expect

from config.tests.browser import COLOURS, DESK, PHONE, barriers, chromium, reader, site
from config.tests.world import fee
from core.tenancy import acting_for
from events.models import Event
from inventory.models import EventSeat
from tickets.models import Ticket

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser():
    with chromium() as running:
        yield running


@pytest.fixture
def world(committed_db, made_house):
    """A house whose seller takes 6 %: whoever adds fees later than the next page is found out."""
    made = made_house
    with acting_for(made["agency"]["id"]):
        fee(percent=6)
    return made


@pytest.fixture
def shop(world, tmp_path):
    with site(tmp_path) as running:
        yield running


def test_control_a_page_that_breaks_the_content_policy_is_heard(browser):
    page = "<!doctype html><title>Broken</title><p style='color: red'>Broken</p>"
    policy = {"Content-Security-Policy": "default-src 'self'", "Content-Type": "text/html"}

    def look():
        with reader(browser) as someone:
            someone.page.route("**/*", lambda route: route.fulfill(body=page, headers=policy))
            someone.page.goto("http://shop.example/")

    with pytest.raises(AssertionError, match="Content Security Policy"):
        look()


def address(shop, world, path=""):
    return f"{shop.web.url}/events/{world['event']['slug']}/{path}"


def give_contact(page):
    page.get_by_label("Name").fill("Noor Vance")
    page.get_by_label("E-mail").fill("noor@post.example")


def pay(page):
    """From the checkout over the provider's page to the tickets."""
    page.get_by_role("button", name="Pay €").click()
    page.get_by_role("button", name="Pay €").click()
    expect(page.get_by_text("Paid and confirmed")).to_be_visible()


def hold(page, *seats):
    """On the page of a section: ticks the seats and goes to the checkout, or to the refusal."""
    for seat in seats:
        page.get_by_label(f"Row A, seat {seat}, ").check()
    page.get_by_role("button", name=re.compile(r"^Hold (the ticked )?seats$")).click()


def codes_in(pdf):
    pages = [page.render(scale=3).to_pil() for page in pypdfium2.PdfDocument(pdf)]
    return [found.text for page in pages for found in zxingcpp.read_barcodes(page)]


def test_a_buyer_takes_two_seats_on_the_map_pays_and_is_admitted_once(browser, shop, world):
    with reader(browser) as buyer:
        page = buyer.page
        page.goto(f"{shop.web.url}/")
        page.get_by_role("link", name="Night").first.click()
        page.locator("#seatmap.is-ready").wait_for()
        page.get_by_role("link", name=re.compile("^Section A, 200 seats left")).press("Enter")
        page.keyboard.press("Space")  # the first seat by key, its neighbour with the mouse
        neighbour = page.get_by_role("gridcell", name=re.compile("seat 2,")).bounding_box()
        middle = [neighbour[a] + neighbour[b] / 2 for a, b in (("x", "width"), ("y", "height"))]
        page.mouse.click(*middle)
        basket = page.get_by_role("form", name="Your seats")
        expect(basket.locator("[data-basket-count]")).to_have_text("2 seats")
        expect(basket.locator("[data-basket-total]")).to_have_text("€95.40")
        basket.get_by_role("button", name="Continue").click()

        expect(page.get_by_text("€95.40").first).to_be_visible()
        give_contact(page)
        pay(page)
        expect(page.get_by_role("article")).to_have_count(2)
        with page.expect_download() as download:
            page.get_by_role("link", name="PDF", exact=True).click()
        codes = codes_in(download.value.path())

    mails = shop.drain()
    assert [mail["to"] for mail in mails] == ["noor@post.example"]
    [attached] = mails[0].iter_attachments()
    assert codes_in(attached.get_content()) == codes
    assert len(set(codes)) == 2
    gate = shop.web.client(world["tokens"]["gate"])
    verdicts = [
        gate.post("/api/v1/tickets/scan", {"code": code})[1]["verdict"]
        for code in (codes[0], codes[0], codes[1])
    ]
    assert verdicts == ["admitted", "duplicate", "admitted"]


def test_without_javascript_or_mouse_the_list_leads_to_the_same_tickets(browser, shop, world):
    with reader(browser, java_script_enabled=False) as buyer:
        page = buyer.page
        page.goto(f"{shop.web.url}/")
        buyer.press(page.get_by_role("link", name="Night").first)
        buyer.press(page.get_by_role("link", name="Choose from a list").first)
        buyer.press(page.get_by_role("link", name="Section B"))
        buyer.press(page.get_by_label("Row A, seat 1, "), "Space")
        buyer.press(page.get_by_label("Row A, seat 2, "), "Space")
        page.keyboard.press("Enter")  # of any box: nobody has to walk past the other 198
        buyer.tab_to(page.get_by_label("Name"))
        page.keyboard.type("Noor Vance")
        buyer.tab_to(page.get_by_label("E-mail"))
        page.keyboard.type("noor@post.example")
        buyer.press(page.get_by_role("button", name="Pay €74.20"))
        buyer.press(page.get_by_role("button", name="Pay €74.20"))
        expect(page.get_by_text("Paid and confirmed")).to_be_visible()
        expect(page.get_by_role("article")).to_have_count(2)
    with acting_for(world["agency"]["id"]):
        assert set(Ticket.objects.values_list("section", "status")) == {("B", "CONFIRMED")}


def test_by_keyboard_alone_the_map_and_its_words_lead_to_the_same_tickets(browser, shop, world):
    with reader(browser) as buyer:
        page = buyer.page
        page.goto(address(shop, world))
        page.locator("#seatmap.is-ready").wait_for()
        said = page.locator("#seatmap").get_by_role("status")
        buyer.press(page.get_by_role("link", name="Section A, 200 seats left, from €47.70"))
        grid = page.get_by_role("grid", name="Section A")
        expect(grid.get_by_role("gridcell", name="Row A, seat 1, €47.70, free")).to_be_focused()
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowDown")
        expect(grid.get_by_role("gridcell", name="Row B, seat 2, €47.70, free")).to_be_focused()
        page.keyboard.press("Space")
        expect(said).to_contain_text("Section A, row B, seat 2 added. 1 chosen, €47.70.")
        mine = grid.get_by_role("gridcell", name="Row B, seat 2, €47.70, yours")
        expect(mine).to_have_attribute("aria-selected", "true")
        page.keyboard.press("Escape")
        expect(page.get_by_role("link", name=re.compile("^Section A, "))).to_be_focused()
        best = page.get_by_role("form", name="Best seats together")
        buyer.press(best.get_by_label("Near the seat I chose"), "Space")
        buyer.press(best.get_by_role("button", name="Hold the best seats"))
        buyer.tab_to(page.get_by_label("Name"))
        page.keyboard.type("Noor Vance")
        buyer.tab_to(page.get_by_label("E-mail"))
        page.keyboard.type("noor@post.example")
        buyer.press(page.get_by_role("button", name="Pay €95.40"))
        buyer.press(page.get_by_role("button", name="Pay €95.40"))
        expect(page.get_by_text("Paid and confirmed")).to_be_visible()
    with acting_for(world["agency"]["id"]):
        rows = set(Ticket.objects.values_list("section", "row", "status"))
    assert len(rows) == 1
    [(section, row, status)] = rows
    assert (section, status) == ("A", "CONFIRMED")
    assert row in "ABCD"


def test_a_gap_is_hinted_on_the_map_and_refused_with_the_choice_kept(browser, shop, world):
    with acting_for(world["agency"]["id"]):
        Event.objects.update(split_rule="NO_SINGLES")
    with reader(browser) as buyer:
        page = buyer.page
        page.goto(address(shop, world))
        page.locator("#seatmap.is-ready").wait_for()
        page.get_by_role("link", name=re.compile("^Section A,")).press("Enter")
        for key in ("ArrowRight", "Space", "ArrowRight", "Space"):
            page.keyboard.press(key)
        basket = page.get_by_role("form", name="Your seats")
        expect(basket.get_by_role("status")).to_have_text(
            "Section A, row A, seat 1 would be left so that nobody could take it."
        )
        basket.get_by_role("button", name="Continue").click()
        notice = page.get_by_role("alert")
        expect(notice).to_contain_text("would leave Section A, row A, seat 1 on its own")
        expect(basket.get_by_role("listitem")).to_have_count(2)
        expect(page.locator(".seatmap__title")).to_have_text("Section A")  # where the seats are
        notice.get_by_role("button", name="Take ").click()
        expect(page).to_have_url(re.compile("/checkout/"))


def test_without_javascript_the_best_of_a_section_are_one_press_away(browser, shop, world):
    with reader(browser, java_script_enabled=False) as buyer:
        page = buyer.page
        page.goto(address(shop, world, "seats/"))
        page.get_by_label("How many together").select_option("3")
        page.get_by_role("button", name="Show sections").click()
        page.get_by_role("link", name="Section B").click()
        groups = page.get_by_role("region", name="The best 3 side by side in this section")
        expect(groups.get_by_role("button")).to_have_count(3)
        page.get_by_label("Row J, seat 20, ").check()
        page.get_by_role("button", name="Hold the best 3 near the ticked seat").click()
        expect(page.get_by_role("button", name="Pay €111.30")).to_be_visible()
    with acting_for(world["agency"]["id"]):
        rows = set(Ticket.objects.values_list("section", "row"))
    assert {section for section, _ in rows} == {"B"}
    assert {row for _, row in rows} <= set("GHIJ")


def test_a_kind_of_night_is_shown_at_one_tap_and_the_way_back_works(browser, shop, world):
    with reader(browser, viewport=PHONE) as visitor:
        page = visitor.page
        page.goto(f"{shop.web.url}/")
        page.get_by_label("Comedy").click()
        expect(page.get_by_text("No comedy.")).to_be_visible()
        expect(page).to_have_url(re.compile("kind=COMEDY"))
        page.get_by_role("link", name=re.compile("^All kinds")).click()
        expect(page.get_by_role("link", name="Night").first).to_be_visible()
        page.go_back()
        expect(page.get_by_text("No comedy.")).to_be_visible()
        page.go_back()
        expect(page.get_by_role("link", name="Night").first).to_be_visible()


def somebody_takes(shop, world, *seats):
    rival = shop.web.client(world["tokens"]["buyer"])
    wish = {"event": world["event"]["id"], "seats": list(seats)}
    assert rival.post("/api/v1/bookings", wish)[0] == 201


@pytest.mark.parametrize("has_script", [True, False])
def test_a_lost_seat_is_named_and_one_click_takes_one_as_good(browser, shop, world, has_script):
    with reader(browser, java_script_enabled=has_script) as buyer:
        page = buyer.page
        page.goto(address(shop, world, "seats/0/"))
        somebody_takes(shop, world, 1)
        hold(page, 1, 2)
        notice = page.get_by_role("alert")
        expect(notice).to_contain_text("row A, seat 2 has just been taken")
        expect(notice).to_contain_text("nothing was charged")
        expect(page.get_by_label("Row A, seat 1, ")).to_be_checked()
        expect(notice.get_by_role("button", name="Take ")).to_have_count(3)
        offered = notice.get_by_role("button", name="Take ").first
        wanted = re.search(r"row (\w+), seats (\w+)", offered.get_attribute("aria-label"))
        offered.click()
        expect(page).to_have_url(re.compile("/checkout/"))
        row, seat = wanted.groups()
        expect(page.get_by_role("listitem").filter(has_text="Row")).to_have_count(2)
        taken = page.get_by_role("listitem").filter(has_text="Row").first
        expect(taken).to_contain_text(re.compile(rf"Row\s*{row}\s*Seat\s*{seat}"))


def test_a_seat_lost_on_the_map_keeps_the_others_in_the_basket(browser, shop, world):
    with reader(browser) as buyer:
        page = buyer.page
        houseful = page.request.get(f"{shop.web.url}/api/v1/events/{world['event']['id']}/status")
        page.route("**/status?*", lambda route: route.fulfill(body=houseful.body()))  # stays stale
        page.goto(address(shop, world))
        page.locator("#seatmap.is-ready").wait_for()
        page.get_by_role("link", name=re.compile("^Section A,")).press("Enter")
        for key in ("Space", "ArrowRight", "Space"):
            page.keyboard.press(key)
        somebody_takes(shop, world, 0)
        page.unroute("**/status?*")
        page.get_by_role("form", name="Your seats").get_by_role("button", name="Continue").click()
        expect(page.get_by_role("alert")).to_contain_text("row A, seat 1 has just been taken")
        expect(page.locator("#seatmap.is-ready")).to_be_visible()
        lines = page.get_by_role("form", name="Your seats").get_by_role("listitem")
        expect(lines).to_have_count(1)


def test_back_leads_through_a_refusal_and_an_unfinished_payment_to_the_tickets(
    browser, shop, world
):
    with reader(browser) as buyer:
        page = buyer.page
        page.goto(address(shop, world, "seats/0/"))
        hold(page)
        expect(page.get_by_role("alert")).to_contain_text("Choose at least one seat first.")
        hold(page, 1, 2)
        expect(page.get_by_role("heading", name="Details and payment")).to_be_visible()
        page.go_back()
        expect(page.get_by_role("alert")).to_contain_text("Choose at least one seat first.")
        page.go_forward()
        page.get_by_label("Name").fill("Noor Vance")
        page.get_by_label("E-mail").fill("noor")
        page.get_by_role("button", name="Pay €").click()
        expect(page.get_by_role("alert")).to_contain_text("does not look like an e-mail")
        expect(page.get_by_label("Name")).to_have_value("Noor Vance")
        page.get_by_label("E-mail").fill("noor@post.example")
        page.get_by_role("button", name="Pay €").click()
        expect(page.get_by_role("heading", name="Pay Load")).to_be_visible()
        page.go_back()
        expect(page.get_by_role("heading", name="Details and payment")).to_be_visible()
        page.go_forward()
        page.get_by_role("link", name="Cancel and go back").click()
        notice = page.get_by_role("status").filter(has_text="not heard of a payment")
        expect(notice).to_contain_text(
            "you cannot be charged twice. The seats are kept for you until"
        )
        expect(page.get_by_role("alert")).to_have_count(0)
        notice.get_by_role("button", name="Continue to payment").click()
        page.get_by_role("button", name="Pay €").click()
        expect(page.get_by_text("Paid and confirmed")).to_be_visible()


def test_choose_seats_lands_at_the_map_on_a_phone(browser, shop, world):
    with reader(browser, viewport=PHONE) as buyer:
        page = buyer.page
        page.goto(address(shop, world))
        page.locator("#seatmap.is-ready").wait_for()
        page.get_by_role("link", name="Choose seats").click()
        assert 0 <= page.locator(".seatmap__box").bounding_box()["y"] < 60
        assert page.locator(".seatmap__stage").bounding_box()["y"] < PHONE["height"] / 3


def test_the_map_fits_the_window_and_a_section_that_is_clicked_the_map(browser, shop, world):
    with reader(browser, viewport={"width": 1440, "height": 900}) as buyer:
        page = buyer.page
        page.goto(address(shop, world))
        page.locator("#seatmap.is-ready").wait_for()
        page.locator(".seatmap__box").scroll_into_view_if_needed()
        stage = page.locator(".seatmap__stage").bounding_box()
        assert stage["height"] <= 0.7 * 900
        section = page.get_by_role("link", name=re.compile("^Section A,"))
        section.click()
        expect(page.get_by_role("button", name="All sections")).to_be_visible()
        page.wait_for_timeout(400)  # the glide
        outline = section.locator("path").bounding_box()
        for start, length in (("x", "width"), ("y", "height")):
            assert outline[start] >= stage[start] - 1
            assert outline[start] + outline[length] <= stage[start] + stage[length] + 1


def test_a_tip_over_a_seat_goes_with_escape(browser, shop, world):
    with reader(browser) as buyer:
        page = buyer.page
        page.goto(address(shop, world))
        page.locator("#seatmap.is-ready").wait_for()
        tip = page.locator(".seatmap__tip")
        page.get_by_role("link", name=re.compile("^Section A,")).press("Enter")
        expect(tip).to_contain_text("seat 1,")
        page.keyboard.press("Escape")
        expect(tip).to_be_hidden()
        expect(page.get_by_role("link", name=re.compile("^Section A,"))).to_be_focused()
        page.get_by_role("link", name=re.compile("^Section B,")).hover()
        expect(tip).to_be_visible()
        page.keyboard.press("Escape")
        expect(tip).to_be_hidden()


def test_when_the_time_is_over_the_page_says_so_and_the_seats_are_free(browser, world, tmp_path):
    with site(tmp_path, RESERVATION_TTL_SECONDS="3") as shop, reader(browser) as buyer:
        page = buyer.page
        page.goto(address(shop, world, "seats/0/"))
        hold(page, 1, 2)
        expect(page.get_by_text("Held 0:0")).to_be_visible()
        expect(page.get_by_role("alert")).to_contain_text("The time for these seats ended")
        expect(page.get_by_role("alert")).to_contain_text("Nothing was charged")
        shop.drain()
        with acting_for(world["agency"]["id"]):
            assert not EventSeat.objects.exclude(status="AVAILABLE").exists()
        page.get_by_role("button", name="Hold the same seats again").click()
        expect(page.get_by_role("button", name="Pay €95.40")).to_be_visible()


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_axe_finds_no_barrier_on_any_page_light_or_dark(browser, shop, world, size):
    with reader(browser, viewport=size, bypass_csp=True) as buyer:
        page, found = buyer.page, {}

        def look_at(name, path=None):
            if path is not None:
                page.goto(f"{shop.web.url}{path}")
            page.wait_for_load_state()
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
            page.emulate_media(color_scheme="dark")
            found[name, "dark"] = barriers(page, rules=COLOURS)
            page.emulate_media(color_scheme="light")
            found[name, "light"] = barriers(page)

        event = f"/events/{world['event']['slug']}/"
        for name, path in PAGES.items():
            look_at(name, path.format(event=event))
        page.goto(f"{shop.web.url}{event}")
        page.locator("#seatmap.is-ready").wait_for()
        look_at("event")
        page.goto(f"{shop.web.url}{event}seats/0/")
        hold(page, 1, 2)
        look_at("checkout")
        page.get_by_role("button", name="Pay €").click()
        look_at("checkout with errors")
        give_contact(page)
        pay(page)
        look_at("tickets")
        page.get_by_role("link", name="Names on the tickets").click()
        page.get_by_label("Name").first.fill("")
        page.get_by_role("button", name="Save the names").click()
        expect(page.get_by_text("Please enter who comes to").first).to_be_visible()
        look_at("names with errors")
        page.goto(f"{shop.web.url}/find-booking/")
        page.get_by_label("E-mail").fill("noor@post.example")
        page.get_by_role("button", name="Send me the link").click()
        look_at("link sent")
        mail = shop.drain()[-1].get_body(["plain"]).get_content()
        page.goto(re.search(r"https?://\S+/mine/\S+", mail).group())
        look_at("mine")
        page.get_by_label("Name").fill("")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("Please enter your name.").first).to_be_visible()
        look_at("mine with errors")
        assert {place: rules for place, rules in found.items() if rules} == {}


PAGES = {
    "home": "/",
    "nothing found": "/?q=harpsichord",
    "list of sections": "{event}seats/",
    "sections for a party": "{event}seats/?party=4&order=price",
    "no such section": "{event}seats/?party=100",
    "section": "{event}seats/0/",
    "section for a party": "{event}seats/0/?party=4",
    "standing": "{event}seats/2/",
    "find": "/find-booking/",
    "help": "/help/",
    "404": "/no-such-page/",
    "gate": "/gate/",
}
