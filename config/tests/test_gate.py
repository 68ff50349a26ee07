"""At the gate: one verdict for each question, and the same answer to the same question."""

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import ApiKey
from config.tests.scenarios import HOUSE, house, shop
from core.ids import uuid7
from core.tenancy import acting_for
from tickets.models import Gate, Scan, Ticket
from tickets.services import admit, code_of, lock_out, rotate_signing_key
from tickets.services.admit import NonceReused
from venues.models import Venue

pytestmark = pytest.mark.django_db
DEVICE = uuid7()


@pytest.fixture
def gate():
    world = house(options={"sold": 4})
    with acting_for(world["agency"]["id"]):
        yield Gate.objects.select_related("event").get()


def tickets():
    return list(Ticket.objects.select_related("event", "signing_key").order_by("ordinal"))


def scan(code, gate, nonce=None):
    return admit(code=code, gate=gate, device_id=DEVICE, nonce=nonce or str(uuid7()))


def test_a_valid_code_admits_once_and_then_says_when_and_where(gate):
    code = code_of(tickets()[0])
    assert scan(code, gate).verdict == "admitted"
    second = scan(code, gate)
    assert second.verdict == "duplicate"
    assert second.first_admission.gate == gate
    assert Ticket.objects.filter(status="USED").count() == 1


def test_the_printed_number_is_as_good_as_a_damaged_code(gate):
    assert scan(tickets()[0].number.lower(), gate).verdict == "admitted"


def test_a_repeated_nonce_repeats_the_answer_for_the_same_code_only(gate):
    first, second = (code_of(ticket) for ticket in tickets()[:2])
    assert scan(first, gate, "n1").verdict == "admitted"
    assert scan(first, gate, "n1").verdict == "admitted"
    assert Scan.objects.count() == 1
    with pytest.raises(NonceReused):
        scan(second, gate, "n1")
    assert scan(second, gate, "n2").verdict == "admitted"


def test_a_refusal_of_before_that_has_no_reason_now_is_not_explained_by_an_offer(gate):
    ticket = tickets()[0]
    code, before = code_of(ticket), "It was refused before. Scan it again."
    lock_out([ticket.pk], "Its payment is disputed.")
    assert scan(code, gate, "n1").message == "Its payment is disputed."
    lock_out([ticket.pk], "")
    assert (scan(code, gate, "n1").verdict, scan(code, gate, "n1").message) == ("not_valid", before)
    assert scan(code, gate, "n2").verdict == "admitted"
    assert (scan(code, gate, "n1").verdict, scan(code, gate, "n1").message) == ("not_valid", before)


def test_another_gate_and_another_event_are_named(gate):
    ticket = tickets()[0]
    Venue.objects.filter(pk=gate.event.venue_id).update(city="Lyon")
    Ticket.objects.update(entrance="North")
    north = Gate.objects.create(event=gate.event, name="North", entrances=["North"])
    south = Gate.objects.create(event=gate.event, name="South", entrances=["South"])
    assert scan(code_of(ticket), south).verdict == "wrong_gate"
    other = house(agency={"slug": "load", "host": "127.0.0.1"})
    elsewhere = Gate.objects.get(pk=other["gate"]["id"])
    refused = scan(code_of(ticket), elsewhere)
    assert refused.verdict == "wrong_event"
    day = gate.event.local_start
    assert refused.message == f"For: Night, {day:%a %-d %b}{_year_of(day)}, Lyon."
    assert scan(ticket.number.lower(), elsewhere).verdict == "wrong_event"
    assert scan(code_of(ticket), north).verdict == "admitted"


def _year_of(day):
    return "" if day.year == timezone.now().astimezone(day.tzinfo).year else f" {day.year}"


def test_the_reply_for_another_event_says_what_the_ticket_is_for(client, gate):
    ticket = tickets()[0]
    Venue.objects.filter(pk=gate.event.venue_id).update(city="Lyon")
    other = house(
        agency={"slug": "load", "host": "127.0.0.1"}, event={**HOUSE["event"], "title": "Matinée"}
    )
    device = {"Authorization": f"Api-Key {other['tokens']['gate']}"}
    asked = {"code": ticket.number, "gate": other["gate"]["id"]}
    told = client.post(
        "/api/v1/tickets/scan", asked, headers=device, content_type="application/json"
    ).json()
    assert (told["verdict"], told["event"]["title"]) == ("wrong_event", "Matinée")
    assert told["ticket_event"]["title"] == "Night"
    assert told["ticket_event"]["city"] == "Lyon"
    asked["code"] = "2345-6789-BCDF"
    told = client.post(
        "/api/v1/tickets/scan", asked, headers=device, content_type="application/json"
    ).json()
    assert (told["verdict"], told["ticket_event"]) == ("unknown", None)


def test_cancelled_unpaid_altered_and_foreign_codes_are_refused(gate):
    ticket, other = tickets()[:2]
    code = code_of(ticket)
    flipped = code[:-2] + ("A" if code[-2] != "A" else "B") + code[-1]
    assert scan(flipped, gate).verdict == "unknown"
    assert scan("T1AAAA", gate).verdict == "unknown"
    Ticket.objects.filter(pk=ticket.pk).update(generation=2)
    replaced = scan(code, gate)
    assert (replaced.verdict, replaced.message) == (
        "not_valid",
        "This code was replaced by a newer one.",
    )
    world = house(agency={"slug": "two", "host": "two.example"}, options={"sold": 1})
    with acting_for(world["agency"]["id"]):
        foreign = code_of(tickets()[0])
    assert scan(foreign, gate).verdict == "unknown"
    assert scan(code_of(other), gate).verdict == "admitted"


def test_a_device_learns_its_gate_its_event_and_what_was_answered(client):
    world = shop(options={"sold": 2})
    with acting_for(world["agency"]["id"]):
        gate = Gate.objects.select_related("event").get()
        code = code_of(tickets()[0])
        for _ in range(2):
            scan(code, gate)
    device = {"Authorization": f"Api-Key {world['tokens']['gate']}"}
    told = client.get("/api/v1/gate", headers=device).json()
    assert (told["gate"], told["event"]["title"]) == (gate.name, gate.event.title)
    assert told["event"]["time_zone"] == gate.event.time_zone
    assert told["counts"] == {"admitted": 1, "other_entrance": 0, "refused": 1}
    elsewhere = client.get("/api/v1/gate", {"gate": "Gate Z"}, headers=device)
    assert elsewhere.status_code == 404
    buyer = {"Authorization": f"Api-Key {world['tokens']['buyer']}"}
    assert client.get("/api/v1/gate", headers=buyer).status_code == 403
    assert client.get("/api/v1/gate").status_code == 401


def test_codes_outlive_the_rotation_of_their_key(gate):
    old = code_of(tickets()[0])
    key = rotate_signing_key()
    assert scan(old, gate).verdict == "admitted"
    assert key.key_id not in old


def test_a_gate_removed_a_moment_ago_is_none(gate):
    with acting_for(gate.agency_id):
        extra = Gate.objects.create(event=gate.event, name="Side door")
        secret = ApiKey.objects.make(role="gate", name="Scanner 9", gate_id=extra.pk)[1]
        code = code_of(tickets()[0])
    caller = Client(headers={"authorization": f"Api-Key {secret}"})
    assert caller.get("/api/v1/gate").status_code == 200
    with acting_for(gate.agency_id):
        Gate.objects.filter(pk=extra.pk).delete()
    for asked in ({"code": code}, {"code": "nonsense"}):
        answer = caller.post("/api/v1/tickets/scan", asked, content_type="application/json")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert not Scan.objects.exists()
    assert scan(code, gate).verdict == "admitted"
