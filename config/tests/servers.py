"""The product as real processes, for tests of what happens between them."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from importlib import import_module
from json import dumps, loads
from urllib.error import URLError
from urllib.parse import urlencode, urlsplit
from urllib.request import urlopen

from django.conf import settings
from django.db import connections

from core.errors import DomainError
from core.postgres.fixed import Fixed, Locking
from core.tenancy import acting_for

START_SECONDS = 40


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass
class Web:
    """A running web server: its address and its processes."""

    port: int
    process: subprocess.Popen

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def client(self, token="", patience=60):
        return Client(self.port, token, patience)


@contextmanager
def web(*, workers=2, threads=1, port=None, **environment):
    """Granian with the whole site on a free port, against the test's database; each worker has so many
    threads and as many connections to it. Callers are not limited: here one key stands for many buyers.
    """
    port = port or free_port()
    values = {
        **os.environ,
        "SITE_URL": f"http://127.0.0.1:{port}",
        "NUDGE_WORKERS": "off",
        "RATE_LIMITS": "off",
        **environment,
    }
    command = [sys.executable, "-m", "granian", "config.wsgi:application", "--interface", "wsgi"]
    command += ["--port", str(port), "--workers", str(workers)]
    command += ["--blocking-threads", str(threads)]
    command += ["--backlog", "2048", "--no-ws", "--respawn-failed-workers"]
    process = subprocess.Popen(command, cwd=settings.BASE_DIR, env=values, start_new_session=True)
    try:
        _wait_until_ready(port, process)
        yield Web(port, process)
    finally:
        _stop(process)


def _stop(process):
    """Asks first; a server whose worker was killed by a test sometimes has to be killed too."""
    process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(5)


def _wait_until_ready(port, process, page="/readyz"):
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the web server ended with {process.returncode}")
        try:
            urlopen(f"http://127.0.0.1:{port}{page}", timeout=5).read()
        except (URLError, OSError, HTTPException):
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("the web server did not become ready")


@contextmanager
def streams(port=None, **environment):
    """The process that streams changes of the map; yields its port and the process."""
    port = port or free_port()
    command = [sys.executable, "-m", "granian", "config.asgi:application", "--interface", "asgi"]
    command += ["--port", str(port), "--no-ws", "--workers-kill-timeout", "1"]
    values = {**os.environ, **environment}
    process = subprocess.Popen(command, cwd=settings.BASE_DIR, env=values, start_new_session=True)
    try:
        _wait_until_ready(port, process, "/healthz")
        yield port, process
    finally:
        _stop(process)


class Wire:
    """A port of its own that leads to the tests' Redis until it is cut."""

    def __init__(self):
        self._there = urlsplit(os.environ["REDIS_URL"])
        self._door = socket.create_server(("127.0.0.1", 0))
        self._open = [self._door]
        threading.Thread(target=self._let_in, daemon=True).start()

    @property
    def url(self):
        port = self._door.getsockname()[1]
        user = self._there.netloc.rpartition("@")[0]
        return self._there._replace(netloc=f"{user}@127.0.0.1:{port}").geturl()

    def cut(self):
        for end in self._open:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _let_in(self):
        with suppress(OSError):
            while True:
                here, _ = self._door.accept()
                there = socket.create_connection((self._there.hostname, self._there.port))
                self._open += [here, there]
                for ends in ((here, there), (there, here)):
                    threading.Thread(target=_carry, args=ends, daemon=True).start()


def _carry(source, target):
    with suppress(OSError):
        while said := source.recv(65536):
            target.sendall(said)


class Client:
    """A caller of the API over one connection that is kept open."""

    def __init__(self, port, token="", patience=60):
        self.connection = HTTPConnection("127.0.0.1", port, timeout=patience)
        self.headers = {"Content-Type": "application/json"}
        if token:
            self.headers["Authorization"] = f"Api-Key {token}"

    def post(self, path, body, **headers):
        """(status, decoded JSON)."""
        return self._send("POST", path, dumps(body), headers)

    def get(self, path, **headers):
        return self._send("GET", path, None, headers)

    def _send(self, method, path, body, headers):
        self.connection.request(method, path, body, {**self.headers, **headers})
        response = self.connection.getresponse()
        content = response.read()
        return response.status, loads(content) if content else None


def together(functions):
    """Calls all functions at one moment, each in its thread; returns their results in order."""
    barrier = threading.Barrier(len(functions))
    results = [None] * len(functions)

    def run(position, function):
        barrier.wait()
        try:
            results[position] = function()
        except Exception as error:
            results[position] = error

    threads = [
        threading.Thread(target=run, args=item, daemon=True) for item in enumerate(functions)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    return results


def without_locks(monkeypatch, *modules):
    """The control of a race: the same services, but nobody in these modules waits for anybody."""
    for name in modules:
        module = import_module(name)
        for key, value in list(vars(module).items()):
            if isinstance(value, Locking):
                monkeypatch.setattr(module, key, Fixed(value._make))
        monkeypatch.setattr(module, "lock", list, raising=False)
        monkeypatch.setattr(module, "lock_one", lambda rows: rows.get(), raising=False)


def at_once(agency_id, *works):
    """What each of these functions, called at one moment for the agency, returns, or the refusal it
    raised."""

    def run(work):
        try:
            with acting_for(agency_id):
                return work()
        except DomainError as refused:
            return refused
        finally:
            connections.close_all()

    return together([lambda work=work: run(work) for work in works])


def refusals(results):
    """Those of what `at_once` returned that are refusals."""
    return [each for each in results if isinstance(each, DomainError)]


@dataclass
class Simulator:
    """The running payment provider, and its own account of what happened."""

    port: int
    process: subprocess.Popen

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def pay(self, session_ref, outcome="pay"):
        """The buyer presses a button on the hosted page of this session."""
        body = f"outcome={outcome}&seconds=0"
        self._call("POST", f"/_control/sessions/{session_ref}/pay", body)

    def expire(self, session_ref):
        """The time to pay is over at the provider."""
        self._call("POST", f"/v1/checkout/sessions/{session_ref}/expire", "")

    def decide_refund(self, ref, status):
        """What becomes of a refund: pending, succeeded or failed."""
        self._call("POST", f"/_control/refunds/{ref}", f"status={status}")

    def break_next(self, route, kind, **said):
        """The next call of `route`, such as POST /v1/refunds, goes wrong in this way."""
        self._call("POST", "/_control/faults", urlencode({"route": route, "kind": kind, **said}))

    def log(self):
        return self._call("GET", "/_control/log")

    def objects(self, kind):
        return self._call("GET", f"/v1/{kind}")["data"]

    def _call(self, method, path, body=None):
        connection = HTTPConnection("127.0.0.1", self.port, timeout=20)
        headers = {
            "Authorization": f"Bearer {os.environ['PAYMENT_SIMULATOR_SECRET']}",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        content = loads(response.read())
        assert response.status < 300, content
        return content


@contextmanager
def simulator(
    folder, *, webhook_url="http://127.0.0.1:1/nowhere", port=None, store="provider.sqlite3"
):
    """The simulated payment provider as its own process, with its store in `folder`."""
    port = port or free_port()
    command = [sys.executable, "-m", "payments.simulator", "--port", str(port)]
    command += ["--store", str(folder / store), "--webhook-url", webhook_url]
    process = subprocess.Popen(command, cwd=settings.BASE_DIR, env={**os.environ})
    try:
        _wait_for_port(port, process)
        yield Simulator(port, process)
    finally:
        process.terminate()
        process.wait(20)


def _wait_for_port(port, process):
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the simulator ended with {process.returncode}")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError("the simulator did not start")


def manage(*arguments, **environment):
    """Runs an operator command against the test's database; returns (exit code, decoded JSON)."""
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments, "--json"],
        cwd=settings.BASE_DIR,
        env={**os.environ, "NUDGE_WORKERS": "off", **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, loads(done.stdout) if done.stdout.strip() else done.stderr
