"""Two people receive the same places at one moment; and what would happen without any guard."""

import random
import threading

import psycopg
import pytest
from django.db import IntegrityError, connection

from config.tests import world
from config.tests.scenarios import house
from config.tests.servers import together
from core import invariants
from core.tenancy import acting_for
from events.models import Event
from inventory.models import EventSeat
from inventory.services import NotReceivable
from suppliers import services
from suppliers.models import Acquisition, Delivery, DeliveryReceipt, PurchaseOrder
from suppliers.services import OverReceipt, receiving

pytestmark = pytest.mark.race


@pytest.fixture
def order(committed_db):
    """Twenty places of a confirmed order."""
    made = house(owned={"sections": ["A"]})
    with acting_for(made["agency"]["id"]):
        yield world.confirmed_order(Event.objects.get(), section="B", rows="A")


def receiving_of(order, ordinals):
    """A function that receives these places in a connection of its own."""
    line = order.lines.get()

    def run():
        with acting_for(order.agency_id):
            try:
                return services.receive_delivery(
                    order=order, ordinals_by_line={line.pk: ordinals}
                ).number
            finally:
                connection.close()

    return run


def counts(order):
    """(receipts, seats acquired, seats counted as received)"""
    line = order.lines.get()
    return (
        DeliveryReceipt.objects.filter(order=order).count(),
        Acquisition.objects.filter(line=line).count(),
        line.received,
    )


def test_of_two_receipts_of_the_same_places_one_is_an_over_receipt(order):
    ordinals = order.lines.get().ordinals[:12]
    outcomes = together([receiving_of(order, ordinals) for _ in range(2)])
    assert sorted(type(outcome) for outcome in outcomes if not isinstance(outcome, str)) == [
        OverReceipt
    ]
    assert counts(order) == (1, 12, 12)
    assert invariants.violations() == {}


def test_receipts_of_parts_at_one_moment_bring_each_place_once(order):
    dice = random.Random(5)
    ordinals = order.lines.get().ordinals
    wishes = [dice.sample(ordinals, 6) for _ in range(8)]
    outcomes = together([receiving_of(order, wish) for wish in wishes])
    won = [wish for wish, outcome in zip(wishes, outcomes, strict=True) if isinstance(outcome, str)]
    assert {type(each) for each in outcomes} <= {str, OverReceipt}
    taken = [ordinal for wish in won for ordinal in wish]
    assert len(taken) == len(set(taken)) == 6 * len(won)
    assert counts(order) == (len(won), len(taken), len(taken))
    assert invariants.violations() == {}


def test_a_delivery_that_two_workers_take_is_received_once(order):
    line = order.lines.get()
    delivery = services.keep_delivery(order=order, by=None, text="Section B, A 1-5")
    services.ask_for(delivery=delivery, parts=services.reading_of(delivery).parts)

    def run():
        with acting_for(order.agency_id):
            try:
                return services.carry_out(delivery.pk).receipt_id
            finally:
                connection.close()

    first, second = together([run, run])
    assert first == second == Delivery.objects.get().receipt_id
    line.refresh_from_db()
    assert line.received == 5


@pytest.fixture
def unlocked(monkeypatch):
    """Receiving as it is, but nobody waits for anybody: both have looked before either writes."""
    looked = threading.Barrier(2)
    parts = receiving._parts

    def parts_of_both(*arguments):
        found = parts(*arguments)
        looked.wait(30)
        return found

    monkeypatch.setattr(receiving, "lock_one", lambda rows: rows.get())
    monkeypatch.setattr(receiving, "lock", list)
    monkeypatch.setattr(receiving, "_parts", parts_of_both)


@pytest.fixture
def unguarded(committed_db, unlocked, monkeypatch):
    """And neither the stock nor the database looks whether a place is bought already."""

    def owned(*, event, costs, price=None):
        return dict(EventSeat.objects.at(event, list(costs)).values_list("ordinal", "pk"))

    monkeypatch.setattr(receiving, "take_ownership", owned)
    with psycopg.connect(committed_db.admin_url, autocommit=True) as admin:
        admin.execute("DROP INDEX bought_once")


def test_the_stock_alone_takes_a_place_in_once(order, unlocked):
    ordinals = order.lines.get().ordinals[:5]
    outcomes = together([receiving_of(order, ordinals) for _ in range(2)])
    lost = [outcome for outcome in outcomes if not isinstance(outcome, str)]
    assert [isinstance(each, NotReceivable | IntegrityError) for each in lost] == [True]
    assert counts(order) == (1, 5, 5)


def test_control_without_any_guard_the_same_places_are_received_twice(order, unguarded):
    ordinals = order.lines.get().ordinals[:5]
    outcomes = together([receiving_of(order, ordinals) for _ in range(2)])
    assert len({outcome for outcome in outcomes if isinstance(outcome, str)}) == 2
    assert counts(order) == (2, 10, 10)
    assert PurchaseOrder.objects.get(pk=order.pk).status == "PARTIALLY_RECEIVED"
    assert Acquisition.objects.values("event_seat").distinct().count() - 200 == 5
