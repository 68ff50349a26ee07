"""Rows written and read in prepared statements are what Django's own way would have made of them."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from config.tests.scenarios import house
from core.ids import uuid7
from core.postgres.rows import insert, read
from core.tenancy import acting_for
from payments.models import Payment
from tickets.models import Gate, Scan
from venues.models import Layout

pytestmark = pytest.mark.django_db


@pytest.fixture
def gate(made_house):
    world = made_house
    with acting_for(world["agency"]["id"]):
        yield Gate.objects.get()


def payment(**values):
    given = {"provider": "simulated", "amount": Decimal(5), "currency": "EUR"}
    return Payment(**{"reference": uuid7(), "covers": [uuid7()], **given, **values})


def scan_values(gate, nonce):
    return {"gate": gate, "device_id": gate.pk, "nonce": nonce, "verdict": "unknown"}


def scan(gate, nonce):
    return Scan(**scan_values(gate, nonce))


def test_rows_of_several_models_are_one_statement_and_equal_what_is_stored(gate):
    paid, scans = payment(), [scan(gate, "one"), scan(gate, "two")]
    with CaptureQueriesContext(connection) as captured:
        assert insert([paid], scans) == scans
    assert len(captured) == 1
    assert [row.pk for row in scans] == list(
        Scan.objects.order_by("pk").values_list("pk", flat=True)
    )
    assert scans[0].at == Scan.objects.get(nonce="one").at
    stored = Payment.objects.get()
    assert (stored.amount, stored.status, stored.agency_id) == (5, "PENDING", gate.agency_id)
    # What the database filled in an earlier group is read when somebody asks.
    assert (paid.created_at, paid._state.adding) == (stored.created_at, False)


def test_one_bad_row_keeps_all_groups_out(gate):
    with pytest.raises(IntegrityError), transaction.atomic():
        insert([payment()], [scan(gate, "one"), scan(gate, "one")])
    assert Payment.objects.count() == Scan.objects.count() == 0


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("own", [{"at": datetime(2020, 1, 1, tzinfo=UTC)}, {"id": 7}])
def test_rows_that_bring_different_columns_along_are_refused(gate, order, own):
    mixed = [scan(gate, "one"), Scan(**scan_values(gate, "two"), **own)][::order]
    with pytest.raises(TypeError, match="leave different columns"):
        insert([payment()], mixed)
    with pytest.raises(TypeError, match="leave different columns"):
        insert(mixed, [payment()])
    assert Payment.objects.count() == Scan.objects.count() == 0


def test_a_row_is_read_by_any_of_its_columns_with_what_was_asked_for(gate):
    [made] = insert([payment(description="Two tickets")])
    found = read(Payment, ("amount", "id", "description"), reference=made.reference)
    assert (found.pk, found.amount, found.description) == (made.pk, Decimal(5), "Two tickets")
    assert found.get_deferred_fields() >= {"provider", "currency"}
    assert found.provider == "simulated"
    assert read(Payment, id=made.pk).get_deferred_fields() == set()
    assert read(Payment, id=uuid7()) is None


def test_a_row_of_another_agency_is_not_there(gate):
    [made] = insert([payment()])
    other = house(agency={"slug": "two", "host": "two.example"})
    with acting_for(other["agency"]["id"]):
        assert read(Payment, id=made.pk) is None


def test_columns_that_need_more_than_the_driver_knows_are_refused(gate):
    with pytest.raises(TypeError, match="plan"):
        read(Layout, id=gate.pk)
    with pytest.raises(TypeError, match="nothing"):
        read(Payment, ("nothing",), id=gate.pk)
    with pytest.raises(TypeError, match="plan"):
        insert([Layout(name="B")])
