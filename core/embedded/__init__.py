"""Private PostgreSQL and Redis servers for anyone without their own.

    services = ensure("demo")        # starts what does not run yet, under .local/demo/
    services.database_url            # the application's role
    stop("demo")

Nothing starts by itself: settings only read DATABASE_URL and REDIS_URL.
"""

import fcntl
import os
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .accounts import ServiceFailed, find_home
from .postgres import Postgres
from .valkey import Valkey

__all__ = ["LOCAL", "ServiceFailed", "Services", "borrow", "ensure", "erase", "stop"]

LOCAL = Path(__file__).resolve().parents[2] / ".local"
BOTH = ("postgres", "valkey")
DISPOSABLE = "test"  # the one set of servers whose contents need not survive a power cut


@dataclass(frozen=True)
class Services:
    """Where the servers are: the application's role, the owner's role (migrations), and Redis.

    None stands for a server that was not wanted.
    """

    database_url: str | None = None
    admin_database_url: str | None = None
    redis_url: str | None = None


def ensure(name, local=LOCAL, *, wanted=BOTH):
    """Start the servers called `name` unless they run; ServiceFailed if they will not."""
    with _locked(local / name / "start.lock"):
        postgres, valkey = _servers(name, local)
        found = {}
        if "postgres" in wanted:
            postgres.ensure()
            found["database_url"] = postgres.url("tessera_app")
            found["admin_database_url"] = postgres.url("tessera_owner")
        if "valkey" in wanted:
            valkey.ensure()
            found["redis_url"] = valkey.url
        return Services(**found)


def stop(name, local=LOCAL):
    """Stop the servers called `name`; harmless when they do not run."""
    with _locked(local / name / "start.lock"):
        for server in _servers(name, local):
            server.stop()


def erase(name, local=LOCAL):
    """Stop the servers called `name` and throw away all they keep."""
    with _locked(local / name / "start.lock"):
        for server in _servers(name, local):
            server.erase()


@contextmanager
def borrow(name, local=LOCAL, *, wanted=BOTH):
    """Services for as long as the block lasts; whoever leaves last stops the servers."""
    with _opened(local / name / "users.lock") as users:
        fcntl.flock(users, fcntl.LOCK_SH)
        try:
            yield ensure(name, local, wanted=wanted)
        finally:
            if _is_last(users):
                stop(name, local)


def _servers(name, local):
    home = find_home(name, local)
    durable = name != DISPOSABLE
    return Postgres(home, durable), Valkey(home, durable)


@contextmanager
def _locked(path):
    """Hold a file lock; the system lets go of it when the process dies, however it dies."""
    with _opened(path) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def _opened(path):
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except PermissionError as error:
        raise ServiceFailed(
            f"{path.parent} was made by another account. Run this as that account, or remove it."
        ) from error
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _is_last(users):
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
