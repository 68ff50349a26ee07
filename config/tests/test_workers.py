"""A worker keeps its database connections over tasks, as the web keeps them over requests, and gives
way to it."""

import os
import subprocess
import sys

import pytest
from celery.app.trace import trace_task
from celery.fixups.django import DjangoWorkerFixup
from django.db import connection

from config.celery import app
from core.tasks import forget_replies


@pytest.fixture
def work(committed_db):
    """Runs a task as a worker does, with what Celery does around one; returns psycopg's connection as
    it is left, or None."""
    of_celery = DjangoWorkerFixup(app).install()

    def run():
        done = trace_task(forget_replies, "a-task", [], {}, request={"id": "a-task"}, app=app)
        assert done.info is None, done.info
        return of_celery and connection.connection

    return run


def test_the_next_task_finds_the_connection_of_the_one_before(work):
    first = work()
    assert first is not None
    assert work() is first


def test_a_connection_that_died_between_two_tasks_costs_neither(work):
    first = work()
    first.pgconn.finish()
    assert work() is not first


def test_without_our_setting_a_task_leaves_none(work, monkeypatch):
    """The control."""
    monkeypatch.setitem(app.conf, "CELERY_DB_REUSE_MAX", None)
    of_celery = DjangoWorkerFixup(app).install()  # kept alive: signals hold it weakly
    assert work() is None, of_celery


STARTS = """
import os
from config import celery
before = os.nice(0)
celery.worker_init.send(None)
print(os.nice(0) - before)
"""


def test_a_worker_that_starts_gives_way_to_the_web(committed_db):
    values = {**os.environ, "DATABASE_URL": committed_db.url, "WORKER_NICENESS": "7"}
    started = [sys.executable, "-c", STARTS]
    said = subprocess.run(started, env=values, check=True, capture_output=True, text=True)
    assert said.stdout.strip() == "7"
