"""A supplier's list with mistakes, in a real browser: corrected, received in parts, printed, mailed."""

import pypdfium2
import pytest
from playwright.sync_api import expect

from agencies.models import Agency
from config.tests import world
from config.tests.browser import barriers, chromium, reader, site
from config.tests.scenarios import house
from core import invariants
from core.tenancy import acting_for, as_system
from events.models import Event
from suppliers.models import DeliveryReceipt

pytestmark = pytest.mark.browser

LIST = "Sec B Row A 1-5\nSecktion B Row A 6\nSection B, Row Z, 1\nSection B Row B 1-10 even"


def words_of(pdf):
    pages = pypdfium2.PdfDocument(pdf)
    return " ".join(" ".join(page.get_textpage().get_text_range().split()) for page in pages)


@pytest.fixture
def made(committed_db):
    made = house(owned={"sections": ["A"]})
    with as_system():
        Agency.objects.update(purchasing_email="buying@load.example")
    return made


def test_a_list_is_pasted_corrected_and_received_in_parts(made, tmp_path):
    with acting_for(made["agency"]["id"]):
        order = world.confirmed_order(Event.objects.get(), section="B", rows="A-B")
    with site(tmp_path) as shop, chromium() as browser, reader(browser) as staff:
        page = staff.page
        page.goto(f"{shop.web.url}{world.of(order, 'receive')}")
        page.locator("#id_username").fill(made["staff"]["user"])
        page.locator("#id_password").fill(made["staff"]["password"])
        page.locator("#id_password").press("Enter")
        page.get_by_label("What they sent").fill(LIST)
        page.get_by_label("Delivery reference").fill("DN-7")
        assert barriers(page) == []
        page.get_by_role("button", name="Preview").click()
        expect(page.get_by_text("No section is called “Secktion”.")).to_be_visible()
        expect(page.get_by_text("Section B has no row Z.")).to_be_visible()
        expect(page.get_by_role("button", name="Receive 10 seats, leave the rest")).to_be_visible()
        assert barriers(page) == []
        corrected = LIST.replace("Secktion", "Section").replace("Row Z, 1", "Row A, 7")
        page.get_by_label("What they sent").fill(corrected)
        page.get_by_role("button", name="Read again").click()
        page.get_by_role("button", name="Receive 12 seats").click()
        expect(page.get_by_text("12 seats are ours now")).to_be_visible()
        paper = page.get_by_role("link", name="PDF").get_attribute("href")
        first = page.request.get(f"{shop.web.url}{paper}").body()

        page.goto(f"{shop.web.url}{world.of(order, 'receive')}")
        page.get_by_role("button", name="Preview").click()
        expect(page.get_by_text("A 8-20, B 1, 3, 5, 7, 9, 11-20")).to_be_visible()
        page.get_by_role("button", name="Receive and owe").click()
        expect(page.get_by_text("28 seats are ours now")).to_be_visible()
    mails = [mail for mail in shop.drain() if str(order) in mail.get_body(["plain"]).get_content()]
    with acting_for(made["agency"]["id"]):
        one, rest = DeliveryReceipt.objects.filter(order=order).order_by("received_at")
        assert (one.seats, one.delivery_reference, rest.seats) == (12, "DN-7", 28)
        assert invariants.violations() == {}
    for words in (str(one), "DN-7", "B: A 1-7, B 2, 4, 6, 8, 10", "€300.00"):
        assert words in words_of(first)
    assert [mail["to"] for mail in mails] == ["buying@load.example"] * 2
    attached = [next(mail.iter_attachments()) for mail in mails]
    assert {each.get_filename() for each in attached} == {f"{one}.pdf", f"{rest}.pdf"}
    assert first in [each.get_content() for each in attached]
