"""The seat ledger adds up to the stock, whatever happens to places and prices at once."""

from importlib import import_module

import psycopg
import pytest
from django.db import connection
from psycopg.errors import LockNotAvailable

from config.tests import world
from core import invariants
from core.tenancy import acting_for
from inventory.models import SeatEntry

RULE = "the seat ledger adds up to what is in stock"
REPRICE = "UPDATE events_pricelevel SET price = price + 10 WHERE id = %s"
SELL = "UPDATE inventory_eventseat SET status = 'SOLD', claimed_until = NULL WHERE id = %s"


@pytest.fixture
def reserved(committed_db):
    """(Database, agency, place that somebody has reserved at its level's price)."""
    agency = world.agency()
    with acting_for(agency.pk):
        _, layout = world.venue()
        event = world.event_on_sale(layout)
        world.received_order(event, rows="A")
        world.reservation(event, [0])
        yield committed_db, agency, event.seats.get(ordinal=0)


def someone(copy, agency):
    connection = psycopg.connect(copy.url, options=f"-c tessera.agency={agency.pk}")
    connection.execute("SET LOCAL pgtrigger.ignore = '{}'")
    connection.execute("SET LOCAL lock_timeout = '200ms'")
    return connection


@pytest.mark.race
def test_a_place_sold_while_its_level_is_repriced_leaves_at_the_new_price(reserved):
    copy, agency, seat = reserved
    with someone(copy, agency) as staff:
        staff.execute(REPRICE, [seat.level_id])
        with someone(copy, agency) as buyer:
            with pytest.raises(LockNotAvailable):
                buyer.execute(SELL, [seat.pk])
            buyer.rollback()
    with someone(copy, agency) as buyer:
        buyer.execute(SELL, [seat.pk])
    assert amounts(seat) == [40, 10, -50]
    assert RULE not in invariants.violations()


@pytest.mark.race
def test_without_the_lock_the_ledger_would_be_off(reserved):
    """The control: the function as it was before places were locked."""
    copy, agency, seat = reserved
    before = import_module("inventory.migrations.0008_level_repriced_locks")
    with psycopg.connect(copy.admin_url) as owner:
        owner.execute(before.FUNCTION.format(seats=before.AS_THEY_ARE))
    with someone(copy, agency) as staff:
        staff.execute(REPRICE, [seat.level_id])
        with someone(copy, agency) as buyer:
            buyer.execute(SELL, [seat.pk])
    assert amounts(seat) == [40, 10, -40]
    [offence] = invariants.violations()[RULE]
    assert (offence["event_seat_id"], offence["listed"]) == (seat.pk, 10)


def amounts(seat):
    """What each entry of a place changed of the stock at list price."""
    return [int(e.list_price) for e in SeatEntry.objects.filter(event_seat=seat).order_by("pk")]


# What a statement does to places that cost 25 and list at 40, and what each entry says of it.
STEPS = [
    ("status = 'BLOCKED'", "BLOCKED", (0, 0, 0)),
    ("channel = 'GROUP'", None, None),
    ("status = 'AVAILABLE'", "UNBLOCKED", (0, 0, 0)),
    ("price = 55", "REPRICED", (0, 0, 15)),
    ("price = 55", None, None),
    ("cost = 20", "COSTED", (0, -5, 0)),
    ("price = NULL", "REPRICED", (0, 0, -15)),
    ("level_id = NULL", "REPRICED", (0, 0, -40)),
    ("ownership = 'RETURNED_TO_SUPPLIER'", "RETURNED", (-1, -20, 0)),
    ("price = 60", None, None),
    ("ownership = 'OWNED', cost = 30", "BOUGHT", (1, 30, 60)),
]


@pytest.mark.django_db
def test_a_statement_writes_one_entry_for_each_place_of_ours_that_it_changed(small_parterre):
    house = small_parterre
    with acting_for(house.agency.pk), connection.cursor() as cursor:
        ours = sorted(house.event.seats.sellable().values_list("pk", flat=True)[:3])
        others = list(house.event.seats.filter(ownership="NOT_OWNED").values_list("pk", flat=True))
        for change, kind, sums in STEPS:
            before = SeatEntry.objects.count()
            cursor.execute(
                f"UPDATE inventory_eventseat SET {change} WHERE id = ANY (%s)",  # noqa: S608
                [ours + others[:2] if "price" in change else ours],
            )
            written = SeatEntry.objects.order_by("pk")[before:]
            assert [
                (e.event_seat_id, e.kind, (e.stock, e.cost, e.list_price)) for e in written
            ] == [(seat, kind, sums) for seat in ours if kind]
        assert RULE not in invariants.violations()


@pytest.mark.django_db
def test_a_ledger_that_lacks_an_entry_is_found_out(parterre):
    house = parterre
    with acting_for(house.agency.pk):
        assert RULE not in invariants.violations()
        seat = house.event.seats.get(ordinal=5)
        seat.entries.model.objects.create(
            event=house.event, event_seat=seat, kind="SOLD", stock=-1, cost=-25, list_price=-40,
            currency="EUR",
        )  # fmt: skip
        assert [row["event_seat_id"] for row in invariants.violations()[RULE]] == [seat.pk]
