"""The process that streams changes of the seat map, and nothing else:
`granian config.asgi:application --interface asgi`. docs/live.md."""

import asyncio
import json
import os
import random
import re
import resource
from contextlib import suppress
from urllib.parse import parse_qs

import django
from django.core.signing import BadSignature

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from core.api import document  # noqa: E402 - needs the settings
from core.checks import refuse_a_role_that_bypasses  # noqa: E402
from core.network import trusted_address  # noqa: E402
from inventory.presales import presale_of_key  # noqa: E402
from inventory.streams import Hub, Refused  # noqa: E402

PATH = re.compile(
    r"/api/v1/events/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:/presales/([^/]{1,200}))?/stream"
)
VERSION = re.compile(r"[0-9]{1,16}")
RETRY = (2000, 8000)  # ms; chance keeps all from coming back at one moment
# Any site may read what everybody may read; there are no cookies here.
OPEN = (b"access-control-allow-origin", b"*")
HEADERS = [
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-store, no-transform"),
    (b"x-accel-buffering", b"no"),
    OPEN,
]
hub = Hub()


def allow_many_files():
    """A stream is an open file: as many as this process may have at all."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


refuse_a_role_that_bypasses()
allow_many_files()


async def application(scope, receive, send):
    if scope["type"] == "lifespan":
        return await live(receive, send)
    if scope["path"] == "/healthz":
        return await answer(send, 200, b"text/plain", b"ok")
    try:
        return await stream(scope, receive, send)
    except Refused as refused:
        return await refuse(send, refused)


async def live(receive, send):
    """The hub lives as long as the process."""
    await receive()
    hub.start()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await hub.stop()
    await send({"type": "lifespan.shutdown.complete"})


async def stream(scope, receive, send):
    event_id, presale_id, version, address = asked(scope)
    async with hub.watching(event_id, address, presale_id) as feed:
        await begin(send)
        await until_one_ends(follow(feed, version, send), until_gone(receive))


def asked(scope):
    """(event id, presale id or None, version or None, address) of a request for a stream. Raises
    Refused."""
    path = PATH.fullmatch(scope["path"])
    if scope["method"] != "GET" or not path:
        raise Refused(404, "There is nothing here but streams.")
    headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
    query = parse_qs(scope["query_string"].decode("latin-1"))
    since = headers.get(b"last-event-id") or query.get("since", [""])[-1]
    if since and not VERSION.fullmatch(since):
        raise Refused(400, "`since` is a version: a number of at most 16 digits.")
    peer = (scope.get("client") or ("",))[0]
    forwarded = headers.get(b"x-forwarded-for", "")
    address = trusted_address(peer=peer, forwarded=forwarded)
    return path[1], presale_in(path), int(since) if since else None, address


def presale_in(path):
    """Through which presale the event is asked for, if through any. Raises Refused."""
    try:
        return presale_of_key(path[1], path[2])
    except BadSignature as error:
        raise Refused(404, "There is no such event.") from error


async def begin(send):
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await push(send, b"retry: %d\n\n" % random.randint(*RETRY))  # noqa: S311 - no secret


async def follow(feed, version, send):
    """Sends what is new until the feed ends; a slow viewer gets at once what he has missed."""
    while not feed.is_over:
        news = feed.news
        content, version = feed.after(version)
        await push(send, content)
        await news.wait()


async def push(send, content):
    await send({"type": "http.response.body", "body": content, "more_body": True})


async def until_gone(receive):
    while (await receive())["type"] != "http.disconnect":
        pass


async def until_one_ends(*works):
    """Runs these together until the first ends, and ends the others."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError, Exception):  # a viewer who left mid-sentence
                await task


CODES = {400: "invalid", 404: "not_found", 429: "too_many_streams", 503: "no_stream"}


async def refuse(send, refused):
    body = document(code=CODES[refused.status], status=refused.status, detail=refused.sentence)
    await answer(send, refused.status, b"application/problem+json", json.dumps(body).encode())


async def answer(send, status, kind, content):
    headers = [(b"content-type", kind), (b"cache-control", b"no-store"), OPEN]
    if status in {429, 503}:
        headers.append((b"retry-after", b"30"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})
