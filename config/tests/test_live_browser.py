"""Two people at the same house: what one takes the other sees, whatever is up or down."""

import os
import re
import signal

import pytest
from playwright.sync_api import expect

from bookings.services import Sale, reserve
from config.tests.browser import chromium, reader, site
from config.tests.scenarios import house
from config.tests.servers import free_port, streams
from core.tenancy import acting_for
from events.models import Event

pytestmark = pytest.mark.browser


def sees(page, left, **patience):
    """The map says that so many of the 200 seats of section A are left."""
    section = page.get_by_role("link", name=re.compile(f"^Section A, {left} seats left"))
    expect(section).to_be_visible(**patience)


def opened(someone, shop, made):
    someone.page.goto(f"{shop.web.url}/events/{made['event']['slug']}/")
    someone.page.locator("#seatmap.is-ready").wait_for()
    return someone.page


def test_two_at_one_map_see_each_other_by_stream_and_without_it(committed_db, tmp_path):
    made = house()
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    with (
        streams(port) as (_, process),
        site(tmp_path, STREAM_URL=address) as shop,
        chromium() as browser,
        reader(browser) as noor,
        reader(browser) as mireille,
    ):
        with mireille.page.expect_response(lambda answer: answer.url.startswith(address)):
            theirs = opened(mireille, shop, made)
        asked = []
        theirs.on("request", lambda request: asked.append(request.url))
        mine = opened(noor, shop, made)
        sees(theirs, 200)
        for page in (theirs, mine):  # both want the first seat
            page.get_by_role("link", name="Section A,").press("Enter")
            page.keyboard.press("Space")
        mine.get_by_role("form", name="Your seats").get_by_role("button", name="Continue").click()
        mine.get_by_role("heading", name="Details and payment").wait_for()
        sees(theirs, 199)
        assert not [url for url in asked if "/changes" in url or "/status" in url]
        for words in theirs.locator(".cover [data-left], .facts [data-left]").all():
            expect(words).to_have_text(re.compile("^[0-9,]+ seats left$"))
        expect(theirs.locator("[data-section='0'] td").nth(1)).to_have_text("199")
        taken = theirs.get_by_role("alert")
        expect(taken).to_contain_text("Somebody else has just taken Section A, row A, seat 1.")
        taken.get_by_role("button", name="Show seats as good").click()
        refused = theirs.get_by_role("alert").filter(has_text="As good or better")
        expect(refused.get_by_role("button", name="Take ")).to_have_count(3)
        theirs.locator("#seatmap.is-ready").wait_for()
        sees(theirs, 199)
        # the stream dies: the sale goes on, and the map asks
        os.killpg(process.pid, signal.SIGKILL)
        with acting_for(made["agency"]["id"]):
            reserve(event=Event.objects.get(), ordinals=[100], sale=Sale())
        sees(theirs, 198, timeout=20000)
        assert [url for url in asked if "/changes" in url]
        mireille.complaints.clear()  # the browser's own about the stream that is not there
