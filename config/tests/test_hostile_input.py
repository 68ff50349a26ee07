"""Whatever is sent to whatever is open to the public, it is answered; nothing is a crash."""

import json

import pytest
from django.test import Client
from django.urls import resolve
from django.utils import timezone

from accounts.models import ApiKey
from bookings.links import mailed_key
from bookings.models import Booking
from bookings.services import Sale, reserve
from config.tests.drawing import drawn, open_draw, people
from config.tests.presaling import HOUR, presale
from config.tests.test_tenancy import NOT_HERE, endpoints
from config.tests.world import given, offered, sold_booking
from core.json_bodies import LARGEST_BODY
from core.tenancy import acting_for, as_system
from customers.links import mailed_key as customer_key
from events.models import Event
from inventory.models import AllocationPlan
from inventory.presales import view_key
from payments.models import Payment
from promotions.tests.factories import promotion
from suppliers.models import AccountsPayable, PurchaseOrder

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
NOBODY = "01a1fc84-1111-7000-8000-000000000000"
FORMS = {
    "/events/{slug}/reserve/": (
        [
            *("seat", "quantity", "level", "section", "together", "wheelchair", "from_section"),
            *("near", "around", "party", "drawn"),
        ],
        {"quantity": "2", "together": "1"},
    ),
    "/events/{slug}/presale/": (["code", "email", "leave"], {"code": "FANS"}),
    "/draws/{draw}/": (["email"], {"email": "noor@post.example"}),
    "/draws/{draw}/enter/": ([], {}),
    "/draws/{draw}/withdraw/": ([], {}),
    "/checkout/{booking}/code/": (
        ["name", "email", "phone", "code", "refused", "remove"],
        {"name": "Noor", "email": "noor@post.example", "code": "EARLY"},
    ),
    "/checkout/{booking}/pay/": (
        [
            *("name", "email", "phone", "code", "refused", "provider", "accepts_terms", "remind"),
            "credit",
        ],
        {"name": "Noor", "email": "noor@post.example"},
    ),
    "/checkout/{booking}/points/": (
        ["points_number", "points_worth", "points_key", "name", "credit"],
        {"points_number": "5", "points_worth": "0.05", "points_key": NOBODY},
    ),
    "/checkout/{booking}/exchange/": (["seen", "accepts_terms"], {"seen": "0"}),
    "/checkout/{booking}/release/": ([], {}),
    "/checkout/{booking}/renew/": ([], {}),
    "/bookings/{booking}/change/": (["answer"], {"answer": "KEEP"}),
    "/bookings/{booking}/exchange/": (["ticket"], {"ticket": NOBODY}),
    "/bookings/{booking}/cancel/": (["ticket", "seen", "to"], {"ticket": NOBODY, "seen": "0"}),
    "/bookings/{own}/give/": (
        ["ticket", "name", "email", "message", "confirmed", "change", "back"],
        {"ticket": "{own_ticket}", "name": "Bo", "email": "bo@post.example", "confirmed": "yes"},
    ),
    "/bookings/{own}/give/prove/": ([], {}),
    "/bookings/{own}/give/{offer}/take-back/": ([], {}),
    "/received/{offer}/accept/": (["name", "accepts_terms"], {}),
    "/received/{offer}/decline/": ([], {}),
    "/received/{taken}/give/": (["ticket", "message", "back"], {"ticket": NOBODY, "back": "yes"}),
    "/received/{taken}/give/prove/": (["back"], {}),
    "/received/{taken}/give/{offer}/take-back/": ([], {}),
    "/bookings/{own}/give/{offer}/mail/": ([], {}),
    "/received/{taken}/give/{offer}/mail/": ([], {}),
    "/find-booking/": (
        ["number", "email"],
        {"number": "BCDF-2345", "email": "noor@post.example"},
    ),
    "/mine/profile/": (["name", "phone"], {"name": "Noor"}),
    "/mine/leave/": ([], {}),
    "/mine/points/": (
        ["points_number", "points_worth", "points_key"],
        {"points_number": "5", "points_worth": "0.05", "points_key": NOBODY},
    ),
    "/bookings/{booking}/names/": (["name-0", "email-0", "phone-0"], {"name-0": "Ada"}),
}
CALLS = {
    "/api/v1/bookings": {
        "event": "{event}",
        "seats": [9_999],
        "best": {"quantity": 1, "level": "Front", "section": "A", "together": True},
        "contact": {"name": "Noor", "email": "noor@post.example", "phone": "1"},
        "code": "EARLY",
        "codes": ["EARLY"],
        "accepts_terms": True,
        "access_code": "FANS",
    },
    "/api/v1/events/{event}/presales": {"code": "FANS"},
    "/api/v1/events/{event}/seats/validate": {"seats": [2, 9_999], "access_code": ""},
    "/api/v1/events/{event}/seats/best-available": {
        **{"quantity": 2, "level": "Front", "section": "A", "together": True},
        **{"accessible": False, "near": 5, "access_code": ""},
    },
    "/api/v1/events/{event}/seats/find-adjacent": {
        **{"quantity": 2, "level": "Front", "section": "A", "near": 5, "groups": 2},
        "access_code": "",
    },
    "PUT /api/v1/bookings/{sold_by_key}": {
        "contact": {"name": "Noor", "email": "noor@post.example", "phone": "1"},
        "attendees": [{"ticket": NOBODY, "attendee_name": "Ada", "attendee_email": ""}],
    },
    "/api/v1/orders": {
        "items": [{"event": NOBODY, "tier": "Front", "quantity": 1, "section": "A"}],
        "contact": {"name": "Noor", "email": "noor@post.example", "phone": "1"},
        **{"accepts_terms": True, "code": "EARLY"},
    },
    "/api/v1/orders/{sold_by_key}/confirm": {},
    "/api/v1/payments/process": {"booking": NOBODY, "provider": "cheque"},
    "/api/v1/payments/{payment}/refund": {
        **{"tickets": [NOBODY], "amount": "1.00", "reason": "FRAUD", "rule": "ALL_BACK"},
        **{"to": "CARD", "note": "N", "quote": "0", "dry_run": True},
    },
    "/api/v1/bookings/{sold_by_key}/contact": {
        "name": "Noor",
        "email": "n@post.example",
        "accepts_terms": True,
    },
    "/api/v1/bookings/{sold_by_key}/pay": {"provider": "cheque"},
    "/api/v1/bookings/{sold_by_key}/renew": {},
    "PATCH /api/v1/tickets/{nobody}/attendee": {
        **{"attendee_name": "Ada", "attendee_email": "", "attendee_phone": "1"},
    },
    "/api/v1/bookings/{sold_by_key}/tickets/cancel": {"tickets": [NOBODY], "quote": "0"},
    "/api/v1/tickets/scan": {"code": "x", "gate": "", "nonce": "n"},
    "/api/v1/inventory/reserve": {"event": "{event}", "seats": [9_999]},
    "/api/v1/inventory/reserve/batch": {"reservations": [{"event": NOBODY, "seats": [9_999]}]},
    "/api/v1/inventory/release": {"booking": NOBODY},
    "/api/v1/inventory/holds": {
        **{"event": "{event}", "hold_type": "ARTIST", "name": "N", "seats": [9_999]},
        **{"hold_until": None, "notice_at": None, "contact": "", "reason": "R", "order": "LAST"},
    },
    "PUT /api/v1/inventory/holds/{nobody}/release": {"quantity": 1},
    "/api/v1/inventory/allocation/plan": {
        **{"event": "{event}", "name": "N", "notes": ""},
        "shares": [{"channel": "WEB", "quantity": 1}],
    },
    "PUT /api/v1/inventory/allocation/plans/{plan}": {
        **{"name": "N", "shares": [{"channel": "WEB", "percent": "5"}]}
    },
    "/api/v1/inventory/allocation/apply": {"plan": NOBODY},
    "PUT /api/v1/inventory/events/{event}/seats/{seat}/price": {
        **{"price": "45.00", "reason": "R", "below_cost_reason": ""}
    },
    "/api/v1/inventory/events/{event}/seats/{seat}/return": {"reason": "R"},
    "/api/v1/suppliers": {
        **{"name": "", "supplier_type": "PROMOTER", "wholesale_discount_rate": "0.2"},
        **{"currency": "EUR", "credit_limit": "1", "contract_start_date": "2026-01-01"},
        **{"return_days": 3, "email": "a@b.example", "bank_account": "X", "is_active": True},
    },
    "PUT /api/v1/suppliers/{supplier}": {"notes": "N", "credit_line": "5.00"},
    "/api/v1/purchase-orders": {
        **{"supplier": NOBODY, "currency": "EUR", "basis": "FIRM", "expected_date": "2026-12-01"},
        "lines": [{"event": NOBODY, "section": "A", "quantity": 1, "unit_price": "1.00"}],
        "landed_costs": [{"kind": "TAX", "amount": "1.00"}],
    },
    "PUT /api/v1/purchase-orders/{order}": {"version": 1, "notes": "N"},
    "/api/v1/purchase-orders/{order}/submit": {},
    "/api/v1/purchase-orders/{order}/withdraw": {},
    "/api/v1/purchase-orders/{order}/approve": {},
    "/api/v1/purchase-orders/{order}/confirm": {},
    "/api/v1/purchase-orders/{order}/receive": {
        **{"lines": [{"line": NOBODY, "seats": [1]}], "delivery_reference": "D"}
    },
    "/api/v1/purchase-orders/{order}/cancel": {"reason": "R", "lines": [NOBODY]},
    "/api/v1/purchase-orders/{order}/pay": {"amount": "1.00", "method": "CASH"},
    "/api/v1/accounts-payable/{debt}/pay": {
        **{"amount": "0.01", "method": "CASH", "bank_reference": "B", "paid_on": "2026-01-01"}
    },
    "/api/v1/promotions/validate": {
        **{"event": "{event}", "seats": [5], "codes": ["X"], "email": "a@b.example"}
    },
    "/api/v1/promotions": {
        **{
            "name": "",
            "promotion_type": "FIXED_DISCOUNT",
            "discount_value": "5.00",
            "per": "TICKET",
        },
        **{"buy": 1, "get": 1, "currency": "EUR", "min_purchase_amount": "1.00", "priority": 1},
        **{"min_purchase_tickets": 1, "max_discount_amount": "9.00", "is_stackable": True},
        **{"applicable_event_types": ["CONCERT"], "applicable_events": ["{event}"]},
        **{"applicable_price_levels": [NOBODY], "applicable_channels": ["WEB"], "code": "CODE"},
        **{"start_date": "2026-01-01T00:00:00Z", "end_date": "2036-01-01T00:00:00Z"},
        **{"usage_limit": 1, "usage_limit_per_customer": 1, "is_active": True, "description": ""},
    },
    "PUT /api/v1/promotions/{promotion}": {"name": "N", "discount_value": "5", "usage_limit": 3},
}
SEARCH = "q when place max_price kind wheelchair from to page refused"
PAGES = {  # with the names each reads from its query
    "/": SEARCH,
    "/help/": "",
    "/terms/": "",
    "/terms/abc/": "",
    "/favicon.ico": "",
    "/robots.txt": "",
    "/gate/": "",
    "/find-booking/": "sent",
    "/mine/": "k page points",
    "/events/{slug}/": "refused again",
    "/events/{slug}/seats/": "refused party price floor name spaces order page",
    "/events/{slug}/seats/0/": "refused party page",
    "/events/{slug}/seats/99999999999999999999999999/": "",
    "/events/{slug}/seats.svg": "presale",
    "/events/{slug}/presale/": "k",
    "/events/{slug}/calendar.ics": "",
    "/draws/{draw}/mine/": "k",
    "/draws/{drawn}/": "number page",
    "/draws/{drawn}/mine/": "k",
    "/draws/{drawn}/numbers.txt": "",
    "/draws/{drawn}/order.csv": "",
    "/draws/{drawn}/draw.json": "",
    "/events/{event}/prices/": "",
    "/events/{event}/prices/abc.json": "",
    "/layouts/{layout}.geo": "",
    "/checkout/{booking}/": "k",
    "/checkout/{booking}/return/": "k",
    "/bookings/{booking}/": "k",
    "/bookings/{booking}/tickets.pdf": "k",
    "/bookings/{own}/": "k",
    "/bookings/{own}/give/": "k sent back",
    "/received/{offer}/": "k",
    "/received/{taken}/": "k",
    "/received/{taken}/tickets.pdf": "",
    "/received/{taken}/give/": "k sent back",
    "/bookings/{booking}/invoice.pdf": "note",
    "/bookings/{booking}/calendar.ics": "k",
    "/api/nothing": "",
    "/api/v1/events": "cursor limit",
    "/api/v1/events/{event}": "",
    "/api/v1/events/{event}/status": "since drawn",
    "/api/v1/events/{event}/changes": "since",
    "/api/v1/events/{event}/stream": "since",
    "/api/v1/events/{event}/availability": "section level",
    "/api/v1/events/{event}/presales/{view}/status": "since drawn",
    "/api/v1/events/{event}/presales/{view}/changes": "since",
    "/api/v1/events/{event}/presales/{view}/stream": "since",
    "/api/v1/events/{event}/presales/{view}/availability": "",
    "/api/v1/bookings": "status event customer since until cursor limit",
    "/api/v1/bookings/customer/{customer}": "status since cursor",
    "/api/v1/bookings/{sold_by_key}": "",
    "/api/v1/bookings/{sold_by_key}/tickets": "",
    "/api/v1/bookings/{sold_by_key}/summary": "",
    "/api/v1/orders": "status event customer since until cursor limit",
    "/api/v1/orders/{sold_by_key}": "",
    "/api/v1/payments/{payment}": "",
    "/api/v1/bookings/{sold_by_key}/cancellation": "ticket to",
    "/api/v1/gate": "gate",
    "/api/v1/schema/": "format lang",
    "/api/v1/inventory/events/{event}": "ownership status section level cursor limit",
    "/api/v1/inventory/events/{event}/seats": "ownership status section level",
    "/api/v1/inventory/events/{event}/available": "section level",
    "/api/v1/inventory/events/{event}/availability": "",
    "/api/v1/inventory/events/{event}/availability/realtime": "since",
    "/api/v1/inventory/events/{event}/seats/{seat}": "",
    "/api/v1/inventory/holds": "event hold_type status cursor",
    "/api/v1/inventory/holds/{nobody}": "",
    "/api/v1/inventory/allocation/plans": "event status cursor",
    "/api/v1/inventory/allocation/plans/{plan}": "",
    "/api/v1/inventory/allocation/visualization": "plan",
    "/api/v1/inventory/reports/value": "on by event which",
    "/api/v1/inventory/reports/movement": "since until step event",
    "/api/v1/suppliers": "is_active q cursor",
    "/api/v1/suppliers/{supplier}": "",
    "/api/v1/purchase-orders": "status supplier cursor",
    "/api/v1/purchase-orders/{order}": "",
    "/api/v1/accounts-payable": "status supplier due_by cursor",
    "/api/v1/accounts-payable/{debt}": "",
    "/api/v1/promotions": "cursor limit",
    "/api/v1/promotions/{promotion}": "",
    "/healthz": "",
    "/readyz": "",
    "/metrics": "",
}
KEYS = {
    "gate": ("/api/v1/tickets", "/api/v1/gate"),
    "buyer": (
        *("/api/v1/inventory/reserve", "/api/v1/inventory/release"),
        *("/api/v1/promotions/validate", "/api/v1/payments/process"),
    ),
    "staff": (
        *("/api/v1/inventory", "/api/v1/suppliers", "/api/v1/purchase", "/api/v1/accounts"),
        *("/api/v1/promotions", "/api/v1/payments"),
    ),
}
NOTICES = "/webhooks/payments/simulated/"
NOTICES_OF_API = "/api/v1/payments/webhooks/simulated"


@pytest.fixture
def world(made_shop):
    return made_shop


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
            "seat": event.seats.get(ordinal=5).pk,
            "customer": key.customer_id,
            "payment": Payment.objects.get(reference=sold.pk).pk,
            "plan": AllocationPlan.objects.create(event=event, name="Split").pk,
            "order": PurchaseOrder.objects.get().pk,
            "supplier": PurchaseOrder.objects.get().supplier_id,
            "debt": AccountsPayable.objects.get().pk,
            "promotion": promotion().pk,
            "view": _view(event),
            "draw": open_draw(event, "noor@post.example").pk,
            "drawn": drawn(event, *people(3), name="Second night").pk,
            "nobody": NOBODY,
            **_given(event),
        }


def _given(event):
    """A booking whose tickets can be given away, tickets that somebody is offered, and has taken."""
    own, other = sold_booking(event, [6, 7]), sold_booking(event, [8, 9], email="ada@post.example")
    to = {"email": own.customer.email, "name": "Noor"}
    return {
        "own": own.pk,
        "own_ticket": own.items.get(position=1).ticket_id,
        "offer": offered(other, 1, **to).pk,
        "taken": given(other, 2, **to).pk,
        "proof": customer_key(own.customer),
    }


def _view(event):
    """The key of what is seen of the event through a presale that runs."""
    event.presale_id = presale(event, ends_at=timezone.now() + HOUR).pk
    return view_key(event)


@pytest.fixture
def browser(ids):
    """A browser that may open the booking and sees what a crash looks like from outside."""
    found = Client(raise_request_exception=False)
    found.get(f"/checkout/{ids['booking']}/", {"k": ids["key"]})
    found.get(f"/bookings/{ids['own']}/give/", {"k": ids["proof"]})
    return found


@pytest.fixture
def caller(world):
    def of(path):
        role = next((role for role, start in KEYS.items() if path.startswith(start)), "buyer")
        headers = {"authorization": f"Api-Key {world['tokens'][role]}", "idempotency-key": "k"}
        return Client(raise_request_exception=False, headers=headers)

    return of


def at(call):
    """(method, path) of a call such as "PUT /api/v1/…"; without a word it is a POST."""
    method, _, path = call.rpartition(" ")
    return method or "POST", path


def answered(answer, *about):
    """Fails for a crash; problems are JSON that can be read."""
    assert answer.status_code < 500, (answer.status_code, *(str(part)[:80] for part in about))
    if answer.headers.get("Content-Type") == "application/problem+json":
        assert answer.json()["status"] == answer.status_code
    return answer


def test_everything_that_is_open_is_listed_here(ids):
    listed = [*PAGES, *FORMS, *CALLS, NOTICES]
    routes = {resolve(at(call)[1].format(**ids)).route for call in listed}
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
    good = {name: value.format(**ids) for name, value in good.items()}
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
        if isinstance(part, list) and part and isinstance(part[0], dict):
            for inside in ways_into(part[0]):
                yield lambda value, name=name, inside=inside: {**thing, name: [inside(value)]}


@pytest.mark.parametrize("call", CALLS)
def test_calls_with_everything_in_every_field(call, ids, caller):
    method, path = at(call)
    address, client = path.format(**ids), caller(path)
    good = {**CALLS[call], **({"event": str(ids["event"])} if "event" in CALLS[call] else {})}
    wholes = [good]
    if "best" in good:
        wholes = [{k: v for k, v in good.items() if k != left} for left in ("best", "seats")]
    for whole in wholes:
        for fill in ways_into(whole):
            for thing in THINGS:
                body = json.dumps(fill(thing))
                answered(client.generic(method, address, body, "application/json"), call, body)


@pytest.mark.parametrize("call", [*CALLS, NOTICES, NOTICES_OF_API])
def test_bodies_that_are_no_request(call, ids, caller):
    method, path = at(call)
    address, client = path.format(**ids), caller(path)
    for body in BODIES:
        for charset in ("utf-8", *CHARSETS) if len(body) < 1_000 else ("utf-8",):
            kind = f"application/json; charset={charset}"
            answered(client.generic(method, address, body, kind), path, body, charset)
    for kind in ("text/plain", "multipart/form-data", "x", ""):
        answered(client.generic(method, address, b"{}", kind), path, kind)


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
        assert Booking.objects.count() == 4  # those it began with
