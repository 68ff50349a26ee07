"""A customer's own pages: opened by the mail alone, they show what is his and nothing else."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from bookings.models import Booking
from config.tests import world
from core import outbox
from core.tenancy import acting_for
from customers.links import KEY_IS_VALID, PROVEN_FOR, mailed_key
from customers.models import Customer
from events.models import Event

pytestmark = pytest.mark.django_db
NOOR = "noor@post.example"


@pytest.fixture
def house():
    made = world.agency()
    with acting_for(made.pk):
        yield made


@pytest.fixture
def event(house):
    _, layout = world.venue()
    made = world.event_on_sale(layout)
    world.received_order(made)
    return made


@pytest.fixture
def browser(house):
    return world.client_of(None, house)


def delivered():
    while sum(outbox.deliver()):
        pass


def asked(browser, email=NOOR, number=""):
    """What the page says after somebody asked for a link, with all mails delivered."""
    answer = browser.post("/find-booking/", {"email": email, "number": number}, follow=True)
    delivered()
    return answer.content.decode()


def link_in(mail):
    return re.search(r"https?://[^/\s]+(/mine/\?k=\S+)", mail.body).group(1)


def opened(browser, email=NOOR):
    return browser.get(f"/mine/?k={mailed_key(Customer.objects.get(email=email))}", follow=True)


def test_who_reads_the_mailbox_sees_all_that_was_bought_with_it(event, browser, mailoutbox):
    sold = [world.sold_booking(event, [0, 1]), world.sold_booking(event, [5])]
    delivered()
    mailoutbox.clear()
    asked(browser)
    (mail,) = mailoutbox
    assert mail.to == [NOOR]
    page = browser.get(link_in(mail), follow=True)
    assert page.redirect_chain == [("/mine/", 302)]
    words = page.content.decode()
    for booking in sold:
        assert booking.number in words
        assert browser.get(f"/bookings/{booking.pk}/").status_code == 200
    assert words.count("Paid, booking") == 2


def test_the_answer_is_the_same_whether_we_know_the_mailbox(event, browser, mailoutbox):
    world.sold_booking(event, [0])
    delivered()
    mailoutbox.clear()
    known = asked(browser)
    assert len(mailoutbox) == 1
    assert asked(browser, email="nobody@post.example") == known
    assert len(mailoutbox) == 1


def test_a_mailbox_gets_five_such_mails_an_hour(event, browser, mailoutbox):
    world.sold_booking(event, [0])
    delivered()
    mailoutbox.clear()
    for _ in range(7):
        asked(browser)
    assert len(mailoutbox) == 5


def test_nobody_sees_what_others_bought_or_only_reserved_with_his_mailbox(event, browser):
    mine = world.sold_booking(event, [0])
    theirs = world.sold_booking(event, [1])
    ada = Customer.objects.create(email="ada@post.example", name="Ada")
    Booking.objects.filter(pk=theirs.pk).update(customer=ada)
    reserved = world.reservation(event, [2])
    words = opened(browser).content.decode()
    assert mine.number in words
    for other in (theirs, reserved):
        assert other.number not in words
        assert browser.get(f"/bookings/{other.pk}/").status_code == 404
        assert browser.get(f"/checkout/{other.pk}/").status_code == 404


@pytest.mark.parametrize("key", ["", "x", "\x00", "01a1ffe7-67a2-720c-b644-64dac43b7930:a:b"])
def test_a_key_that_is_none_opens_nothing(browser, key):
    assert browser.get("/mine/", {"k": key}).url == "/find-booking/"
    assert browser.get("/mine/").url == "/find-booking/"


def test_a_key_is_valid_for_a_day_and_its_proof_for_a_week(event, browser, monkeypatch):
    world.sold_booking(event, [0])
    key = mailed_key(Customer.objects.get())
    now = timezone.now()
    monkeypatch.setattr(
        "django.core.signing.time.time", lambda: (now + KEY_IS_VALID).timestamp() + 60
    )
    assert browser.get("/mine/", {"k": key}).url == "/find-booking/"
    monkeypatch.undo()
    assert browser.get("/mine/", {"k": key}).url == "/mine/"
    assert browser.get("/mine/").status_code == 200
    monkeypatch.setattr(
        "customers.links.timezone.now", lambda: now + PROVEN_FOR + timedelta(hours=1)
    )
    assert browser.get("/mine/").url == "/find-booking/"


def test_a_key_of_another_agency_opens_nothing_here(event, browser):
    other = world.agency("elsewhere")
    with acting_for(other.pk):
        key = mailed_key(Customer.objects.create(email=NOOR, name="Noor"))
    browser.get("/mine/", {"k": key})
    assert browser.get("/mine/").url == "/find-booking/"


def test_a_customer_changes_his_name_and_loses_nothing_he_typed(event, browser):
    booking = world.sold_booking(event, [0])
    opened(browser)
    refused = browser.post("/mine/profile/", {"name": "Noor K.", "phone": "call me"})
    assert refused.status_code == 422
    words = refused.content.decode()
    assert 'value="Noor K."' in words
    assert "call me" in words
    assert booking.number in words
    assert browser.post("/mine/profile/", {"name": "Noor K.", "phone": "+33 1 23"}).url == "/mine/"
    assert Customer.objects.values_list("name", "phone").get() == ("Noor K.", "+33 1 23")


def test_who_leaves_is_nobody_here(event, browser):
    booking = world.sold_booking(event, [0])
    opened(browser)
    browser.post("/mine/leave/")
    assert browser.get("/mine/").url == "/find-booking/"
    assert browser.get(f"/bookings/{booking.pk}/").status_code == 404
    assert browser.post("/mine/profile/", {"name": "X"}).url == "/find-booking/"


def test_what_was_is_listed_apart_a_page_at_a_time(
    event, browser, monkeypatch, django_assert_num_queries
):
    monkeypatch.setattr("bookings.views.mine.A_PAGE", 2)
    for ordinal in range(3):
        world.sold_booking(event, [ordinal])
    opened(browser)
    with django_assert_num_queries(TO_COME):
        browser.get("/mine/")
    Event.objects.filter(pk=event.pk).update(
        starts_at=timezone.now() - timedelta(days=1), ends_at=None, doors_at=None
    )
    page = browser.get("/mine/")
    assert (len(page.context["to_come"]), len(page.context["past"])) == (0, 2)
    assert len(browser.get("/mine/?page=2").context["past"]) == 1
    assert "Page 2 of 2" in browser.get("/mine/?page=99").content.decode()
    with django_assert_num_queries(ALL_OVER):
        browser.get("/mine/")


TO_COME, ALL_OVER = 8, 9


def test_who_only_holds_given_tickets_does_not_read_that_nothing_comes(event, browser):
    world.given(world.sold_booking(event, [0]), email="bo@post.example")
    delivered()
    words = opened(browser, "bo@post.example").content.decode()
    assert "Tickets given to you" in words
    assert "Nothing yet" not in words
