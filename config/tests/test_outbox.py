"""Facts are told once they are true, apart from each other, at least once, and never lost."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID, uuid4

import pytest
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from agencies.models import Agency
from core import outbox
from core.models import OutboxMessage
from core.tenancy import acting_for, as_system, current_agency_id

heard = []


@dataclass(frozen=True)
class CurtainRose:
    event_id: UUID


@outbox.subscribe(CurtainRose)
def hear(fact):
    heard.append((str(fact.event_id), current_agency_id()))


@outbox.subscribe(CurtainRose)
def stumble(fact):
    raise RuntimeError("tripped")


@dataclass(frozen=True)
class SeatSought:
    personal: ClassVar = True
    email: str


@outbox.subscribe(SeatSought)
def write_to(fact):
    if not heard:
        raise RuntimeError(f"no mail for {fact.email}")
    heard.append(fact.email)


@pytest.fixture
def agency(db):
    heard.clear()
    with as_system():
        return Agency.objects.create(slug="a", name="A", host="a.example")


def rise(agency):
    fact = CurtainRose(event_id=uuid4())
    with acting_for(agency.pk), transaction.atomic():
        outbox.record(fact)
    return fact


def rows():
    with as_system():
        return {row.handler.rpartition(".")[2]: row for row in OutboxMessage.objects.all()}


def test_a_fact_needs_the_transaction_that_made_it_true(committed_db):
    with pytest.raises(RuntimeError, match="in the transaction"):
        outbox.record(CurtainRose(event_id=uuid4()))


def test_handlers_succeed_and_fail_apart_in_the_agency_of_the_fact(agency):
    fact = rise(agency)
    assert outbox.deliver() == (1, 1)
    assert heard == [(str(fact.event_id), agency.pk)]
    assert rows()["hear"].done_at
    assert "tripped" in rows()["stumble"].last_error
    assert not rows()["stumble"].done_at


def test_a_rolled_back_change_is_never_told(agency):
    def change():
        with acting_for(agency.pk), transaction.atomic():
            outbox.record(CurtainRose(event_id=uuid4()))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        change()
    assert outbox.deliver() == (0, 0)


def test_a_leased_row_is_not_taken_twice_and_comes_back_when_the_lease_ends(agency):
    rise(agency)
    assert len(outbox.claim()) == 2
    assert outbox.claim() == []
    with as_system():
        OutboxMessage.objects.update(due_at=Now())
    assert len(outbox.claim()) == 2
    assert {row.attempts for row in rows().values()} == {2}


def test_a_handler_that_keeps_failing_is_given_up_visibly(agency):
    rise(agency)
    for _ in range(outbox.ATTEMPTS):
        with as_system():
            OutboxMessage.objects.update(due_at=Now())
        outbox.deliver()
    with as_system():
        assert [r.handler.rpartition(".")[2] for r in OutboxMessage.objects.failed()] == ["stumble"]
        OutboxMessage.objects.update(due_at=F("created_at"))
    assert outbox.deliver() == (0, 0)
    assert len(heard) == 1


def test_what_a_fact_says_of_a_person_goes_once_it_was_told(agency):
    """Until then it is needed; other facts keep their ids."""
    rise(agency)
    with acting_for(agency.pk), transaction.atomic():
        outbox.record(SeatSought(email="noor@post.example"))
    told = rows()
    with acting_for(agency.pk):
        sought = OutboxMessage.objects.filter(pk=told["write_to"].pk)
        heard.clear()
        assert not outbox.run(outbox._leased(outbox.ONLY, [told["write_to"].pk])[0])
        assert sought.get().payload == {"email": "noor@post.example"}
        sought.update(due_at=Now())
        outbox.run(outbox._leased(outbox.ONLY, [told["hear"].pk])[0])
        assert outbox.run(outbox._leased(outbox.ONLY, [told["write_to"].pk])[0])
    assert heard[-1] == "noor@post.example"
    told = rows()
    assert (told["write_to"].payload, told["write_to"].last_error) == ({}, "")
    assert told["write_to"].done_at
    assert told["hear"].payload
