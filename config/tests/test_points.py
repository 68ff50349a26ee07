"""Points of customers: earned with bookings, reversed with them, spent, lapsed; tiers of them."""

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

import pgtrigger
import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agencies.models import Agency
from bookings.cancelling import Wish
from bookings.models import Booking, Cancellation, Grounds, Rule
from bookings.services import reserve
from bookings.services.exchange import difference, exchange
from bookings.services.points import earn_points, reverse_points
from config.tests import world
from config.tests.presaling import draft, not_on_sale_yet
from config.tests.test_cancelling import euros, policy
from config.tests.test_credit import balance, give_back
from config.tests.test_exchanging import arrived, changed, gone_to_pay, looked_at
from config.tests.test_exchanging import tickets_of as given_tickets
from core import outbox
from core.errors import Invalid
from core.ids import uuid7
from core.invariants import violations
from core.locks import database_now
from core.memory import Remembered
from customers import points
from customers.lists import add_buyers, lists_of
from customers.models import BuyerList, PointEntry, Programme, Tier
from customers.points import (
    NoProgramme,
    NotEnoughPoints,
    adjust,
    count_from,
    earned_lately,
    expire_points,
    lots_of,
    points_of,
    standing_of,
    tier_of,
)
from customers.services import remember_customer
from customers.tasks import let_points_lapse
from payments.adapters import ProviderDispute
from payments.models import CreditEntry, Payment
from payments.services import WorthChanged, credit_of, points_to_credit, worth_of_points
from payments.services.disputes import record_disputes
from promotions.presales import activate, admit_listed

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("right_books")]
EACH = Decimal(40)  # a seat of the stalls, without the fee that comes on top


@pytest.fixture
def programme(agency):
    """A point for each euro, 100 of them worth one euro, for a year."""
    return world.loyal(point_days=365, silver_from=100, gold_from=200, platinum_from=300)


@pytest.fixture
def noor(agency):
    return remember_customer(email="noor@post.example", name="Noor Vance")


@pytest.fixture
def stocked(event):
    world.received_order(event, rows="A-B")
    return event


def delivered():
    while sum(outbox.deliver()):
        pass


def sold(stocked, *ordinals, **words):
    """A paid booking that has earned its points."""
    booking = world.sold_booking(stocked, list(ordinals or (0, 1)), **words)
    delivered()
    return booking


def lot(customer, number, days=None, made_at=None, of=None):
    """Points that were earned (`of` a booking), and lapse so many days from now."""
    reference = of or uuid7()
    return PointEntry.objects.create(
        customer=customer,
        kind="EARNED",
        points=number,
        reference=reference,
        key=f"earned:{reference}",
        expires_at=days and database_now() + timedelta(days=days),
        **({"made_at": made_at} if made_at else {}),
    )


def written(kind=None):
    rows = PointEntry.objects.order_by("made_at", "pk").values_list("kind", "points")
    return [row for row in rows if kind is None or row[0] == kind]


def spent(customer, number, key="once"):
    money = Programme.objects.get().worth_of(number)
    return points_to_credit(customer.pk, number, money, key=key)


class TestEarning:
    def test_tickets_after_discounts_earn_and_fees_do_not(self, programme, stocked):
        booking = sold(stocked)
        assert (booking.price, booking.total) == (80, Decimal("84.80"))
        entry = PointEntry.objects.get()
        assert (entry.kind, entry.points, entry.reference) == ("EARNED", 80, booking.pk)
        assert entry.customer == booking.customer
        assert timedelta(days=364) < entry.expires_at - database_now() <= timedelta(days=365)

    def test_parts_of_points_are_not_earned(self, stocked):
        world.loyal(points_per_unit=Decimal("0.333"))
        sold(stocked, 0)
        assert points_of(Booking.objects.get().customer_id) == 13

    def test_told_twice_it_is_earned_once(self, programme, stocked):
        booking = sold(stocked)
        earn_points(booking.pk)
        assert written() == [("EARNED", 80)]

    def test_nothing_is_earned_where_no_programme_runs(self, agency, stocked):
        sold(stocked, 0)
        world.loyal(is_on=False)
        sold(stocked, 1)
        assert written() == []

    def test_nothing_is_earned_in_another_currency(self, stocked):
        world.loyal(currency="CHF")
        sold(stocked)
        assert written() == []

    def test_the_past_keeps_what_it_earned(self, programme, stocked):
        sold(stocked, 0)
        Programme.objects.update(points_per_unit=3, point_days=None)
        booking = sold(stocked, 1, 2)
        assert written() == [("EARNED", 40), ("EARNED", 240)]
        assert PointEntry.objects.get(reference=booking.pk).expires_at is None

    def test_a_sale_that_is_told_after_its_end_earns_nothing_in_the_end(self, programme, stocked):
        booking = world.sold_booking(stocked, [0, 1])
        given_back(booking)
        delivered()
        assert written() == [("EARNED", 80), ("REVERSED", -80)]


def given_back(booking, *positions):
    wanted = booking.items.filter(position__in=positions) if positions else booking.items.all()
    tickets = frozenset(wanted.values_list("ticket", flat=True))
    give_back(booking, Wish(tickets, Grounds.STAFF, Rule.ALL_BACK, "Ill"))
    delivered()


def other_seats(stocked, booking, ordinals, *positions):
    """The booking that tickets of a sold one were changed for, once it has earned its points."""
    new, given = reserve(event=stocked, ordinals=ordinals), given_tickets(booking, *positions)
    booking = Booking.objects.select_related("event", "terms").get(pk=booking.pk)
    if difference(looked_at(new, booking, given)):
        arrived(gone_to_pay(new, booking, given))
    else:
        changed(new, booking, given)
    delivered()
    return Booking.objects.get(pk=new.pk)


class TestReversing:
    @pytest.fixture(autouse=True)
    def no_provider(self, settings):
        settings.PAYMENT_SIMULATOR_URL = "http://127.0.0.1:1"

    def test_a_ticket_takes_its_points_along(self, programme, stocked):
        booking = sold(stocked)
        given_back(booking, 1)
        assert points_of(booking.customer_id) == 40
        given_back(booking, 2)
        assert points_of(booking.customer_id) == 0
        assert written("REVERSED") == [("REVERSED", -40), ("REVERSED", -40)]

    def test_one_after_the_other_comes_to_what_was_earned(self, stocked):
        world.loyal(points_per_unit=Decimal("0.331"))
        booking = sold(stocked, 0, 1, 2)
        assert points_of(booking.customer_id) == 39
        left = []
        for position in (1, 2, 3):
            given_back(booking, position)
            left.append(points_of(booking.customer_id))
        assert left == [26, 13, 0]

    def test_what_is_kept_of_a_ticket_earns_nothing(self, programme, stocked):
        policy((30, 50, 0))
        booking = sold(stocked)
        tickets = frozenset(booking.items.values_list("ticket", flat=True))
        give_back(booking, Wish(tickets, Grounds.STAFF, Rule.NOTHING_BACK, "A rule"))
        delivered()
        assert points_of(booking.customer_id) == 0

    def test_told_again_nothing_more_is_reversed(self, programme, stocked):
        booking = sold(stocked)
        given_back(booking, 1)
        for _ in range(2):
            reverse_points(booking.payment_id)
        assert points_of(booking.customer_id) == 40

    def test_seats_changed_for_dearer_ones_earn_what_those_cost(self, programme, stocked):
        world.received_order(stocked, section="Circle", rows="A")
        policy((2, 50, 0))
        booking = sold(stocked)
        new = world.reservation(stocked, [50, 51])
        tickets = given_tickets(booking, 1, 2)
        quote = looked_at(new, booking, tickets)
        exchange(new.pk, booking_id=booking.pk, tickets=tickets, seen=quote.name)
        delivered()
        new.refresh_from_db()
        assert Cancellation.objects.get().grounds == "EXCHANGE"
        assert points_of(booking.customer_id) == int(new.price)

    def test_of_seats_that_were_changed_they_are_none_the_younger(self, programme, stocked):
        """What dearer ones cost more is new; told again, nothing is earned twice."""
        world.received_order(stocked, section="Circle", rows="A")
        policy((2, 50, 0))
        booking = sold(stocked, 50, 51)
        Programme.objects.update(point_days=500)
        [first] = PointEntry.objects.all()
        new = other_seats(stocked, booking, [10, 11], 1, 2)
        earn_points(new.pk)
        old, more = lots_of(new.pk)
        assert (old.points, old.expires_at) == (first.points, first.expires_at)
        assert more.points == 80 - first.points
        assert more.expires_at > database_now() + timedelta(days=499)
        third = other_seats(stocked, new, [12], 1)
        assert [each.expires_at for each in lots_of(third.pk)] == [old.expires_at, more.expires_at]
        assert [each.points for each in lots_of(third.pk)] == [old.points / 2, more.points / 2]
        assert points_of(new.customer_id) == standing_of(new.customer_id).points == 80
        given_back(third)
        assert points_of(new.customer_id) == 40
        given_back(new, 2)
        assert points_of(new.customer_id) == standing_of(new.customer_id).points == 0
        assert violations() == {}

    @pytest.mark.parametrize("is_taken", [True, False], ids=["taken away", "not yet"])
    def test_what_had_lapsed_does_not_come_back_with_other_seats(
        self, programme, stocked, is_taken, monkeypatch
    ):
        policy((2, 50, 0))
        monkeypatch.setattr(points, "_lasts_until", lambda _: database_now() - timedelta(days=1))
        booking = sold(stocked)
        monkeypatch.undo()
        if is_taken:
            assert expire_points(booking.customer_id) == 80
        other_seats(stocked, booking, [10, 11], 1, 2)
        assert points_of(booking.customer_id) == standing_of(booking.customer_id).points == 0
        expire_points(booking.customer_id)
        assert sum(each for _, each in written()) == 0
        assert violations() == {}

    def test_of_cheaper_seats_no_more_are_earned_than_they_cost(self, programme, stocked):
        world.received_order(stocked, section="Circle", rows="A")
        policy((2, 50, 0))
        booking = sold(stocked)
        [first] = PointEntry.objects.all()
        new = other_seats(stocked, booking, [50, 51], 1, 2)
        [old] = lots_of(new.pk)
        assert (old.points, old.expires_at) == (new.price, first.expires_at)

    def test_points_that_were_spent_are_owed_and_later_ones_make_up_for_them(
        self, programme, stocked
    ):
        booking = sold(stocked)
        noor = booking.customer
        spent(noor, 60)
        given_back(booking)
        assert points_of(noor.pk) == standing_of(noor.pk).points == -60
        assert worth_of_points(noor.pk) == (0, None)
        sold(stocked, 2, 3)
        assert points_of(noor.pk) == standing_of(noor.pk).points == 20
        with pytest.raises(NotEnoughPoints):
            spent(noor, 21, key="more")
        spent(noor, 20, key="all")

    def test_what_had_lapsed_is_not_taken_twice(self, programme, noor):
        entry = lot(noor, 100, days=-1)
        expire_points(noor.pk)
        points.keep_share(entry.reference, lambda: Fraction(1, 2))
        assert points_of(noor.pk) == 0
        points.keep_share(entry.reference, lambda: Fraction(0))
        assert points_of(noor.pk) == 0
        assert sum(entry.points for entry in PointEntry.objects.filter(kind="REVERSED")) == -100
        assert sum(entry.points for entry in PointEntry.objects.filter(kind="EXPIRED")) == 0


def told_by_the_bank(booking, state, amount, payment=None):
    """The bank holds so much of the booking's payment (or another), or has decided so."""
    payment = Payment.objects.get(pk=payment.pk if payment else booking.payment_id)
    told = ProviderDispute(
        ref=f"dp_{payment.pk}",
        payment_ref="",
        state=state,
        reason="fraudulent",
        amount=amount,
        currency="EUR",
        is_withdrawn=state != "won",
        created_at=timezone.now(),
        evidence_due_at=None,
    )
    record_disputes(payment.pk, [told], read=payment.disputes_read)
    delivered()


class TestLostMoney:
    @pytest.fixture(autouse=True)
    def tickets_stay(self, agency):
        Agency.objects.filter(pk=agency.pk).update(when_disputed="NOTHING")
        Remembered.forget_everything()

    def test_a_bank_that_decides_anew_gives_points_back(self, programme, stocked):
        booking = sold(stocked)
        told_by_the_bank(booking, "needs_response", booking.total)
        assert points_of(booking.customer_id) == 80
        told_by_the_bank(booking, "lost", booking.total)
        assert points_of(booking.customer_id) == 0
        told_by_the_bank(booking, "won", booking.total)
        assert points_of(booking.customer_id) == 80
        assert written("REVERSED") == [("REVERSED", -80), ("REVERSED", 80)]

    def test_a_part_that_is_lost_takes_its_part(self, programme, stocked):
        booking = sold(stocked)
        told_by_the_bank(booking, "lost", booking.total / 4)
        assert points_of(booking.customer_id) == 60

    def test_the_rest_of_a_booking_that_is_lost_takes_the_rest(self, programme, stocked):
        booking = sold(stocked)
        given_back(booking, 1)
        told_by_the_bank(booking, "lost", booking.total / 2)
        assert points_of(booking.customer_id) == 0


class TestLostMoneyOfOtherSeats:
    """A seat for 31.80 that was changed for one of 42.40, which earned 40 points."""

    @pytest.fixture(autouse=True)
    def tickets_stay(self, agency, settings):
        Agency.objects.filter(pk=agency.pk).update(when_disputed="NOTHING")
        Remembered.forget_everything()
        settings.PAYMENT_SIMULATOR_URL = "http://127.0.0.1:1"

    @pytest.fixture
    def cheap(self, programme, stocked):
        world.received_order(stocked, section="Circle", rows="A")
        policy((2, 50, 0))
        return sold(stocked, 50)

    @pytest.fixture
    def dear(self, stocked, cheap):
        """(the booking, the payment of the difference)."""
        new = reserve(event=stocked, ordinals=[0])
        payment = arrived(gone_to_pay(new, cheap, given_tickets(cheap, 1)))
        delivered()
        new.refresh_from_db()
        assert points_of(new.customer_id) == 40
        return new, payment

    def test_the_difference_takes_its_part_and_the_bank_may_give_it_back(self, dear):
        booking, difference = dear
        told_by_the_bank(booking, "lost", difference.amount, difference)
        assert points_of(booking.customer_id) == 30
        told_by_the_bank(booking, "won", difference.amount, difference)
        assert points_of(booking.customer_id) == 40

    def test_what_paid_for_the_old_seat_takes_the_other_part(self, dear, cheap):
        booking, difference = dear
        told_by_the_bank(cheap, "lost", cheap.total)
        assert points_of(booking.customer_id) == 10
        told_by_the_bank(booking, "lost", difference.amount, difference)
        assert points_of(booking.customer_id) == 0

    def test_a_part_of_the_difference_takes_a_part_of_it(self, dear):
        booking, difference = dear
        told_by_the_bank(booking, "lost", difference.amount / 2, difference)
        assert points_of(booking.customer_id) == 35

    def test_it_takes_them_from_seats_that_came_later_as_well(self, dear, stocked):
        booking, difference = dear
        third = changed(reserve(event=stocked, ordinals=[3]), booking, given_tickets(booking, 1))
        delivered()
        assert points_of(third.customer_id) == 40
        told_by_the_bank(booking, "lost", difference.amount, difference)
        assert points_of(third.customer_id) == 30

    def test_a_bank_takes_what_stayed_sold_first(self, programme, stocked):
        policy((2, 50, 0))
        booking = sold(stocked, 0, 1)
        changed(reserve(event=stocked, ordinals=[3]), booking, given_tickets(booking, 1))
        delivered()
        assert points_of(booking.customer_id) == 80
        told_by_the_bank(booking, "lost", booking.total / 2)
        assert points_of(booking.customer_id) == 40
        told_by_the_bank(booking, "lost", booking.total)
        assert points_of(booking.customer_id) == 0


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    number=st.integers(1, 500),
    prices=st.lists(st.integers(1, 9999), min_size=1, max_size=6),
    order=st.randoms(use_true_random=False),
    takes=st.lists(st.integers(1, 200), max_size=3),
    is_over=st.booleans(),
)
def test_whatever_is_given_back_in_whatever_order_comes_to_what_was_earned(
    programme, noor, number, prices, order, takes, is_over
):
    with transaction.atomic():
        entry = lot(noor, number, days=-1 if is_over else 30)
        for key, take in enumerate(takes):
            if take <= points_of(noor.pk):
                spent(noor, take, key=key)
        expire_points(noor.pk)
        gone = -sum(each.points for each in PointEntry.objects.filter(kind="SPENT"))
        left = list(prices)
        order.shuffle(left)
        while left:
            left.pop()
            share = Fraction(sum(left), sum(prices))
            points.keep_share(entry.reference, lambda share=share: share)
            points.keep_share(entry.reference, lambda share=share: share)
            stays = int(number * share)
            back = -sum(each.points for each in entry.parts.filter(kind="REVERSED"))
            assert stays + back == number == entry.points
            assert points_of(noor.pk) == standing_of(noor.pk).points
            assert points_of(noor.pk) == (0 if is_over else stays - gone)
        transaction.set_rollback(True)


class TestSpending:
    def test_points_become_credit_and_the_books_say_what_they_cost(self, programme, noor):
        lot(noor, 250)
        entry = spent(noor, 200)
        assert (entry.kind, entry.money) == ("POINTS", euros(2))
        assert credit_of(noor.pk, "EUR") == euros(2)
        assert points_of(noor.pk) == 50
        assert (balance("points_spent"), balance("customer_credit")) == (2, -2)
        assert PointEntry.objects.get(kind="SPENT").reference == entry.pk

    def test_pressed_twice_is_once(self, programme, noor):
        lot(noor, 250)
        assert spent(noor, 100) == spent(noor, 100)
        assert points_of(noor.pk) == 150
        assert credit_of(noor.pk, "EUR") == euros(1)

    def test_more_than_there_is_is_refused(self, programme, noor):
        lot(noor, 99)
        with pytest.raises(NotEnoughPoints, match="100 points"):
            spent(noor, 100)
        assert not CreditEntry.objects.exists()

    def test_what_is_rounded_off_is_not_taken(self, noor):
        world.loyal(worth=Decimal("0.30"))
        lot(noor, 99)
        assert worth_of_points(noor.pk) == (97, euros("0.29"))

    def test_no_more_are_taken_than_are_needed(self, programme, noor):
        lot(noor, 5000)
        assert worth_of_points(noor.pk, euros("12.34")) == (1234, euros("12.34"))

    def test_worth_that_changed_is_said(self, programme, noor):
        lot(noor, 250)
        Programme.objects.update(worth=2)
        with pytest.raises(WorthChanged):
            points_to_credit(noor.pk, 200, euros(2), key="k")
        assert points_of(noor.pk) == 250

    def test_nothing_is_spent_while_no_programme_runs(self, programme, noor):
        lot(noor, 250)
        Programme.objects.update(is_on=False)
        assert worth_of_points(noor.pk) == (0, None)
        with pytest.raises(NoProgramme):
            spent(noor, 200)

    def test_credit_made_of_points_lapses_like_credit(self, programme, agency, noor):
        Agency.objects.filter(pk=agency.pk).update(credit_days=30)
        Remembered.forget_everything()
        lot(noor, 250)
        until = spent(noor, 200).expires_at
        assert timedelta(days=29) < until - database_now() <= timedelta(days=30)


class TestLapsing:
    def test_what_lapsed_cannot_be_spent_before_the_worker_came(self, programme, noor):
        lot(noor, 100, days=-1)
        lot(noor, 50, days=5)
        assert points_of(noor.pk) == standing_of(noor.pk).points == 50
        with pytest.raises(NotEnoughPoints):
            spent(noor, 60)
        spent(noor, 50)
        assert written("EXPIRED") == [("EXPIRED", -100)]

    def test_the_worker_takes_it_away_once(self, programme, noor):
        lot(noor, 100, days=-1)
        lot(noor, 70, days=-2)
        assert let_points_lapse() == 1
        assert sorted(written("EXPIRED")) == [("EXPIRED", -100), ("EXPIRED", -70)]
        assert let_points_lapse() == 0
        assert sum(points for _, points in written()) == 0

    def test_the_next_to_lapse_are_spent_first(self, programme, noor):
        lot(noor, 100)
        soon = lot(noor, 40, days=10)
        lot(noor, 60, days=20)
        assert standing_of(noor.pk) == points.Standing(200, 40, soon.expires_at)
        spent(noor, 30)
        assert standing_of(noor.pk).lapsing == 10
        spent(noor, 30, key="again")
        assert standing_of(noor.pk).lapsing == 40
        spent(noor, 40, key="rest")
        assert standing_of(noor.pk) == points.Standing(100)

    def test_points_of_tickets_given_back_are_their_own_and_not_the_next_to_lapse(
        self, programme, noor
    ):
        soon, later = lot(noor, 100, days=10), lot(noor, 50, days=20)
        points.keep_share(later.reference, lambda: Fraction(0))
        assert standing_of(noor.pk) == points.Standing(100, 100, soon.expires_at)


class TestTheDatabase:
    @pytest.mark.parametrize(
        "wrong",
        [
            {"kind": "EARNED", "points": -1},
            {"kind": "EARNED", "points": 0},
            {"kind": "EARNED", "points": 1, "reference": None},
            {"kind": "SPENT", "points": 1},
            {"kind": "SPENT", "points": -101},
            {"kind": "EXPIRED", "points": -1, "reference": None},
            {"kind": "ADJUSTED", "points": 5, "reference": None},
            {"kind": "ADJUSTED", "points": -101, "reference": None, "reason": "Why", "staff": 1},
            {"kind": "SPENT", "points": -1, "expires_at": 1},
            {"kind": "REVERSED", "points": -1},
            {"kind": "REVERSED", "points": -101, "of": 1},
            {"kind": "REVERSED", "points": 1, "of": 1},
            {"kind": "EXPIRED", "points": 1, "of": 1, "reference": None},
            {"kind": "EXPIRED", "points": -1, "of": 1, "reference": None},
        ],
    )
    def test_it_refuses_what_cannot_be(self, programme, noor, ines, wrong):
        known = lot(noor, 100)
        fields = {"reference": known.reference, **wrong}
        if fields.pop("staff", None):
            fields["made_by"] = ines
        if fields.pop("of", None):
            fields["of"] = known
        if "expires_at" in fields:
            fields["expires_at"] = database_now()
        with pytest.raises(IntegrityError), transaction.atomic():
            PointEntry.objects.create(customer=noor, key="wrong", **fields)

    def test_it_lets_nothing_lapse_before_its_time(self, programme, noor):
        early = lot(noor, 100, days=1)
        with pytest.raises(IntegrityError, match="not lapsed yet"), transaction.atomic():
            PointEntry.objects.create(
                customer=noor, kind="EXPIRED", points=-1, of=early, key="k",
                expires_at=early.expires_at,
            )  # fmt: skip

    def test_a_part_is_of_its_own_customer_and_booking(self, programme, noor):
        omar = remember_customer(email="omar@post.example", name="Omar")
        entry = lot(noor, 100)
        for wrong in ({"customer": omar}, {"reference": uuid7()}):
            said = {"customer": noor, "reference": entry.reference, **wrong}
            with pytest.raises(IntegrityError, match="not of lot"), transaction.atomic():
                PointEntry.objects.create(kind="REVERSED", points=-1, of=entry, key="k", **said)

    def test_entries_only_grow(self, programme, noor):
        lot(noor, 100)
        for change in (
            lambda: PointEntry.objects.update(points=200),
            lambda: PointEntry.objects.all().delete(),
        ):
            with pytest.raises(DatabaseError), transaction.atomic():
                change()
            with pytest.raises(DatabaseError), transaction.atomic(), pgtrigger.ignore():
                change()

    def test_an_agency_has_one_programme_of_rising_tiers(self, programme):
        with pytest.raises(IntegrityError), transaction.atomic():
            world.loyal()
        with pytest.raises(IntegrityError), transaction.atomic():
            Programme.objects.update(gold_from=50)


class TestByStaff:
    def test_points_are_given_and_taken_for_a_reason(self, programme, noor, ines):
        adjust(noor.pk, 70, reason="Waited in the rain", by=ines, key="a")
        adjust(noor.pk, 70, reason="Waited in the rain", by=ines, key="a")
        adjust(noor.pk, -20, reason="A mistake", by=ines)
        assert written() == [("ADJUSTED", 70), ("ADJUSTED", -20)]
        assert PointEntry.objects.filter(points=70, expires_at__isnull=False).exists()
        with pytest.raises(NotEnoughPoints):
            adjust(noor.pk, -51, reason="Why", by=ines)
        with pytest.raises(Invalid):
            adjust(noor.pk, 5, reason=" ", by=ines)
        with pytest.raises(Invalid):
            adjust(noor.pk, 0, reason="Why", by=ines)

    def test_they_count_for_no_tier(self, programme, noor, ines):
        adjust(noor.pk, 500, reason="Why", by=ines)
        assert tier_of(noor.person) == Tier.BRONZE


class TestAllTogether:
    def test_what_all_can_spend_is_summed_by_the_database(
        self, programme, noor, django_assert_num_queries
    ):
        """What has lapsed, or was spent, is not there; what somebody owes takes nothing of others."""
        omar, kim, ada = (
            remember_customer(email=f"{name}@post.example", name=name)
            for name in ("omar", "kim", "ada")
        )
        with django_assert_num_queries(1):
            assert points.in_circulation() == 0
        lot(noor, 100)
        lot(noor, 70, days=-1)
        spent(noor, 30)
        owed = lot(omar, 100)
        spent(omar, 90)
        points.keep_share(owed.reference, lambda: Fraction(0))
        lot(kim, 25)
        lot(ada, 40, days=-1)
        each = [points_of(customer.pk) for customer in (noor, omar, kim, ada)]
        assert each == [70, -90, 25, 0]
        with django_assert_num_queries(1):
            assert points.in_circulation() == 95


class TestTiers:
    def test_what_was_earned_within_a_year_makes_the_tier(self, programme, noor):
        assert tier_of(noor.person) == Tier.BRONZE
        lot(noor, 100, made_at=timezone.now() - timedelta(days=366))
        lot(noor, 199)
        assert tier_of(noor.person) == Tier.SILVER
        lot(noor, 1)
        assert tier_of(noor.person) == Tier.GOLD
        assert (count_from(Tier.GOLD), count_from(Tier.PLATINUM)) == (1, 0)

    def test_spending_and_lapsing_leave_it(self, programme, noor):
        lot(noor, 100, days=5)
        lot(noor, 100, days=-5)
        spent(noor, 100)
        expire_points(noor.pk)
        assert tier_of(noor.person) == Tier.GOLD

    def test_what_is_reversed_counts_where_it_was_earned(self, programme, noor):
        old = lot(noor, 100, made_at=timezone.now() - timedelta(days=366))
        new = lot(noor, 150)
        points.keep_share(old.reference, lambda: Fraction(0))
        assert earned_lately(noor.person) == 150
        points.keep_share(new.reference, lambda: Fraction(1, 3))
        assert earned_lately(noor.person) == 50

    def test_it_is_of_the_person_whatever_address_he_wrote(self, programme, noor):
        lot(noor, 60)
        lot(remember_customer(email="noor+tickets@post.example", name="Noor"), 60)
        assert tier_of(noor.person) == Tier.SILVER
        assert points_of(noor.pk) == 60

    def test_changed_seats_are_no_new_purchase(self, programme, stocked, monkeypatch, settings):
        """Bought 360 days ago and changed twice just now, they count for the tier five days longer;
        what dearer seats cost more counts for a year."""
        settings.PAYMENT_SIMULATOR_URL = "http://127.0.0.1:1"
        world.received_order(stocked, section="Circle", rows="A")
        policy((2, 50, 0))
        booking = world.sold_booking(stocked, [50, 51])
        bought = timezone.now() - timedelta(days=360)
        lot(booking.customer, 60, days=5, made_at=bought, of=booking.pk)
        delivered()
        person = booking.customer.person
        assert earned_lately(person) == 60
        new = other_seats(stocked, booking, [10, 11], 1, 2)
        assert earned_lately(person) == 80
        third = other_seats(stocked, new, [12, 13], 1, 2)
        assert earned_lately(person) == 80
        monkeypatch.setattr(points, "LATELY", timedelta(days=359))
        assert earned_lately(person) == 20
        given_back(third, 1)  # what lapses last is reversed first
        assert earned_lately(person) == 0
        given_back(third, 2)
        assert earned_lately(person) == 0
        assert violations() == {}

    def test_seats_bought_before_the_programme_count_from_when_they_were_bought(
        self, stocked, monkeypatch
    ):
        policy((2, 50, 0))
        booking = world.sold_booking(stocked, [0, 1])
        delivered()
        at = timezone.now() - timedelta(days=400)
        Booking.objects.filter(pk=booking.pk).update(confirmed_at=at)
        world.loyal()
        other_seats(stocked, booking, [10, 11], 1, 2)
        assert points_of(booking.customer_id) == 80
        assert earned_lately(booking.customer.person) == 0

    def test_without_a_programme_nobody_has_one(self, agency, noor):
        assert tier_of(noor.person) is None
        assert count_from(Tier.SILVER) == 0


class TestPresalesByTier:
    @pytest.fixture
    def golden(self, agency):
        return BuyerList.objects.create(name="Our best", kind="TIER", tier="GOLD")

    @pytest.fixture
    def soon(self, stocked, golden):
        event = not_on_sale_yet(stocked)
        activate(draft(event, lists=[golden.pk]).pk)
        return event

    def test_the_tier_of_the_moment_lets_in(self, programme, soon, noor):
        lot(noor, 199)
        assert admit_listed(soon, noor.email) is None
        entry = lot(noor, 1)
        assert admit_listed(soon, "Noor+fan@post.example")
        points.keep_share(entry.reference, lambda: Fraction(0))
        assert admit_listed(soon, noor.email) is None

    def test_who_is_above_is_in(self, programme, soon, noor):
        lot(noor, 300)
        assert admit_listed(soon, noor.email)

    def test_who_has_no_tier_is_out(self, programme, soon, noor):
        lot(noor, 300)
        Programme.objects.update(is_on=False)
        assert admit_listed(soon, noor.email) is None
        assert admit_listed(soon, "nobody@post.example") is None

    def test_nobody_is_written_on_the_list_of_a_tier(self, golden):
        with pytest.raises(Invalid, match="follows from the points"):
            add_buyers(golden, {"a@post.example": "a@post.example"})

    def test_other_lists_are_as_they_were(self, programme, golden, noor):
        friends = BuyerList.objects.create(name="Friends")
        add_buyers(friends, {noor.email: noor.email})
        assert list(lists_of(noor.email)) == [friends]
        lot(noor, 200)
        assert set(lists_of(noor.email)) == {friends, golden}


def test_a_list_of_a_tier_names_it(agency):
    for wrong in ({"kind": "TIER"}, {"kind": "INVITED", "tier": "GOLD"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            BuyerList.objects.create(name="Wrong", **wrong)
