"""The product as real processes, for tests of what happens between them."""

import os
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from json import dumps, loads
from urllib.error import URLError
from urllib.request import urlopen

from django.conf import settings

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

    def client(self, token=""):
        return Client(self.port, token)


@contextmanager
def web(*, workers=2, port=None, **environment):
    """Granian with the whole site on a free port, against the test's database."""
    port = port or free_port()
    values = {
        **os.environ,
        "SITE_URL": f"http://127.0.0.1:{port}",
        "NUDGE_WORKERS": "off",
        **environment,
    }
    command = [sys.executable, "-m", "granian", "config.wsgi:application", "--interface", "wsgi"]
    command += ["--port", str(port), "--workers", str(workers), "--blocking-threads", "1"]
    command += ["--backlog", "2048", "--no-ws", "--respawn-failed-workers"]
    process = subprocess.Popen(command, cwd=settings.BASE_DIR, env=values)
    try:
        _wait_until_ready(port, process)
        yield Web(port, process)
    finally:
        process.terminate()
        process.wait(20)


def _wait_until_ready(port, process):
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the web server ended with {process.returncode}")
        try:
            urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5).read()
        except (URLError, OSError, HTTPException):
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("the web server did not become ready")


class Client:
    """A caller of the API over one connection that is kept open."""

    def __init__(self, port, token=""):
        self.connection = HTTPConnection("127.0.0.1", port, timeout=60)
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
