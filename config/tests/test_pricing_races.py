"""New prices against buyers, and two workers at the rules of one event: exact outcomes, with controls
that fail without the guard."""

import threading
import time
from contextlib import contextmanager
from decimal import Decimal

import psycopg
import pytest
from django.db import connections, transaction
from django.utils import timezone

from bookings.models import BookingItem
from bookings.services import Sale, reserve
from config.tests.scenarios import house
from config.tests.servers import together
from config.tests.test_pricing import wish
from config.tests.test_races import without
from core.tenancy import acting_for
from customers.services import remember_customer
from events.models import Event
from inventory.models import PriceChange, PricingRule
from inventory.pricing import rules, writing
from inventory.pricing.changing import change_prices
from inventory.pricing.rules import run_rules, switch_on
from inventory.pricing.setting import Way
from inventory.pricing.simulating import keep_simulation

pytestmark = pytest.mark.race
PATIENCE = 20
WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted"


@pytest.fixture
def event(committed_db):
    """400 seats at €45 and €35, all owned."""
    made = house()
    with acting_for(made["agency"]["id"]):
        yield Event.objects.select_related("layout").get()


def in_thread(event, work):
    """`work` for a thread of its own: in the agency's scope, with connections that are closed."""

    def run():
        try:
            with acting_for(event.agency_id):
                return work()
        finally:
            connections.close_all()

    return run


# A buyer and a new price for the same places


def repriced_under_a_buyer(event, copy):
    """A buyer has claimed ten places, not committed, when staff price forty anew and have to wait.

    Returns (own prices of his places afterwards, what he pays for one, how many places were priced).
    """
    buyer = remember_customer(email="noor@post.example", name="Noor Vance")
    claimed = threading.Event()

    def buy():
        with transaction.atomic():
            booking = reserve(
                event=event, ordinals=list(range(10)), sale=Sale(customer_id=buyer.pk)
            )
            claimed.set()
            wait_until_somebody_waits(copy)
        return booking

    def price():
        claimed.wait(PATIENCE)
        return change_prices(event=event, wish=wish(Way.TO, 99, places="0-39"), by=None)

    booking, change = together([in_thread(event, buy), in_thread(event, price)])
    own = set(event.seats.filter(ordinal__lt=10).values_list("price", flat=True))
    paid = set(BookingItem.objects.filter(booking=booking).values_list("price", flat=True))
    return own, paid, change.seats


def wait_until_somebody_waits(copy):
    deadline = time.monotonic() + PATIENCE
    with psycopg.connect(copy.admin_url, autocommit=True) as admin:
        while not admin.execute(WAITING).fetchone()[0]:
            assert time.monotonic() < deadline, "nobody came to wait for the places"
            time.sleep(0.01)


def test_places_that_are_just_being_reserved_keep_their_price(event, committed_db):
    assert repriced_under_a_buyer(event, committed_db) == ({None}, {Decimal(45)}, 30)


def test_control_without_a_second_look_reserved_places_get_a_new_price(
    event, committed_db, monkeypatch
):
    monkeypatch.setattr(writing, "UNLESS_TAKEN", "")
    assert repriced_under_a_buyer(event, committed_db) == ({Decimal(99)}, {Decimal(45)}, 40)


def test_whoever_reserves_while_prices_change_pays_the_price_his_place_has(event):
    buyers = [remember_customer(email=f"b{n}@post.example", name="B") for n in range(20)]

    def buy(number):
        ordinals = [2 * number, 2 * number + 1]
        return reserve(event=event, ordinals=ordinals, sale=Sale(customer_id=buyers[number].pk))

    def price(amount):
        return change_prices(event=event, wish=wish(Way.TO, amount, places="0-39"), by=None)

    works = [lambda n=n: buy(n) for n in range(20)] + [lambda a=a: price(a) for a in (50, 60)]
    together([in_thread(event, work) for work in works])
    items = BookingItem.objects.select_related("event_seat__level")
    assert items.exists()
    for item in items:
        seat = item.event_seat
        assert item.price == (seat.level.price if seat.price is None else seat.price)


# Two workers


@contextmanager
def not_alone(name):
    yield True


def worked_by_two(event):
    """How often each place was priced when two workers come to the same event at one moment."""
    made = PricingRule.objects.create(name="Cheaper", basis="PRESENT", percent=-10, hours_between=1)
    keep_simulation(made, {})
    switch_on(made)
    now = timezone.now()
    together([in_thread(event, lambda: run_rules(event.pk, now))] * 2)
    return [change.seats for change in PriceChange.objects.all()]


@pytest.fixture
def both_decide_first(monkeypatch):
    """Nobody is alone, and both workers have made up their mind before either writes."""
    meeting, write = threading.Barrier(2), rules.apply_rule

    def written_after_both(**words):
        meeting.wait(PATIENCE)
        return write(**words)

    monkeypatch.setattr(rules, "alone", not_alone)
    monkeypatch.setattr(rules, "apply_rule", written_after_both)


def test_two_workers_price_an_event_once(event):
    assert worked_by_two(event) == [500]


def test_the_database_alone_takes_a_proposal_only_for_the_price_it_was_made_for(
    event, both_decide_first
):
    assert worked_by_two(event) == [500]


def test_control_without_any_guard_a_place_is_priced_twice(event, both_decide_first, monkeypatch):
    clause = "AND e.price IS NOT DISTINCT FROM wanted.before"
    monkeypatch.setattr(writing, "LOCK_PLACES", without(writing.LOCK_PLACES, clause))
    assert worked_by_two(event) == [500, 500]
