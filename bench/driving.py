"""Runs of requests against a site, by the client's own process, with the processor time they cost."""

import json
import subprocess
import sys
from dataclasses import dataclass, replace

from bench import processor
from bench.report import Sample
from bench.servers import database_processes

CLIENTS = (1, 16, 64)
WARM_UP = 80


@dataclass(frozen=True)
class Work:
    """Requests [method, path, headers, body]; without `repeat` each is sent once.

    `answer` is what every good answer says, so that a refusal is never measured as a success.
    """

    requests: list
    repeat: bool = False
    answer: str = ""


def drive(site, what, work, *, clients, seconds):
    """Sends the work with so many clients for at most so long; returns the Sample."""
    groups = {**site.groups, **database_processes()}
    before = processor.used(groups)
    answer = _send(site, work, clients, seconds)
    after = processor.used(groups)
    done = len(answer["milliseconds"])
    return Sample.of(
        f"{what}, {clients} client{'s' if clients > 1 else ''}",
        milliseconds=answer["milliseconds"],
        seconds=answer["seconds"],
        cpu=processor.between(before, after, done),
        failed=answer["failed"],
    )


def warm_up(site, work):
    """Some requests that are not measured, so that every process has its connections and plans."""
    _send(site, replace(work, requests=work.requests[:WARM_UP]), 16, 2)


def shares(requests, parts):
    """The requests behind those of the warm-up, dealt out to so many runs."""
    rest = requests[WARM_UP:]
    return [rest[n::parts] for n in range(parts)]


def _send(site, work, clients, seconds):
    wanted = {
        "port": site.port,
        "clients": clients,
        "seconds": seconds,
        "requests": work.requests,
        "repeat": work.repeat,
        "answer": work.answer,
    }
    done = subprocess.run(
        [sys.executable, "-m", "bench.client"],
        input=json.dumps(wanted),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)
