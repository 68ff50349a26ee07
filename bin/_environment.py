# ruff: noqa: S603 - our own programs with our own arguments
"""The environment variables a command of this folder runs with, and the servers behind them."""

import os
import secrets
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

from core.embedded import LOCAL, ServiceFailed, borrow

ROOT = Path(__file__).resolve().parents[1]
SECRETS = (
    "SECRET_KEY",
    "TICKET_SIGNING_SECRET",
    "PAYMENT_SIMULATOR_SECRET",
    "PAYMENT_WEBHOOK_SECRETS",
)


@contextmanager
def environment(name, mode):
    """A copy of os.environ completed for `mode`, with the servers called `name` up while it lasts.

    What is set already stays: DATABASE_URL or REDIS_URL of your own starts no server of ours.
    """
    values = {
        "TESSERA_MODE": mode,
        "DATA_DIR": str(LOCAL / name),
        **stored_secrets(name),
        **read_env(addresses_file(name)),
        **os.environ,
    }
    wanted = [
        server
        for server, variable in (("postgres", "DATABASE_URL"), ("valkey", "REDIS_URL"))
        if not values.get(variable)
    ]
    with borrow(name, wanted=wanted) as services:
        if services.database_url:
            values["DATABASE_URL"] = services.database_url
            values["DATABASE_ADMIN_URL"] = services.admin_database_url
        if services.redis_url:
            values["REDIS_URL"] = services.redis_url
        values.setdefault("DATABASE_ADMIN_URL", values["DATABASE_URL"])
        yield values


def stored_secrets(name):
    """This installation's secrets, invented on first use, kept in `.local/<name>/secrets.env`."""
    file = LOCAL / name / "secrets.env"
    file.parent.mkdir(parents=True, exist_ok=True)
    known = read_env(file)
    missing = [key for key in SECRETS if key not in known]
    if missing:
        known.update({key: secrets.token_urlsafe(48) for key in missing})
        write_env(file, known)
    return known


def addresses_file(name):
    """Where the last `bin/demo` served the site and the payment simulator."""
    return LOCAL / name / "addresses.env"


def read_env(file):
    """KEY=value lines as a dict; empty when there is no file."""
    if not file.exists():
        return {}
    return dict(line.split("=", 1) for line in file.read_text().splitlines() if "=" in line)


def write_env(file, values):
    """Replace the file at once, readable by its owner only."""
    unfinished = file.with_name(f"{file.name}.{os.getpid()}")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "w") as text:
        text.writelines(f"{key}={value}\n" for key, value in values.items())
    unfinished.replace(file)


def as_owner(values):
    """The same environment with the role that owns the tables: for migrations."""
    return {**values, "DATABASE_URL": values["DATABASE_ADMIN_URL"]}


def run(command, values):
    """Run a program in the root folder to its end, Ctrl-C and SIGTERM too; gives its exit code."""
    process = subprocess.Popen([str(part) for part in command], cwd=ROOT, env=values)
    previous = {
        signal.SIGINT: signal.signal(signal.SIGINT, signal.SIG_IGN),  # the terminal tells it, too
        signal.SIGTERM: signal.signal(signal.SIGTERM, lambda *_: process.terminate()),
    }
    try:
        code = process.wait()
    finally:
        for sign, handler in previous.items():
            signal.signal(sign, handler)
    return code if code >= 0 else 128 - code


def manage(*arguments):
    """The command line of manage.py in this Python."""
    return [sys.executable, str(ROOT / "manage.py"), *arguments]


def guarded(main):
    """Run a command's main; what a person can mend becomes a sentence instead of a traceback."""
    try:
        return main()
    except KeyboardInterrupt:
        return 130
    except PermissionError as error:
        sys.exit(f"{error.filename}: not writable. Use the account that made this folder.")
    except ServiceFailed as failure:
        sys.exit(str(failure))
