"""Statements about the whole database that must never be false, each as a query for offenders.

Apps register theirs in `<app>/invariants.py`. They are a second look at what constraints and
triggers already refuse, and the only look at what spans too many rows for them.
"""

from dataclasses import dataclass

from django.db import connection

from core.tenancy import as_system

_registered = []
SHOWN = 20


@dataclass(frozen=True)
class Invariant:
    """`sql` returns one row per offence; its columns say which."""

    name: str
    sql: str


def invariant(name, sql):
    """Registers a query that must return nothing."""
    _registered.append(Invariant(name, sql))


def violations():
    """{invariant name: [offending rows as dicts, 20 at most]} over all agencies; empty is well."""
    found = {}
    with as_system():
        for rule in _registered:
            rows = _offenders(rule.sql)
            if rows:
                found[rule.name] = rows
    return found


def names():
    return [rule.name for rule in _registered]


def _offenders(sql):
    # Prepared: who looks again and again spends more on planning these than on running them.
    with connection.prepared_cursor() as cursor:
        cursor.execute(sql)
        columns = [column.name for column in cursor.description]
        return [dict(zip(columns, row, strict=True)) for row in cursor.fetchmany(SHOWN)]
