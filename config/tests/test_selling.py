"""Reserving, expiring and taking over, as buyers meet it."""

from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models.functions import Now
from django.test import Client

from bookings.models import Booking, BookingItem
from bookings.services import (
    NotOnSale,
    NotYours,
    Sale,
    TooMany,
    Wish,
    abandon,
    contact,
    expire_lapsed,
    pay,
    reserve,
    reserve_best,
)
from bookings.tasks import expire
from config.tests.world import fee
from core import invariants
from core.tenancy import acting_for
from customers.models import Customer
from events.models import Event, PriceLevel
from inventory.models import EventSeat
from inventory.picking import NoSuchGroup
from inventory.services import SeatsTaken
from payments.models import Payment
from tickets.models import Ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(made_house):
    return made_house


@pytest.fixture
def event(world):
    with acting_for(world["agency"]["id"]):
        yield Event.objects.select_related("layout", "venue").get()


def lapse(booking):
    """Lets the time of a reservation pass."""
    Booking.objects.filter(pk=booking.pk).update(reserved_until=Now())
    EventSeat.objects.filter(claimed_by=booking.pk).update(claimed_until=Now())
    booking.refresh_from_db()


def seat(event, ordinal):
    return EventSeat.objects.get(event=event, ordinal=ordinal)


def test_a_reservation_holds_seats_tickets_price_and_a_payment_to_come(event):
    booking = reserve(event=event, ordinals=[0, 1])
    assert booking.status == "RESERVED"
    assert [(i.price, i.cost) for i in booking.items.all()] == [(Decimal(45), Decimal(30))] * 2
    assert set(Ticket.objects.values_list("status", "generation")) == {("RESERVED", 0)}
    assert {seat(event, o).status for o in (0, 1)} == {"RESERVED"}
    payment = Payment.objects.get()
    assert (payment.status, payment.amount, payment.reference) == ("PENDING", 90, booking.pk)
    assert invariants.violations() == {}


def test_one_lost_seat_loses_the_whole_booking_and_writes_nothing(event):
    reserve(event=event, ordinals=[1])
    with pytest.raises(SeatsTaken) as lost:
        reserve(event=event, ordinals=[0, 1, 2])
    assert lost.value.ordinals == [1]
    assert Booking.objects.count() == Ticket.objects.count() == 1
    assert seat(event, 0).status == "AVAILABLE"


def test_the_fee_is_added_rounded_per_ticket_and_frozen(event, world):
    fee(percent=Decimal("6.25"), amount=Decimal("0.30"))
    booking = reserve(event=event, ordinals=[0, 1, 2])
    # 45.00 × 6.25 % + 0.30 = 3.1125 → 3.11 each
    assert (booking.price, booking.fee, booking.total) == (
        Decimal("135.000"),
        Decimal("9.330"),
        Decimal("144.330"),
    )
    PriceLevel.objects.update(price=99)
    assert BookingItem.objects.filter(booking=booking).first().price == 45


def test_what_was_sold_is_never_rewritten_not_even_by_sql(event):
    booking = reserve(event=event, ordinals=[0])
    for statement in (
        "UPDATE bookings_bookingitem SET price = 1, total = 1",
        "DELETE FROM bookings_bookingitem",
        f"UPDATE bookings_booking SET total = 1, price = 1 WHERE id = '{booking.pk}'",  # noqa: S608
    ):
        with pytest.raises(Exception, match=r"never rewritten|does not equal"):
            execute(statement)


def execute(statement):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
        connection.check_constraints()


@pytest.mark.parametrize("ordinals", [[], [0, 0], list(range(11))])
def test_none_twice_or_too_many_places_are_refused(event, ordinals):
    with pytest.raises(TooMany):
        reserve(event=event, ordinals=ordinals)


@pytest.mark.parametrize("ordinal", [500, 2**31 - 1])
def test_a_place_that_does_not_exist_cannot_be_taken(event, ordinal):
    with pytest.raises(SeatsTaken):
        reserve(event=event, ordinals=[ordinal])


def test_a_place_the_agency_does_not_own_cannot_be_taken(half_owned_house):
    world = half_owned_house
    with acting_for(world["agency"]["id"]):
        event = Event.objects.get()
        with pytest.raises(SeatsTaken):
            reserve(event=event, ordinals=[200])
        assert reserve(event=event, ordinals=[199]).total == 45
        with pytest.raises(IntegrityError, match="only_owned_seats_are_sold"), transaction.atomic():
            EventSeat.objects.filter(ordinal=200).update(
                status="RESERVED", claimed_by=event.pk, claimed_until=Now()
            )


def test_nothing_is_sold_outside_the_sale_window(event):
    Event.objects.update(sale_ends_at=Now())
    event.refresh_from_db()
    with pytest.raises(NotOnSale):
        reserve(event=event, ordinals=[0])


def test_the_next_buyer_takes_over_a_lapsed_reservation_himself(event):
    slow = reserve(event=event, ordinals=[0, 1])
    lapse(slow)
    quick = reserve(event=event, ordinals=[1, 2])
    slow.refresh_from_db()
    assert (slow.status, quick.status) == ("EXPIRED", "RESERVED")
    assert [seat(event, o).claimed_by for o in (0, 1, 2)] == [None, quick.pk, quick.pk]
    assert set(slow.items.values_list("ticket__status", flat=True)) == {"CANCELLED"}
    assert invariants.violations() == {}


def test_a_reservation_whose_time_is_not_over_is_never_taken_over(event):
    reserve(event=event, ordinals=[0])
    with pytest.raises(SeatsTaken):
        reserve(event=event, ordinals=[0])


def test_the_sweeper_only_tidies(event, world):
    lapsed, alive = reserve(event=event, ordinals=[0]), reserve(event=event, ordinals=[1])
    lapse(lapsed)
    assert expire() == 1
    assert expire() == 0
    assert expire_lapsed(alive.pk) is False
    assert [b.status for b in Booking.objects.order_by("pk")] == ["EXPIRED", "RESERVED"]
    assert invariants.violations() == {}


def test_a_buyer_may_give_up_and_the_seats_are_free_at_once(event):
    booking = reserve(event=event, ordinals=[0])
    abandon(booking.pk)
    assert reserve(event=event, ordinals=[0]).status == "RESERVED"
    assert invariants.violations() == {}


def test_nobody_pays_for_a_reservation_that_is_over(event):
    booking = reserve(event=event, ordinals=[0])
    contact(booking.pk, email="noor@post.example", name="Noor Vance")
    lapse(booking)
    with pytest.raises(NotYours):
        pay(booking.pk)


def test_a_guest_does_not_overwrite_what_is_known_of_a_customer(event):
    first, second = reserve(event=event, ordinals=[0]), reserve(event=event, ordinals=[1])
    contact(first.pk, email="Noor@Post.example", name="Noor Vance")
    contact(second.pk, email="noor@post.example", name="Somebody Else", phone="+33 6")
    customer = Customer.objects.get(email="noor@post.example")
    assert (customer.name, customer.phone) == ("Noor Vance", "")
    names = second.items.values_list("ticket__holder_name", flat=True)
    assert set(names) == {"Somebody Else"}


def test_the_best_places_are_side_by_side_in_front_and_strand_nobody(event):
    booking = reserve_best(event=event, wish=Wish(quantity=4))
    ordinals = sorted(booking.items.values_list("ticket__ordinal", flat=True))
    assert ordinals == list(range(ordinals[0], ordinals[0] + 4))
    assert len(set(booking.items.values_list("ticket__row", flat=True))) == 1


def test_standing_places_need_no_neighbours_and_a_full_section_says_so(event):
    for _ in range(10):
        reserve_best(event=event, wish=Wish(quantity=10, section="Floor"))
    with pytest.raises(NoSuchGroup):
        reserve_best(event=event, wish=Wish(quantity=1, section="Floor"))
    assert EventSeat.objects.filter(status="RESERVED").count() == 100


def test_a_party_that_fits_nowhere_together_is_split_only_when_it_agrees(event):
    Event.objects.update(max_per_booking=100)
    event.refresh_from_db()
    with pytest.raises(NoSuchGroup):
        reserve_best(event=event, wish=Wish(quantity=21, section="A"))
    booking = reserve_best(event=event, wish=Wish(quantity=21, section="A", together=False))
    assert booking.ticket_count == 21


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"seats": [0], "best": {"quantity": 1}}, 400),
        ({}, 400),
        ({"seats": []}, 400),
        ({"seats": [-1]}, 400),
        ({"seats": [2**31]}, 400),
        ({"seats": ["A"]}, 400),
        ({"seats": [0, 0]}, 422),
        ({"seats": list(range(11))}, 422),
        ({"seats": [0], "price": "0.01"}, 400),
        ({"seats": [0], "agency_id": "x"}, 400),
        ({"best": {"quantity": 0}}, 400),
        ({"best": {"quantity": 1000}}, 400),
        ({"best": {"quantity": 1, "level": "Balcony"}}, 422),
    ],
)
def test_bad_requests_are_refused_and_write_nothing(event, world, body, status):
    answer = Client(HTTP_HOST="127.0.0.1").post(
        "/api/v1/bookings",
        {"event": str(event.pk), **body},
        content_type="application/json",
        headers={"Authorization": f"Api-Key {world['tokens']['buyer']}"},
    )
    assert answer.status_code == status, answer.content
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert Booking.objects.count() == 0


def test_another_callers_booking_looks_like_none(event, world):
    sale = Sale(channel="API")
    booking = reserve(event=event, ordinals=[0], sale=sale)
    answer = Client(HTTP_HOST="127.0.0.1").get(
        f"/api/v1/bookings/{booking.pk}",
        headers={"Authorization": f"Api-Key {world['tokens']['partner']}"},
    )
    assert answer.status_code == 404
