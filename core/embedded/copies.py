"""Throwaway databases for tests: copies, a tenth of a second each, of a template migrated once.

The template's name carries the hash of everything that shapes it, so a second run finds it ready.
The owner's role makes and drops the copies; tests work in them with the application's role.
"""

import fcntl
import hashlib
import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import psycopg
from psycopg import sql

ROOT = Path(__file__).resolve().parents[2]
SHAPES = (
    "*/migrations/*.py",
    "core/*.py",
    "core/postgres/*.py",
    "core/embedded/quickly.py",
    "core/embedded/roles.sql",
    "*.txt",
)
TEMPLATE, COPY = "tessera_template_", "test_tessera_"


@dataclass(frozen=True)
class Copy:
    """One throwaway database; the URLs name any database of the server."""

    name: str
    template: str
    app_url: str
    owner_url: str

    @property
    def url(self):
        """Its address for the application's role."""
        return in_database(self.app_url, self.name)

    @property
    def admin_url(self):
        """Its address for the role that owns the tables."""
        return in_database(self.owner_url, self.name)

    def recreate(self):
        """Throw away what is there, ending whoever is connected, and copy the template afresh."""
        self.drop()
        with _maintenance(self.owner_url) as server:
            server.execute(_naming("CREATE DATABASE {} TEMPLATE {}", self.name, self.template))

    def drop(self):
        with _maintenance(self.owner_url) as server:
            server.execute(_naming("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name))


def copy_for(*, run, worker, app_url, owner_url, lock):
    """A fresh Copy for a worker of the test run with this process id; `lock` is a file."""
    with _locked(lock):
        _sweep(owner_url)
        template = _ready_template(owner_url)
    copy = Copy(f"{COPY}{run}_{worker}", template, app_url, owner_url)
    copy.recreate()
    return copy


def in_database(url, name):
    """The same URL with another database."""
    return urlsplit(url)._replace(path=f"/{name}").geturl()


def _ready_template(owner_url):
    """The migrated template's name; made anew when what shapes it has changed."""
    name = TEMPLATE + _hash_of_shapes()
    with _maintenance(owner_url) as server:
        present = _databases(server, TEMPLATE)
        if name in present:
            return name
        # A run that still goes copies its own template again and again.
        if not _databases(server, COPY):
            for old in present:
                _drop_if_unused(server, old)
        unfinished = f"{TEMPLATE}unfinished"
        server.execute(_naming("DROP DATABASE IF EXISTS {} WITH (FORCE)", unfinished))
        server.execute(_naming("CREATE DATABASE {}", unfinished))
        _migrate(in_database(owner_url, unfinished))
        server.execute(_naming("ALTER DATABASE {} RENAME TO {}", unfinished, name))
    return name


def _hash_of_shapes():
    digest = hashlib.sha256()
    for path in sorted(path for pattern in SHAPES for path in ROOT.glob(pattern)):
        digest.update(str(path.relative_to(ROOT)).encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def _migrate(url):
    done = subprocess.run(
        [sys.executable, "-m", "core.embedded.quickly"],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": url, "DATABASE_ADMIN_URL": url},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"The migrations fail: …{done.stderr[-1200:]}")


def _sweep(owner_url):
    """Drop the copies of runs that were killed before they could."""
    with _maintenance(owner_url) as server:
        for name in _databases(server, COPY):
            run = name.removeprefix(COPY).split("_")[0]
            if run.isdigit() and not psutil.pid_exists(int(run)):
                _drop_if_unused(server, name)


def _databases(server, prefix):
    found = server.execute(
        "SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [prefix]
    )
    return [name for (name,) in found]


def _drop_if_unused(server, name):
    try:
        server.execute(_naming("DROP DATABASE IF EXISTS {}", name))
    except psycopg.errors.ObjectInUse:
        return


def _naming(statement, *names):
    return sql.SQL(statement).format(*map(sql.Identifier, names))


def _maintenance(owner_url):
    return psycopg.connect(in_database(owner_url, "postgres"), autocommit=True)


@contextmanager
def _locked(path):
    with open(path, "a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
