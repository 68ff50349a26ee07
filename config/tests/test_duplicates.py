"""Booked twice: the buyer is told of what is proven to be his, the box office sees both side by side,
and pressing a button twice is no second booking."""

import pytest
from django.utils import timezone

from bookings.cancelling import Wish, cancel, preview
from bookings.models import Alert, Booking, Cancellation, Grounds, Rule
from bookings.services import confirm, dismiss_alert, note_duplicate, reserve
from bookings.services.exchange import exchange, wish_of
from config.tests import world
from config.tests.test_cancelling import policy
from config.tests.world import of, told
from core import invariants
from core.locks import database_now
from core.outbox import deliver
from core.status import WrongState
from core.tenancy import acting_for, as_system
from payments.models import Payment, Refund

pytestmark = pytest.mark.django_db


@pytest.fixture
def house():
    return world.agency()


@pytest.fixture
def event(house):
    with acting_for(house.pk):
        made = world.event_on_sale(world.venue()[1])
        world.received_order(made)
        yield made


def sold(event, ordinals, email="noor@post.example"):
    booking = world.sold_booking(event, ordinals, email=email)
    note_duplicate(booking.pk)
    return booking


# What lies on the desk


def test_as_many_tickets_or_the_same_row_within_a_day_are_noted(event):
    first = sold(event, [0, 1])
    assert not Alert.objects.exists()
    sold(event, [10, 11], email="NOOR+again@post.example")
    alert = Alert.objects.get()
    assert (alert.other, alert.concern, alert.status) == (first, "DUPLICATE", "OPEN")
    same_row = sold(event, [2, 3, 4])
    assert Alert.objects.get(booking=same_row).other == first
    note_duplicate(same_row.pk)
    assert Alert.objects.count() == 2


def test_seats_changed_for_others_are_no_second_purchase(event):
    policy((2, 100, 0))
    old = Booking.objects.select_related("event", "terms").get(pk=sold(event, [0, 1]).pk)
    new = Booking.objects.get(pk=reserve(event=event, ordinals=[2]).pk)
    wish = wish_of(new, [item.ticket_id for item in old.items.all()][:1])
    seen = preview(old, wish, now=database_now()).name
    exchange(new.pk, booking_id=old.pk, tickets=wish.tickets, seen=seen)
    assert note_duplicate(new.pk) is None
    assert not Alert.objects.exists()
    third = sold(event, [3])
    assert Alert.objects.get().booking == third


def test_others_other_numbers_and_other_days_are_not(event):
    first = sold(event, [0, 1])
    sold(event, [10, 11], email="somebody@post.example")
    sold(event, [20])
    assert not Alert.objects.exists()
    Booking.objects.filter(pk=first.pk).update(confirmed_at="2026-01-01T00:00Z")
    sold(event, [30, 31])
    assert not Alert.objects.exists()


def test_a_sale_is_looked_at_when_it_is_told_and_an_alert_ends_with_its_booking(event):
    world.sold_booking(event, [0, 1])
    later = world.sold_booking(event, [10, 11])
    tell_everything()
    alert = Alert.objects.get()
    assert alert.booking == later
    wish = Wish(grounds=Grounds.STAFF, rule=Rule.ALL_BACK, reason="Twice")
    cancel(later.pk, wish, seen=preview(later, wish, now=timezone.now()).name)
    tell_everything()
    alert.refresh_from_db()
    assert alert.status == "RESOLVED"
    with pytest.raises(WrongState):
        dismiss_alert(alert.pk, by=None)


def tell_everything():
    with as_system():
        while sum(deliver(limit=50)):
            pass


def test_the_box_office_sees_both_and_closes_it_or_refunds_the_later(house, event):
    sold(event, [0, 1])
    later = sold(event, [10, 11])
    alert = Alert.objects.get()
    client = world.client_of(world.staff(house, "OWNER"), house)
    desk = client.get("/admin/").content.decode()
    assert f"Possible duplicate of {alert.other}" in desk
    listed = client.get(
        world.address("bookings.alert") + "?status__exact=OPEN&concern__exact=DUPLICATE"
    )
    assert later.number in listed.content.decode()
    page = client.get(of(alert)).content.decode()
    assert "The earlier" in page
    for booking in (alert.other, later):
        assert booking.number in page
    form = client.get(of(alert, "refund_duplicate"), follow=True)
    assert f"Duplicate of {alert.other.number}" in form.content.decode()
    said = {"tickets": [str(item.ticket_id) for item in later.items.all()]}
    said |= {"rule": "ALL_BACK", "reason": "Duplicate", "refund_reason": "DUPLICATE"}
    looked = client.post(of(later, "cancel_tickets"), said)
    said |= {name: value for name, value in looked.context["hidden"] if name == "seen"}
    assert ("refund_reason", "DUPLICATE") in looked.context["hidden"]
    done = client.post(of(later, "cancel_tickets"), said)
    assert "goes back" in told(client, done["Location"])[0]
    assert Cancellation.objects.get().refunded == later.total
    assert Refund.objects.get().reason == "DUPLICATE"
    assert invariants.violations() == {}


def test_an_alert_is_closed_with_what_was_found(house, event):
    sold(event, [0, 1])
    sold(event, [10, 11])
    alert = Alert.objects.get()
    client = world.client_of(world.staff(house, "BOX_OFFICE"), house)
    client.post(of(alert, "dismiss"), {"note": "For his neighbour"})
    alert.refresh_from_db()
    assert (alert.status, alert.note) == ("DISMISSED", "For his neighbour")
    nobody = world.client_of(world.staff(house, "PURCHASING"), house)
    assert nobody.get(of(alert)).status_code == 403


# What the buyer is told


def checkout_of(browser, event, *seats):
    return browser.post(f"/events/{event.slug}/reserve/", {"seat": seats}).url


def test_who_has_proven_to_hold_a_booking_is_told_and_nobody_else(house, event):
    mine, stranger = (world.client_of(None, house) for _ in range(2))
    first = checkout_of(mine, event, 0, 1)
    assert "You already hold" not in mine.get(first).content.decode()
    booking = Booking.objects.get()
    mine.post(f"{first}pay/", {"name": "Noor", "email": "noor@post.example"})
    payment = Payment.objects.get()
    world.received(payment)
    confirm(booking.pk, payment_id=payment.pk)
    second = checkout_of(mine, event, 10, 11)
    page = mine.get(second).content.decode()
    assert "You already hold a booking for this event." in page
    assert booking.number in page
    third = checkout_of(stranger, event, 20, 21)
    typed = {"name": "Noor", "email": "noor@post.example", "phone": "no"}
    page = stranger.post(f"{third}pay/", typed, follow=True).content.decode()
    assert "You already hold" not in page
    assert booking.number not in page


# Pressing twice


def test_paying_twice_is_one_booking_and_one_payment(house, event):
    browser = world.client_of(None, house)
    checkout = checkout_of(browser, event, 0, 1)
    said = {"name": "Noor", "email": "noor@post.example"}
    answers = [browser.post(f"{checkout}pay/", said) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [302, 302]
    assert answers[0].url == answers[1].url
    assert Booking.objects.count() == Payment.objects.count() == 1


def test_holding_twice_is_one_booking_and_leads_to_it(house, event):
    browser = world.client_of(None, house)
    first = checkout_of(browser, event, 0, 1)
    assert checkout_of(browser, event, 1, 0) == first
    assert Booking.objects.count() == 1
    other = world.client_of(None, house)
    assert "refused" in checkout_of(other, event, 0, 1)
    assert "refused" in checkout_of(browser, event, 0)
    assert Booking.objects.count() == 1
