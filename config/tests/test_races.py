"""Many buyers, few seats: exact winners and losers, with controls that fail without the guard."""

import random
import time
from collections import Counter
from importlib import import_module

import psycopg
import pytest
from django.db import connection, connections

from bookings.clients import ANYBODY, Client
from bookings.models import Booking
from bookings.services import Sale, TooManyHolds, reserve
from config.tests.scenarios import house
from config.tests.servers import together, web
from core import invariants
from core.postgres.rows import read
from core.tenancy import acting_for
from events.models import Event
from inventory.models import EventSeat
from inventory.services import claiming
from tickets.models import Admission, Gate, Scan, Ticket
from tickets.services import admit, code_of

pytestmark = pytest.mark.race

CLIENTS = 200


def deadlocks(copy):
    with psycopg.connect(copy.admin_url) as admin:
        return admin.execute(
            "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        ).fetchone()[0]


@pytest.mark.parametrize("rounds", [10, pytest.param(50, marks=pytest.mark.soak)])
def test_of_200_clients_that_want_one_seat_exactly_one_gets_it_in_each_round(committed_db, rounds):
    world = house()
    event, token = world["event"]["id"], world["tokens"]["buyer"]
    with web() as server:
        clients = [server.client(token) for _ in range(CLIENTS)]
        for number in range(rounds):
            wish = {"event": event, "seats": [number]}
            answers = together(
                [lambda c=client, w=wish: c.post("/api/v1/bookings", w)[0] for client in clients]
            )
            assert Counter(answers) == {201: 1, 409: CLIENTS - 1}, number
    with acting_for(world["agency"]["id"]):
        assert EventSeat.objects.filter(status="RESERVED").count() == rounds
        assert Ticket.objects.count() == rounds
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
                path = f"/api/v1/bookings/{body['id']}"
                assert server.client(token)._send("DELETE", path, None, {})[0] == 204
    assert deadlocks(committed_db) == before
    assert invariants.violations() == {}


def without(text, clause):
    """The product's own words with one guard taken out of them."""
    assert text.count(clause) == 1, clause
    return text.replace(clause, "")


@pytest.fixture
def claims_unguarded(monkeypatch):
    """Claiming as it is, but for the lock and the look at whether a place is still free."""
    chosen = without(claiming.CHOSEN, "FOR NO KEY UPDATE {when_locked}")
    unguarded = without(claiming.CLAIM, "AND {free}").format(
        wanted=chosen, open=claiming.ON_SALE, hold="NULL"
    )
    for statement in ("CLAIM_CHOSEN", "CLAIM_UNLOCKED"):
        monkeypatch.setattr(claiming, statement, unguarded)


@pytest.fixture
def tickets_unguarded(committed_db):
    """A database that has forgotten that a seat has one live ticket."""
    with psycopg.connect(committed_db.admin_url, autocommit=True) as admin:
        admin.execute("DROP INDEX one_live_ticket_per_seat")
        for table in ("inventory_eventseat", "tickets_ticket"):
            admin.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")


def race_for_one_seat(house):
    """What twenty who reserve the same seat at one moment are told, and its live tickets afterwards."""
    with acting_for(house["agency"]["id"]):
        event = Event.objects.get()
        runs = [racing_reservation(event, event.agency_id, 0, ANYBODY) for _ in range(20)]
        told = together(runs)
        live = Ticket.objects.filter(ordinal=0, status="RESERVED").count()
    return told.count("reserved"), live


def test_of_twenty_in_one_process_one_gets_the_seat(committed_db):
    assert race_for_one_seat(house()) == (1, 1)


def test_the_database_alone_sells_a_seat_once(committed_db, claims_unguarded):
    assert race_for_one_seat(house()) == (1, 1)


def test_control_without_any_guard_one_seat_is_sold_to_many(
    committed_db, claims_unguarded, tickets_unguarded
):
    reserved, live = race_for_one_seat(house())
    assert reserved == live > 1


def test_a_code_shown_at_two_gates_at_once_admits_once_for_each_of_100_tickets(committed_db):
    world = house(options={"sold": 100})
    agency = world["agency"]["id"]
    with acting_for(agency):
        gates = [Gate.objects.get(), Gate.objects.create(event=Event.objects.get(), name="B")]
        codes = [code_of(t) for t in Ticket.objects.order_by("ordinal")]

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


@pytest.mark.parametrize(("is_locked", "let_in"), [(True, 1), (False, 2)])
def test_control_without_the_row_lock_both_gates_admit(
    committed_db, monkeypatch, is_locked, let_in
):
    """The constraint is gone either way, and both gates take their time between look and deed."""
    world = house(options={"sold": 1})
    agency = world["agency"]["id"]
    with psycopg.connect(committed_db.admin_url, autocommit=True) as admin:
        admin.execute("ALTER TABLE tickets_admission DROP CONSTRAINT one_admission_per_entry")

    def slow_read(model, names=(), *, for_update=False, **keys):
        assert for_update
        found = read(model, names, for_update=is_locked, **keys)
        time.sleep(0.1)
        return found

    monkeypatch.setattr(import_module("tickets.services.admit"), "read", slow_read)
    with acting_for(agency):
        gate = Gate.objects.get()
        [code] = [code_of(t) for t in Ticket.objects.order_by("ordinal")]

    def scan(nonce):
        with acting_for(agency):
            try:
                return admit(code=code, gate=gate, device_id=gate.pk, nonce=nonce).verdict
            finally:
                connection.close()

    verdicts = together([lambda n=nonce: scan(n) for nonce in ("one", "two")])
    assert verdicts.count("admitted") == let_in
    with acting_for(agency):
        assert Admission.objects.count() == let_in


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


def race_to_hoard(may_hold):
    """How many of twelve reservations one client gets who makes them at one moment."""
    client = Client("key:x", may_hold)
    agency_id = house()["agency"]["id"]
    with acting_for(agency_id):
        event = Event.objects.get()
    told = Counter(together([racing_reservation(event, agency_id, n, client) for n in range(12)]))
    assert set(told) <= {"reserved", "refused"}
    with acting_for(agency_id):
        assert Booking.objects.filter(status="RESERVED").count() == told["reserved"]
    return told["reserved"]


@pytest.mark.parametrize(("may_hold", "reserved"), [(2, 2), (None, 12)])
def test_twelve_at_once_do_not_slip_past_the_count(committed_db, may_hold, reserved):
    assert race_to_hoard(may_hold) == reserved


LOCK = "PERFORM pg_advisory_xact_lock(hashtextextended(NEW.client, 0));"
COUNTING = """
SELECT pg_get_functiondef(tgfoid) FROM pg_trigger WHERE tgname LIKE 'pgtrigger_nobody_hoards%'
"""


@pytest.mark.parametrize("is_locked", [True, False])
def test_control_who_counts_without_the_lock_is_slipped_past(committed_db, settings, is_locked):
    settings.FAIL_POINT = "reserve.before_commit=sleep:0.1"
    with psycopg.connect(committed_db.admin_url, autocommit=True) as admin:
        [counting] = admin.execute(COUNTING).fetchone()
        unlocked = without(counting, LOCK)
        admin.execute(counting if is_locked else unlocked)
    assert (race_to_hoard(2) == 2) == is_locked
