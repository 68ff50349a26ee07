"""Many buyers, few seats: exact winners and losers, with controls that fail without the guard."""

import random
from collections import Counter
from contextlib import contextmanager

import psycopg
import pytest
from django.db import connection, connections

from bookings.clients import Client
from bookings.models import Booking
from bookings.services import Sale, TooManyHolds, reserve
from config.tests.scenarios import house
from config.tests.servers import together, web
from core import invariants
from core.tenancy import acting_for
from events.models import Event
from inventory.models import EventSeat
from tickets.models import Admission, Gate, Scan, Ticket
from tickets.queries import printable
from tickets.services import admit, code_of

pytestmark = pytest.mark.race

CLIENTS, ROUNDS = 200, 50


def deadlocks(copy):
    with psycopg.connect(copy.admin_url) as admin:
        return admin.execute(
            "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        ).fetchone()[0]


def test_of_200_clients_that_want_one_seat_exactly_one_gets_it_in_each_of_50_rounds(committed_db):
    world = house()
    event, token = world["event"]["id"], world["tokens"]["buyer"]
    with web() as server:
        clients = [server.client(token) for _ in range(CLIENTS)]
        for number in range(ROUNDS):
            wish = {"event": event, "seats": [number]}
            answers = together(
                [lambda c=client, w=wish: c.post("/api/v1/bookings", w)[0] for client in clients]
            )
            assert Counter(answers) == {201: 1, 409: CLIENTS - 1}, number
    with acting_for(world["agency"]["id"]):
        assert EventSeat.objects.filter(status="RESERVED").count() == ROUNDS
        assert Ticket.objects.count() == ROUNDS
    assert invariants.violations() == {}


def test_100_clients_with_overlapping_sets_get_all_or_nothing_and_never_deadlock(committed_db):
    world = house()
    event, token = world["event"]["id"], world["tokens"]["buyer"]
    dice = random.Random(7)
    before = deadlocks(committed_db)
    with web() as server:
        for _ in range(10):
            wishes = [dice.sample(range(60), 5) for _ in range(100)]
            wishes = [wish if number % 2 else wish[::-1] for number, wish in enumerate(wishes)]
            answers = together(
                [
                    lambda w=wish: server.client(token).post(
                        "/api/v1/bookings", {"event": event, "seats": w}
                    )
                    for wish in wishes
                ]
            )
            assert {status for status, _ in answers} <= {201, 409}
            won = [body for status, body in answers if status == 201]
            seats = [item["ordinal"] for body in won for item in body["items"]]
            assert len(seats) == len(set(seats)) == 5 * len(won)
            for body in won:
                server.client(token)._send("DELETE", f"/api/v1/bookings/{body['id']}", None, {})
    assert deadlocks(committed_db) == before
    assert invariants.violations() == {}


def naive_claim(event_id, ordinal, reference):
    """What the guard replaces: look first, write afterwards."""
    with connections["default"].cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute(
            "SELECT status FROM inventory_eventseat WHERE event_id = %s AND ordinal = %s",
            [event_id, ordinal],
        )
        free = cursor.fetchone()[0] == "AVAILABLE"
        cursor.execute("SELECT pg_sleep(0.05)")
        if free:
            cursor.execute(
                "UPDATE inventory_eventseat SET status = 'RESERVED', claimed_by = %s,"
                " claimed_until = now() WHERE event_id = %s AND ordinal = %s",
                [reference, event_id, ordinal],
            )
        cursor.execute("COMMIT" if free else "ROLLBACK")
    return free


@contextmanager
def without_guards(copy):
    with psycopg.connect(copy.admin_url, autocommit=True) as admin:
        admin.execute("ALTER TABLE inventory_eventseat DISABLE TRIGGER USER")
        yield


def test_control_without_the_guard_one_seat_is_sold_to_many(committed_db):
    world = house()
    agency, event = world["agency"]["id"], world["event"]["id"]

    def buy():
        with acting_for(agency):
            try:
                return naive_claim(event, 0, agency)
            finally:
                connection.close()

    with without_guards(committed_db):
        winners = together([buy] * 20)
    assert winners.count(True) > 1


def test_a_code_shown_at_two_gates_at_once_admits_once_for_each_of_100_tickets(committed_db):
    world = house(options={"sold": 100})
    agency = world["agency"]["id"]
    with acting_for(agency):
        gates = [Gate.objects.get(), Gate.objects.create(event=Event.objects.get(), name="B")]
        codes = [code_of(t) for t in printable(Ticket.objects.values_list("pk", flat=True))]

    def scan(code, gate):
        with acting_for(agency):
            try:
                nonce = f"{gate.name}-{code[-20:]}"
                return admit(code=code, gate=gate, device_id=gate.pk, nonce=nonce)
            finally:
                connection.close()

    for code in codes:
        first, second = together([lambda c=code, g=gate: scan(c, g) for gate in gates])
        assert {first.verdict, second.verdict} == {"admitted", "duplicate"}
        late = first if first.verdict == "duplicate" else second
        assert late.first_admission.gate in gates
    with acting_for(agency):
        assert Admission.objects.count() == 100
        assert Scan.objects.count() == 200
    assert invariants.violations() == {}


def test_control_without_the_row_lock_and_the_constraint_both_gates_admit(committed_db):
    world = house(options={"sold": 1})
    agency = world["agency"]["id"]
    with psycopg.connect(committed_db.admin_url, autocommit=True) as admin:
        admin.execute("ALTER TABLE tickets_admission DROP CONSTRAINT one_admission_per_entry")

    def naive_scan():
        with acting_for(agency), connection.cursor() as cursor:
            cursor.execute("SELECT id, status FROM tickets_ticket")
            ticket, status = cursor.fetchone()
            cursor.execute("SELECT pg_sleep(0.05)")
            if status == "CONFIRMED":
                Admission.objects.create(ticket_id=ticket, gate=Gate.objects.get())
        connection.close()

    together([naive_scan] * 2)
    with acting_for(agency):
        assert Admission.objects.count() == 2


def racing_reservation(event, agency_id, ordinal, client):
    def run():
        try:
            with acting_for(agency_id):
                reserve(event=event, ordinals=[ordinal], sale=Sale(client=client))
        except TooManyHolds:
            return "refused"
        finally:
            connections.close_all()
        return "reserved"

    return run


@pytest.mark.parametrize(("may_hold", "reserved"), [(2, 2), (None, 12)])
def test_twelve_at_once_do_not_slip_past_the_count(committed_db, may_hold, reserved):
    """Without the limit, the control, all twelve get their seat."""
    client = Client("key:x", may_hold)
    agency_id = house()["agency"]["id"]
    with acting_for(agency_id):
        event = Event.objects.get()
    told = Counter(together([racing_reservation(event, agency_id, n, client) for n in range(12)]))
    assert told == Counter(reserved=reserved) + Counter(refused=12 - reserved)
    with acting_for(agency_id):
        assert Booking.objects.filter(status="RESERVED").count() == reserved
