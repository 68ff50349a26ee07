"""What is measured on: an arena on sale, halls to reserve in, and 200,000 seats sold before.

Building takes minutes, so each world is kept as a template database in the bench's own PostgreSQL,
named after the migrations and its description, and copied for each run. `config.scenario` and
`config.history` make it, through the services and past every constraint.
"""

import hashlib
import itertools
import json
import os
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from bench.inside import run_inside
from bench.servers import HOME
from core.embedded.copies import copy_for, in_database

ROOT = Path(__file__).resolve().parents[1]
SHAPES = ("*/migrations/*.py", "config/scenario.py", "config/history.py", "bench/stock.py")
PAST_EVENTS, PAST_SEATS = 8, 25_000
ARENA_SOLD = 6_000


def _venue(name, sections, rows, seats):
    blocks = [{"name": f"{name} {n}", "rows": rows, "seats": seats} for n in range(1, sections + 1)]
    return {"name": name, "sections": blocks}


ARENA = _venue("Arena", 24, 25, 20)  # 12,000 places
HALL = _venue("Hall", 5, 100, 50)  # 25,000 places
CELLAR = _venue("Cellar", 1, 2, 5)
STADIUM = _venue("Stadium", 10, 100, 50)  # 50,000 places


def description(title, venue, sold=0):
    """A scenario for `load_scenario` in which everything is owned, at four prices."""
    labels = [section["name"] for section in venue["sections"]]
    levels = [
        {"name": f"Level {n}", "sections": labels[n::4], "price": f"{40 + n}.00", "cost": "30.00"}
        for n in range(4)
    ]
    return {
        "agency": {"slug": "bench", "host": "127.0.0.1", "currency": "EUR"},
        "venue": venue,
        "event": {"title": title, "starts_in_days": 30, "levels": levels},
        "options": {"sold": sold},
    }


FRESH = {
    "arena": description("Night at the arena", ARENA, sold=ARENA_SOLD),
    "hall": description("Night at the hall", HALL),
    "limit": description("Night of the limit", HALL),
}
STADIUMS = {
    places: {
        "agency": {"slug": "bench", "host": "127.0.0.1", "currency": "EUR"},
        "venue": {"name": f"Stadium of {places:,}", "house": "stadium", "places": places},
        "event": {"title": "Night at the stadium", "starts_in_days": 30},
        "options": {"sold": places // 5},
    }
    for places in (20_000, 50_000, 100_000)
}
DRAWING = {
    "scenario": description("Night at the club", _venue("Club", 4, 2, 5)),
    "sections": _venue("Block", 25, 40, 50)["sections"],
}
STOCK = {"scenario": description("Night 1", HALL), "events": 40}
PAST = {f"past {n}": description(f"Past night {n}", HALL, PAST_SEATS) for n in range(PAST_EVENTS)}


@dataclass(frozen=True)
class World:
    """A copied database and what it holds: {name: what load_scenario says of that event}."""

    url: str
    admin_url: str
    sold_before: int
    events: dict

    def token(self, role):
        return self.events["arena"]["tokens"][role]

    @contextmanager
    def looked_at(self):
        """A connection that sees the rows of all agencies."""
        with psycopg.connect(self.admin_url, autocommit=True) as owner:
            owner.execute("SELECT set_config('tessera.system', 'on', false)")
            yield owner


class Worlds:
    """Makes worlds in the servers of `services`."""

    def __init__(self, services):
        self.services = services
        self.numbers = itertools.count()

    @contextmanager
    def fresh(self):
        """The World in which only the arena has sold."""
        with self._copied(self._fresh_template(), sold_before=0) as world:
            yield world

    @contextmanager
    def arena(self, venue=ARENA):
        """A World of an arena alone, unsold, made anew."""
        with self._empty() as empty:
            events = run_inside("load", {"arena": description("Night", venue)}, empty.url)
            yield World(empty.url, empty.admin_url, 0, events)

    @contextmanager
    def sold_out(self, bookings):
        """A World whose one event has sold so many bookings of four."""
        shape = {"arena": description("Night", STADIUM, sold=4 * bookings)}

        def build(name):
            with self._empty() as empty:
                events = run_inside("load", shape, empty.url)
                self._copy(empty.name, name)
            return events

        with self._copied(self._template(f"sold{bookings}", shape, build), 0) as world:
            yield world

    @contextmanager
    def drawing(self):
        """A World with a draft of 50,000 seats: events["draft"], see bench.jobs.draft."""
        with self._empty() as empty:
            found = run_inside("draft", DRAWING, empty.url)
            yield World(empty.url, empty.admin_url, 0, {"draft": found})

    @contextmanager
    def with_past(self):
        """The same World after 200,000 seats of other events were sold."""
        with self._copied(self._past_template(), sold_before=PAST_EVENTS * PAST_SEATS) as world:
            yield world

    @contextmanager
    def with_stock(self):
        """A World of 40 events with a million owned places, none of them sold."""
        with self._copied(self._template("stock", STOCK, self._build_stock), 0) as world:
            yield world

    @contextmanager
    def with_stadium(self, places):
        """A World whose one event is in a stadium, of which a fifth is sold."""
        shape = STADIUMS[places]

        def build(name):
            with self._empty() as empty:
                events = run_inside("load_stadium", shape, empty.url)
                self._copy(empty.name, name)
            return events

        with self._copied(self._template(f"stadium{places}", shape, build), 0) as world:
            yield world

    def _build_stock(self, name):
        with self._empty() as empty:
            events = run_inside("build_stock", STOCK, empty.url)
            self._copy(empty.name, name)
        return events

    def _fresh_template(self):
        return self._template("fresh", FRESH, self._build_fresh)

    def _past_template(self):
        return self._template("past", [FRESH, PAST], self._build_past)

    def _template(self, label, shape, build):
        """The name of the database that holds this world, built when there is none yet."""
        name = f"bench_{label}_{_hash_of(shape)}"
        facts = HOME / f"{name}.json"
        if name not in self._databases() or not facts.exists():
            self._drop_all(f"bench_{label}_")
            print(f"building the world '{label}': once, then it is kept", flush=True)
            facts.write_text(json.dumps(build(name)))
        return name

    def _build_fresh(self, name):
        with self._empty() as empty:
            events = run_inside("load", FRESH, empty.url)
            self._copy(empty.name, name)
        return events

    @contextmanager
    def _empty(self):
        """A database with all tables and no rows."""
        empty = copy_for(
            run=str(os.getpid()),
            worker="bench",
            app_url=self.services.database_url,
            owner_url=self.services.admin_database_url,
            lock=HOME / "template.lock",
        )
        try:
            yield empty
        finally:
            empty.drop()

    def _build_past(self, name):
        base = self._fresh_template()
        with self._copied(base, sold_before=0) as world:
            events = world.events | run_inside("load", PAST, world.url)
            self._copy(_name_of(world.url), name)
        return events

    @contextmanager
    def _copied(self, template, sold_before):
        name = f"bench_run_{os.getpid()}_{next(self.numbers)}_{template}"
        self._copy(template, name)
        try:
            yield World(
                url=in_database(self.services.database_url, name),
                admin_url=in_database(self.services.admin_database_url, name),
                sold_before=sold_before,
                events=json.loads((HOME / f"{template}.json").read_text()),
            )
        finally:
            self._drop_all(name)

    def _copy(self, template, name):
        """File by file: for a big database much faster than through the log."""
        self._drop_all(name)
        self._do("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy", name, template)

    def _drop_all(self, prefix):
        for name in self._databases():
            if name.startswith(prefix):
                self._do("DROP DATABASE {} WITH (FORCE)", name)

    def _databases(self):
        with self._server() as server:
            return [name for (name,) in server.execute("SELECT datname FROM pg_database")]

    def _do(self, statement, *names):
        with self._server() as server:
            server.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))

    def _server(self):
        url = in_database(self.services.admin_database_url, "postgres")
        return psycopg.connect(url, autocommit=True)


def _name_of(url):
    return url.split("?")[0].rpartition("/")[2]


def _hash_of(shape):
    digest = hashlib.sha256(json.dumps(shape, sort_keys=True).encode())
    for path in sorted(path for pattern in SHAPES for path in ROOT.glob(pattern)):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:10]
