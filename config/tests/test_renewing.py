"""More time to pay: once, for as long as the event gives, whoever asks how often at once."""

from datetime import timedelta

import pytest
from django.db import connections
from django.db.models import F
from django.test import Client

from bookings import services
from bookings.models import Booking
from bookings.services import expire, renew, reserve
from config.tests.servers import together, without_locks
from core import invariants
from core.locks import database_now
from core.tenancy import acting_for
from events.models import Event
from inventory.models import EventSeat
from payments.models import Payment

TTL = timedelta(minutes=15)


@pytest.fixture
def world(made_shop):
    return made_shop


@pytest.fixture
def event(world):
    with acting_for(world["agency"]["id"]):
        yield Event.objects.select_related("layout").get()


def ends(booking):
    """(when the reservation ends, when its places do)."""
    places = EventSeat.objects.filter(claimed_by=booking.pk).values_list("claimed_until", flat=True)
    return Booking.objects.get(pk=booking.pk).reserved_until, set(places)


@pytest.mark.django_db
def test_time_is_prolonged_once_for_booking_and_places(event):
    booking = reserve(event=event, ordinals=[0, 1])
    before = booking.reserved_until
    renew(booking.pk)
    assert ends(booking) == (before + TTL, {before + TTL})
    with pytest.raises(services.RenewedAlready) as refused:
        renew(booking.pk)
    assert refused.value.details["until"] == (before + TTL).isoformat()
    assert ends(booking) == (before + TTL, {before + TTL})


@pytest.mark.django_db
def test_places_of_somebody_who_is_paying_are_kept_through_the_grace(event):
    booking = reserve(event=event, ordinals=[0])
    Payment.objects.filter(reference=booking.pk).update(
        status="PROCESSING", opened_at=database_now(), provider_ref="x"
    )
    assert Payment.objects.filter(reference=booking.pk).exists()
    renew(booking.pk)
    until = booking.reserved_until + TTL
    assert ends(booking) == (until, {until + expire.GRACE})


@pytest.mark.django_db
def test_what_is_over_or_given_up_is_not_prolonged(event):
    over, given_up = reserve(event=event, ordinals=[0]), reserve(event=event, ordinals=[1])
    Booking.objects.filter(pk=over.pk).update(reserved_until=F("reserved_until") - 2 * TTL)
    services.abandon(given_up.pk)
    for booking in (over, given_up):
        with pytest.raises(services.NotYours):
            renew(booking.pk)


@pytest.mark.django_db
def test_the_checkout_offers_more_time_until_it_was_taken(event):
    browser = Client()
    seat = {"seat": [0, 1]}
    checkout = browser.post(f"/events/{event.slug}/reserve/", seat).url
    before = Booking.objects.get().reserved_until
    assert "I need 15 minutes more" in browser.get(checkout).content.decode()
    assert browser.post(f"{checkout}renew/").url == checkout
    assert Booking.objects.get().reserved_until == before + TTL
    assert "minutes more" not in browser.get(checkout).content.decode()
    assert browser.post(f"{checkout}renew/").url == checkout
    assert Booking.objects.get().reserved_until == before + TTL
    assert Client().post(f"{checkout}renew/").status_code == 404


@pytest.mark.django_db
def test_a_seller_prolongs_over_the_api(world, event):
    caller = Client(headers={"authorization": f"Api-Key {world['tokens']['buyer']}"})
    asked = {"event": str(event.pk), "seats": [0]}
    made = caller.post("/api/v1/bookings", asked, content_type="application/json").json()
    path = f"/api/v1/bookings/{made['id']}/renew"
    answer = caller.post(path)
    assert answer.status_code == 200
    assert answer.json()["reserved_until"] > made["reserved_until"]
    again = caller.post(path)
    assert (again.status_code, again.json()["code"]) == (409, "renewed_already")


@pytest.mark.race
@pytest.mark.parametrize("is_guarded", [True, False])
def test_of_many_who_prolong_at_once_one_does_also_when_only_the_database_says_no(
    committed_db, monkeypatch, is_guarded, made_shop
):
    """Without the lock everybody reads that nobody has prolonged it; the trigger refuses the second."""
    world = made_shop
    agency = world["agency"]["id"]
    if not is_guarded:
        without_locks(monkeypatch, "bookings.orders")

    def prolong(booking_id):
        def act():
            try:
                with acting_for(agency):
                    return renew(booking_id)
            except Exception as refused:
                return type(refused).__name__
            finally:
                connections.close_all()

        return act

    with acting_for(agency):
        event = Event.objects.select_related("layout").get()
        booking = reserve(event=event, ordinals=[0])
        answers = together([prolong(booking.pk) for _ in range(8)])
        assert sum(isinstance(answer, Booking) for answer in answers) == 1, answers
        assert ends(booking) == (booking.reserved_until + TTL, {booking.reserved_until + TTL})
    assert invariants.violations() == {}
