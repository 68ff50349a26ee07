"""A broker that is down costs a commit nothing but one short try."""

from celery import current_app

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
