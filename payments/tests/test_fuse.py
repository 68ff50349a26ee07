"""A provider that keeps callers waiting, and one that says no at once, over HTTP."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.core.cache import cache

from payments import fuse
from payments.adapters import ProviderRefused, ProviderUnavailable
from payments.adapters.patience import LONG, patience
from payments.adapters.simulated import SimulatedProvider
from payments.fuse import Fused


class Far:
    """A provider that answers as it is told: with a status, after some seconds."""

    def __init__(self):
        self.status, self.seconds, self.asked = 404, 0, 0
        far = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                far.asked += 1
                time.sleep(far.seconds)
                with suppress(BrokenPipeError):  # nobody waits any more
                    self.send_response(far.status)
                    self.end_headers()
                    self.wfile.write(b"{}")

            def log_message(self, *told):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.adapter = Fused(
            SimulatedProvider(f"http://127.0.0.1:{self.server.server_port}", "s", ["w"]), "far"
        )

    def ask(self, allowed=(0.2, 0.2)):
        """How the question ended: what was found, or the exception."""
        try:
            with patience(allowed):
                return self.adapter.find_session(ref="cs_1")
        except (ProviderUnavailable, ProviderRefused) as error:
            return type(error)


@pytest.fixture
def far(monkeypatch):
    monkeypatch.setattr(fuse, "SLOW", 0.1)
    made = Far()
    yield made
    made.server.shutdown()


def blow(far):
    far.seconds = 0.5
    assert [far.ask() for _ in range(3)] == [ProviderUnavailable] * 3


def rested():
    cache.delete("fuse:far:short:blown")


def test_one_that_keeps_us_waiting_is_asked_no_more_for_some_seconds(far):
    blow(far)
    far.seconds = 0
    assert [far.ask() for _ in range(5)] == [ProviderUnavailable] * 5
    assert far.asked == 3


def test_one_tries_again_and_all_ask_when_it_answers(far):
    blow(far)
    rested()
    far.seconds = 0
    assert far.ask() is None
    assert [far.ask() for _ in range(3)] == [None] * 3
    far.seconds = 0.5
    assert far.ask() is ProviderUnavailable
    far.seconds = 0
    assert far.ask() is None  # one silence is not three


def test_of_all_who_come_when_it_has_rested_one_tries(far):
    blow(far)
    rested()
    before = far.asked
    start = threading.Barrier(6)

    def asks(_):
        start.wait()
        return far.ask()

    with ThreadPoolExecutor(6) as people:
        assert set(people.map(asks, range(6))) == {ProviderUnavailable}
    assert far.asked == before + 1


def test_it_still_keeps_us_waiting_and_rests_again(far):
    blow(far)
    rested()
    assert far.ask() is ProviderUnavailable
    far.seconds = 0
    assert far.ask() is ProviderUnavailable
    assert far.asked == 4


@pytest.mark.parametrize(("status", "ends"), [(500, ProviderUnavailable), (400, ProviderRefused)])
def test_what_says_no_at_once_keeps_nobody_and_is_asked_each_time(far, status, ends):
    far.status = status
    assert [far.ask() for _ in range(5)] == [ends] * 5
    assert far.asked == 5


def test_that_it_is_too_slow_for_a_page_keeps_nobody_from_paying(far):
    blow(far)
    far.seconds = 0.3
    assert far.ask(LONG) is None
    assert far.ask() is ProviderUnavailable
    assert far.asked == 4


def test_what_keeps_the_patient_waiting_is_silent_for_all(far, monkeypatch):
    monkeypatch.setattr(fuse, "SHORT", (0.1, 0.1))
    blow(far)  # for callers who are no pages now
    far.seconds = 0
    assert far.ask() is ProviderUnavailable
    assert far.ask((0.1, 0.1)) is ProviderUnavailable
    assert far.asked == 3


def test_a_refusal_is_an_answer(far):
    far.seconds = 0.5
    far.ask(), far.ask()
    far.seconds, far.status = 0, 400
    assert far.ask() is ProviderRefused
    far.seconds, far.status = 0.5, 404
    assert far.ask() is ProviderUnavailable
    far.seconds = 0
    assert far.ask() is None


def test_while_the_cache_is_away_it_is_asked_each_time(far, settings):
    settings.CACHES = {
        **settings.CACHES,
        "default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/0"},
    }
    blow(far)
    far.seconds = 0
    assert far.ask() is None


def test_what_asks_nobody_goes_past_the_fuse(far):
    blow(far)
    assert far.adapter.captures is False
    assert far.adapter.adapter.secret_key == far.adapter.secret_key
