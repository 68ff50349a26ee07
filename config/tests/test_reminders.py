"""One mail to whoever asked for it and did not finish, and a link that brings his seats back."""

import pytest
from django.utils import timezone

from bookings.facts import BookingExpired
from bookings.models import Booking, Reminder
from bookings.services import abandon, ask_reminder, contact, expire_lapsed
from config.tests import world
from config.tests.selling_by_stripe import stripe
from core.outbox import deliver
from core.tenancy import acting_for, as_system
from events.models import Event
from notifications.handlers import mail_reminder
from notifications.models import Message

__all__ = ["stripe"]  # a fixture
pytestmark = pytest.mark.django_db
NOOR = {"name": "Noor Vance", "email": "noor@post.example"}


@pytest.fixture
def house():
    return world.agency()


@pytest.fixture
def event(house):
    with acting_for(house.pk):
        made = world.event_on_sale(world.venue()[1])
        world.received_order(made, rows="A")
        yield made


@pytest.fixture
def browser(house):
    return world.client_of(None, house)


def left_behind(browser, event, *seats, wants=True):
    """A reservation whose buyer has said who he is and goes no further."""
    known = set(Booking.objects.values_list("pk", flat=True))
    browser.post(f"/events/{event.slug}/reserve/", {"seat": seats})
    booking = Booking.objects.exclude(pk__in=known).get()
    ask_reminder(booking.pk, wanted=wants)
    return contact(booking.pk, **NOOR)


def run_out(booking):
    Booking.objects.filter(pk=booking.pk).update(reserved_until=timezone.now())
    assert expire_lapsed(booking.pk)
    tell_everything()


def tell_everything():
    with as_system():
        while sum(deliver(limit=50)):
            pass


def reminders():
    return Message.objects.filter(kind="cart_reminder")


def test_who_asked_is_told_once_and_finds_the_same_seats(browser, event, mailoutbox):
    booking = left_behind(browser, event, 3, 4)
    run_out(booking)
    (mail,) = mailoutbox
    assert mail.to == ["noor@post.example"]
    assert mail.subject == "The Low Lanterns: your seats are still free"
    link = f"/events/{event.slug}/?again=3,4#seatmap"
    assert link in mail.body
    page = browser.get(link).content.decode()
    assert "Stalls, row A, seats 4 and 5: still free." in page
    assert page.count('<input type="hidden" name="seat" value="3">') == 2  # basket and button
    assert Reminder.objects.get().sent_at is not None
    second = left_behind(browser, event, 3, 4)
    run_out(second)
    assert reminders().count() == 1


def test_the_tick_is_not_set_and_can_be_taken_back(stripe, browser, event):
    checkout = browser.post(f"/events/{event.slug}/reserve/", {"seat": [3]}).url
    tick = '<input type="checkbox" name="remind" id="id_remind" value="on"'
    assert f"{tick}>" in browser.get(checkout).content.decode()
    browser.post(f"{checkout}pay/", NOOR | {"remind": "on"})
    assert Reminder.objects.count() == 1
    assert f"{tick} checked>" in browser.get(checkout).content.decode()
    browser.post(f"{checkout}pay/", NOOR | {"email": "no address", "remind": "on"})
    assert f"{tick} checked>" in browser.get(checkout).content.decode()
    browser.post(f"{checkout}pay/", NOOR)
    assert not Reminder.objects.exists()


def test_who_did_not_ask_is_left_alone(browser, event):
    run_out(left_behind(browser, event, 4, wants=False))
    assert not reminders().exists()


def test_who_let_them_go_or_bought_is_left_alone(browser, event):
    given_up = left_behind(browser, event, 3)
    abandon(given_up.pk)
    tell_everything()
    late = left_behind(browser, event, 4)
    world.sold_booking(event, [5], email="noor+2@post.example")
    run_out(late)
    assert not reminders().exists()


def test_nothing_is_promised_that_is_gone(browser, event, mailoutbox):
    booking = left_behind(browser, event, 3)
    Booking.objects.filter(pk=booking.pk).update(reserved_until=timezone.now())
    expire_lapsed(booking.pk)
    world.reservation(event, [3], email="ada@post.example")
    tell_everything()
    (mail,) = mailoutbox
    assert mail.subject.endswith("there are seats like yours still free")
    assert "again=" not in mail.body
    for number, wanted in enumerate([[0, 1, 2], [4, 5, 6, 7, 8, 9]]):
        world.reservation(event, wanted, email=f"many{number}@post.example")
    # Nothing is left now.
    Reminder.objects.update(sent_at=None)
    Message.objects.all().delete()
    mail_reminder(BookingExpired(booking.pk))
    assert not reminders().exists()


def test_nobody_is_reminded_of_what_is_not_on_sale(browser, event):
    booking = left_behind(browser, event, 3)
    Event.objects.update(sale_ends_at=timezone.now())
    run_out(booking)
    assert not reminders().exists()


@pytest.mark.parametrize("again", ["", "3", "3,4,", "x", "-1", "999999", "3;4", "³"])
def test_a_link_names_free_seats_or_nothing(browser, event, again):
    world.reservation(event, [3], email="ada@post.example")
    page = browser.get(f"/events/{event.slug}/?again={again}")
    assert page.status_code == 200
    assert "still free." not in page.content.decode()
