"""Processor time of groups of processes, read from /proc.

A group is the roots' whole trees. What children that have ended used is in their parent's `cutime` and
`cstime`, so a PostgreSQL backend that came and went is counted too.
"""

import os
from pathlib import Path

TICK_MS = 1000 / os.sysconf("SC_CLK_TCK")
PARENT, FIRST, LAST = 1, 11, 15  # in /proc/<pid>/stat, counted behind the name


def used(groups):
    """{name: milliseconds of processor time so far} of {name: [process ids]}."""
    table = _table()
    return {name: _milliseconds(table, roots) for name, roots in groups.items()}


def between(before, after, operations):
    """Milliseconds per operation of each group between two answers of `used`."""
    return {name: (after[name] - before[name]) / max(operations, 1) for name in before}


def _table():
    """{process id: (parent, ticks)} of all processes."""
    found = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:  # it has just ended
                continue
            found[int(folder.name)] = int(fields[PARENT]), sum(map(int, fields[FIRST:LAST]))
    return found


def _milliseconds(table, roots):
    return sum(table[pid][1] for pid in _trees(table, roots)) * TICK_MS


def _trees(table, roots):
    members = {pid for pid in roots if pid in table}
    grown = True
    while grown:
        more = {pid for pid, (parent, _) in table.items() if parent in members} - members
        members |= more
        grown = bool(more)
    return members
