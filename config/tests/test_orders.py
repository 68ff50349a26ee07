"""Purchase orders through their services: extra costs, approval, changes, cancelling."""

from decimal import Decimal

import pytest

from config.tests import world
from core import invariants
from core.money import Money, total
from inventory.models import EventSeat
from payments.models import LedgerEntry
from suppliers.models import AccountsPayable, Acquisition, LandedCost
from suppliers.services import confirm_order, receive_delivery, submit_order

pytestmark = pytest.mark.django_db


@pytest.fixture
def event(agency):
    _, layout = world.venue()
    return world.event_on_sale(layout)


def euros(amount):
    return Money(Decimal(amount), "EUR")


def test_extra_costs_are_in_every_seats_cost_and_in_what_is_owed(event):
    order = world.drafted_order(event, rows="A", seats="1-3")
    LandedCost.objects.create(order=order, kind="SHIPPING", amount=Decimal(10), currency="EUR")
    submit_order(order=order, by=None)
    confirm_order(order=order, by=None)
    line = order.lines.get()
    assert line.landed == Decimal(10)
    first = receive_delivery(order=order, ordinals_by_line={line.pk: line.ordinals[:1]})
    rest = receive_delivery(order=order)
    assert (first.amount, rest.amount) == (Decimal("28.34"), Decimal("56.66"))
    seats = Acquisition.objects.order_by("event_seat__ordinal")
    assert list(seats.values_list("unit_cost", "landed")) == [
        (Decimal("28.34"), Decimal("3.34")),
        (Decimal("28.33"), Decimal("3.33")),
        (Decimal("28.33"), Decimal("3.33")),
    ]
    owned = EventSeat.objects.filter(ownership="OWNED").order_by("ordinal")
    assert list(owned.values_list("cost", flat=True)) == [s.unit_cost for s in seats]
    assert total((p.left for p in AccountsPayable.objects.all()), "EUR") == euros(85)
    booked = LedgerEntry.objects.filter(account="inventory").values_list("amount", flat=True)
    assert sum(booked) == Decimal(85)
    assert invariants.violations() == {}
