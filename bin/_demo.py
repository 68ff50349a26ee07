"""`bin/demo`: from a bare checkout to a running agency, until Ctrl-C."""

import argparse
import fcntl
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from contextlib import ExitStack, contextmanager
from urllib.parse import urlsplit

import psycopg
from _environment import ROOT, addresses_file, as_owner, environment, guarded, manage, write_env
from _processes import Processes

from core.embedded import LOCAL, erase

HOME = LOCAL / "demo"
STATIC_SHAPES = ("static/**/*", "*/static/**/*", "requirements.txt", "constraints.txt")


def main():
    options = read_options()
    HOME.mkdir(parents=True, exist_ok=True)
    with only_one(), ExitStack() as at_the_end:
        processes = Processes(HOME)
        processes.end_left_over()
        refuse_taken_port(options.port)
        if options.reset:
            reset()
        stop = StopRequest()
        with step("database and Redis"):
            values = at_the_end.enter_context(environment("demo", mode="demo"))
        values.update(choose_addresses(options.port, values))
        prepare(values)
        stop.breaks_in = False
        at_the_end.enter_context(processes)
        start(processes, options.port, values)
        return serve(processes, options.port, values, stop)


def read_options():
    parser = argparse.ArgumentParser(prog="bin/demo", description="Run the demo agency.")
    parser.add_argument("--port", type=int, default=8000, help="of the web site (8000)")
    parser.add_argument("--reset", action="store_true", help="throw the demo's data away first")
    return parser.parse_args()


@contextmanager
def step(what):
    """Says what is being done, then how long it took."""
    print(f"  {what:<28}", end="", flush=True)
    began = time.monotonic()
    try:
        yield
    except BaseException:
        print("not finished", flush=True)
        raise
    print(f"{time.monotonic() - began:5.1f} s", flush=True)


@contextmanager
def only_one():
    """Two demos of one checkout would share everything but the port."""
    with open(HOME / "demo.lock", "a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.exit("bin/demo is already running in this checkout.")
        yield


def refuse_taken_port(port):
    if not is_free(port):
        sys.exit(f"Port {port} is taken. Choose another: bin/demo --port {port + 1}")


def is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def reset():
    if os.environ.get("DATABASE_URL"):
        sys.exit("--reset is for the demo's own database, and DATABASE_URL names another.")
    erase("demo")
    shutil.rmtree(HOME / "mail", ignore_errors=True)


class StopRequest(threading.Event):
    """Set by Ctrl-C, SIGTERM or a closed terminal.

    It breaks into the preparation, once; later it is only looked at, so that nothing is left
    half started or half stopped.
    """

    def __init__(self):
        super().__init__()
        self.breaks_in = True
        for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(sign, self.hear)

    def hear(self, *_):
        self.set()
        if self.breaks_in:
            self.breaks_in = False
            raise KeyboardInterrupt


def choose_addresses(port, values):
    """Where the site and the payment simulator will be; remembered for bin/manage."""
    simulator = values.get("PAYMENT_SIMULATOR_URL", "")
    wanted = int(simulator.rpartition(":")[2] or 0) if simulator else 0
    if not os.environ.get("PAYMENT_SIMULATOR_URL"):
        simulator = f"http://127.0.0.1:{wanted if wanted and is_free(wanted) else free_port()}"
    addresses = {
        "SITE_URL": os.environ.get("SITE_URL", f"http://localhost:{port}"),
        "PAYMENT_SIMULATOR_URL": simulator,
        "STREAM_URL": os.environ.get("STREAM_URL", f"http://localhost:{free_port()}"),
    }
    write_env(addresses_file("demo"), addresses)
    return addresses


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def prepare(values):
    """Migrations, static files, and the demo's people and events if there is no agency yet."""
    with step("migrations"):
        do("migrate", "--verbosity=0", values=as_owner(values))
    with step("static files"):
        collect_static(values)
    if not has_agency(values):
        with step("demo data"):
            do("seed_demo", values=values)


def do(*arguments, values):
    """Run a manage.py command whose success everything else needs; quiet unless it fails."""
    done = subprocess.run(  # noqa: S603
        manage(*arguments), cwd=ROOT, env=values, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"\n{done.stdout}{done.stderr}\nmanage.py {arguments[0]} failed; see above.")


def collect_static(values):
    """Only when a file changed since the last time."""
    stamp = HOME / "static.stamp"
    fingerprint = static_fingerprint()
    if stamp.exists() and stamp.read_text() == fingerprint and (ROOT / "staticfiles").is_dir():
        return
    do("collectstatic", "--noinput", "--clear", "--verbosity=0", values=values)
    stamp.write_text(fingerprint)


def static_fingerprint():
    digest = hashlib.sha256()
    for path in sorted(path for shape in STATIC_SHAPES for path in ROOT.glob(shape)):
        status = path.stat()
        digest.update(f"{path} {status.st_size} {status.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def has_agency(values):
    with psycopg.connect(values["DATABASE_ADMIN_URL"]) as connection:
        connection.execute("SELECT set_config('tessera.system', 'on', false)")
        return connection.execute("SELECT EXISTS (SELECT FROM agencies_agency)").fetchone()[0]


def start(processes, port, values):
    python = [sys.executable, "-m"]
    celery = [*python, "celery", "-A", "config"]
    schedule = str(HOME / "beat-schedule")
    processes.start("simulator", [*python, "payments.simulator"], values)
    processes.start(
        "web",
        [
            *(*python, "granian", "config.wsgi:application", "--interface", "wsgi"),
            *("--host", "127.0.0.1", "--port", str(port)),
            *("--workers", "2", "--blocking-threads", "1", "--workers-kill-timeout", "10"),
        ],
        values,
    )
    if stream_port := urlsplit(values["STREAM_URL"]).port:
        processes.start("streams", streaming(python, stream_port), values)
    processes.start("worker", [*celery, "worker", "--pool=threads", "--concurrency=4"], values)
    processes.start("beat", [*celery, "beat", "--schedule", schedule, "--pidfile="], values)


def streaming(python, port):
    return [
        *(*python, "granian", "config.asgi:application", "--interface", "asgi", "--no-ws"),
        *("--host", "127.0.0.1", "--port", str(port)),
        *("--backlog", "8192", "--backpressure", "16384", "--workers-kill-timeout", "2"),
    ]


def serve(processes, port, values, stop):
    """Wait until asked to stop (returns 0) or until one of the processes dies (returns 1)."""
    with step("web, streams, worker, beat"):
        wait_until_ready(f"http://127.0.0.1:{port}", processes, stop)
    if not stop.is_set():
        announce(values)
    while not stop.wait(0.5):
        if processes.report_dead():
            return 1
    return 0


def wait_until_ready(url, processes, stop):
    """Return when the site answers or a stop was asked for; exit when it will not."""
    deadline = time.monotonic() + 90
    while not stop.wait(0.2) and not is_ready(url):
        if processes.report_dead():
            sys.exit(1)
        if time.monotonic() > deadline:
            sys.exit(f"The site does not get ready; see {HOME / 'logs'}")


def is_ready(url):
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=5) as answer:  # noqa: S310 - loopback
            return answer.status == 200
    except (OSError, urllib.error.HTTPError):
        return False


def announce(values):
    people = subprocess.run(  # noqa: S603
        manage("demo_people"), cwd=ROOT, env=values, capture_output=True, text=True, check=False
    )
    print(f"\nTessera is at {values['SITE_URL']}\n")
    if people.returncode == 0:
        print(people.stdout)
    print(f"Logs are in {HOME / 'logs'}. Ctrl-C stops everything.", flush=True)


if __name__ == "__main__":
    sys.exit(guarded(main))
