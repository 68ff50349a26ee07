"""Two tickets bought, one of them given to a friend: both sides in a browser without a script, on a
desk and on a phone."""

import re

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from agencies.models import Agency
from bookings.links import mailed_key
from config.tests import world
from config.tests.browser import DESK, PHONE, barriers, chromium, reader, site
from config.tests.test_order_in_a_browser import sign_in
from core import invariants
from core.tenancy import acting_for, as_system
from events.models import Event
from tickets.models import Ticket, Transfer

pytestmark = pytest.mark.browser


@pytest.fixture
def agency_id(committed_db, half_owned_house):
    with as_system():
        return Agency.objects.get().pk


@pytest.fixture
def sold(agency_id):
    with acting_for(agency_id):
        event = Event.objects.select_related("layout").get()
        return world.sold_booking(event, [0, 1])


def link_in(mail):
    words = mail.get_body(("plain",)).get_content()
    return re.search(r"https?://\S+[?&]k=\S+", words).group()


def the_mail(shop, to, subject):
    found = [m for m in shop.drain() if to in m["To"] and subject in m["Subject"]]
    return found[-1]


@pytest.mark.parametrize(
    ("viewport", "scheme"),
    [(DESK | {"width": 1440}, "light"), (PHONE, "dark")],
    ids=["1440 in light", "390 in the dark"],
)
def test_a_ticket_is_given_taken_and_given_back(agency_id, sold, tmp_path, viewport, scheme):
    with (
        site(tmp_path) as shop,
        chromium() as browser,
        reader(browser, viewport=viewport, java_script_enabled=False) as noor,
        reader(browser, viewport=viewport, java_script_enabled=False) as bo,
        reader(browser, viewport=viewport, color_scheme=scheme) as looking,
    ):
        offers(noor.page, shop, sold)
        takes(bo.page, shop)
        gives_back(bo.page, shop)
        looks(looking, shop, sold, agency_id)
    with acting_for(agency_id):
        assert sorted(Transfer.objects.values_list("status", flat=True)) == ["ACCEPTED", "PENDING"]
        assert Ticket.objects.filter(status="TRANSFERRED").count() == 1
    assert invariants.violations() == {}


def fits(page):
    """Nothing is wider than the window."""
    wide = page.locator("html").bounding_box()["width"]
    assert wide <= page.viewport_size["width"]


def offers(page, shop, sold):
    page.goto(f"{shop.web.url}{reverse('booking', args=[sold.pk])}?k={mailed_key(sold)}")
    page.get_by_role("link", name="Give to somebody").click()
    page.get_by_role("button", name="Mail me the link").click()
    expect(page.get_by_text("Look into your mailbox.")).to_be_visible()
    fits(page)
    page.goto(link_in(the_mail(shop, "noor@post.example", "Is it you?")))
    assert "k=" not in page.url
    page.locator("input[name=ticket]").first.check()
    page.get_by_label("Name").fill("Bo Lind")
    page.get_by_label("E-mail").fill("bo@post.example")
    page.get_by_label("A few words").fill("Have fun!")
    fits(page)
    page.get_by_role("button", name="Read it again first").click()
    expect(page.get_by_role("heading", name="Is this right?")).to_be_visible()
    fits(page)
    page.get_by_role("button", name="Offer 1 ticket").click()
    expect(page.get_by_text("Offered to Bo Lind")).to_be_visible()
    expect(page.get_by_role("button", name="Take back")).to_be_visible()
    fits(page)


def takes(page, shop):
    seen = []
    page.on("request", lambda request: seen.append((request.url, request.header_value("referer"))))
    page.goto(link_in(the_mail(shop, "bo@post.example", "gives you 1 ticket")))
    token = seen[0][0].partition("?k=")[2]
    assert len(token) > 40
    expect(page.get_by_role("heading", name="gives you 1 ticket.")).to_be_visible()
    expect(page.get_by_text("Have fun!")).to_be_visible()
    fits(page)
    page.get_by_label("Your name").fill("Bo Lindqvist")
    page.get_by_role("button", name="Take the ticket").click()
    expect(page.get_by_text("The ticket is yours.")).to_be_visible()
    expect(page.locator(".qr")).to_have_count(1)
    fits(page)
    assert token not in page.url
    assert token not in page.content()
    assert not any(token in url for url, _ in seen[1:])
    assert not any(token in (referer or "") for _, referer in seen)


def gives_back(page, shop):
    page.get_by_role("link", name="Give back to").click()
    page.get_by_role("button", name="Mail me the link").click()
    page.goto(link_in(the_mail(shop, "bo@post.example", "Is it you?")))
    expect(page.get_by_text("It goes back to Noor Vance")).to_be_visible()
    page.get_by_role("button", name="Read it again first").click()
    fits(page)
    page.get_by_role("button", name="Offer 1 ticket").click()
    expect(page.get_by_text("Offered to Noor Vance")).to_be_visible()


def looks(reader, shop, sold, agency_id):
    """What of it is seen with a screen reader."""
    page = reader.page
    page.goto(f"{shop.web.url}{reverse('booking', args=[sold.pk])}?k={mailed_key(sold)}")
    expect(page.get_by_text("Given to Bo Lind")).to_be_visible()
    assert barriers(page) == []
    page.goto(f"{shop.web.url}{reverse('give', args=[sold.pk])}")
    assert barriers(page) == []
    page.goto(link_in(the_mail(shop, "noor@post.example", "Is it you?")))
    assert barriers(page) == []
    page.goto(link_in(the_mail(shop, "noor@post.example", "gives you back your ticket")))
    expect(page.get_by_role("button", name="Take the ticket")).to_be_visible()
    assert barriers(page) == []
    page.goto(link_in(the_mail(shop, "bo@post.example", "Your ticket:")))
    expect(page.get_by_text("Offered to Noor Vance")).to_be_visible()
    assert barriers(page) == []


def test_the_desk_hands_a_ticket_over_and_takes_it_back(agency_id, sold, tmp_path):
    with as_system():
        agency = Agency.objects.get()
    clerk = world.staff(agency, "BOX_OFFICE").email
    with site(tmp_path) as shop, chromium() as browser, reader(browser, viewport=PHONE) as desk:
        page = desk.page
        sign_in(page, f"{shop.web.url}{world.of(sold, 'hand_over')}", clerk)
        assert barriers(page) == []
        page.get_by_label("A, row A, seat 2").check()
        page.get_by_label("For whom").fill("Bo Lind")
        page.get_by_label("E-mail").fill("bo@post.example")
        page.get_by_label("Reason").fill("He called: he is ill")
        page.get_by_role("button", name="Look at it first").click()
        expect(page.get_by_text("Bo Lind, bo@post.example, may take them until")).to_be_visible()
        assert barriers(page) == []
        page.get_by_role("button", name="Offer 1 ticket").click()
        expect(page.get_by_text("1 ticket is offered to Bo Lind.")).to_be_visible()
        with acting_for(agency_id):
            made = Transfer.objects.get()
        page.goto(f"{shop.web.url}{world.of(made)}")
        assert barriers(page) == []
        page.get_by_role("link", name="Take back").click()
        page.get_by_label("Reason").fill("He is well again")
        page.get_by_role("button", name="Look at it first").click()
        page.get_by_role("button", name="Take back 1 ticket").click()
        expect(page.get_by_text("The tickets are their giver’s again.")).to_be_visible()
        mails = shop.drain()
    told = [mail for mail in mails if mail["Subject"].startswith("Taken back:")]
    assert "He is well again" in told[0].get_body(("plain",)).get_content()
    assert invariants.violations() == {}
