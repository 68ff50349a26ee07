"""import_events over a real web server: what it takes, and what it refuses before reading on."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO

import pytest
from django.conf import settings
from django.core.management import call_command

from config.tests import world
from core.tenancy import acting_for
from events.importers import download
from events.models import Event

pytestmark = pytest.mark.django_db
SAMPLE = settings.BASE_DIR / "events/tests/samples/tm_discovery_event.json"
JSON = {"Content-Type": "application/json;charset=utf-8"}


@contextmanager
def serving(body=b"", *, status=200, headers=JSON):
    """The address of a server that answers everything with this; it counts what it was asked."""
    asked = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *words):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/events/1.json?apikey=secret-key", asked
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def agency():
    return world.agency()


def run(source):
    """What the command printed, and its exit code."""
    out, code = StringIO(), 0
    try:
        call_command("import_events", str(source), "--json", stdout=out)
    except SystemExit as ended:
        code = ended.code
    return json.loads(out.getvalue()), code


def refused(source, reason):
    told, code = run(source)
    assert (told["code"], code) == ("download_refused", 1)
    assert reason in told["error"]
    assert "secret-key" not in json.dumps(told)


def test_an_address_is_as_good_as_a_file(agency):
    with serving(SAMPLE.read_bytes()) as (address, asked):
        told, code = run(address)
    assert (told["ok"], code, len(asked)) == (True, 0, 1)
    assert [event["title"] for event in told["events"]] == ["Radiohead"]
    again, _ = run(SAMPLE)
    assert [event["new"] for event in again["events"]] == [False]
    with acting_for(agency.pk):
        assert Event.objects.count() == 1


def test_only_json_is_read():
    with serving(SAMPLE.read_bytes(), headers={"Content-Type": "text/html"}) as (address, _):
        refused(address, "answered with text/html, not with JSON")


def test_nobody_is_led_on_to_another_address():
    elsewhere = {"Location": "http://127.0.0.1:1/", **JSON}
    with serving(status=302, headers=elsewhere) as (address, asked):
        refused(address, "answered 302")
    assert len(asked) == 1


def test_a_file_too_large_or_too_slow_is_given_up(monkeypatch):
    with serving(SAMPLE.read_bytes()) as (address, _):
        monkeypatch.setattr(download, "LARGEST", 1 << 10)
        refused(address, "larger than")
        monkeypatch.setattr(download, "LARGEST", 1 << 20)
        monkeypatch.setattr(download, "SECONDS", -1)
        refused(address, "did not arrive within")


@pytest.mark.parametrize("address", ["http://127.0.0.1:1/?secret-key", "http://", "https://[::"])
def test_an_address_where_nobody_is_is_told_without_its_key(address):
    refused(address, "did not answer")


def test_a_missing_file_is_told():
    told, code = run("/nowhere/events.json")
    assert (told["code"], code) == ("not_found", 1)
