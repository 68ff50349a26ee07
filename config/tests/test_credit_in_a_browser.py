"""Two seats changed for one on a phone without a script, the rest as credit; an owner pays it out."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from agencies.models import Agency
from bookings.links import mailed_key
from bookings.services import reserve
from config.tests import world
from config.tests.browser import PHONE, barriers, chromium, reader, site
from config.tests.test_cancelling import policy
from config.tests.test_order_in_a_browser import sign_in
from core import invariants
from core.tenancy import acting_for, as_system
from events.models import Event
from payments.models import CreditEntry, Refund
from payments.services import credit_of

pytestmark = pytest.mark.browser


def test_what_is_left_of_changed_seats_becomes_credit_and_is_paid_out(
    committed_db, tmp_path, half_owned_house
):
    with as_system():
        agency = Agency.objects.get()
    with acting_for(agency.pk):
        policy((2, 0, 0), fees_refundable=True, back_to="CHOICE")
        event = Event.objects.select_related("layout").get()
        sold = world.sold_booking(event, [0, 1])
        new = reserve(event=event, ordinals=[5])
        guest = world.of(sold.customer)
    owner_mail = world.staff(agency, "OWNER").email
    with (
        site(tmp_path) as shop,
        chromium() as browser,
        reader(browser, viewport=PHONE, java_script_enabled=False) as noor,
        reader(browser, viewport=PHONE) as looking,
        reader(browser, viewport=PHONE) as owner,
    ):
        chooses(looking.page, shop, sold, new)
        assert barriers(looking.page) == []
        changes(noor.page, shop, sold, new)
        with acting_for(agency.pk):
            entry = CreditEntry.objects.get(kind="BACK")
            rest = credit_of(sold.customer_id, "EUR")
        assert rest == sold.money - new.money
        sign_in(owner.page, f"{shop.web.url}{guest}", owner_mail)
        pays_out(owner.page, f"{shop.web.url}{world.of(entry, 'pay_out')}", rest)
        mails = shop.drain()
    assert any("of your credit comes back to you" in mail["Subject"] for mail in mails)
    with acting_for(agency.pk):
        assert Refund.objects.get().money == rest
        assert not credit_of(sold.customer_id, "EUR")
    assert invariants.violations() == {}


def chooses(page, shop, sold, new):
    """Both tickets for the one seat, and what is left as credit."""
    page.goto(f"{shop.web.url}{reverse('booking', args=[sold.pk])}?k={mailed_key(sold)}")
    page.goto(f"{shop.web.url}{reverse('checkout', args=[new.pk])}?k={mailed_key(new)}")
    page.goto(f"{shop.web.url}{reverse('exchange', args=[sold.pk])}")
    for box in page.locator("input[name=ticket]").all():
        box.check()
    page.get_by_role("button", name="Choose new seats").click()
    page.goto(f"{shop.web.url}{reverse('seats_for_seats', args=[new.pk])}")
    expect(page.get_by_text("goes back to where you paid from.")).to_be_visible()
    page.get_by_label("Credit for later bookings").check()
    page.get_by_role("button", name="Look again").click()
    expect(page.get_by_text("becomes your credit for later bookings.")).to_be_visible()


def changes(page, shop, sold, new):
    chooses(page, shop, sold, new)
    page.get_by_role("button", name="Change seats").click()
    expect(page.get_by_text("Your seats are changed.")).to_be_visible()


def pays_out(page, address, rest):
    expect(page.get_by_role("heading", name="Credit that can be paid out")).to_be_visible()
    assert barriers(page) == []
    page.goto(address)
    assert barriers(page) == []
    page.get_by_label("Reason").fill("He asked for it")
    page.get_by_role("button", name="Look at it first").click()
    assert barriers(page) == []
    page.get_by_role("button", name=f"Pay out {rest.display()}").click()
    expect(page.get_by_text(f"{rest.display()} is on its way back to")).to_be_visible()
