"""The gate page with a server that answers as it is told, for tests in a real browser."""

import json
import mimetypes
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

from django.conf import settings
from django.template.loader import render_to_string

KEY = "tsr_gate_a-key-that-only-this-test-knows"
POLICY = "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
STATIC = Path(settings.BASE_DIR) / "static"


class GateServer(ThreadingHTTPServer):
    """`answers` maps codes to replies; `asked` collects (code, nonce, gate) of each question.

    While `is_down` connections are cut; `loses_answers` judges and then cuts; `pause` in seconds.
    """

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers, self.asked = {}, []
        self.is_down = self.loses_answers = False
        self.pause, self.status = 0, 200

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/gate/"


@contextmanager
def gate_server():
    server = GateServer()
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


EVENT = {
    "title": "The Low Lanterns",
    "starts_at": "2027-03-13T19:00:00Z",
    "time_zone": "Europe/Paris",
}
HERE = {
    "gate": "Gate C",
    "entrances": ["Door C2"],
    "event": EVENT,
    "counts": {"admitted": 1203, "other_entrance": 4, "refused": 11},
}


def unknown(message="This is not one of our ticket codes."):
    here = {"gate": "Gate C", "event": EVENT}
    return {"verdict": "unknown", "message": message, "ticket": None, "guest": None, **here}


def reply(verdict, **changes):
    """A reply of POST /api/v1/tickets/scan."""
    facts = {
        "verdict": verdict,
        "message": "Welcome.",
        "gate": "Gate C",
        "event": EVENT,
        "ticket": {
            "number": "2345-6789-BCDF",
            "section": "112",
            "row": "F",
            "seat": "9",
            "kind": "STANDARD",
            "entrance": "",
        },
        "guest": {"name": "Noor Vance", "needs": []},
        "first_admission": None,
    }
    facts["ticket"] |= changes.pop("ticket", None) or {}
    return facts | changes


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        path = self.path.partition("?")[0]
        if path == "/gate/":
            page = render_to_string(
                "tickets/gate.html", {"agency": SimpleNamespace(name="Parterre")}
            )
            return self._send(200, page.encode(), "text/html; charset=utf-8")
        if path == "/api/v1/gate":
            return self._tell_gate()
        file = STATIC / path.removeprefix("/static/")
        if not path.startswith("/static/") or not file.is_file():
            return self._send(404, b"", "text/plain")
        return self._send(200, file.read_bytes(), mimetypes.guess_type(path)[0] or "")

    def _tell_gate(self):
        if self.server.is_down:
            return self.connection.close()
        known = self.headers["Authorization"] == f"Api-Key {KEY}"
        body = HERE if known else {"detail": "This key is not valid."}
        return self._send(200 if known else 401, json.dumps(body).encode(), "application/json")

    def do_POST(self):
        question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.server.is_down:
            return self.connection.close()
        status, body = self._judge(question)
        if self.server.loses_answers:
            return self.connection.close()
        return self._send(status, json.dumps(body).encode(), "application/json")

    def _judge(self, question):
        if self.headers["Authorization"] != f"Api-Key {KEY}":
            return 401, {"detail": "This key is not valid."}
        time.sleep(self.server.pause)
        asked = (question["code"], question["nonce"], question.get("gate", ""))
        self.server.asked.append(asked)
        if self.server.status != 200:
            return self.server.status, {"detail": "Not now."}
        return 200, self.server.answers.get(question["code"], unknown())

    def _send(self, status, body, kind):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", POLICY)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass
