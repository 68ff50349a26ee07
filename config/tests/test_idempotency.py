"""A value-moving request said twice happens once."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.db.models.functions import Now

from agencies.models import Agency
from core.errors import DomainError
from core.idempotency import KeyReused, KeyUnreadable, once
from core.models import IdempotencyKey
from core.tasks import forget_replies
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


@pytest.mark.parametrize("key", ["k" * 201, "a\x00b", "\n"])
def test_what_is_no_key_is_refused_as_such_and_nothing_happens(key):
    calls, work = counting()
    with pytest.raises(KeyUnreadable) as refused:
        once(caller="noor", key=key, request={}, work=work)
    assert (refused.value.code, refused.value.status) == ("idempotency_key_invalid", 422)
    assert calls == []


def test_replies_are_forgotten_after_a_week_in_every_agency():
    _, work = counting()
    for key in ("old", "new"):
        once(caller="noor", key=key, request={}, work=work)
    week = timedelta(days=7)
    IdempotencyKey.objects.filter(key="old").update(created_at=Now() - week - timedelta(minutes=1))
    IdempotencyKey.objects.filter(key="new").update(created_at=Now() - week + timedelta(minutes=1))
    assert forget_replies() == 1
    assert list(IdempotencyKey.objects.values_list("key", flat=True)) == ["new"]
    assert "core.tasks.forget_replies" in {
        entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()
    }


def test_without_a_key_every_call_happens():
    calls, work = counting()
    for _ in range(2):
        once(caller="noor", key=None, request={}, work=work)
    assert len(calls) == 2
