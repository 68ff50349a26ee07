"""What one person and one card may have of an event, over all bookings; and a way around is none."""

import sys
from collections import Counter
from functools import partial

import psycopg
import pytest
from django.db import connection, connections
from django.test import Client as Browser
from django.utils import timezone

from accounts.models import ApiKey
from bookings.cancelling import Wish, cancel, preview
from bookings.handlers import confirm_paid_booking
from bookings.models import Alert, Booking, Grounds, Rule
from bookings.services import OverLimit, Sale, abandon, confirm, contact, join, pay, reserve
from config.tests import world
from config.tests.selling_by_stripe import (
    deliver_everything,
    end_time,
    lapse,
    payment_of,
    status,
    stripe,
)
from config.tests.servers import at_once, refusals, together
from config.tests.test_cancelling import policy
from config.tests.test_code_races import deadlocks
from config.tests.test_exchanging import changed, tickets_of
from config.tests.test_several_events import second_night
from core import invariants
from core.tenancy import acting_for
from customers.models import Customer
from customers.same_person import person_of
from customers.services import remember_customer
from events.models import Event
from inventory.models import EventSeat
from notifications.models import Message
from payments.adapters import ProviderUnavailable
from payments.facts import PaymentSucceeded
from payments.models import Payment, Refund
from payments.services import read_card, settle

__all__ = ["deadlocks", "stripe"]  # fixtures
NOOR = "noor@post.example"
BUYERS = 16
LOCK = "PERFORM pg_advisory_xact_lock(hashtextextended(wanted_event::text || who, 0));"


def limited(**limits):
    """The event, with limits."""
    Event.objects.update(max_per_booking=4, **limits)
    return Event.objects.select_related("layout", "venue").get()


@pytest.fixture
def event(db, made_shop):
    with acting_for(made_shop["agency"]["id"]):
        yield limited(max_per_customer=4)


def held(event, *ordinals):
    return reserve(event=event, ordinals=ordinals)


def named(booking, email=NOOR):
    return contact(booking.pk, email=email, name="Noor Vance")


def paid(booking):
    payment = Payment.objects.get(reference=booking.pk)
    world.received(payment)
    return confirm(booking.pk, payment_id=payment.pk)


def give_back(booking):
    """One of its tickets."""
    ticket = booking.items.first().ticket_id
    wish = Wish(frozenset([ticket]), Grounds.STAFF, Rule.ALL_BACK, "Ill")
    cancel(booking.pk, wish, seen=preview(booking, wish, now=timezone.now()).name)


# One person


@pytest.mark.parametrize(
    "email",
    [
        *("noor@post.example", "NOOR@Post.Example", "noor+a+b@post.example", "+noor@post.example"),
        *("n.o.or@gmail.com", "n.oor+x@googlemail.com", "no.or@post.example", "a@b@post.example"),
        *("", "nobody"),
    ],
)
def test_the_database_knows_people_as_we_do(event, email):
    with connection.cursor() as cursor:
        cursor.execute("SELECT customers_person(%s)", [email])
        found = cursor.fetchone()[0]
    assert (found if "@" in email else "") == person_of(email)


@pytest.mark.parametrize(
    ("email", "person"),
    [
        ("NOOR+sale@Post.example ", "noor@post.example"),
        ("n.oor+1@googlemail.com", "noor@gmail.com"),
        ("n.oor@post.example", "n.oor@post.example"),
    ],
)
def test_one_mailbox_is_one_person(email, person):
    assert person_of(email) == person


@pytest.mark.django_db
def test_the_fifth_ticket_is_refused_however_the_mailbox_is_written(event):
    named(held(event, 0, 1, 2))
    second = held(event, 10, 11)
    for email in (NOOR, "Noor@post.example", "noor+2@post.example"):
        with pytest.raises(OverLimit, match="1 of these 2 can still be yours") as refused:
            named(second, email)
        assert (refused.value.details, refused.value.code) == (
            {"most": 4, "left": 1},
            "over_customer_limit",
        )
    second.refresh_from_db()
    assert (second.status, second.customer) == ("RESERVED", None)
    assert EventSeat.objects.get(event=event, ordinal=10).status == "RESERVED"
    named(second, "somebody@post.example")
    named(held(event, 20))
    assert invariants.violations() == {}


@pytest.mark.django_db
def test_what_is_sold_counts_and_what_was_given_up_or_back_or_lapsed_does_not(event):
    sold = paid(named(held(event, 0, 1)))
    other = named(held(event, 10, 11))
    third = held(event, 20, 21)
    with pytest.raises(OverLimit, match="as many already"):
        named(third)
    abandon(other.pk)
    named(third)
    end_time(third)
    fourth = named(held(event, 30, 31))
    assert Booking.objects.filter(customer__person=NOOR, status="RESERVED").count() == 2
    abandon(fourth.pk)
    give_back(sold)
    named(held(event, 40, 41, 42))


@pytest.mark.django_db
def test_a_customer_known_from_the_start_is_counted_at_once(event):
    noor = remember_customer(email=NOOR, name="Noor")
    sale = Sale(customer_id=noor.pk)
    reserve(event=event, ordinals=[0, 1, 2, 3], sale=sale)
    with pytest.raises(OverLimit):
        reserve(event=event, ordinals=[10], sale=sale)
    assert EventSeat.objects.get(event=event, ordinal=10).status == "AVAILABLE"
    assert Booking.objects.count() == 1


@pytest.mark.django_db
def test_staff_may_sell_more_and_an_event_without_a_limit_has_none(event):
    noor = remember_customer(email=NOOR, name="Noor")
    reserve(event=event, ordinals=[0, 1, 2, 3], sale=Sale(customer_id=noor.pk))
    at_desk = Sale(channel="BOX_OFFICE", customer_id=noor.pk, stock="BOX_OFFICE")
    reserve(event=event, ordinals=[10], sale=at_desk)
    Event.objects.update(max_per_customer=None)
    reserve(event=event, ordinals=[20], sale=Sale(customer_id=noor.pk))


@pytest.mark.django_db
def test_money_for_a_booking_whose_time_was_over_cannot_make_more_of_it(event):
    """Let time run out at the payment page, book anew, pay both."""
    late = named(held(event, 0, 1, 2))
    end_time(late)
    paid(named(held(event, 10, 11)))
    assert status(paid(late)) == "REFUNDED"
    refund = Refund.objects.get()
    assert (refund.reason, refund.amount) == ("OVER_LIMIT", late.total)
    assert EventSeat.objects.get(event=event, ordinal=0).status == "AVAILABLE"
    in_time = named(held(event, 20, 21))
    lapse(in_time)
    assert status(paid(in_time)) == "CONFIRMED"
    assert invariants.violations() == {}


@pytest.mark.django_db
def test_the_checkout_tells_how_many_he_may_keep_and_loses_nothing(event):
    named(held(event, 0, 1, 2))
    browser = Browser()
    page = browser.get(f"/events/{event.slug}/").content.decode()
    assert "One person may have 4 tickets, all bookings together." in page
    checkout = browser.post(f"/events/{event.slug}/reserve/", {"seat": [10, 11]}).url
    typed = {"name": "Noor Vance", "email": "Noor+x@post.example", "phone": "+33 6 12 34 56 78"}
    answer = browser.post(f"{checkout}pay/", typed, follow=True).content.decode()
    assert "1 of these 2 can still be yours: let them go, and choose 1." in answer
    assert "seats are held until" in answer
    for value in typed.values():
        assert f'value="{value}"' in answer
    assert browser.post(f"{checkout}release/").url == f"/events/{event.slug}/"


@pytest.mark.django_db
def test_the_api_says_what_the_limit_is_and_refuses(event):
    assert Browser().get(f"/api/v1/events/{event.pk}").json()["max_per_customer"] == 4
    paid(named(held(event, 0, 1, 2)))
    token = ApiKey.objects.make(role="partner", name="Partner")[1]
    caller = Browser(headers={"authorization": f"Api-Key {token}"})
    wish = {"event": str(event.pk), "seats": [10, 11]}
    reserved = caller.post("/api/v1/bookings", wish, content_type="application/json").json()
    address = f"/api/v1/bookings/{reserved['id']}/contact"
    said = {"email": "NOOR+1@post.example", "name": "Noor"}
    refused = caller.post(address, said, content_type="application/json")
    assert (refused.status_code, refused.json()["code"]) == (409, "over_customer_limit")
    assert (refused.json()["most"], refused.json()["left"]) == (4, 1)


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["max_per_customer", "max_per_card"])
def test_a_limit_below_one_booking_is_refused_in_words(event, name):
    setattr(event, name, 3)
    with pytest.raises(Exception, match="One booking may hold 4 already"):
        event.clean()


# Many at one moment


def racing(event, work):
    def run():
        try:
            with acting_for(event.agency_id):
                work()
        except OverLimit as refused:
            return refused.code
        finally:
            connections.close_all()
        return "done"

    return run


@pytest.fixture
def racing_event(committed_db, made_house):
    with acting_for(made_house["agency"]["id"]):
        yield limited(max_per_customer=4)


def unguarded(copy):
    """The database counts, but nobody waits for anybody."""
    with psycopg.connect(copy.admin_url, autocommit=True) as admin:
        body = admin.execute(
            "SELECT pg_get_functiondef('bookings_others_of_person'::regproc)"
        ).fetchone()[0]
        assert body.count(LOCK) == 1
        # Everybody counts before anybody has written: what happens when they come close together.
        admin.execute(
            body.replace(LOCK, "").replace("RETURN had;", "PERFORM pg_sleep(0.5); RETURN had;")
        )


@pytest.mark.race
@pytest.mark.parametrize("is_guarded", [True, False])
def test_of_16_checkouts_of_one_person_four_tickets_come(committed_db, racing_event, is_guarded):
    bookings = [held(racing_event, number) for number in range(BUYERS)]
    if not is_guarded:
        unguarded(committed_db)
    works = [
        partial(named, booking, f"noor+{number}@post.example")
        for number, booking in enumerate(bookings)
    ]
    told = Counter(map(str, together([racing(racing_event, work) for work in works])))
    assert set(told) <= {"done", "over_customer_limit"}, told
    assert Booking.objects.filter(customer__person=NOOR).count() == told["done"]
    if is_guarded:
        assert told["done"] == 4
        assert invariants.violations() == {}
    else:
        assert told["done"] > 4


@pytest.mark.race
@pytest.mark.parametrize("is_guarded", [True, False])
def test_of_16_reservations_of_one_known_person_four_come(committed_db, racing_event, is_guarded):
    people = [
        remember_customer(email=f"noor+{number}@post.example", name="Noor")
        for number in range(BUYERS)
    ]
    if not is_guarded:
        unguarded(committed_db)
    works = [
        partial(reserve, event=racing_event, ordinals=[number], sale=Sale(customer_id=one.pk))
        for number, one in enumerate(people)
    ]
    told = Counter(map(str, together([racing(racing_event, work) for work in works])))
    assert set(told) <= {"done", "over_customer_limit"}, told
    assert (told["done"] == 4) == is_guarded
    assert Customer.objects.filter(person=NOOR).count() == BUYERS


def slowed(copy):
    """Who has locked a person's share of an event rests before he goes on."""
    with psycopg.connect(copy.admin_url, autocommit=True) as admin:
        body = admin.execute(
            "SELECT pg_get_functiondef('bookings_others_of_person'::regproc)"
        ).fetchone()[0]
        admin.execute(body.replace("RETURN had;", "PERFORM pg_sleep(0.5); RETURN had;"))


@pytest.fixture
def two_nights(committed_db):
    """Two events of a house with a limit of three tickets each."""
    agency = world.agency()
    with acting_for(agency.pk):
        first = world.event_on_sale(world.venue()[1])
        world.received_order(first, rows="A")
        second = second_night(first)
        Event.objects.update(max_per_booking=3, max_per_customer=3)
        yield agency.pk, first, second


@pytest.mark.race
@pytest.mark.parametrize("is_guarded", [True, False])
def test_shares_of_two_events_are_locked_in_one_order_whichever_was_chosen_first(
    two_nights, committed_db, monkeypatch, deadlocks, is_guarded
):
    """Two orders of one person, each of two tickets for both nights, begun from opposite ends: one of
    them is his. Without the order each waits for the share that the other has locked."""
    agency_id, *nights = two_nights
    begun = []
    for number, ends in enumerate([nights, nights[::-1]]):
        places = [2 * number, 2 * number + 1]
        first, other = (reserve(event=night, ordinals=places) for night in ends)
        join(other.pk, to=first.pk)
        begun.append(first)
    slowed(committed_db)
    if not is_guarded:
        monkeypatch.setattr(sys.modules["bookings.services.pay"], "by_event", list)
    works = [partial(named, each, f"noor+{n}@post.example") for n, each in enumerate(begun)]
    results = at_once(agency_id, *works)
    assert len(refusals(results)) == 1, results
    assert [each.code for each in refusals(results)] == ["over_customer_limit"]
    kept = Booking.objects.filter(customer__person=NOOR)
    assert sorted(kept.values_list("event", "ticket_count")) == sorted((n.pk, 2) for n in nights)
    assert len({each.order_key for each in kept}) == 1
    assert (deadlocks() == 0) == is_guarded
    assert invariants.violations() == {}


# One card


@pytest.fixture
def by_card(committed_db, stripe, made_house):
    with acting_for(made_house["agency"]["id"]):
        yield limited(max_per_card=4)


def at_page(event, ordinals, email):
    booking = held(event, *ordinals)
    named(booking, email)
    pay(booking.pk)
    return booking


def play(stripe, booking, card="visa"):
    stripe.play(payment_of(booking).provider_ref, "lost_notice", card=card)


def test_a_card_that_pays_for_too_many_people_gets_all_of_it_back(stripe, by_card):
    first, second, third = (
        at_page(by_card, ordinals, f"{name}@post.example")
        for name, ordinals in [("ada", [0, 1, 2]), ("ben", [10, 11]), ("cleo", [20])]
    )
    for booking in (first, second, third):
        play(stripe, booking)
        settle(payment_of(booking).pk)
        deliver_everything()
    assert [status(each) for each in (first, second, third)] == [
        "CONFIRMED",
        "REFUNDED",
        "CONFIRMED",
    ]
    assert Refund.objects.get().reason == "OVER_LIMIT"
    assert Refund.objects.get().status == "COMPLETED"
    assert EventSeat.objects.get(event=by_card, ordinal=10).status == "AVAILABLE"
    assert Message.objects.get(kind="payment_refunded").recipient == "ben@post.example"
    other = at_page(by_card, [30, 31], "dee@post.example")
    play(stripe, other, card="another")
    settle(payment_of(other).pk)
    deliver_everything()
    assert status(other) == "CONFIRMED"
    assert payment_of(other).card == "fp2"
    assert invariants.violations() == {}


def test_seats_that_were_changed_are_still_of_the_card(stripe, by_card):
    """Who pays for four and changes them has not paid for none with this card."""
    policy((2, 0, 0))
    first = at_page(by_card, [0, 1, 2], "ada@post.example")
    play(stripe, first)
    settle(payment_of(first).pk)
    deliver_everything()
    changed(held(by_card, 10, 11, 12), first, tickets_of(first, 1, 2, 3))
    second = at_page(by_card, [20, 21], "ben@post.example")
    play(stripe, second)
    settle(payment_of(second).pk)
    deliver_everything()
    assert [status(each) for each in (first, second)] == ["REFUNDED", "REFUNDED"]
    assert Refund.objects.get().reason == "OVER_LIMIT"
    assert invariants.violations() == {}


def test_where_the_event_only_wants_to_know_it_is_sold_and_an_alert_is_made(stripe, by_card):
    Event.objects.update(is_card_limit_strict=False)
    for name, ordinals in [("ada", [0, 1, 2]), ("ben", [10, 11])]:
        booking = at_page(by_card, ordinals, f"{name}@post.example")
        play(stripe, booking)
        settle(payment_of(booking).pk)
        deliver_everything()
        assert status(booking) == "CONFIRMED"
    assert Alert.objects.get().booking == booking
    assert str(Alert.objects.get()).endswith("over the limit of one card")
    assert not Refund.objects.exists()


def test_no_card_is_asked_for_where_nothing_depends_on_it(stripe, by_card):
    Event.objects.update(max_per_card=None)
    booking = at_page(by_card, [0], NOOR)
    play(stripe, booking)
    settle(payment_of(booking).pk)
    deliver_everything()
    assert (status(booking), payment_of(booking).card_read_at) == ("CONFIRMED", None)


def test_nothing_is_sold_before_the_provider_has_said_with_which_card(stripe, by_card):
    booking = at_page(by_card, [0], NOOR)
    play(stripe, booking)
    stripe.break_next("GET /v1/payment_intents/*", "status_500", times=3)
    settle(payment_of(booking).pk)
    with pytest.raises(ProviderUnavailable):
        read_card(payment_of(booking).pk)
    assert (status(booking), payment_of(booking).card_read_at) == ("RESERVED", None)
    stripe.mend()
    confirm_paid_booking(PaymentSucceeded(booking.pk, payment_of(booking).pk))
    assert (status(booking), payment_of(booking).card) == ("CONFIRMED", "fp1")


@pytest.mark.race
@pytest.mark.parametrize("is_guarded", [True, False])
def test_of_ten_people_with_one_card_four_get_a_ticket(
    committed_db, racing_event, monkeypatch, is_guarded, settings
):
    Event.objects.update(max_per_customer=None, max_per_card=4)
    works = []
    for number in range(10):
        booking = named(held(racing_event, number), f"buyer{number}@post.example")
        payment = Payment.objects.get(reference=booking.pk)
        world.received(payment)
        Payment.objects.filter(pk=payment.pk).update(card="fp1")
        works.append(partial(confirm, booking.pk, payment_id=payment.pk))
    if not is_guarded:
        monkeypatch.setattr("bookings.services.limits.one_at_a_time", lambda name: None)
        settings.FAIL_POINT = "confirm.after_lock=sleep:0.5"
    told = together([racing(racing_event, work) for work in works])
    assert set(told) == {"done"}
    sold = Booking.objects.filter(status="CONFIRMED").count()
    if is_guarded:
        assert sold == 4
        assert Booking.objects.filter(status="REFUNDED").count() == 6
        assert invariants.violations() == {}
    else:
        assert sold > 4
