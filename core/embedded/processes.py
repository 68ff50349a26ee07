"""Find and end the processes of one embedded server, and no other's.

Both servers show their home's identity in every process title, which any account may read (a
process's working folder may not be readable, even to root in a container).
"""

import signal
import time

import psutil


def find_processes(program, identity):
    """The live processes called `program` whose title bears this identity."""
    found = []
    for process in psutil.process_iter(["name", "cmdline"]):
        title = " ".join(process.info["cmdline"] or [])
        if program in (process.info["name"] or "") and identity in title:
            found.append(process)
    return found


def end_processes(program, identity, *, ask, patience=30):
    """End a server: ask with the signal `ask`, wait up to `patience` seconds, then insist."""
    for sign, seconds in ((ask, patience), (signal.SIGQUIT, 5), (signal.SIGKILL, 5)):
        if not find_processes(program, identity):
            return
        for process in _leaders(find_processes(program, identity)):
            _send(process, sign)
        if wait_until(lambda: not find_processes(program, identity), seconds):
            return


def wait_until(condition, seconds, pause=0.05):
    """Wait for a condition; returns whether it came true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
    return True


def _leaders(processes):
    """Those whose parent is not among them: a server ends its own children in good order."""
    pids = {process.pid for process in processes}
    return [process for process in processes if _parent(process) not in pids]


def _parent(process):
    try:
        return process.ppid()
    except psutil.NoSuchProcess:
        return None


def _send(process, sign):
    try:
        process.send_signal(sign)
    except psutil.NoSuchProcess:
        return
