"""How the processes that stream changes of the map are doing, as each of them tells Redis every few
seconds; one that has not done so for a while is not there."""

import json
import os
import socket
from dataclasses import asdict, dataclass

from django.conf import settings
from django_redis import get_redis_connection

EVERY = 5  # s
FORGOTTEN_AFTER = 15  # s, by the clock of Redis
KEY = f"{settings.CACHES['default']['KEY_PREFIX']}:streams"
PROCESS = f"{socket.gethostname()}:{os.getpid()}"


@dataclass(frozen=True, slots=True)
class Report:
    """Of one process: open streams, events watched, seconds since the look that is longest ago, seconds
    that the slowest change since the last report took from the message to the viewers, and whether
    Redis would tell it of changes."""

    streams: int
    events: int
    last_look: float
    lag: float
    hears: bool


def publish(report):
    """Says how this process is doing. Raises RedisError."""
    client = get_redis_connection("default")
    told = json.dumps({**asdict(report), "at": client.time()[0]})
    with client.pipeline() as both:
        both.hset(KEY, PROCESS, told)
        both.expire(KEY, 4 * FORGOTTEN_AFTER)
        both.execute()


def reports():
    """{process: Report} of the processes there are. Raises RedisError."""
    client = get_redis_connection("default")
    now, found = client.time()[0], {}
    for process, told in client.hgetall(KEY).items():
        said = json.loads(told)
        if now - said.pop("at") < FORGOTTEN_AFTER:
            found[process.decode()] = Report(**said)
    return found
