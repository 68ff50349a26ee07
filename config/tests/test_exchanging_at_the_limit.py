"""Who has as many tickets as one person may have changes some of them; he never ends up with more."""

from functools import partial

import pytest
from django.db.models.functions import Now

from bookings.models import Booking, BookingItem
from bookings.services import OverLimit, contact, pay, reserve
from bookings.services.due import NoContact
from bookings.services.exchange import exchange, pay_difference
from config.tests import world
from config.tests.scenarios import shop
from config.tests.servers import at_once, refusals
from config.tests.test_buying_limits import unguarded
from config.tests.test_cancelling import policy
from config.tests.test_exchanging import (
    arrived,
    changed,
    gone_to_pay,
    looked_at,
    states,
    tickets_of,
)
from core import invariants
from core.tenancy import acting_for
from events.models import Event
from payments.models import Payment

NOOR = {"name": "Noor Vance", "email": "noor@post.example"}


@pytest.fixture(autouse=True)
def no_provider(settings):
    settings.PAYMENT_SIMULATOR_URL = "http://127.0.0.1:1"


def has():
    """How many tickets Noor has."""
    items = BookingItem.objects.filter(booking__customer__person=NOOR["email"], cancelled=None)
    return items.filter(booking__status__in=("CONFIRMED", "PAID")).count()


@pytest.mark.django_db
@pytest.mark.usefixtures("right_books")
class TestFourOfFour:
    @pytest.fixture
    def stocked(self, event):
        world.received_order(event, rows="A-B")
        world.received_order(event, section="Circle", rows="A")
        Event.objects.update(max_per_booking=4, max_per_customer=4)
        policy((2, 50, 0))
        return Event.objects.select_related("layout", "venue").get()

    @pytest.fixture
    def four(self, stocked):
        """Four seats of the circle."""
        return world.sold_booking(stocked, [50, 51, 52, 53])

    def test_he_changes_two_of_them(self, stocked, four):
        new = reserve(event=stocked, ordinals=[54, 55])
        changed(new, four, tickets_of(four, 1, 2))
        assert states(new) == ("CONFIRMED", ["CONFIRMED", "CONFIRMED"])
        assert has() == 4

    def test_and_for_dearer_ones(self, stocked, four):
        new = reserve(event=stocked, ordinals=[0, 1])
        payment = gone_to_pay(new, four, tickets_of(four, 1, 2))
        assert Booking.objects.get(pk=new.pk).customer is None
        arrived(payment)
        assert states(new) == ("CONFIRMED", ["CONFIRMED", "CONFIRMED"])
        assert Booking.objects.get(pk=new.pk).customer == four.customer
        assert has() == 4

    def test_but_not_for_more_seats(self, stocked, four):
        new = reserve(event=stocked, ordinals=[54, 55])
        with pytest.raises(OverLimit):
            changed(new, four, tickets_of(four, 1))
        assert (states(four)[0], has()) == ("CONFIRMED", 4)

    def test_which_he_reads_before_he_pays(self, stocked, four):
        new, tickets = reserve(event=stocked, ordinals=[0, 1]), tickets_of(four, 1)
        seen = looked_at(new, four, tickets).name
        with pytest.raises(OverLimit, match="1 of these 2 can still be yours"):
            pay_difference(new.pk, booking_id=four.pk, tickets=tickets, seen=seen)
        assert states(four) == ("CONFIRMED", ["CONFIRMED"] * 4)
        assert not Payment.objects.filter(reference=new.pk, status="PROCESSING").exists()

    def test_trying_it_out_leaves_nothing_behind(self, stocked, four):
        gone_to_pay(reserve(event=stocked, ordinals=[0, 1]), four, tickets_of(four, 1, 2))
        assert states(four) == ("CONFIRMED", ["CONFIRMED"] * 4)
        assert not four.cancellations.exists()
        assert set(stocked.seats.filter(ordinal__in=[50, 51]).values_list("status", flat=True)) == {
            "SOLD"
        }

    def test_who_is_at_the_page_does_not_buy_the_new_seats_as_well(self, stocked, four):
        new = reserve(event=stocked, ordinals=[0, 1])
        gone_to_pay(new, four, tickets_of(four, 1, 2))
        with pytest.raises(OverLimit):
            contact(new.pk, **NOOR)
        Payment.objects.filter(reference=new.pk).update(status="FAILED", settled_at=Now())
        with pytest.raises(NoContact):
            pay(new.pk)
        assert has() == 4

    def test_two_exchanges_of_the_same_tickets_end_in_one(self, stocked, four):
        tickets = tickets_of(four, 1, 2)
        payments = [
            gone_to_pay(reserve(event=stocked, ordinals=ordinals), four, tickets)
            for ordinals in ([0, 1], [2, 3])
        ]
        for payment in payments:
            arrived(payment)
        assert has() == 4
        assert [payment.refunds.count() for payment in payments] == [0, 1]


# At one moment


@pytest.fixture
def agency_id(committed_db):
    return shop(owned={"sections": ["A"]})["agency"]["id"]


@pytest.mark.race
@pytest.mark.parametrize("is_guarded", [True, False])
def test_changing_one_for_two_and_buying_one_do_not_make_five(committed_db, agency_id, is_guarded):
    """Who has three of four gives one for two, and buys one more, at one moment: one of it happens."""
    with acting_for(agency_id):
        policy((2, 0, 0))
        Event.objects.update(max_per_booking=4, max_per_customer=4)
        event = Event.objects.select_related("layout", "venue").get()
        three = world.sold_booking(event, [0, 1, 2])
        new, more = reserve(event=event, ordinals=[10, 11]), reserve(event=event, ordinals=[20])
        tickets = tickets_of(three, 1)
        seen = looked_at(new, three, tickets).name
    if not is_guarded:
        unguarded(committed_db)
    by = world.person(f"desk-{new.pk}@load.example")
    taking = {"way": "CASH", "by": by, "given": 1000}
    wanted = {"booking_id": three.pk, "tickets": tickets, "seen": seen, "taking": taking}
    works = [partial(exchange, new.pk, **wanted), partial(contact, more.pk, **NOOR)]
    results = at_once(agency_id, *works)
    with acting_for(agency_id):
        mine = BookingItem.objects.filter(booking__customer__person=NOOR["email"], cancelled=None)
        assert mine.count() == (4 if is_guarded else 5)
    assert [each.code for each in refusals(results)] == ["over_customer_limit"] * is_guarded
    assert invariants.violations() == {}
