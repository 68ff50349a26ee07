"""A value-moving request said twice happens once."""

import pytest

from agencies.models import Agency
from core.errors import DomainError
from core.idempotency import KeyReused, once
from core.models import IdempotencyKey
from core.tenancy import acting_for, as_system


@pytest.fixture
def _agency(db):
    with as_system():
        agency = Agency.objects.create(slug="a", name="A", host="a.example")
    with acting_for(agency.pk):
        yield


pytestmark = pytest.mark.usefixtures("_agency")


def counting():
    calls = []

    def work():
        calls.append(1)
        return 201, {"z": len(calls), "a": "1.00"}

    return calls, work


def test_the_second_call_gets_the_first_reply_letter_by_letter():
    calls, work = counting()
    replies = [once(caller="noor", key="k", request={"q": 2}, work=work) for _ in range(3)]
    assert replies == [(201, {"z": 1, "a": "1.00"})] * 3
    assert list(replies[2][1]) == ["z", "a"]
    assert len(calls) == 1


def test_another_request_under_the_same_key_is_refused():
    _, work = counting()
    once(caller="noor", key="k", request={"q": 2}, work=work)
    with pytest.raises(KeyReused):
        once(caller="noor", key="k", request={"q": 3}, work=work)


def test_the_same_key_of_another_caller_is_independent():
    calls, work = counting()
    once(caller="noor", key="k", request={}, work=work)
    once(caller="tomas", key="k", request={}, work=work)
    assert len(calls) == 2


def test_a_failed_attempt_leaves_no_trace_and_may_be_tried_again():
    def refuse():
        raise DomainError("Not now.")

    with pytest.raises(DomainError):
        once(caller="noor", key="k", request={}, work=refuse)
    assert not IdempotencyKey.objects.exists()
    calls, work = counting()
    assert once(caller="noor", key="k", request={}, work=work)[0] == 201
    assert len(calls) == 1


def test_without_a_key_every_call_happens():
    calls, work = counting()
    for _ in range(2):
        once(caller="noor", key=None, request={}, work=work)
    assert len(calls) == 2
