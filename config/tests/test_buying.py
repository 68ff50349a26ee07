"""Buying seats: orders, deliveries, what is owned and what is owed."""

from decimal import Decimal

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.utils import timezone

from core import invariants
from core.money import Money
from core.status import WrongState
from core.tenancy import acting_for
from events.models import Event
from events.services import open_sale, price_sections, publish, roll_over, withdraw
from inventory.models import EventSeat
from inventory.queries import left_by_event
from inventory.services import lay_out
from inventory.tasks import mark
from payments.models import LedgerEntry
from suppliers.models import (
    AccountsPayable,
    Acquisition,
    DeliveryReceipt,
    PurchaseOrder,
    PurchaseOrderLine,
    Supplier,
)
from suppliers.services import (
    NotOrderable,
    OverReceipt,
    add_line,
    cancel_order,
    confirm_order,
    draft_order,
    receive_delivery,
    submit_order,
)
from suppliers.services.receiving import NotExpected
from venues.places import NotAPlace, in_words, places_in

pytestmark = pytest.mark.django_db
COST = Money(20, "EUR")


@pytest.fixture
def event(half_owned_house):
    world = half_owned_house
    with acting_for(world["agency"]["id"]):
        yield Event.objects.get()


def section(event, label="B"):
    return event.layout.sections.get(label=label)


def order_of(event, *, label="B", **words):
    order = draft_order(supplier=Supplier.objects.get(), currency="EUR")
    add_line(order=order, event=event, section=section(event, label), unit_cost=COST, **words)
    return order


def confirmed(order):
    submit_order(order=order, by=None)
    return confirm_order(order=order, by=None)


def owned(event):
    return EventSeat.objects.filter(event=event, ownership="OWNED").count()


def test_received_seats_are_owned_cost_what_was_agreed_and_are_owed(event):
    before = owned(event)
    order = confirmed(order_of(event, rows="A-B"))
    receipt = receive_delivery(order=order)
    assert (receipt.seats, receipt.amount) == (40, Decimal(800))
    assert owned(event) == before + 40
    seats = EventSeat.objects.filter(acquisitions__receipt=receipt)
    assert set(seats.values_list("cost", "status")) == {(Decimal(20), "AVAILABLE")}
    payable = AccountsPayable.objects.get(receipt=receipt)
    assert (payable.amount, payable.paid, payable.status) == (800, 0, "UNPAID")
    posted = LedgerEntry.objects.filter(journal__source_id=receipt.pk)
    assert dict(posted.values_list("account", "amount")) == {
        "inventory": Decimal(800),
        "accounts_payable": Decimal(-800),
    }
    assert PurchaseOrder.objects.get(pk=order.pk).status == "COMPLETED"
    assert invariants.violations() == {}


def test_deliveries_may_come_in_parts_and_each_is_numbered(event):
    order = confirmed(order_of(event, rows="A"))
    line = order.lines.get()
    first, rest = line.ordinals[:5], line.ordinals[5:]
    receive_delivery(order=order, ordinals_by_line={line.pk: first})
    assert PurchaseOrder.objects.get(pk=order.pk).status == "PARTIALLY_RECEIVED"
    receive_delivery(order=order, ordinals_by_line={line.pk: rest})
    line.refresh_from_db()
    assert (line.received, line.status) == (20, "RECEIVED")
    assert PurchaseOrder.objects.get(pk=order.pk).status == "COMPLETED"
    numbers = sorted(DeliveryReceipt.objects.values_list("number", flat=True))
    assert [number[-4:] for number in numbers] == ["0001", "0002", "0003"]
    assert invariants.violations() == {}


def test_over_receipt_is_refused_and_nothing_is_received(event):
    order = confirmed(order_of(event, rows="A"))
    line = order.lines.get()
    receive_delivery(order=order, ordinals_by_line={line.pk: line.ordinals[:5]})
    before = Acquisition.objects.count()
    for wrong in (line.ordinals[4:6], [399], line.ordinals[6:8] * 2):
        with pytest.raises(OverReceipt):
            receive_delivery(order=order, ordinals_by_line={line.pk: wrong})
    assert Acquisition.objects.count() == before
    with pytest.raises(IntegrityError, match="never_more_than_ordered"), transaction.atomic():
        PurchaseOrderLine.objects.filter(pk=line.pk).update(received=21)


def test_only_confirmed_orders_are_received(event):
    order = order_of(event, rows="A")
    with pytest.raises(NotExpected):
        receive_delivery(order=order)
    submit_order(order=order, by=None)
    with pytest.raises(NotExpected):
        receive_delivery(order=order)
    cancel_order(order=order)
    with pytest.raises(NotExpected):
        receive_delivery(order=order)


def test_what_is_owned_or_on_order_is_not_ordered_again(event):
    order_of(event, rows="A")
    with pytest.raises(NotOrderable, match=r"(a|A)lready owned or on order"):
        order_of(event, rows="A-B")
    with pytest.raises(NotOrderable):
        order_of(event, label="A")


def test_a_quantity_takes_the_first_that_can_be_ordered(event):
    order = order_of(event, label="Floor", quantity=30)
    assert order.lines.get().ordered == 30
    with pytest.raises(NotOrderable, match="71 places were asked for; 70 can be ordered"):
        order_of(event, label="Floor", quantity=71)


def test_an_inactive_supplier_an_empty_order_and_a_late_line_are_refused(event):
    order = draft_order(supplier=Supplier.objects.get(), currency="EUR")
    with pytest.raises(NotOrderable, match="no lines"):
        submit_order(order=order, by=None)
    order = confirmed(order_of(event, rows="A"))
    with pytest.raises(NotOrderable, match="drafts only"):
        add_line(order=order, event=event, section=section(event), unit_cost=COST, rows="B")
    Supplier.objects.update(is_active=False)
    with pytest.raises(NotOrderable, match="not active"):
        draft_order(supplier=Supplier.objects.get(), currency="EUR")


def test_currencies_do_not_mix_on_an_order(event):
    order = draft_order(supplier=Supplier.objects.get(), currency="USD")
    with pytest.raises(NotOrderable, match="is in USD"):
        add_line(order=order, event=event, section=section(event), unit_cost=COST)


def test_an_order_moves_only_forward(event):
    order = confirmed(order_of(event, rows="A"))
    with pytest.raises(WrongState):
        submit_order(order=order, by=None)
    with pytest.raises(DatabaseError, match="Invalid transition"), transaction.atomic():
        PurchaseOrder.objects.filter(pk=order.pk).update(status="DRAFT")


@pytest.mark.parametrize(
    ("words", "count", "said"),
    [
        ({"rows": "A"}, 20, "A 1-20"),
        ({"rows": "A-C"}, 60, "A 1-20, B 1-20, C 1-20"),
        ({"rows": "c-a"}, 60, "A 1-20, B 1-20, C 1-20"),
        ({"rows": "A; C"}, 40, "A 1-20, C 1-20"),
        ({"rows": "A", "seats": "1-5, 9"}, 6, "A 1-5, 9"),
        ({"rows": "A", "seats": "1-6 odd"}, 3, "A 1, 3, 5"),
        ({}, 200, None),
    ],
)
def test_places_are_written_as_staff_write_them(event, words, count, said):
    found = places_in(section(event), **words)
    assert len(found) == count
    assert said is None or in_words(found) == said


@pytest.mark.parametrize("words", [{"rows": "Q"}, {"seats": "1-99"}, {"rows": "A--B"}])
def test_a_place_that_does_not_exist_is_named(event, words):
    with pytest.raises(NotAPlace):
        places_in(section(event), **words)


def test_what_was_bought_before_prices_were_set_sells_once_they_are(made_house):
    world = made_house
    with acting_for(world["agency"]["id"]):
        old = Event.objects.get()
        event = Event.objects.create(
            slug="early", title="Early", venue=old.venue, layout=old.layout, starts_at=old.starts_at,
            sale_starts_at=old.sale_starts_at, sale_ends_at=old.sale_ends_at,
        )  # fmt: skip
        receive_delivery(order=confirmed(order_of(event, rows="A")))
        assert left_by_event([event.pk]) == {}
        price = Money(50, "EUR")
        areas = [(section(event), [])]
        price_sections(event=event, name="All", price=price, position=1, areas=areas)
        publish(event.pk)
        lay_out(event)
        assert left_by_event([event.pk])[event.pk].count == 20


def test_a_sale_stopped_while_its_places_are_counted_stays_stopped(event):
    """The job chose the event while it was on sale; by its turn the sale was stopped."""
    withdraw(event.pk)
    assert mark(event.pk) is False
    assert Event.objects.get().status == "PUBLISHED"


def test_a_sale_stopped_by_hand_stays_stopped(event):
    withdraw(event.pk)
    assert not roll_over(event.pk, now=timezone.now())
    assert Event.objects.get(pk=event.pk).status == "PUBLISHED"
    open_sale(event.pk)
    assert Event.objects.get(pk=event.pk).status == "ON_SALE"
