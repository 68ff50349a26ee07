"""The process that streams changes of the map, as it runs."""

import asyncio
import base64
import json
from contextlib import AsyncExitStack, contextmanager, suppress
from http.client import HTTPConnection
from io import StringIO
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.db import OperationalError

from bookings.services import Sale, reserve
from config.tests.servers import Wire, streams, web
from core.tenancy import acting_for
from events.models import Event, Status
from inventory import streams as streaming
from inventory.deltas import Change, packed, unpacked
from inventory.services import kept_changes, look
from inventory.stream_reports import reports
from inventory.streams import Feed, Hub, Refused, Withdrawn, newest

TAKEN = 1
OPEN = "tessera_streams{"


@pytest.fixture
def event(committed_db, made_house):
    made = made_house
    with acting_for(made["agency"]["id"]):
        yield Event.objects.get()


class Stream:
    """An open stream, read event by event."""

    def __init__(self, answer):
        self.answer = answer

    def next(self):
        """The next event as a dict of its fields."""
        fields = {}
        while True:
            line = self.answer.readline().decode().strip()
            if not line and fields:
                return fields
            if line:
                name, _, value = line.partition(": ")
                fields[name] = value

    def change(self):
        """The next event, which is a Change whose version is its id."""
        fields = self.next()
        change = unpacked(base64.b64decode(fields["data"]))
        assert fields["id"] == str(change.version)
        return change

    def change_after(self, version):
        """The next that says something new to who has this version."""
        while (change := self.change()).version == version:
            assert not change.places
        return change


@contextmanager
def asking(port, event_id, query="", **headers):
    """The answer of the stream process, as yet unread."""
    caller = HTTPConnection("127.0.0.1", port, timeout=20)
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    caller.request("GET", f"/api/v1/events/{event_id}/stream{query}", headers=headers)
    try:
        yield caller.getresponse()
    finally:
        caller.close()


@contextmanager
def watching(port, event, query="", **headers):
    with asking(port, event.pk, query, **headers) as answer:
        assert answer.status == 200
        stream = Stream(answer)
        assert 2000 <= int(stream.next()["retry"]) <= 8000
        yield stream


def is_open_to(port, event):
    with asking(port, event.pk) as answer:
        return answer.status == 200


def told(answer):
    body = json.loads(answer.read())
    return answer.status, body["code"], bool(body["detail"])


def test_who_watches_is_told_of_a_reservation_and_otherwise_that_nothing_happened(event):
    first = look(event.pk, within=0).version
    with streams() as (port, _):
        with watching(port, event, f"?since={first}") as stream:
            assert stream.answer.headers["Content-Type"] == "text/event-stream"
            assert stream.answer.headers["Cache-Control"] == "no-store, no-transform"
            assert stream.answer.headers["X-Accel-Buffering"] == "no"
            assert stream.answer.headers["Access-Control-Allow-Origin"] == "*"
            assert stream.change() == Change(first, first, {})
            reserve(event=event, ordinals=[3, 4], sale=Sale())
            second = stream.change_after(first)
            assert second == Change(first, second.version, {3: TAKEN, 4: TAKEN})
            assert stream.change() == Change(second.version, second.version, {})
        with watching(port, event, f"?since={second.version}", last_event_id=str(first)) as stream:
            assert stream.change() == second
        with watching(port, event) as stream:
            assert stream.change() == Change(second.version, second.version, {})
        with watching(port, event, "?since=1") as stream:
            version = str(second.version)
            assert stream.next() == {"id": version, "event": "gone", "data": version}
        assert kept_changes(event.pk)[-1] == second


def test_the_sale_goes_on_when_redis_goes_and_who_watches_is_told_all_the_same(
    committed_db, made_house
):
    made, wire = made_house, Wire()
    with acting_for(made["agency"]["id"]):
        event = Event.objects.get()
    with (
        web(workers=1, REDIS_URL=wire.url) as server,
        streams(REDIS_URL=wire.url) as (port, _),
        watching(port, event) as stream,
    ):
        buyer, seen = server.client(made["tokens"]["buyer"]), stream.change()
        for place, happens in enumerate((None, wire.cut, None)):
            if happens:
                happens()
            wish = {"event": str(event.pk), "seats": [place]}
            assert buyer.post("/api/v1/bookings", wish)[0] == 201
            seen = stream.change_after(seen.version)
            assert seen.places == {place: TAKEN}
        asker = HTTPConnection("127.0.0.1", server.port)
        asker.request("GET", f"/api/v1/events/{event.pk}/status")
        assert asker.getresponse().read()[:4] == bytes([TAKEN, TAKEN, TAKEN, 0])
        asker.request("GET", f"/events/{made['event']['slug']}/")
        assert asker.getresponse().status == 200


def test_a_lapse_is_told_when_it_comes_and_the_process_says_how_it_does(event, client, settings):
    settings.STREAM_URL = "http://127.0.0.1"
    with streams() as (port, _), watching(port, event) as stream:
        first = stream.change().version
        lapsing = reserve(event=event, ordinals=[3], sale=Sale(seconds=1))
        taken = stream.change_after(first)
        free = stream.change_after(taken.version)
        assert (taken.places, free.places) == ({3: TAKEN}, {3: 0})
        # a version is the clock's milliseconds; unasked it would look five seconds after it looked
        assert 0 <= free.version / 1000 - lapsing.reserved_until.timestamp() < 3
        for _ in range(4):
            stream.change()  # it comes every five seconds, as a report does
            if any(report.streams for report in reports().values()):
                break
        found = json.loads(doctor())["checks"]["streams"]
        told = client.get("/metrics").content.decode()
    assert (found["open"], found["events"], found["hears_redis"], found["ok"]) == (1, 1, True, True)
    assert "tessera_streams_lag_seconds" in told
    assert sum(float(line.split()[1]) for line in told.splitlines() if OPEN in line) == 1


def doctor():
    out = StringIO()
    with suppress(SystemExit):  # other checks may fail here
        call_command("doctor", "--json", stdout=out)
    return out.getvalue()


def test_nobody_opens_as_many_streams_as_he_likes_or_one_of_nothing(event):
    with streams(STREAMS_PER_ADDRESS="2", STREAMS_AT_MOST="2") as (port, _):
        with asking(port, uuid4()) as answer:
            assert told(answer) == (404, "not_found", True)
        for since in ("x", "-1", "1" * 17, "%00", "%EF%BC%91"):
            with asking(port, event.pk, f"?since={since}") as answer:
                assert told(answer) == (400, "invalid", True)
        for path in ("x", "../x", "%2e%2e", "0" * 5000):
            with asking(port, path) as answer:
                assert told(answer) == (404, "not_found", True)
        with watching(port, event) as one, watching(port, event) as two:
            with asking(port, event.pk) as answer:
                assert told(answer) == (503, "no_stream", True)
                assert answer.headers["Retry-After"] == "30"
            assert one.change() == two.change()
        while not is_open_to(port, event):  # it takes a moment to see that somebody has left
            pass


def test_one_address_has_as_many_streams_as_it_may_have(event):
    with streams(STREAMS_PER_ADDRESS="1") as (port, _), watching(port, event) as stream:
        stream.change()
        with asking(port, event.pk) as answer:
            assert told(answer) == (429, "too_many_streams", True)


# What a feed gives whom


def feed(*changes):
    made = Feed("event", "agency")
    made.take(list(changes))
    return made


def sent(text):
    return [
        unpacked(base64.b64decode(line.removeprefix(b"data: ")))
        for line in text.splitlines()
        if line.startswith(b"data: ")
    ]


A, B, C = Change(10, 20, {1: 1}), Change(20, 30, {2: 1}), Change(30, 40, {1: 0})


def test_a_slow_viewer_gets_at_once_what_he_has_missed():
    made = feed(A, B)
    made.take([B, C])
    content, version = made.after(20)
    assert (sent(content), version) == ([B, C], 40)


def test_what_does_not_lead_on_sends_who_watches_to_the_status():
    made = feed(A)
    made.take([Change(25, 30, {5: 1})])
    assert made.after(20) == (b"id: 30\nevent: gone\ndata: 30\n\n", 30)


def test_what_is_taken_twice_is_news_once():
    made = feed(A, B)
    news = made.news
    made.take([A, B])
    assert not news.is_set()
    made.take([C])
    assert news.is_set()
    assert packed(C) == base64.b64decode(made.after(30)[0].split(b"data: ")[1])


# Who is let in


LOCAL_FEED = "0" * 8 + "-0000-0000-0000-" + "0" * 12


def admitted(hub, *addresses):
    """The statuses of viewers at these addresses who come one after the other and stay; None is in."""

    async def come():
        statuses = []
        async with AsyncExitStack() as open_streams:
            for address in addresses:
                try:
                    await open_streams.enter_async_context(hub.watching(LOCAL_FEED, address))
                    statuses.append(None)
                except Refused as refused:
                    statuses.append(refused.status)
        return statuses

    return asyncio.run(come())


def test_who_comes_while_the_database_is_away_is_told_so(monkeypatch):
    def away(event_id):
        raise OperationalError("the server has gone")

    monkeypatch.setattr(streaming, "agency_of", away)
    hub = Hub()
    assert admitted(hub, "192.0.2.1") == [503]
    assert not hub.addresses


def test_all_of_one_site_share_what_an_address_may_have(settings):
    settings.STREAMS_PER_ADDRESS = 1
    hub = Hub()
    hub.feeds[LOCAL_FEED, None] = feed(A)
    assert admitted(hub, "2001:db8::1", "2001:db8::ffff:1", "2001:db8:0:1::1") == [None, 429, None]
    assert admitted(hub, "192.0.2.1", "192.0.2.2", "::ffff:192.0.2.1") == [None, None, 429]
    assert not hub.addresses


def test_an_event_that_is_no_longer_public_is_looked_at_no_more(event):
    assert newest(event.pk, event.agency_id, 0)
    with acting_for(event.agency_id):
        Event.objects.filter(pk=event.pk).update(status=Status.COMPLETED)
    with pytest.raises(Withdrawn):
        newest(event.pk, event.agency_id, 0)


def test_the_stream_of_an_event_that_is_withdrawn_ends(monkeypatch):
    def withdrawn(*asked):
        raise Withdrawn

    monkeypatch.setattr(streaming, "newest", withdrawn)
    hub, watched = Hub(), feed(A)
    watched.viewers = 1
    hub.feeds[watched.event_id, None] = watched
    asyncio.run(hub._run(watched))
    assert watched.is_over
    assert not hub.feeds
