"""Two at one order book: places are ordered once, and nobody owes more than the supplier allows."""

import time
from collections import Counter
from decimal import Decimal

import pytest
from django.db import connection

from config.tests import world
from config.tests.servers import together
from core.money import Money
from core.tenancy import acting_for
from suppliers import services
from suppliers.models import PurchaseOrder, PurchaseOrderLine, Supplier
from suppliers.services import approving, lines

pytestmark = pytest.mark.race

CLERKS = 6


def at_once(agency, works):
    """Counts what all of these came to that began at one moment: done, or a refusal's code."""

    def run(work):
        with acting_for(agency.pk):
            try:
                work()
                return "done"
            except services.NotOrderable as refused:
                return refused.code
            except services.OverCreditLine as refused:
                return refused.code
            finally:
                connection.close()

    return Counter(together([lambda w=work: run(w) for work in works]))


def slowed(function):
    """The function, with time for others between its look and what follows."""

    def slow(*arguments, **words):
        found = function(*arguments, **words)
        time.sleep(0.1)
        return found

    return slow


@pytest.fixture
def event(committed_db):
    agency = world.agency()
    with acting_for(agency.pk):
        made = world.event_on_sale(world.venue()[1])
    return agency, made


def confirm_all(agency, event):
    """What clerks are told who each confirm an order of 200 where 500 may be owed."""
    with acting_for(agency.pk):
        orders = [
            services.submit_order(order=world.drafted_order(event, rows="A-E", quantity=8), by=None)
            for _ in range(CLERKS)
        ]
        Supplier.objects.update(credit_line=Decimal(500))
    return at_once(
        agency, [lambda o=order: services.confirm_order(order=o, by=None) for order in orders]
    )


def test_orders_confirmed_at_once_stay_within_the_credit_line(event, monkeypatch):
    monkeypatch.setattr(approving, "exposure_to", slowed(approving.exposure_to))
    assert confirm_all(*event) == {"done": 2, "over_credit_line": CLERKS - 2}


def test_control_without_the_suppliers_lock_the_credit_line_is_passed(event, monkeypatch):
    monkeypatch.setattr(approving, "exposure_to", slowed(approving.exposure_to))
    monkeypatch.setattr(approving, "lock_one", lambda rows: rows.get())
    assert confirm_all(*event)["done"] > 2


def order_the_same(agency, event):
    """What clerks are told who each put the same row on an order of theirs."""
    with acting_for(agency.pk):
        supplier = world.supplier()
        drafts = [services.draft_order(supplier=supplier, currency="EUR") for _ in range(CLERKS)]
        section = event.layout.sections.get(label="Stalls")
    cost = Money(25, "EUR")
    told = at_once(
        agency,
        [
            lambda d=draft: services.add_line(
                order=d, event=event, section=section, unit_cost=cost, rows="A"
            )
            for draft in drafts
        ],
    )
    with acting_for(agency.pk):
        assert PurchaseOrder.objects.count() == CLERKS
        return told, PurchaseOrderLine.objects.count()


def test_a_row_ordered_by_many_at_once_is_on_one_order(event, monkeypatch):
    monkeypatch.setattr(lines, "taken_places", slowed(lines.taken_places))
    told, ordered = order_the_same(*event)
    assert (told, ordered) == ({"done": 1, "not_orderable": CLERKS - 1}, 1)


def test_control_without_the_events_lock_a_row_is_ordered_by_many(event, monkeypatch):
    monkeypatch.setattr(lines, "taken_places", slowed(lines.taken_places))
    monkeypatch.setattr(lines, "with_places", lambda event: None)
    assert order_the_same(*event)[1] > 1
