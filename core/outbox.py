"""What happened is recorded with the change that made it happen, and told later, at least once.

A fact is a frozen dataclass of ids. One that must say more of a person has `personal = True` (a
ClassVar): what it said goes as soon as it was told. `record` writes one row per subscribed handler
in the same transaction. A handler reads rows as they are now and is harmless the second time.
"""

import dataclasses
import json
import logging
import traceback
from collections import defaultdict
from datetime import timedelta
from importlib import import_module

from django.db import connection, transaction
from django.db.models.functions import Now

from core.postgres.fixed import FixedUpdate
from core.tenancy import acting_for, as_system, current_agency_id

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=2)
# Waits grow to an hour; 34 tries outlast a day in which mail or the provider is away.
ATTEMPTS = 34
# One statement, for rows that somebody else is at are passed over, not waited for.
LEASED = """
WITH due AS MATERIALIZED (
  SELECT id FROM core_outboxmessage
  WHERE done_at IS NULL AND failed_at IS NULL AND due_at <= statement_timestamp() AND {which}
  FOR NO KEY UPDATE SKIP LOCKED)
UPDATE core_outboxmessage message
SET attempts = attempts + 1, due_at = statement_timestamp() + %s
FROM due WHERE message.id = due.id
RETURNING message.agency_id, message.id, message.fact, message.payload, message.handler,
  message.attempts
"""
READ = ["agency_id", "id", "fact", "payload", "handler", "attempts"]
ONLY = LEASED.format(which="id = %s")
FIRST = LEASED.format(which="true ORDER BY due_at, id LIMIT %s")
# A column a parameter, however many rows.
RECORDED = """
INSERT INTO core_outboxmessage (agency_id, fact, payload, handler, attempts, last_error)
SELECT %s, fact, payload::jsonb, handler, 0, ''
FROM unnest(%s::text[], %s::text[], %s::text[]) told (fact, payload, handler)
RETURNING id, handler
"""
_handlers = defaultdict(list)


@dataclasses.dataclass(frozen=True)
class Handler:
    """A subscribed function. A `prompt` one also runs right after the commit, in the same process:
    for money that must not wait for a worker. The row stays until it has succeeded."""

    path: str
    function: object
    prompt: bool


def subscribe(fact_type, *, prompt=False):
    """Decorates a function of one argument, the fact; found at start-up in `<app>/handlers.py`."""

    def register(function):
        path = f"{function.__module__}.{function.__qualname__}"
        _handlers[fact_type].append(Handler(path, function, prompt))
        return function

    return register


def record(*facts):
    """Writes facts for each of their handlers; must run inside the transaction that made them true."""
    if not connection.in_atomic_block:
        raise RuntimeError("A fact is recorded in the transaction that made it true.")
    told = [(fact, handler) for fact in facts for handler in _handlers[type(fact)]]
    if not told:
        return
    agency_id = current_agency_id()
    columns = zip(
        *((_name(fact), _payload(fact), handler.path) for fact, handler in told), strict=True
    )
    with connection.prepared_cursor() as cursor:
        cursor.execute(RECORDED, [agency_id, *map(list, columns)])
        rows = cursor.fetchall()
    at_once = {handler.path for _, handler in told if handler.prompt}
    prompt = [pk for pk, path in rows if path in at_once]
    # Robust: what was committed is not unsaid because telling it went wrong. Beat tells it again.
    is_more = len(prompt) < len(rows)

    def after():  # a function with a name: Django logs it when it fails
        _after_commit(agency_id, prompt, is_more)

    transaction.on_commit(after, robust=True)


def _name(fact):
    return f"{type(fact).__module__}.{type(fact).__qualname__}"


def _payload(fact):
    """Its ids as text, in JSON."""
    return json.dumps({f.name: str(getattr(fact, f.name)) for f in dataclasses.fields(fact)})


def _after_commit(agency_id, prompt, is_more):
    """Runs what is prompt, and wakes a worker if there is more."""
    from core.tasks import nudge

    with acting_for(agency_id):
        for row in [row for pk in prompt for row in _leased(ONLY, [pk])]:
            run(row)
    if is_more:
        nudge()


def claim(*, limit=20):
    """Leases due rows of all agencies: counts the attempt and moves their due time ahead."""
    with as_system():
        return _leased(FIRST, [limit])


def _leased(which, wanted):
    """The OutboxMessages, as they are now, that this statement finds due in the present scope."""
    from core.models import OutboxMessage

    with connection.prepared_cursor() as cursor:
        cursor.execute(which, [*wanted, LEASE])
        rows = [dict(zip(READ, row, strict=True)) for row in cursor.fetchall()]
    for row in rows:
        row["payload"] = json.loads(row["payload"])
    return [OutboxMessage.from_db(connection.alias, READ, row.values()) for row in rows]


def run(row):
    """Runs one leased row's handler for its agency and stamps how it ended; returns whether it did."""
    with acting_for(row.agency_id):
        try:
            fact = _rebuild(row)
            _function(row.handler)(fact)
        except Exception:
            log.exception("outbox row %s of %s failed", row.pk, row.handler)
            _failed(row, traceback.format_exc(limit=8))
            return False
        (FORGOTTEN if getattr(fact, "personal", False) else DONE)(row.pk)
    return True


def _done(message):
    from core.models import OutboxMessage

    return OutboxMessage.objects.filter(pk=message), {"done_at": Now(), "last_error": ""}


def _forgotten(message):
    messages, stamps = _done(message)
    return messages, {**stamps, "payload": {}}


DONE, FORGOTTEN = FixedUpdate(_done), FixedUpdate(_forgotten)


def _failed(row, error):
    wait = timedelta(seconds=min(2**row.attempts, 3600))
    stamps = {"failed_at": Now()} if row.attempts >= ATTEMPTS else {"due_at": Now() + wait}
    type(row).objects.filter(pk=row.pk).update(last_error=error[-4000:], **stamps)


def _function(path):
    for handlers in _handlers.values():
        for handler in handlers:
            if handler.path == path:
                return handler.function
    raise LookupError(f"No handler {path} is subscribed any more.")


def _rebuild(row):
    """The fact with its ids as they were recorded: text becomes what the field is annotated with."""
    module, _, name = row.fact.rpartition(".")
    fact_type = getattr(import_module(module), name)
    return fact_type(**{f.name: f.type(row.payload[f.name]) for f in dataclasses.fields(fact_type)})


def deliver(*, limit=20):
    """Claims and runs up to `limit` due rows, one lease at a time; returns (succeeded, failed)."""
    results = []
    while len(results) < limit and (rows := claim(limit=1)):
        results.append(run(rows[0]))
    return results.count(True), results.count(False)
