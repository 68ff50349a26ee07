"""A buyer in a real browser is declined on Square’s page, pays there and comes back with tickets."""

import pytest
from playwright.sync_api import expect

from config.tests.browser import chromium, reader
from config.tests.scenarios import house
from config.tests.servers import free_port, web
from core.tenancy import acting_for
from payments.models import Payment
from payments.tests.simulator_process import running
from payments.tests.square_process import SquarePeer

pytestmark = pytest.mark.browser


@pytest.fixture
def world(committed_db):
    return house()


@pytest.fixture
def square(tmp_path):
    port = free_port()
    notices = f"http://127.0.0.1:{port}/webhooks/payments/square/"
    with running(SquarePeer(tmp_path / "square.sqlite3", notices)) as peer:
        peer.shop_port = port
        yield peer


@pytest.fixture
def shop(world, square, tmp_path):
    environment = {
        **square.secrets(),
        "SQUARE_API_BASE": square.url,
        "SQUARE_NOTIFICATION_URL": square.webhook_url,
        "PAYMENT_PROVIDER": "square",
        "PAYMENT_SIMULATOR_URL": "",
        "MAIL_DIR": str(tmp_path / "mail"),
    }
    with web(workers=1, port=square.shop_port, **environment) as server:
        yield server


def test_a_declined_card_then_a_good_one_on_squares_page(shop, square, world):
    with chromium() as browser, reader(browser) as buyer:
        page = buyer.page
        page.goto(f"{shop.url}/events/{world['event']['slug']}/")
        page.get_by_role("link", name="Choose from a list").first.click()
        page.get_by_role("link", name="Section B").click()
        page.get_by_label("Row A, seat 1, ").check()
        page.get_by_role("button", name="Hold").first.click()
        page.get_by_label("Name").fill("Noor Vance")
        page.get_by_label("E-mail").fill("noor@post.example")
        page.get_by_role("button", name="Pay €").click()
        expect(page.get_by_text("€35.00")).to_be_visible()
        assert page.url.startswith(square.url)
        page.get_by_role("button", name="Pay with a card that is declined").click()
        expect(page.get_by_role("alert")).to_have_text("Your card was declined.")
        page.get_by_role("button", name="Pay", exact=True).click()
        expect(page.get_by_text("Paid and confirmed")).to_be_visible()
    with acting_for(world["agency"]["id"]):
        payment = Payment.objects.get()
        assert (payment.provider, payment.status) == ("square", "SUCCEEDED")
        (order,) = square.objects("order")
        assert order["metadata"]["payment_id"] == str(payment.pk)
    delivered = square.witness()["deliveries"]
    assert {one["status"] for one in delivered} == {200}
