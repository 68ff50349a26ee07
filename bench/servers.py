"""The product as it runs in production: PostgreSQL and Redis of our own, web, worker and beat."""

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

from core.embedded import LOCAL, borrow
from core.embedded.accounts import find_home
from core.embedded.processes import find_processes
from payments.simulator.earlier import remember

NAME = "bench"
HOME = LOCAL / NAME
START_SECONDS = 60
# As in production, except what would need a certificate, a payment provider or a mail server.
SETTINGS = {
    "TESSERA_MODE": "demo",
    "NUDGE_WORKERS": "on",
    "RATE_LIMITS": "off",
    "LOG_LEVEL": "ERROR",
    "DJANGO_SETTINGS_MODULE": "config.settings",
    "STATIC_ROOT": str(HOME / "static"),
    "MAIL_DIR": str(HOME / "mail"),
}
SECRETS = (
    "SECRET_KEY",
    "TICKET_SIGNING_SECRET",
    "PAYMENT_SIMULATOR_SECRET",
    "PAYMENT_WEBHOOK_SECRETS",
)


@contextmanager
def databases():
    """PostgreSQL and Redis of the bench while it lasts; os.environ leads to them."""
    with borrow(NAME) as services:
        os.environ.update(SETTINGS)
        os.environ.update(_kept_secrets())
        os.environ["DATABASE_URL"] = services.database_url
        os.environ["DATABASE_ADMIN_URL"] = services.admin_database_url
        os.environ["REDIS_URL"] = services.redis_url
        yield services


def _kept_secrets():
    """Invented once: the worlds that are kept hold signing keys made with them."""
    file = HOME / "secrets.json"
    known = json.loads(file.read_text()) if file.exists() else {}
    if missing := set(SECRETS) - set(known):
        known |= {name: secrets.token_urlsafe(48) for name in missing}
        file.write_text(json.dumps(known))
        file.chmod(0o600)
    return known


def collect_static():
    """Pages name files by their hash, as in production; that needs them collected once."""
    command = [sys.executable, "manage.py", "collectstatic", "--noinput", "--verbosity=0"]
    subprocess.run(command, check=True)


def database_processes():
    """{group: process ids} of PostgreSQL and Redis."""
    identity = find_home(NAME, LOCAL).identity
    programs = {"database": "postgres", "redis": "valkey"}
    return {
        group: [process.pid for process in find_processes(program, identity)]
        for group, program in programs.items()
    }


class Site:
    """The running site over one database: where it listens and which processes it is made of."""

    def __init__(self, port, processes, start):
        self.port = port
        self.processes = processes
        self._start = start

    def restart(self, group, number):
        """Starts again what was killed."""
        self.processes[group][number] = self._start(group, number)

    @property
    def groups(self):
        """{group: root process ids}, for bench.processor."""
        return {name: [p.pid for p in started] for name, started in self.processes.items()}


@contextmanager
def site(database_url, label):
    """The site over this database: two web processes, a worker and beat, as `bin/demo` starts them."""
    port = _free_port()
    values = {**os.environ, "DATABASE_URL": database_url, "SITE_URL": f"http://127.0.0.1:{port}"}
    python = [sys.executable, "-m"]
    celery = [*python, "celery", "-A", "config"]
    commands = {
        "web": [
            [
                *python,
                "granian",
                "config.wsgi:application",
                "--interface",
                "wsgi",
                "--port",
                str(port),
                "--workers",
                "2",
                "--blocking-threads",
                "1",
                "--no-ws",
                "--backlog",
                "2048",
            ]
        ],
        "worker": [
            [*celery, "worker", "--pool=threads", "--concurrency=4"],
            [*celery, "beat", "--schedule", str(HOME / f"beat-{label}"), "--pidfile="],
        ],
    }
    running = {}
    with open(HOME / f"{label}.log", "w") as log:

        def start(group, number):
            return _start(commands[group][number], values, log)

        try:
            for group, wanted in commands.items():
                running[group] = [start(group, number) for number in range(len(wanted))]
            _wait_until_ready(port, running["web"][0])
            yield Site(port, running, start)
        finally:
            for process in [p for started in running.values() for p in started]:
                _stop(process)


@contextmanager
def told_site(database_url, label):
    """The site, and a provider that tells it about payments."""
    os.environ["PAYMENT_SIMULATOR_URL"] = f"http://127.0.0.1:{_free_port()}"
    with site(database_url, label) as running:
        notices = f"http://127.0.0.1:{running.port}/webhooks/payments/simulated/"
        with payment_provider(notices):
            yield running


@contextmanager
def payment_provider(webhook_url="", taken=()):
    """The simulated provider, which knows what was `taken` [{"ref", "amount", "currency"}] and no more;
    PAYMENT_SIMULATOR_URL, if set, says its port. Without an address its notices wait."""
    given = os.environ.get("PAYMENT_SIMULATOR_URL")
    port = urlsplit(given).port if given else _free_port()
    store = HOME / "provider.sqlite3"
    for file in HOME.glob(f"{store.name}*"):
        file.unlink()
    remember(store, taken)
    command = [sys.executable, "-m", "payments.simulator", "--port", str(port)]
    command += ["--store", str(store), "--webhook-url", webhook_url]
    os.environ["PAYMENT_SIMULATOR_URL"] = f"http://127.0.0.1:{port}"
    with open(HOME / "provider.log", "w") as log:
        process = _start(command, os.environ, log)
        try:
            _wait_for_port(port, process)
            yield
        finally:
            del os.environ["PAYMENT_SIMULATOR_URL"]
            _stop(process)


def _wait_for_port(port, process):
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise RuntimeError(f"The provider did not get ready; see {HOME / 'provider.log'}.")


@contextmanager
def streaming(database_url):
    """The process that streams changes of maps, as `bin/demo` starts it; yields (port, process)."""
    port = _free_port()
    values = {**os.environ, "DATABASE_URL": database_url, "STREAMS_PER_ADDRESS": "100000"}
    command = [sys.executable, "-m", "granian", "config.asgi:application", "--interface", "asgi"]
    command += ["--no-ws", "--port", str(port), "--backlog", "8192", "--backpressure", "16384"]
    with open(HOME / "streaming.log", "w") as log:
        process = _start([*command, "--workers-kill-timeout", "2"], values, log)
        try:
            _wait_until_ready(port, process, "/healthz")
            yield port, process
        finally:
            _stop(process)


def _start(command, values, log):
    return subprocess.Popen(
        command,
        cwd=LOCAL.parent,
        env=values,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def _stop(process):
    process.terminate()
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(5)


def _wait_until_ready(port, process, page="/readyz"):
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urlopen(f"http://127.0.0.1:{port}{page}", timeout=5):
                return
        except (URLError, OSError):
            time.sleep(0.2)
    raise RuntimeError(f"The site did not get ready; see the logs in {HOME}.")


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
