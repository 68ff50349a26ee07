"""What a process remembers is gone when it is too old, not only unread."""

import weakref
from types import SimpleNamespace

import pytest

from core import memory
from core.memory import Remembered


class Page:
    """Anything large."""


@pytest.fixture
def clock(monkeypatch):
    """The seconds that memories see; they pass when a test says so."""
    now = SimpleNamespace(seconds=0.0)
    monkeypatch.setattr(memory, "time", SimpleNamespace(monotonic=lambda: now.seconds))
    return now


def test_what_has_died_is_let_go_when_something_new_is_remembered(clock):
    pages = Remembered(10)
    dead = weakref.ref(pages.get("of old prices", Page))
    clock.seconds = 5
    alive = weakref.ref(pages.get("of new prices", Page))
    clock.seconds = 11
    pages.get("another", Page)
    assert dead() is None
    assert pages.get("of new prices", Page) is alive()


def test_what_is_remembered_anew_lives_on(clock):
    pages = Remembered(10)
    pages.get("one", Page)
    clock.seconds = 5
    pages.get("two", Page)
    clock.seconds = 11
    anew = pages.get("one", Page)
    clock.seconds = 16
    pages.get("three", Page)
    assert pages.get("one", Page) is anew
