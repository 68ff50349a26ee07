"""Whatever is sent to whatever is open to the public, it is answered; nothing is a crash."""

import json

import pytest
from django.test import Client
from django.urls import resolve

from accounts.models import ApiKey
from bookings.links import mailed_key
from bookings.models import Booking
from bookings.services import Sale, reserve
from config.tests.scenarios import HOUSE, house
from config.tests.test_tenancy import NOT_HERE, endpoints
from core.json_bodies import LARGEST_BODY
from core.tenancy import acting_for, as_system
from events.models import Event

pytestmark = pytest.mark.django_db

WORDS = [
    "",
    "\x00",
    "a\x00b",
    "\ud7ff\uffff\u202e",
    "٣",
    "-1",
    "1e999999",
    "nan",
    "0" * 41 + "8",
    "9" * 30,
    "9" * 5000,
    "x" * 100_000,
    "' OR 1=1 --",
    "%00",
    "../../etc/passwd",
    "0000-00-00",
    "99999-12-31",
    "00000000-0000-0000-0000-000000000000",
]
THINGS = [
    *WORDS[:-5],
    "\ud800",
    None,
    True,
    0,
    -1,
    2**31,
    2**63,
    10**400,
    1.5,
    1e308,
    [],
    {},
    [[]],
    [None],
    {"a": {"b": []}},
    ["\ud800", "\x00"],
    [10**400],
]
BODIES = [
    b"",
    b"null",
    b"[]",
    b"5",
    b'"x"',
    b"\x00",
    b"\xff\xfe",
    b"\xef\xbb\xbf{}",
    b"{",
    b"NaN",
    b'{"a":Infinity}',
    b'{"\\ud800":1}',
    b'{"\\u0000":1}',
    b'{"a":1,"a":2}',
    b'{"event":' + b"9" * 5000 + b"}",
    b"[" * 60_000,
    b'{"a":' * 9_000,
    b"[" * 20_000 + b"]" * 20_000,
    b"[" * 100_000,
    b'{"x":"' + b"y" * 3_000_000 + b'"}',
]
CHARSETS = ["utf-16", "utf-7", "base64", "rot13", "no-such"]
FORMS = {
    "/events/{slug}/reserve/": (
        ["seat", "quantity", "level", "section", "together", "wheelchair", "from_section"],
        {"quantity": "2", "together": "1"},
    ),
    "/checkout/{booking}/pay/": (
        ["name", "email", "phone"],
        {"name": "Noor", "email": "noor@post.example"},
    ),
    "/checkout/{booking}/release/": ([], {}),
    "/find-booking/": (
        ["number", "email"],
        {"number": "BCDF-2345", "email": "noor@post.example"},
    ),
}
CALLS = {
    "/api/v1/bookings": {
        "event": "{event}",
        "seats": [9_999],
        "best": {"quantity": 1, "level": "Front", "section": "A", "together": True},
        "contact": {"name": "Noor", "email": "noor@post.example", "phone": "1"},
    },
    "/api/v1/bookings/{sold_by_key}/contact": {"name": "Noor", "email": "n@post.example"},
    "/api/v1/bookings/{sold_by_key}/pay": {},
    "/api/v1/tickets/scan": {"code": "x", "gate": "", "nonce": "n"},
}
SEARCH = "q when place max_price kind wheelchair from to page refused"
PAGES = {  # with the names each reads from its query
    "/": SEARCH,
    "/help/": "",
    "/favicon.ico": "",
    "/robots.txt": "",
    "/gate/": "",
    "/find-booking/": "sent",
    "/events/{slug}/": "refused",
    "/events/{slug}/seats/": "refused",
    "/events/{slug}/seats/0/": "refused",
    "/events/{slug}/seats/99999999999999999999999999/": "",
    "/events/{slug}/seats.svg": "",
    "/events/{slug}/calendar.ics": "",
    "/events/{event}/prices/abc.json": "",
    "/layouts/{layout}.geo": "",
    "/checkout/{booking}/": "k",
    "/checkout/{booking}/return/": "k",
    "/bookings/{booking}/": "k",
    "/bookings/{booking}/tickets.pdf": "k",
    "/bookings/{booking}/calendar.ics": "k",
    "/api/nothing": "",
    "/api/v1/events": "cursor limit",
    "/api/v1/events/{event}": "",
    "/api/v1/events/{event}/status": "since",
    "/api/v1/events/{event}/availability": "section level",
    "/api/v1/bookings/{sold_by_key}": "",
    "/api/v1/gate": "gate",
    "/api/v1/schema/": "format lang",
    "/healthz": "",
    "/readyz": "",
    "/metrics": "",
}
NOTICES = "/webhooks/payments/simulated/"


@pytest.fixture
def world():
    return house(agency={**HOUSE["agency"], "host": "testserver"})


@pytest.fixture
def ids(world):
    """What stands for the names in the paths."""
    with acting_for(world["agency"]["id"]):
        event = Event.objects.get()
        booking = reserve(event=event, ordinals=[0])
        key = ApiKey.objects.get(role="buyer")
        sold = reserve(event=event, ordinals=[1], sale=Sale(seller_key=key.pk))
        return {
            "event": event.pk,
            "slug": event.slug,
            "layout": world["venue"]["layout"],
            "booking": booking.pk,
            "sold_by_key": sold.pk,
            "key": mailed_key(booking),
        }


@pytest.fixture
def browser(ids):
    """A browser that may open the booking and sees what a crash looks like from outside."""
    found = Client(raise_request_exception=False)
    found.get(f"/checkout/{ids['booking']}/", {"k": ids["key"]})
    return found


@pytest.fixture
def caller(world):
    def of(path):
        role = "gate" if path.startswith(("/api/v1/tickets", "/api/v1/gate")) else "buyer"
        headers = {"authorization": f"Api-Key {world['tokens'][role]}"}
        return Client(raise_request_exception=False, headers=headers)

    return of


def answered(answer, *about):
    """Fails for a crash; problems are JSON that can be read."""
    assert answer.status_code < 500, (answer.status_code, *(str(part)[:80] for part in about))
    if answer.headers.get("Content-Type") == "application/problem+json":
        assert answer.json()["status"] == answer.status_code
    return answer


def test_everything_that_is_open_is_listed_here(ids):
    listed = [*PAGES, *FORMS, *CALLS, NOTICES]
    routes = {resolve(path.format(**ids)).route for path in listed}
    assert routes >= {path for path in endpoints() if not path.startswith(NOT_HERE)}


@pytest.mark.parametrize("path", PAGES)
def test_pages_and_reads_with_every_word_in_every_place(path, ids, browser, caller):
    address = path.format(**ids)
    client = caller(path) if path.startswith("/api/v1/") else browser
    for word in [word for word in WORDS if len(word) < 10_000]:
        for name in PAGES[path].split():
            answered(client.get(address, {name: word}), path, name, word)
    answered(client.get(address + "?%ff=%fe&%00&refused=%ed%a0%80&k=%ed%a0%80"), path)
    answered(client.generic("POST", address, b"\x00", "text/plain"), path)


@pytest.mark.parametrize("path", FORMS)
def test_forms_with_every_word_in_every_field(path, ids, browser):
    address, (fields, good) = path.format(**ids), FORMS[path]
    for name in fields:
        for word in WORDS:
            answer = answered(browser.post(address, good | {name: word}), path, name, word)
            if answer.status_code == 302:
                answered(browser.get(answer.url), path, name, word)
    for charset in CHARSETS:
        kind = f"application/x-www-form-urlencoded; charset={charset}"
        answered(browser.generic("POST", address, "name=x&seat=%ff", kind), path, charset)
        kind = f"multipart/form-data; boundary=x; charset={charset}"
        answered(browser.generic("POST", address, b"--x\r\n\r\n--x--", kind), path, charset)
    many = "&".join(f"f{n}=1" for n in range(2_000))
    kind = "application/x-www-form-urlencoded"
    answered(browser.post(address, many, content_type=kind), path)


def ways_into(thing):
    """The thing with each of its parts, one at a time, replaced by a place to fill: functions."""
    yield lambda value: {**thing, "unknown": value}
    for name, part in thing.items():
        yield lambda value, name=name: {**thing, name: value}
        if isinstance(part, dict):
            for inside in ways_into(part):
                yield lambda value, name=name, inside=inside: {**thing, name: inside(value)}


@pytest.mark.parametrize("path", CALLS)
def test_calls_with_everything_in_every_field(path, ids, caller):
    address, client = path.format(**ids), caller(path)
    good = {**CALLS[path], **({"event": str(ids["event"])} if "event" in CALLS[path] else {})}
    wholes = [good]
    if "seats" in good:
        wholes = [{k: v for k, v in good.items() if k != left} for left in ("best", "seats")]
    for whole in wholes:
        for fill in ways_into(whole):
            for thing in THINGS:
                body = json.dumps(fill(thing))
                answered(client.post(address, body, content_type="application/json"), path, body)


@pytest.mark.parametrize("path", [*CALLS, NOTICES])
def test_bodies_that_are_no_request(path, ids, caller):
    address, client = path.format(**ids), caller(path)
    for body in BODIES:
        for charset in ("utf-8", *CHARSETS) if len(body) < 1_000 else ("utf-8",):
            kind = f"application/json; charset={charset}"
            answered(client.generic("POST", address, body, kind), path, body, charset)
    for kind in ("text/plain", "multipart/form-data", "x", ""):
        answered(client.generic("POST", address, b"{}", kind), path, kind)


@pytest.mark.parametrize("word", [word for word in WORDS if len(word) < 10_000])
def test_words_in_headers(word, ids, browser):
    word = word.encode("utf-8", "replace").decode("latin-1")
    for name in ("authorization", "idempotency-key", "accept", "cookie", "if-none-match", "host"):
        value = {"authorization": f"Api-Key {word}", "cookie": f"sessionid={word}"}.get(name, word)
        for path in ("/", "/api/v1/events", f"/api/v1/events/{ids['event']}/status"):
            stranger = Client(raise_request_exception=False)
            answered(stranger.get(path, headers={name: value}), path, name, word)
    body = json.dumps({"event": str(ids["event"]), "seats": [9]})
    headers = {"idempotency-key": word}
    path, kind = "/api/v1/bookings", "application/json"
    answered(Client().post(path, body, content_type=kind, headers=headers), path, word)


def test_what_is_too_large_too_deep_or_unreadable_is_told_by_name(ids, caller):
    def told(body):
        answer = caller("").post("/api/v1/bookings", body, content_type="application/json")
        return answer.status_code, answer.json()["code"]

    assert told(b"[" * (LARGEST_BODY + 1)) == (413, "too_large")
    assert told(b"[" * LARGEST_BODY) == (400, "parse_error")
    assert told(b"\xff") == (400, "parse_error")
    assert told(b'{"\\ud800": 1}') == (400, "invalid")
    with as_system():
        assert Booking.objects.count() == 2  # those it began with
