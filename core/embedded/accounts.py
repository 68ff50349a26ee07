"""Who the embedded servers run as, and where that account can keep and reach its files.

Neither server should run as root, and PostgreSQL refuses to. Started by root, they run as an
existing unprivileged account; started by anybody else, as that person.
"""

import hashlib
import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

UNPRIVILEGED = ("postgres", "nobody", "daemon")


class ServiceFailed(RuntimeError):
    """An embedded server cannot be started or stopped; the text says why and what to do."""


@dataclass(frozen=True)
class Account:
    """An operating-system account, by number."""

    uid: int
    gid: int

    @property
    def switch(self):
        """Extra arguments that make subprocess run as this account; none when we already do."""
        if os.geteuid() == self.uid:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def run(self, *command, cwd=None):
        """Run a command as this account with a bare environment; returns the CompletedProcess."""
        return subprocess.run(  # noqa: S603 - our own binaries with our own arguments
            [str(part) for part in command],
            cwd=cwd,
            env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            umask=0o077,
            **self.switch,
        )

    def reaches(self, path):
        """Whether this account can enter this folder or run this file."""
        if not self.switch:
            return True
        return self.run("/bin/sh", "-c", 'test -x "$1"', "sh", path, cwd="/").returncode == 0

    def own(self, path):
        """Give a file or folder to this account, closed to everybody else."""
        if self.switch:
            os.chown(path, self.uid, self.gid)
        path.chmod(0o700 if path.is_dir() else 0o600)

    def make_private_folder(self, path):
        """Make a folder only this account can enter; ServiceFailed if it is somebody else's."""
        path.mkdir(parents=True, exist_ok=True)
        if path.is_symlink() or path.stat().st_uid not in {self.uid, os.geteuid()}:
            raise ServiceFailed(f"{path} belongs to somebody else. Remove it or use its account.")
        self.own(path)


@dataclass(frozen=True)
class Home:
    """The folder of one set of servers (`.local/demo`) and the account they run as."""

    name: str
    folder: Path
    account: Account

    @property
    def identity(self):
        """Shown in the process titles: tells our servers from every other one on the machine."""
        place = hashlib.sha256(str(self.folder.resolve()).encode()).hexdigest()[:12]
        return f"tessera-{self.name}-{place}"

    @property
    def short_folder(self):
        """Where a socket goes when the path of the folder is longer than a socket's may be."""
        return Path("/tmp") / f"{self.identity}-{self.account.uid}"  # noqa: S108 - owner is checked


def find_home(name, local):
    """The servers' home: below `local`, or below /var/lib when their account cannot go there."""
    inside = local / name
    inside.mkdir(parents=True, exist_ok=True)
    outside = Path("/var/lib") / f"tessera-{hashlib.sha256(bytes(local)).hexdigest()[:12]}" / name
    for folder in (inside, outside):
        if os.access(folder / "postgres", os.F_OK):
            return Home(name, folder, _account_of(folder / "postgres"))
    account = _fresh_account()
    if account.switch:
        _open_to_passers(inside, local)
    if account.reaches(inside):
        return Home(name, inside, account)
    outside.mkdir(parents=True, exist_ok=True)
    _open_to_passers(outside, outside.parent)
    return Home(name, outside, account)


def find_software(package, pattern, account, shelf):
    """The matching file of a package, copied to `shelf` if the account cannot reach it."""
    installed = Path(find_spec(package).submodule_search_locations[0])
    program = next(installed.glob(pattern), None)
    if program is None:
        raise ServiceFailed(f"The package {package} has no {pattern} for this kind of machine.")
    if account.reaches(program):
        return program
    copy = shelf / f"{package}-{version(package)}"
    if not copy.exists():
        _copy_package(installed, copy)
    return copy / program.relative_to(installed.parent)


def _copy_package(installed, copy):
    """Copy a package with its sibling `.libs`, whose relative place its programs rely on."""
    unfinished = copy.with_name(copy.name + ".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    for source in (installed, installed.with_name(installed.name + ".libs")):
        if source.exists():
            shutil.copytree(source, unfinished / source.name, symlinks=True)
    _open_to_passers(unfinished, copy.parent)
    unfinished.rename(copy)


def _open_to_passers(*folders):
    """Let other accounts pass through, not look round."""
    for folder in folders:
        folder.chmod(0o711)


def _account_of(data):
    owner = data.stat()
    if owner.st_uid == 0:
        raise ServiceFailed(f"{data} belongs to root, which may not run the database.")
    return Account(owner.st_uid, owner.st_gid)


def _fresh_account():
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid())
    for name in UNPRIVILEGED:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return Account(entry.pw_uid, entry.pw_gid)
    raise ServiceFailed(f"Found none of the accounts {', '.join(UNPRIVILEGED)} to run servers as.")
