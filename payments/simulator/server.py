"""The simulated provider over HTTP, on loopback only."""

import hmac
import json
import logging
import re
import sys
import time
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from payments.simulator import pages
from payments.simulator.api import CALLS, TROUBLE, Call, once
from payments.simulator.parameters import ApiError
from payments.simulator.store import Store
from payments.simulator.webhooks import Courier

log = logging.getLogger(__name__)

LONGEST_BODY = 64 * 1024
FORM = "application/x-www-form-urlencoded"
HOSTED_PAGE = r"/pay/(?P<object_id>\w+)"
STICKY = ("sticky_500", "sticky_500_after_success")
WITH_BODY = ("POST", "PUT")


def routed(calls):
    """[(method, pattern, function)] as a Server wants it."""
    return [(method, re.compile(pattern), act) for method, pattern, act in calls]


ROUTES = routed(
    [
        *CALLS,
        ("GET", HOSTED_PAGE, pages.show_page),
        ("POST", HOSTED_PAGE, pages.take_outcome),
    ]
)


@dataclass
class Provider:
    """What every request needs."""

    store: Store
    courier: Courier
    base_url: str
    secret: str
    routes: list = field(default_factory=lambda: ROUTES)


@dataclass
class Answer:
    status: int
    body: bytes
    headers: dict = field(default_factory=dict)


class Hangup(Exception):
    """The connection is to end without an answer."""


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, port, provider, handler=None):
        self.provider = provider
        super().__init__(("127.0.0.1", port), handler or Handler)

    def handle_error(self, request, client_address):
        """A caller that has given up is no error of ours."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            log.exception("a request failed")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "PaymentSimulator"
    sys_version = ""
    timeout = 65  # an idle connection ends
    disable_nagle_algorithm = True
    key_header = "Idempotency-Key"
    body_types = (FORM,)
    trouble = TROUBLE
    once = staticmethod(once)

    def handle_any(self):
        began = time.time()
        path, _, text = self.path.partition("?")
        fault, answer = None, None
        try:
            text = self._form() if self.command in WITH_BODY else text
            fault = take_fault(self.server.provider.store, self.command, path)
            answer = self._answer(path, text, began, fault)
        except ApiError as error:
            answer = _json(error.status, error.body)
        except Hangup:
            self.close_connection = True
        finally:
            self._record(began, path, text, fault, answer)
        if answer:
            self._send(answer)

    do_GET = do_POST = do_PUT = do_DELETE = handle_any

    def key_of(self, text):
        """The idempotency key of a request with this body, or None."""
        return self.headers.get(self.key_header)

    def _form(self):
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > LONGEST_BODY:
            self.close_connection = True  # the unread body is in the way of another request
            raise ApiError(413, f"A body of known length is needed, up to {LONGEST_BODY} bytes.")
        form = self.rfile.read(int(length)).decode("utf-8", "replace")
        kind = self.headers.get("Content-Type", FORM).partition(";")[0].strip().lower()
        if form and kind not in self.body_types:
            raise ApiError(415, f"The body must be {' or '.join(self.body_types)}.")
        return form

    def _answer(self, path, text, now, fault):
        """The Answer to this request, made worse by the fault if there is one."""
        kind = fault and fault["kind"]
        if kind == "close":
            raise Hangup
        if kind == "status_500":
            return _json(500, self.trouble)
        if kind == "delay":
            time.sleep(fault["seconds"])
            now = time.time()
        answer = self._act(path, text, now, sticky=kind if kind in STICKY else "")
        if kind == "timeout_after_success":
            time.sleep(fault["seconds"])
            raise Hangup
        return answer

    def _act(self, path, text, now, sticky):
        try:
            act, object_id = self._route(path)
            self._check_key(path)
            key = self.key_of(text)
            call = Call(self.server.provider, self.command, path, text, key, now, object_id)
            if path.startswith("/pay/"):
                return Answer(*act(call))
            status, body = self.once(call, act, sticky)
            return Answer(status, body) if isinstance(body, bytes) else _json(status, body)
        except ApiError as error:
            if path.startswith("/pay/"):
                return Answer(*pages.trouble_page(error))
            return _json(error.status, error.body)
        finally:
            if self.command in WITH_BODY:
                self.server.provider.courier.wake()

    def _route(self, path):
        """(function, object id) for this request; raises ApiError 404 or 405."""
        found = [
            (method, act, match)
            for method, pattern, act in self.server.provider.routes
            if (match := pattern.fullmatch(path))
        ]
        for method, act, match in found:
            if method == self.command:
                return act, match.groupdict().get("object_id", "")
        if found:
            raise ApiError(405, f"{self.command} is not for this address.")
        raise ApiError(404, f"Unrecognized request URL ({self.command}: {path}).")

    def _check_key(self, path):
        if path.startswith("/pay/"):
            return
        given = self.headers.get("Authorization", "").encode()
        if not hmac.compare_digest(given, f"Bearer {self.server.provider.secret}".encode()):
            raise ApiError(401, "Invalid API Key provided.")

    def _send(self, answer):
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(answer.body)

    def _record(self, began, path, text, fault, answer):
        if path == "/_control/log":
            return
        self.server.provider.store.write_log(
            "request",
            began,
            method=self.command,
            path=path,
            parameters=text,
            idempotency_key=self.key_of(text),
            status=answer and answer.status,
            fault=fault and fault["kind"],
            seconds=round(time.time() - began, 4),
        )

    def log_message(self, format, *arguments):
        log.debug(format, *arguments)


def take_fault(store, method, path):
    """The next fault for this request, used up once; None when there is none.

    A fault's route is a pattern such as `POST /v1/refunds` or `GET /v1/checkout/sessions*`;
    without a method it is for all of them. Control calls never fail.
    """
    if path.startswith("/_control/"):
        return None
    with store.transaction():
        for fault in store.rows("SELECT * FROM faults WHERE times > 0 ORDER BY id"):
            if fnmatchcase(f"{method} {path}", _pattern(fault["route"])):
                store.rows("UPDATE faults SET times = times - 1 WHERE id = ?", fault["id"])
                store.rows("DELETE FROM faults WHERE times < 1")
                return dict(fault)
    return None


def _pattern(route):
    return route if " " in route else f"* {route}"


def _json(status, body):
    return Answer(status, json.dumps(body).encode(), {"Content-Type": "application/json"})


def open_server(*, port, store_file, secret, webhook_secret, webhook_url, base_url=""):
    """A Server that listens and a started Courier; port 0 takes a free one."""
    store = Store(store_file)
    courier = Courier(store, webhook_secret, webhook_url)
    return started(port, Provider(store, courier, base_url, secret))


def started(port, provider, handler=Handler):
    """The listening Server of a Provider, whose courier is on its way."""
    server = Server(port, provider, handler)
    provider.base_url = provider.base_url or f"http://127.0.0.1:{server.server_address[1]}"
    provider.courier.start()
    return server


def port_of(url):
    """The port of a loopback address; ValueError for any other host."""
    address = urlsplit(url)
    if address.hostname not in ("127.0.0.1", "localhost"):
        raise ValueError(f"{url} is not on this machine: the simulator serves loopback only.")
    return address.port or 80
