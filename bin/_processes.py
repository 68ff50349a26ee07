"""The processes of a running demo: started, watched and stopped together."""

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress

import psutil
from _environment import ROOT

PATIENCE = 15  # seconds that a process has to finish what it is doing


class Processes:
    """Named processes, each writing to `logs/<name>.log`; leaving the context stops them all."""

    def __init__(self, home):
        self.running = {}
        self.logs = home / "logs"
        self.record = home / "processes.json"
        self.logs.mkdir(parents=True, exist_ok=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self, name, command, values):
        """Start one in a group of its own: the terminal's Ctrl-C is for us, who stop it."""
        with open(self.logs / f"{name}.log", "w") as log:
            self.running[name] = subprocess.Popen(  # noqa: S603 - our own programs
                command,
                cwd=ROOT,
                env=values,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._remember()

    def report_dead(self):
        """Whether one has ended by itself; says which, with its last words."""
        dead = {name: p for name, p in self.running.items() if p.poll() is not None}
        for name, process in dead.items():
            log = self.logs / f"{name}.log"
            words = "".join(log.read_text(errors="replace").splitlines(keepends=True)[-15:])
            print(
                f"\n{words}\n{name} died (exit code {process.returncode}); see {log}",
                file=sys.stderr,
            )
        return bool(dead)

    def stop(self):
        """Ask all to finish, wait, and kill whoever does not."""
        _end([process.pid for process in self.running.values()])
        for process in self.running.values():
            process.wait()
        self.running.clear()
        self.record.unlink(missing_ok=True)

    def end_left_over(self):
        """End what a demo that was killed could not stop any more."""
        if self.record.exists():
            recorded = json.loads(self.record.read_text())
            _end([pid for pid, born in recorded if _is_group(pid, born)])
            self.record.unlink()

    def _remember(self):
        """Each process leads a group of its own number; its birth tells it from a later one."""
        pids = [process.pid for process in self.running.values()]
        self.record.write_text(json.dumps([[pid, _birth(pid)] for pid in pids]))


def _end(groups):
    """Ask the leaders of these process groups to finish; afterwards nothing of a group is left."""
    leaders = [psutil.Process(pid) for pid in groups if psutil.pid_exists(pid)]
    for leader in leaders:
        with suppress(psutil.NoSuchProcess):
            leader.terminate()
    psutil.wait_procs(leaders, timeout=PATIENCE)
    for group in groups:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)


def _birth(pid):
    try:
        return psutil.Process(pid).create_time()
    except psutil.NoSuchProcess:
        return 0


def _is_group(pid, born):
    """Whether this is still the process recorded, or a group it led and left behind."""
    if psutil.pid_exists(pid):
        return psutil.Process(pid).create_time() == born
    for process in psutil.process_iter(["cmdline"]):
        with suppress(ProcessLookupError):
            if os.getpgid(process.pid) == pid:
                return sys.executable in (process.info["cmdline"] or [])
    return False
