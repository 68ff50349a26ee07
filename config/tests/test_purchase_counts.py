"""What a purchase asks of the database, from the checkout to the tickets: as much whoever buys. Begin,
commit and savepoints are not counted."""

import json
import time
from types import SimpleNamespace

import pytest
from django.conf import settings as given
from django.test import Client

from config.tests.scenarios import asks
from config.tests.servers import simulator
from core import outbox
from core.memory import Remembered
from core.tenancy import acting_for
from payments.models import Payment
from payments.webhook_signature import sign

pytestmark = pytest.mark.crash
GUEST = {"name": "Noor Vance", "phone": ""}


@pytest.fixture
def provider(tmp_path, settings):
    with simulator(tmp_path) as running:
        settings.PAYMENT_SIMULATOR_URL = running.url
        yield running


@pytest.fixture
def shop(committed_db, provider, made_house, monkeypatch):
    """After the first purchase the agency, its keys and the event's house are known, and stay so
    however slow the machine is."""
    world = made_house
    Remembered.forget_everything()
    monkeypatch.setattr("core.memory.time", SimpleNamespace(monotonic=lambda: 1.0))
    with acting_for(world["agency"]["id"]):
        buyer = Buyer(world, provider)
        buyer.reserve(0)
        buyer.look()
        buyer.go_to_pay()
        buyer.press()
        buyer.come_back()
        buyer.see_tickets()
        tell(buyer.told())
        yield world


class Buyer:
    """A guest in a browser of his own."""

    def __init__(self, world, provider):
        self.world, self.provider = world, provider
        self.client = Client(headers={"host": "127.0.0.1"})

    def reserve(self, place):
        page = f"/events/{self.world['event']['slug']}/reserve/"
        self.checkout = self.client.post(page, {"seat": [place, place + 1]}).url
        self.email = f"noor{place}@post.example"

    def look(self):
        assert self.client.get(self.checkout).status_code == 200

    def go_to_pay(self):
        answer = self.client.post(f"{self.checkout}pay/", {**GUEST, "email": self.email})
        assert "/pay/" in answer.url, answer.url

    @property
    def payment(self):
        return Payment.objects.get(reference=self.checkout.split("/")[2])

    def press(self):
        self.provider.pay(self.payment.provider_ref)

    def come_back(self):
        self.tickets = self.client.get(f"{self.checkout}return/").url
        assert self.tickets.startswith("/bookings/")

    def see_tickets(self):
        assert self.client.get(self.tickets).status_code == 200

    def told(self):
        """The provider's notice of it."""
        about = {"object": "checkout.session", "id": self.payment.provider_ref}
        about["payment_intent"] = self.payment.provider_payment_ref
        kind = "checkout.session.completed"
        return {"id": f"evt_{about['id']}", "type": kind, "created": 0, "data": {"object": about}}


def tell(notice):
    body = json.dumps(notice).encode()
    headers = {"stripe-signature": sign(body, given.PAYMENT_WEBHOOK_SECRETS[0], time.time())}
    to_us = Client(headers={"host": "127.0.0.1", **headers})
    address = "/webhooks/payments/simulated/"
    assert to_us.post(address, body, content_type="application/json").status_code == 200


def test_a_purchase_asks_a_fixed_number_of_things(shop, provider):
    buyer = Buyer(shop, provider)
    with asks(5):
        buyer.reserve(10)
    with asks(7):
        buyer.look()
    with asks(29):
        buyer.go_to_pay()
    buyer.press()
    with asks(30):
        buyer.come_back()
    with asks(8):
        buyer.see_tickets()


def test_a_notice_asks_a_fixed_number_of_things_to_the_tickets(shop, provider):
    buyer = Buyer(shop, provider)
    buyer.reserve(10)
    buyer.go_to_pay()
    buyer.press()
    notice = buyer.told()
    with asks(31):
        tell(notice)
    again = {**notice, "id": "evt_another"}
    with asks(10):
        tell(again)
    buyer.come_back()


def test_the_papers_and_the_mail_of_a_purchase_ask_a_fixed_number_of_things(
    shop, provider, mailoutbox
):
    while outbox.deliver(limit=50)[0]:
        pass
    buyer = Buyer(shop, provider)
    buyer.reserve(10)
    buyer.go_to_pay()
    buyer.press()
    buyer.come_back()
    with asks(24 + 1):  # and one look that finds nothing more
        outbox.deliver(limit=50)
    assert len(mailoutbox) == 2
