"""A broker that is down costs a commit nothing but one short try."""

import pytest
from celery import current_app
from django.core.cache import cache

from core import tasks


def test_a_broker_that_refuses_is_asked_once_and_then_left_alone(settings, monkeypatch):
    settings.NUDGE_WORKERS = True
    tries = []

    def refuse(*args, **kwargs):
        tries.append(1)
        raise ConnectionRefusedError

    monkeypatch.setattr(tasks.relay, "apply_async", refuse)
    for _ in range(5):
        tasks.nudge()
    assert len(tries) == 1


def test_publishing_never_waits_for_a_dead_broker():
    """The figures that bound kombu's own retries; with its defaults a commit waited six seconds."""
    options = current_app.conf.broker_transport_options
    assert (options["max_retries"], options["interval_max"]) == (0, 0)
    assert options["socket_connect_timeout"] <= 1


@pytest.fixture
def asked(settings, monkeypatch):
    """The messages that went to the broker."""
    settings.NUDGE_WORKERS = True
    messages = []
    monkeypatch.setattr(tasks.relay, "apply_async", lambda **options: messages.append(options))
    return messages


def test_a_worker_that_has_not_begun_is_not_asked_again(asked):
    for _ in range(5):
        tasks.nudge()
    assert len(asked) == 1


def test_what_is_recorded_while_a_worker_looks_asks_for_another(asked, monkeypatch):
    """It may have looked already: only what was committed before its first moment is surely seen."""

    def look(*, limit):
        tasks.nudge()
        return 0, 0

    monkeypatch.setattr(tasks.outbox, "deliver", look)
    tasks.nudge()
    tasks.relay()
    assert len(asked) == 2


def test_a_message_that_got_lost_is_asked_for_again(asked):
    tasks.nudge()
    assert cache.ttl(tasks.ASKED) <= tasks.ASKED_AGAIN
    cache.expire(tasks.ASKED, 0)
    tasks.nudge()
    assert len(asked) == 2


def test_without_a_cache_every_commit_asks(asked, monkeypatch):
    monkeypatch.setattr(tasks.cache, "add", lambda *key, **options: None)
    tasks.nudge()
    tasks.nudge()
    assert len(asked) == 2
