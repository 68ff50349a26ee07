"""An order from its draft to its supplier, by two people at their browsers."""

import pytest
from playwright.sync_api import expect

from agencies.models import Agency
from config.tests import world
from config.tests.browser import PHONE, barriers, chromium, reader, site
from config.tests.scenarios import house
from core.tenancy import acting_for, as_system
from events.models import Event
from suppliers.models import PurchaseOrder, Supplier

pytestmark = pytest.mark.browser


def sign_in(page, address, email):
    page.goto(address)
    page.locator("#id_username").fill(email)
    page.locator("#id_password").fill(world.PASSWORD)
    page.locator("#id_password").press("Enter")


def test_an_order_is_drafted_weighed_approved_confirmed_and_mailed(committed_db, tmp_path):
    made = house(owned={"sections": ["A"]})
    with as_system():
        agency = Agency.objects.get()
        Agency.objects.update(approval_above=100)
    with acting_for(agency.pk):
        supplier = Supplier.objects.create(
            name="Quai Productions", email="salome@quai.example", contact_name="Salomé Diaz"
        )
        event = Event.objects.get()
    jonas, mireille = (world.staff(agency, role).email for role in ("PURCHASING", "OWNER"))
    with (
        site(tmp_path) as shop,
        chromium() as browser,
        reader(browser) as buyer,
        reader(browser, viewport=PHONE) as owner,
    ):
        new = f"{shop.web.url}{world.address('suppliers.purchaseorder', 'add')}"
        sign_in(buyer.page, f"{new}?supplier={supplier.pk}", jonas)
        draft(buyer.page, event)
        weigh_and_submit(buyer.page)
        sign_in(owner.page, buyer.page.url, mireille)
        approve(owner.page)
        confirm_and_mail(buyer.page)
        mails = shop.drain()
    with acting_for(made["agency"]["id"]):
        order = PurchaseOrder.objects.get(supplier=supplier)
    assert (order.status, order.approved_by.email) == ("CONFIRMED", mireille)
    (sent,) = (mail for mail in mails if order.number in mail["Subject"])
    assert sent["To"] == "salome@quai.example"
    assert [part.get_filename() for part in sent.iter_attachments()] == [f"{order.number}.pdf"]


def draft(page, event):
    page.get_by_label("Shipping address").fill("Stage door")
    page.get_by_role("button", name="Draft the order").click()
    page.get_by_role("link", name="Add seats").click()
    page.get_by_role("link", name=event.title).click()
    page.get_by_label("Section").select_option(index=2)
    page.get_by_label("Rows").fill("A")
    page.get_by_label("Cost of each").fill("20")
    page.get_by_role("button", name="Add to the order").click()
    page.get_by_role("link", name="Add extra costs").click()
    page.get_by_label("Kind").select_option("SHIPPING")
    page.get_by_label("Amount").fill("10,50")
    page.get_by_role("button", name="Add to the order").click()
    expect(page.get_by_text("€410.50").first).to_be_visible()


def weigh_and_submit(page):
    page.get_by_role("link", name="Buy sheet").click()
    expect(page.get_by_role("heading", name="When it pays for itself")).to_be_visible()
    assert barriers(page) == []
    page.go_back()
    page.get_by_role("link", name="Submit").click()
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_text("It waits for the approval of a second person")).to_be_visible()
    expect(page.get_by_role("link", name="Approve")).to_have_count(0)


def approve(page):
    page.get_by_role("link", name="Approve").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert barriers(page) == []
    page.get_by_role("button", name="Approve €410.50").click()
    expect(page.get_by_text("is approved. It can be confirmed")).to_be_visible()


def confirm_and_mail(page):
    page.reload()
    order_page = page.url
    page.get_by_role("link", name="Confirm").click()
    page.get_by_role("button", name="Confirm").click()
    page.get_by_role("link", name="Mail to the supplier").click()
    page.get_by_label("A few words").fill("As we said by phone.")
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_text("Dear Salomé Diaz")).to_be_visible()
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("is on its way to salome@quai.example")).to_be_visible()
    paper = page.request.get(f"{order_page.removesuffix('change/')}document/")
    assert paper.body()[:5] == b"%PDF-"
