"""The payment simulator as a real process, and a shop's end of its notices.

A test takes the fixture `simulator`; anything else uses `running_simulator()` in a with statement.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests

from payments.adapters.simulated import SimulatedProvider
from payments.webhook_signature import sign

ROOT = Path(__file__).resolve().parents[2]
SECRET = os.environ.get("PAYMENT_SIMULATOR_SECRET", "a-test-simulator-secret")
WEBHOOK_SECRETS = os.environ.get("PAYMENT_WEBHOOK_SECRETS", "a-test-webhook-secret").split(",")
PATIENCE = 20  # seconds


class Simulator:
    """One simulator on a free loopback port with a store of its own; it may be killed and restarted.

    `url`, `secret` and `webhook_secrets` are what an adapter needs. Without `webhook_url` notices
    wait until `send_notices_to` names one.
    """

    module = "payments.simulator"
    routes = {
        "open": "POST /v1/checkout/sessions",
        "find": "GET /v1/checkout/sessions/*",
        "refund": "POST /v1/refunds",
    }
    longest_told = 300

    def __init__(self, store, webhook_url=""):
        self.store = store
        self.webhook_url = webhook_url
        self.secret = SECRET
        self.webhook_secrets = WEBHOOK_SECRETS
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = None
        self.log = Path(f"{store}.log")

    def start(self):
        environment = {**os.environ, **self.secrets()}
        command = [sys.executable, "-m", self.module, "--port", str(self.port)]
        command += ["--store", str(self.store), "--webhook-url", self.webhook_url]
        with open(self.log, "a") as log:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT
            )
        wait_until(self._answers, "the simulator to answer")

    def secrets(self):
        """Its environment: the key it wants to be shown and the secrets of its notices."""
        return {
            "PAYMENT_SIMULATOR_SECRET": self.secret,
            "PAYMENT_WEBHOOK_SECRETS": ",".join(self.webhook_secrets),
        }

    def _answers(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"The simulator ended: {self.log.read_text()[-2000:]}")
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def kill(self):
        """As a power cut would."""
        self._end(signal.SIGKILL)

    def stop(self):
        self._end(signal.SIGTERM)

    def _end(self, sign):
        if self.process and self.process.poll() is None:
            self.process.send_signal(sign)
            self.process.wait(PATIENCE)

    def call(self, method, path, fields=None, key=None, secret=None):
        """The raw answer to a call; `fields` is the form of a POST and the query of a GET."""
        headers = {"Authorization": f"Bearer {secret or self.secret}"}
        if key:
            headers["Idempotency-Key"] = key
        place = "data" if method == "POST" else "params"
        return requests.request(
            method, self.url + path, headers=headers, timeout=60, **{place: fields}
        )

    def play(self, session_ref, outcome="pay", seconds=None):
        """What the buyer does on the hosted page; returns the session as a dict."""
        fields = {"outcome": outcome, "seconds": seconds}
        return self._done(self.call("POST", f"/_control/sessions/{session_ref}/pay", fields))

    def decide_refund(self, ref, status):
        """What becomes of a refund: pending, succeeded or failed."""
        self._done(self.call("POST", f"/_control/refunds/{ref}", {"status": status}))

    def break_next(self, route, kind, times=1, seconds=0):
        """The next calls of `route`, such as `POST /v1/refunds`, go wrong in this way."""
        fields = {"route": route, "kind": kind, "times": times, "seconds": seconds}
        self._done(self.call("POST", "/_control/faults", fields))

    def mend(self):
        self._done(self.call("DELETE", "/_control/faults"))

    def send_notices_to(self, url):
        self._done(self.call("POST", "/_control/webhook", {"url": url}))
        self.webhook_url = url

    def witness(self):
        """{"requests": […], "deliveries": […], "waiting": […]}: what happened, as it saw it."""
        return self._done(self.call("GET", "/_control/log"))

    def events(self, kind=None):
        """Events so far, the newest first."""
        found = self._done(self.call("GET", "/v1/events"))["data"]
        return [event for event in found if kind in (None, event["type"])]

    def adapter(self, **changed):
        """The adapter for it; `changed` are the secret or the webhook_secrets."""
        given = {"secret_key": self.secret, "webhook_secrets": self.webhook_secrets}
        if "secret" in changed:
            given["secret_key"] = changed.pop("secret")
        return self._adapter(**{**given, **changed})

    def _adapter(self, **given):
        return SimulatedProvider(self.url, **given)

    def signed(self, body, secret, at):
        return {"Stripe-Signature": sign(body, secret, at)}

    def dated(self, body, at):
        """The body of a notice of this moment, where it is the body that says so."""
        return body

    @staticmethod
    def _done(answer):
        assert answer.status_code == 200, answer.text
        return answer.json()


class Receiver(ThreadingHTTPServer):
    """A shop's webhook address: keeps what arrives, answers with `status`."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Receiving)
        self.url = f"http://127.0.0.1:{self.server_address[1]}/webhooks/payments/simulated/"
        self.status = 200
        self.arrivals = []  # (unix seconds, body, headers)

    def kinds(self):
        return [json.loads(body)["type"] for _, body, _ in list(self.arrivals)]

    def wait_for(self, count):
        wait_until(lambda: len(self.arrivals) >= count, f"{count} notices")

    def first_about(self, *refs):
        """The first arrival that names any of these objects."""

        def about():
            names = [ref.encode() for ref in refs]
            arrivals = list(self.arrivals)
            return [one for one in arrivals if any(name in one[1] for name in names)]

        wait_until(about, f"a notice about {' or '.join(refs)}")
        return about()[0]


class _Receiving(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.arrivals.append((time.time(), body, self.headers))
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format, *arguments):
        pass


@contextmanager
def running_simulator(store, webhook_url=""):
    """A started Simulator whose objects are in the file `store`."""
    with running(Simulator(store, webhook_url)) as simulator:
        yield simulator


@contextmanager
def running(peer):
    """The peer, started and in the end stopped."""
    try:
        peer.start()
        yield peer
    finally:
        peer.stop()


@contextmanager
def running_receiver():
    receiver = Receiver()
    thread = threading.Thread(target=receiver.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.shutdown()
        receiver.server_close()


@pytest.fixture
def simulator(tmp_path):
    """A simulator of this test's own, whose notices wait for an address."""
    with running_simulator(tmp_path / "payments.sqlite3") as running:
        yield running


@pytest.fixture
def receiver(simulator):
    """Where this test's notices arrive."""
    with running_receiver() as running:
        simulator.send_notices_to(running.url)
        yield running


def wait_until(is_so, what):
    deadline = time.monotonic() + PATIENCE
    while not is_so():
        if time.monotonic() > deadline:
            raise TimeoutError(f"Waited {PATIENCE} s for {what}.")
        time.sleep(0.02)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
