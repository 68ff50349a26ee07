"""What the simulated provider remembers, in one SQLite file that survives a killed process."""

import json
import secrets
import sqlite3
import threading
from contextlib import contextmanager

SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, doc TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS by_reference ON objects (kind, doc ->> '$.client_reference_id');
CREATE INDEX IF NOT EXISTS by_payment ON objects (kind, doc ->> '$.payment_intent');
CREATE INDEX IF NOT EXISTS open_until ON objects (doc ->> '$.expires_at')
    WHERE kind = 'checkout.session' AND doc ->> '$.status' = 'open';
CREATE INDEX IF NOT EXISTS money_due ON objects (doc ->> '$._money_due_at')
    WHERE doc ->> '$._money_due_at' IS NOT NULL;
CREATE TABLE IF NOT EXISTS answers (
    key TEXT PRIMARY KEY, asked TEXT NOT NULL, status INTEGER NOT NULL, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS deliveries (
    id INTEGER PRIMARY KEY, event_id TEXT NOT NULL, due_at REAL NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0, done_at REAL);
CREATE INDEX IF NOT EXISTS undelivered ON deliveries (due_at) WHERE done_at IS NULL;
CREATE TABLE IF NOT EXISTS faults (
    id INTEGER PRIMARY KEY, route TEXT NOT NULL, kind TEXT NOT NULL, times INTEGER NOT NULL,
    seconds REAL NOT NULL);
CREATE TABLE IF NOT EXISTS log (
    id INTEGER PRIMARY KEY, kind TEXT NOT NULL, at REAL NOT NULL, entry TEXT NOT NULL);
"""
PREFIXES = {
    "checkout.session": "cs_sim_",
    "payment_intent": "pi_sim_",
    "refund": "re_sim_",
    "event": "evt_sim_",
}
FILTERS = {"client_reference_id", "payment_intent"}
LOG_LENGTH = 50_000


class Store:
    """Objects are dicts with `id`, which begins as `prefixes` says of their kind, and `object`; names
    that begin with `_` are not shown outside.

    One connection, used by one thread at a time: whoever is in `transaction()` is alone.
    """

    def __init__(self, file, prefixes=PREFIXES):
        self.prefixes = prefixes
        self._alone = threading.RLock()
        self._connection = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.executescript(SCHEMA)

    @contextmanager
    def transaction(self):
        """All or nothing, one at a time. Does not nest."""
        with self._alone:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def close(self):
        with self._alone:
            self._connection.close()

    def rows(self, sql, *values):
        with self._alone:
            return self._connection.execute(sql, values).fetchall()

    def add(self, kind, **fields):
        """A new object of this kind with an id of its own."""
        found = {"id": self.prefixes[kind] + secrets.token_hex(12), "object": kind, **fields}
        self.rows(
            "INSERT INTO objects (id, kind, doc) VALUES (?, ?, ?)",
            *(found["id"], kind, json.dumps(found)),
        )
        return found

    def save(self, found):
        self.rows("UPDATE objects SET doc = ? WHERE id = ?", json.dumps(found), found["id"])

    def get(self, kind, object_id):
        """The object, or None."""
        found = self.rows("SELECT doc FROM objects WHERE id = ? AND kind = ?", object_id, kind)
        return json.loads(found[0]["doc"]) if found else None

    def list(self, kind, **wanted):
        """Objects of a kind whose fields equal `wanted`, the newest first."""
        if not set(wanted) <= FILTERS:
            raise ValueError(f"No filter by {sorted(set(wanted) - FILTERS)}")
        conditions = "".join(f" AND doc ->> '$.{name}' = ?" for name in wanted)
        found = self.rows(
            f"SELECT doc FROM objects WHERE kind = ?{conditions} ORDER BY seq DESC",  # noqa: S608
            *(kind, *wanted.values()),
        )
        return [json.loads(row["doc"]) for row in found]

    def past_their_time(self, now):
        """Open sessions whose time is over."""
        return self._sessions("doc ->> '$.status' = 'open' AND doc ->> '$.expires_at' <= ?", now)

    def with_money_due(self, now):
        """Expired sessions whose late money arrives now."""
        return self._sessions("doc ->> '$._money_due_at' <= ?", now)

    def _sessions(self, condition, now):
        found = self.rows(
            f"SELECT doc FROM objects WHERE kind = 'checkout.session' AND {condition}",  # noqa: S608
            now,
        )
        return [json.loads(row["doc"]) for row in found]

    def next_moment(self):
        """When something is due next, in unix seconds; None when nothing is."""
        return self.rows(
            """SELECT min(at) AS at FROM (
                 SELECT min(doc ->> '$.expires_at') AS at FROM objects
                   WHERE kind = 'checkout.session' AND doc ->> '$.status' = 'open'
                 UNION ALL SELECT min(doc ->> '$._money_due_at') FROM objects
                   WHERE doc ->> '$._money_due_at' IS NOT NULL
                 UNION ALL SELECT min(due_at) FROM deliveries WHERE done_at IS NULL)"""
        )[0]["at"]

    def write_log(self, kind, at, **entry):
        """`kind` is request or delivery; the oldest entries are forgotten."""
        self.rows("INSERT INTO log (kind, at, entry) VALUES (?, ?, ?)", kind, at, json.dumps(entry))
        self.rows("DELETE FROM log WHERE id <= (SELECT max(id) FROM log) - ?", LOG_LENGTH)

    def read_log(self, kind):
        """[{"at": unix seconds, …}] in order."""
        found = self.rows("SELECT at, entry FROM log WHERE kind = ? ORDER BY id", kind)
        return [{"at": row["at"], **json.loads(row["entry"])} for row in found]
