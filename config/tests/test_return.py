"""Coming back from the provider's page before its notice did, in a browser that has no session."""

import time
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.db.models.functions import Now
from django.test import Client

from bookings.models import Booking
from bookings.services import contact, pay, pay_page_addresses, reserve
from config.tests.scenarios import house
from config.tests.servers import free_port, simulator
from core import outbox
from core.tenancy import acting_for
from events.models import Event
from payments.adapters.simulated import SimulatedProvider
from payments.models import PAGE_SHUT, Payment, Refund
from payments.services import settle
from promotions.tests.factories import running

pytestmark = pytest.mark.crash


@pytest.fixture
def provider(tmp_path, settings):
    with simulator(tmp_path) as running:
        settings.PAYMENT_SIMULATOR_URL = running.url
        yield running


@pytest.fixture
def world(committed_db, provider):
    return house()


@pytest.fixture
def event(world):
    with acting_for(world["agency"]["id"]):
        yield Event.objects.get()


def browser(**headers):
    return Client(headers={"host": "127.0.0.1", **headers})


def paid_at_the_provider(provider, booking):
    """Where the provider sends its guest after he has paid; we have not heard of it yet."""
    payment = Payment.objects.get(reference=booking.pk)
    assert payment.status == "PROCESSING"
    provider.pay(payment.provider_ref)
    (session,) = provider.objects(f"checkout/sessions?client_reference_id={payment.pk}")
    address = urlsplit(session["success_url"])
    return f"{address.path}?{address.query}"


def lands(address):
    """(the paths a browser new to us goes through, the page it ends on)."""
    page = browser().get(address, follow=True)
    return [url for url, _ in page.redirect_chain], page


def test_one_who_paid_in_another_browser_comes_back_to_his_tickets(provider, event):
    booking = reserve(event=event, ordinals=[0])
    contact(booking.pk, email="noor@post.example", name="Noor Vance")
    pay(booking.pk)
    way, page = lands(paid_at_the_provider(provider, booking))
    assert way == [f"/checkout/{booking.pk}/return/", f"/bookings/{booking.pk}/"]
    assert page.status_code == 200
    booking.refresh_from_db()
    assert (booking.status, page.context["booking"].pk) == ("CONFIRMED", booking.pk)


def test_so_does_one_whose_booking_was_made_over_the_api(provider, event, world):
    caller = browser(authorization=f"Api-Key {world['tokens']['buyer']}")
    contact_given = {"email": "noor@post.example", "name": "Noor Vance"}
    wanted = {"event": str(event.pk), "seats": [0], "contact": contact_given}
    made = caller.post("/api/v1/bookings", wanted, content_type="application/json").json()
    sent = caller.post(f"/api/v1/bookings/{made['id']}/pay", content_type="application/json")
    assert sent.status_code == 200
    booking = Booking.objects.get(pk=made["id"])
    way, page = lands(paid_at_the_provider(provider, booking))
    assert (way[-1], page.status_code) == (f"/bookings/{booking.pk}/", 200)


def at_the_provider(event):
    booking = reserve(event=event, ordinals=[0])
    contact(booking.pk, email="noor@post.example", name="Noor Vance")
    pay(booking.pk)
    return booking, Payment.objects.get(reference=booking.pk)


def opened(booking):
    """The buyer's browser and its checkout."""
    address = urlsplit(pay_page_addresses(booking)[1])
    someone = browser()
    someone.get(f"{address.path}?{address.query}")
    return someone, address.path


GIVEN = {"name": "Noor Vance", "email": "noor@post.example"}


def test_who_may_have_paid_is_never_told_otherwise_nor_let_pay_again(provider, event):
    """The provider's page is shut and the money on its way: ten seconds later it is there."""
    booking, payment = at_the_provider(event)
    someone, checkout = opened(booking)
    provider.expire(payment.provider_ref)
    page = someone.get(checkout, follow=True)
    assert page.redirect_chain == [(f"{checkout}return/", 302)]
    words = page.content.decode()
    assert "We have not heard of your payment yet." in words
    assert "othing was charged" not in words
    assert someone.post(f"{checkout}pay/", GIVEN).url == f"{checkout}return/"
    assert Payment.objects.count() == 1
    provider.pay(payment.provider_ref, "late_money")
    assert someone.get(checkout, follow=True).context["booking"].status == "CONFIRMED"


def test_once_the_provider_had_time_to_say_more_it_may_be_tried_again(provider, event):
    booking, payment = at_the_provider(event)
    someone, checkout = opened(booking)
    provider.expire(payment.provider_ref)
    settle(payment.pk)
    Payment.objects.update(settled_at=Now() - timedelta(minutes=1))
    assert "The provider says it ended unpaid." in someone.get(checkout).content.decode()
    assert someone.get(f"{checkout}return/").url == checkout
    assert "/pay/" in someone.post(f"{checkout}pay/", GIVEN).url
    assert Payment.objects.count() == 2


@pytest.mark.parametrize("is_told_first", [False, True])
def test_who_types_a_code_while_the_page_is_open_has_it_at_once_and_pays_the_new_price(
    provider, event, monkeypatch, is_told_first
):
    """We shut the page, so nobody has to wait for money from it; also where the provider's notice of it
    was faster than its answer."""
    booking, payment = at_the_provider(event)
    running("EARLY")
    someone, checkout = opened(booking)
    if is_told_first:
        told_first(monkeypatch)
    page = someone.post(f"{checkout}code/", {"code": "EARLY"}, follow=True)
    assert page.redirect_chain == [(f"{checkout}#code", 302)]
    words = page.content.decode()
    assert "EARLY is in your order." in words
    assert "The payment page that you had open is shut." in words
    for untrue in ("did not go through", "ended unpaid", "othing was charged"):
        assert untrue not in words
    payment.refresh_from_db()
    assert (payment.status, payment.failure) == ("FAILED", PAGE_SHUT)
    assert "/pay/" in someone.post(f"{checkout}pay/", GIVEN).url
    assert Payment.objects.get(status="PROCESSING").money == page.context["total"]


def test_a_code_that_does_no_good_leaves_the_page_open(provider, event):
    booking, payment = at_the_provider(event)
    someone, checkout = opened(booking)
    page = someone.post(f"{checkout}code/", {"code": "NOSUCH"}, follow=True)
    assert "is shut" not in page.content.decode()
    payment.refresh_from_db()
    assert payment.status == "PROCESSING"
    provider.pay(payment.provider_ref)
    settle(payment.pk)
    booking.refresh_from_db()
    assert booking.status == "CONFIRMED"


def test_money_that_comes_for_a_page_we_shut_goes_back_if_the_new_one_was_paid(provider, event):
    booking, payment = at_the_provider(event)
    running("EARLY")
    someone, checkout = opened(booking)
    someone.post(f"{checkout}code/", {"code": "EARLY"})
    someone.post(f"{checkout}pay/", GIVEN)
    provider.pay(Payment.objects.get(status="PROCESSING").provider_ref)
    assert someone.get(f"{checkout}return/").url == f"/bookings/{booking.pk}/"
    provider.pay(payment.provider_ref, "late_money")
    settle(payment.pk)
    while sum(outbox.deliver(limit=50)):
        pass
    refund = Refund.objects.get()
    assert (refund.payment_id, refund.money) == (payment.pk, payment.money)


def test_a_page_that_had_ended_by_itself_is_asked_about_before_anybody_pays_again(provider, event):
    """There money may be on its way; only of a page that we shut we know that none is."""
    booking, payment = at_the_provider(event)
    running("EARLY")
    someone, checkout = opened(booking)
    provider.expire(payment.provider_ref)
    page = someone.post(f"{checkout}code/", {"code": "EARLY"}, follow=True)
    assert page.redirect_chain[-1] == (f"{checkout}return/", 302)
    assert "We have not heard of your payment yet." in page.content.decode()
    assert someone.post(f"{checkout}pay/", GIVEN).url == f"{checkout}return/"
    Payment.objects.filter(pk=payment.pk).update(settled_at=Now() - timedelta(minutes=1))
    assert "EARLY is in your order." in someone.get(checkout).content.decode()


def test_where_the_provider_is_silent_a_code_is_answered_within_seconds(provider, event):
    booking, payment = at_the_provider(event)
    running("EARLY")
    someone, checkout = opened(booking)
    route = f"POST /v1/checkout/sessions/{payment.provider_ref}/expire"
    provider.break_next(route, "delay", seconds=20)
    began = time.monotonic()
    page = someone.post(f"{checkout}code/", {"code": "EARLY"}, follow=True)
    assert time.monotonic() - began < 4
    words = page.content.decode()
    assert "The payment page that you had open could not be shut" in words
    assert "Your order and its total have not changed." in words
    assert Booking.objects.get().discount == 0
    page = someone.get(checkout)
    assert 'value="EARLY"' in page.content.decode()  # what he typed is still there
    assert page.context["form"]["email"].value() is not None


def told_first(monkeypatch):
    def expire(self, ref):
        session = shut(self, ref)
        settle(Payment.objects.get().pk)
        return session

    shut = SimulatedProvider.expire_session
    monkeypatch.setattr(SimulatedProvider, "expire_session", expire)


def test_a_silent_provider_holds_paying_back(provider, event, settings):
    booking, _ = at_the_provider(event)
    someone, checkout = opened(booking)
    settings.PAYMENT_SIMULATOR_URL = f"http://127.0.0.1:{free_port()}"
    page = someone.get(checkout, follow=True)
    assert "We have not heard of your payment yet." in page.content.decode()


def test_who_turned_back_goes_on_with_the_same_payment(provider, event):
    booking, _ = at_the_provider(event)
    someone, checkout = opened(booking)
    words = someone.get(checkout).content.decode()
    assert "We have not heard of a payment yet." in words
    assert f'hx-get="{checkout}return/"' in words
    assert someone.post(f"{checkout}pay/", GIVEN).url == Payment.objects.get().provider_url
