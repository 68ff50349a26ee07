"""5,000 open streams of one event: how soon all see that a place was reserved, and at what cost."""

import itertools
import json
import subprocess
import sys
import time
from contextlib import contextmanager
from http.client import HTTPConnection

import psutil

from bench import processor
from bench.report import Sample
from bench.servers import database_processes, site, streaming

VIEWERS = 5000
CHANGES = 10
PAUSE = 2.0  # s between two reservations
UNWOKEN = 5.0  # s after which a change is seen even if nobody said so
QUIET = 10.0  # s in which nothing happens


def streams(options):
    """One operation is one reservation, told to everybody; another line is a second of silence."""
    with (
        options.worlds.arena() as world,
        site(world.url, "streams") as running,
        streaming(world.url) as (port, process),
    ):
        pairs = itertools.count(0, 2)
        groups = {**running.groups, **database_processes(), "streams": [process.pid]}
        for _ in range(options.rounds):
            with viewers(port, world.events["arena"]["event"]["id"]) as watched:
                print(f"  {VIEWERS:,} streams open: {_memory(process):.0f} MB", file=sys.stderr)
                yield _silence(groups)
                yield _changes(groups, running, world, itertools.islice(pairs, CHANGES), watched)


@contextmanager
def viewers(port, event):
    """A process with all streams open; calling what this yields ends it and returns what it heard."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.viewers"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    wanted = {"port": port, "event": event, "viewers": VIEWERS}
    process.stdin.write(json.dumps(wanted) + "\n")
    process.stdin.flush()
    assert process.stdout.readline() == "open\n"

    def heard():
        told, _ = process.communicate()
        return sorted((int(version), moments) for version, moments in json.loads(told).items())

    try:
        yield heard
    finally:
        process.kill()
        process.wait()


def _silence(groups):
    before = processor.used(groups)
    time.sleep(QUIET)
    cpu = processor.between(before, processor.used(groups), QUIET)
    return Sample(f"{VIEWERS:,} streams, a quiet second", 1, QUIET, 0.0, 0.0, cpu)


def _changes(groups, running, world, pairs, watched):
    """Reserves a pair at a time; from before the request to when each viewer has the new version."""
    caller = HTTPConnection("127.0.0.1", running.port)
    before, began = processor.used(groups), time.monotonic()
    sent = [_reserve(caller, world, place) for place in pairs]
    time.sleep(UNWOKEN)
    cpu = processor.between(before, processor.used(groups), CHANGES)
    seconds = time.monotonic() - began
    told = watched()
    late = [1000 * (moment - asked) for asked in sent for moment in _covering(told, asked)]
    print(f"  {len(told)} versions, the last viewer after {max(late):.0f} ms", file=sys.stderr)
    ordered = sorted(late)
    p50, p95 = ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.95)]
    return Sample(f"{VIEWERS:,} streams, a change to all", CHANGES, seconds, p50, p95, cpu)


def _covering(told, asked):
    """When viewers had the first version of a look that began after this was asked for: versions are
    the database's clock in milliseconds, and it is ours."""
    moments = next(moments for version, moments in told if version >= 1000 * asked)
    assert len(moments) == VIEWERS, f"only {len(moments):,} viewers were told"
    return moments


def _reserve(caller, world, place):
    headers = {
        "Authorization": f"Api-Key {world.token('buyer')}",
        "Content-Type": "application/json",
    }
    body = json.dumps({"event": world.events["arena"]["event"]["id"], "seats": [place, place + 1]})
    asked = time.time()
    caller.request("POST", "/api/v1/bookings", body, headers)
    answer = caller.getresponse()
    assert answer.status == 201, answer.read()
    answer.read()
    time.sleep(PAUSE)
    return asked


def _memory(process):
    """MB of the process and its children."""
    root = psutil.Process(process.pid)
    return sum(each.memory_info().rss for each in (root, *root.children(recursive=True))) / 2**20
