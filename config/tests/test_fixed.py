"""Fixed queries find, lock and change what Django's own way would have."""

from decimal import Decimal
from uuid import UUID

import pytest
from django.db import connection
from django.db.models import Count
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from core.ids import uuid7
from core.locks import database_now
from core.postgres.fixed import Fixed, FixedUpdate, Locking
from core.tenancy import acting_for
from events.models import Event
from events.models import Status as EventStatus
from inventory.models import EventSeat
from payments.models import Payment, Status

pytestmark = pytest.mark.django_db

SEATS = Fixed(
    lambda event, ordinals: (
        EventSeat.objects.filter(event=event, ordinal__among=ordinals)
        .select_related("event__venue")
        .order_by("-ordinal")
    )
)
PENDING = Fixed(
    lambda reference: Payment.objects.filter(reference=reference, status=Status.PENDING)
)
LOCKED = Locking(lambda ids: EventSeat.objects.filter(pk__among=ids).select_related("event"))
RENAMED = FixedUpdate(
    lambda ids, words: (
        Event.objects.filter(pk__among=ids, status=EventStatus.ON_SALE),
        {"subtitle": words, "description": "", "sale_ends_at": Now()},
    )
)


@pytest.fixture
def world(made_house):
    with acting_for(made_house["agency"]["id"]):
        yield UUID(made_house["event"]["id"])


def test_it_finds_what_the_orm_finds_with_what_belongs_to_it(world):
    wanted = EventSeat.objects.filter(event=world, ordinal__in=[1, 3, 2]).order_by("-ordinal")
    found = SEATS(world, [1, 2, 3])
    assert found == list(wanted)
    assert vars(found[0]).keys() == vars(wanted.select_related("event__venue")[0]).keys()
    with CaptureQueriesContext(connection) as captured:
        assert found[0].event.venue.name
    assert not captured


def test_each_call_has_its_own_values_and_no_statement_is_built_twice(world):
    with CaptureQueriesContext(connection) as captured:
        assert [seat.ordinal for seat in SEATS(world, [4])] == [4]
        assert [seat.ordinal for seat in SEATS(world, [5, 6])] == [6, 5]
        assert SEATS(world, []) == SEATS(uuid7(), [4]) == []
    assert len({query["sql"].partition("WHERE")[0] for query in captured}) == 1


def test_what_is_said_in_the_query_itself_stays(world):
    mine = uuid7()
    given = {"covers": [mine], "provider": "simulated", "amount": Decimal(5), "currency": "EUR"}
    for status in (Status.PENDING, Status.FAILED):
        Payment.objects.create(reference=mine, status=status, **given)
    assert [found.status for found in PENDING(mine)] == ["PENDING"]
    assert not PENDING(uuid7())


def test_what_is_annotated_is_refused(world):
    counted = Fixed(lambda event: EventSeat.objects.filter(event=event).annotate(n=Count("items")))
    with pytest.raises(TypeError):
        counted(world)


def test_locks_are_taken_in_a_transaction_and_on_the_rows_themselves(world):
    ids = list(EventSeat.objects.filter(event=world)[:2].values_list("pk", flat=True))
    with CaptureQueriesContext(connection) as captured:
        found = LOCKED(ids)
    assert [seat.pk for seat in found] == sorted(ids)
    assert captured[0]["sql"].endswith('FOR NO KEY UPDATE OF "inventory_eventseat"')


def test_a_lock_outside_of_a_transaction_is_refused():
    connection.in_atomic_block = False
    try:
        with pytest.raises(RuntimeError):
            LOCKED([uuid7()])
    finally:
        connection.in_atomic_block = True


def test_an_update_writes_what_is_given_and_says_how_many_it_changed(world):
    assert RENAMED([world, uuid7()], "Last night") == 1
    event = Event.objects.get()
    assert (event.subtitle, event.sale_ends_at <= database_now()) == ("Last night", True)
    assert RENAMED([], "Nobody's") == 0
    assert Event.objects.get().subtitle == "Last night"
