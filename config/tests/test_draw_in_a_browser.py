"""Two fans register, one with and one without JavaScript; the lot falls; both buy in the presale, and
who was not drawn cannot."""

import os
import re
from itertools import count
from pathlib import Path

import pytest
from playwright.sync_api import expect

from config.tests.browser import COLOURS, PHONE, barriers, chromium, reader, site
from config.tests.drawing import HOUR, LOTTO, later, open_draw, people, somebody
from config.tests.presaling import not_on_sale_yet, presale
from config.tests.scenarios import house
from config.tests.world import of
from core.tenancy import acting_for
from customers import draws
from events.models import Event
from promotions.models import Use

pytestmark = pytest.mark.browser
NOOR, TOMAS, IDA = "noor@post.example", "tomas@post.example", "ida@post.example"
SHOTS = os.environ.get("DRAW_SHOTS")


def link_to(mails, email, part):
    """The newest link to such a page in the mails of somebody."""
    bodies = [mail.get_body(["plain"]).get_content() for mail in mails if mail["To"] == email]
    return re.findall(rf"https?://\S*{part}\S*", "\n".join(bodies))[-1]


def fits(page, name):
    """No barrier in either scheme, nothing beside a phone."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert not barriers(page, None if scheme == "light" else COLOURS), (name, scheme)
        for width in (390, 1440) if SHOTS else ():
            page.set_viewport_size({"width": width, "height": 844})
            page.screenshot(path=Path(SHOTS) / f"{name}-{width}-{scheme}.png", full_page=True)
    page.set_viewport_size(PHONE)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name


def registers(fan, shop, event, email):
    page = fan.page
    page.goto(f"{shop.web.url}/events/{event.slug}/")
    page.get_by_label("Your e-mail").fill(email)
    fan.press(page.get_by_role("button", name="Register"))
    expect(page.get_by_role("status")).to_contain_text("Look into your mail.")
    page.goto(link_to(shop.drain(), email, "/draws/"))
    fan.press(page.get_by_role("button", name="Enter the draw"))
    expect(page.get_by_role("heading", name="You are in the draw.")).to_be_visible()
    return page.get_by_role("heading", level=1).inner_text().split()[-1]


def comes_in(fan, shop, email):
    """From the mail that says what became of him into the presale."""
    page = fan.page
    page.goto(link_to(shop.drain(), email, "/draws/[^/]*/mine/"))
    expect(
        page.get_by_role("heading", name=re.compile("^You are drawn: place [12] of 3"))
    ).to_be_visible()
    fan.press(page.get_by_role("button", name="Mail me the way in"))
    expect(page.get_by_text("Look into your mail.")).to_be_visible()
    page.goto(link_to(shop.drain(), email, "/presale/"))
    expect(page.get_by_role("heading", name="You are in: Fan club.")).to_be_visible()


def looks_at_the_draw(fan, page, number):
    fan.page.goto(page)
    fan.page.get_by_label("Find a number").fill(number.lower())
    fan.press(fan.page.get_by_role("button", name="Find it"))
    expect(fan.page.get_by_role("status")).to_contain_text(f"{number} has place")
    fan.page.get_by_text("Check it yourself, in Python").click()
    fits(fan.page, "drawn")


def buys_on_the_map(fan):
    page = fan.page
    page.locator("#seatmap.is-ready").wait_for()
    page.get_by_role("link", name=re.compile("^Section B, ")).press("Enter")
    page.keyboard.press("Space")
    page.get_by_role("form", name="Your seats").get_by_role("button", name="Continue").click()
    page.get_by_role("heading", name="Details and payment").wait_for()


def buys_from_the_list(fan):
    page = fan.page
    fan.press(page.get_by_role("link", name="Choose from a list").first)
    fan.press(page.get_by_role("link", name="Section A"))
    fan.press(page.get_by_label("Row A, seat 1, "), "Space")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Details and payment").wait_for()


def is_told_kindly_and_stays_out(fan, shop, event, email):
    page = fan.page
    page.goto(link_to(shop.drain(), email, "/draws/[^/]*/mine/"))
    words = page.get_by_role("heading", name="Not drawn this time: place 3 of 3.")
    expect(words).to_be_visible()
    page.goto(f"{shop.web.url}/events/{event.slug}/")
    before = len(shop.drain())
    page.get_by_label("Invited without a code? Your e-mail").fill(email)
    fan.press(page.get_by_role("button", name="Mail me the link"))
    assert len(shop.drain()) == before


def draws_without(draw, event, loser):
    """The lot falls so that this number has the last place; the list is given to a presale."""
    draw.refresh_from_db()
    later(draw, 4 * HOUR)
    values = (f"{first} 501 502 503 504 505" for first in count())
    numbers = draws.numbers_of(draw)
    value = next(each for each in values if draws.order_of(each, numbers)[-1] == loser)
    draws.type_value(draw.pk, typed=value, by=somebody())
    presale(event, "", lists=[draw.buyers_id])


def test_fans_register_are_drawn_and_buy_in_the_presale(committed_db, tmp_path):
    made = house()
    with acting_for(made["agency"]["id"]):
        event = not_on_sale_yet(Event.objects.get(), 24 * HOUR)
        draw = open_draw(
            event, places=2, source_highest=999, source_url="https://loterie.example/lotto"
        )
    with (
        site(tmp_path) as shop,
        chromium() as browser,
        reader(browser, viewport=PHONE, bypass_csp=True) as noor,
        reader(browser, viewport=PHONE, java_script_enabled=False) as tomas,
        reader(browser, viewport=PHONE, java_script_enabled=False) as ida,
    ):
        page = f"{shop.web.url}/draws/{draw.pk}/"
        noor.page.goto(f"{shop.web.url}/events/{event.slug}/")
        fits(noor.page, "event")
        noor.page.goto(page)
        fits(noor.page, "open")
        number = registers(noor, shop, event, NOOR)
        fits(noor.page, "entered")
        registers(tomas, shop, event, TOMAS)
        loser = registers(ida, shop, event, IDA)
        with acting_for(made["agency"]["id"]):
            later(draw, 2 * HOUR)
            draws.freeze(draw.pk)
        noor.page.goto(page)
        expect(noor.page.get_by_text("the list is frozen.")).to_be_visible()
        fits(noor.page, "frozen")
        with acting_for(made["agency"]["id"]):
            draws_without(draw, event, loser)
        looks_at_the_draw(noor, page, number)
        comes_in(noor, shop, NOOR)
        buys_on_the_map(noor)
        comes_in(tomas, shop, TOMAS)
        buys_from_the_list(tomas)
        is_told_kindly_and_stays_out(ida, shop, event, IDA)
    with acting_for(made["agency"]["id"]):
        assert list(Use.objects.values_list("status", "is_proven")) == [("HELD", True)] * 2


def test_staff_freeze_the_list_look_at_what_follows_and_draw(committed_db, tmp_path):
    made = house()
    with acting_for(made["agency"]["id"]):
        event = not_on_sale_yet(Event.objects.get(), 24 * HOUR)
        draw = later(open_draw(event, *people(30), places=5, reserve=10), 2 * HOUR)
    with (
        site(tmp_path) as shop,
        chromium() as browser,
        reader(browser, viewport=PHONE) as staff,
    ):
        page = staff.page
        page.goto(f"{shop.web.url}{of(draw)}")
        page.locator("#id_username").fill(made["staff"]["user"])
        page.locator("#id_password").fill(made["staff"]["password"])
        page.locator("#id_password").press("Enter")
        page.get_by_role("link", name="Freeze the list").click()
        page.get_by_role("button", name="Freeze the list").click()
        expect(page.get_by_text("30 entries are frozen.")).to_be_visible()
        with acting_for(made["agency"]["id"]):
            draw.refresh_from_db()
            later(draw, 4 * HOUR)
        page.reload()
        page.get_by_role("link", name="Type the value").click()
        page.get_by_label("The source’s value").fill("41 40 22 17 11 3")
        page.get_by_label("Once more").fill("3 11 17 22 40 41")
        page.get_by_role("button", name="See what follows").click()
        expect(page.get_by_text(f"Is this the value? {LOTTO}")).to_be_visible()
        fits(page, "staff-looks")
        page.get_by_role("button", name="Keep this value").click()
        expect(page.get_by_text("5 buyers are drawn of 30. All are mailed.")).to_be_visible()
        page.get_by_role("link", name="Let in more").click()
        page.get_by_label("How many more").fill("3")
        page.get_by_role("button", name="Let them in").click()
        expect(page.get_by_text("Places 6 to 8 are in, and are mailed.")).to_be_visible()
        fits(page, "staff-drawn")
        page.goto(f"{shop.web.url}/admin/customers/draw/add/")
        fits(page, "staff-form")
        told = [mail["Subject"] for mail in shop.drain()]
    assert told.count("You are drawn: Night") == 8
    assert told.count("The draw for Night: your place") == 22  # as it is when the worker comes
