"""Streams of changes, for the process that has them: one look at an event's places for all who watch.

A Feed is an event that somebody watches. It looks at the places when Redis says that they changed, a
quarter of a second after the look before at the earliest, when the next reservation lapses, which
nobody says, and every few seconds anyway. So a lost message delays, Redis away delays, and nothing
depends on what a message says. Viewers cost no query: what they are sent is made once and lies ready.
"""

import asyncio
import base64
import logging
import math
import time
from collections import Counter, deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from django.conf import settings
from django.db import Error, close_old_connections
from redis import asyncio as redis
from redis.exceptions import RedisError

from core.network import site_of
from core.tenancy import acting_for, as_system
from events.models import PUBLIC, Event
from inventory.deltas import Change, Gone, following, packed
from inventory.queries import seconds_to_next_lapse
from inventory.services import kept_changes, look
from inventory.services.showing import KEPT
from inventory.stream_reports import EVERY, Report, publish
from inventory.waking import CHANNEL

GATHER = 0.25  # s between two looks at one event: what is sold meanwhile is one change
SHARE = 4  # a look is followed by a rest so many times as long: big houses are looked at less often
BEAT = 5.0  # s without news after which viewers are told that there are none
UNWOKEN = 5.0  # s between looks when nobody says that something changed: what was missed
BLIND = 2 * UNWOKEN  # s after a look when nobody may be told any more that nothing has happened
UNTOLD = 1.0  # the same while Redis is away
CONNECTIONS = 4  # to the database, whatever the number of viewers
CANNOT_LOOK = "The house cannot be looked at now; poll the changes."
log = logging.getLogger(__name__)


class Refused(Exception):
    """This viewer gets no stream; `status` and `sentence` say why."""

    def __init__(self, status, sentence):
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence


class Withdrawn(Exception):
    """The event is not public any more."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A Change, ready to be sent."""

    since: int
    version: int
    content: bytes


def frame(change):
    """As an event of a stream, the version as its id."""
    text = base64.b64encode(packed(change))
    return Frame(change.since, change.version, b"id: %d\ndata: %b\n\n" % (change.version, text))


def gone(version):
    """Tells a viewer to read the status: nothing leads on from what he has."""
    return b"id: %d\nevent: gone\ndata: %d\n\n" % (version, version)


class Feed:
    """The changes of one event for everybody who watches it here, those who come through a presale by
    themselves."""

    def __init__(self, event_id, agency_id, presale_id=None):
        self.event_id, self.agency_id, self.presale_id = event_id, agency_id, presale_id
        self.viewers, self.told_at = 0, 0.0
        self.looked_at, self.lapse_at, self.woken_at = 0.0, math.inf, None  # by the monotonic clock
        self.frames = deque(maxlen=KEPT)
        self.news = asyncio.Event()
        self.woken = asyncio.Event()
        self.is_over = False

    @property
    def version(self):
        return self.frames[-1].version if self.frames else 0

    def take(self, changes):
        """Adds what is newer; what does not lead on from what there is replaces it."""
        fresh = [change for change in changes if change.version > self.version]
        if fresh and fresh[0].since > self.version:
            self.frames.clear()
        self.frames.extend(map(frame, fresh))
        if fresh:
            self.tell()

    def wake(self):
        """Something has changed; it shows at the next look."""
        if self.woken_at is None:
            self.woken_at = time.monotonic()
        self.woken.set()

    def tell(self):
        """Everybody who waits goes on."""
        told, self.news = self.news, asyncio.Event()
        self.told_at = time.monotonic()
        told.set()

    def end(self):
        self.is_over = True
        self.tell()

    def after(self, version):
        """(bytes, version) for a viewer who has `version`, or None and so has nothing yet."""
        try:
            wanted = following(self.frames, self.version if version is None else version)
        except Gone:
            return gone(self.version), self.version
        content = b"".join(each.content for each in wanted) or self._nothing_new()
        return content, self.version

    def _nothing_new(self):
        return frame(Change(self.version, self.version, {})).content


class Hub:
    """All feeds of this process and who watches them."""

    def __init__(self):
        self.feeds = {}
        self.addresses = Counter()
        self.threads = ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="looking")
        self.hears = False  # whether Redis would tell
        self.lag = 0.0  # s from a message to the viewers, the slowest since this was last reported
        self.tasks = set()

    def start(self):
        for work in (self._listen(), self._beat(), self._report()):
            self._keep(work)

    async def stop(self):
        for feed in self.feeds.values():
            feed.end()
        for task in list(self.tasks):
            task.cancel()
        self.threads.shutdown(wait=False, cancel_futures=True)

    def _keep(self, work):
        task = asyncio.ensure_future(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    # --- viewers ----------------------------------------------------------------------------------

    @asynccontextmanager
    async def watching(self, event_id, address, presale_id=None):
        """The Feed of this event, perhaps as seen through a presale, while the viewer at this address
        watches it. Raises Refused."""
        address = site_of(address)
        self._admit(address)
        self.addresses[address] += 1
        try:
            feed = await self._feed(event_id, presale_id)
            feed.viewers += 1
            try:
                yield feed
            finally:
                feed.viewers -= 1
        finally:
            self.addresses[address] -= 1
            if not self.addresses[address]:
                del self.addresses[address]

    def _admit(self, address):
        if self.addresses.total() >= settings.STREAMS_AT_MOST:
            raise Refused(503, "No stream is free at the moment; poll the changes.")
        if self.addresses[address] >= settings.STREAMS_PER_ADDRESS:
            raise Refused(429, "This address has as many streams as it may have.")

    async def _feed(self, event_id, presale_id=None):
        """The running feed; who comes first makes it, and all wait until it has looked."""
        view = event_id, presale_id
        if view not in self.feeds:
            agency_id = await self._agency(event_id)
            if agency_id is None:
                raise Refused(404, "There is no such event.")
            if view not in self.feeds:
                self.feeds[view] = Feed(event_id, agency_id, presale_id)
                self._keep(self._run(self.feeds[view]))
        feed = self.feeds[view]
        while not feed.frames and not feed.is_over:
            await feed.news.wait()
        if feed.is_over:
            raise Refused(503, CANNOT_LOOK)
        return feed

    async def _agency(self, event_id):
        try:
            return await self._in_thread(agency_of, event_id)
        except Error as error:
            log.exception("the event %s cannot be looked up", event_id)
            raise Refused(503, CANNOT_LOOK) from error

    # --- feeds ------------------------------------------------------------------------------------

    async def _run(self, feed):
        """Looks until nobody watches; where looking fails the feed ends, and its viewers poll. So they
        do when the event is withdrawn, and are told there that it is."""
        try:
            while feed.viewers or not feed.frames:
                rest = await self._look(feed)
                await asyncio.sleep(rest)
                await self._woken(feed)
        except Withdrawn:
            log.info("%s is not public any more", feed.event_id)
        except Error:
            log.exception("the places of %s cannot be looked at", feed.event_id)
        finally:
            del self.feeds[feed.event_id, feed.presale_id]
            feed.end()

    async def _look(self, feed):
        """Takes what is new; returns for how many seconds to let it rest."""
        began, woken_at = time.monotonic(), feed.woken_at
        feed.woken_at = None
        looking = self._in_thread(
            newest, feed.event_id, feed.agency_id, feed.version, feed.presale_id
        )
        changes, lapse = await looking
        feed.take(changes)
        now = time.monotonic()
        feed.looked_at, feed.lapse_at = now, now + lapse
        if woken_at:
            self.lag = max(self.lag, now - woken_at)
        return max(GATHER, SHARE * (now - began))

    async def _woken(self, feed):
        unasked = UNWOKEN if self.hears else UNTOLD
        until_lapse = max(0, feed.lapse_at - time.monotonic())
        with suppress(TimeoutError):
            await asyncio.wait_for(feed.woken.wait(), min(unasked, until_lapse))
        feed.woken.clear()

    def _in_thread(self, work, *values):
        return asyncio.get_running_loop().run_in_executor(self.threads, work, *values)

    async def _beat(self):
        while True:
            await asyncio.sleep(BEAT / 10)
            now = time.monotonic()
            for feed in list(self.feeds.values()):
                if now - feed.told_at > 0.9 * BEAT and now - feed.looked_at < BLIND:
                    feed.tell()

    # --- how it is doing --------------------------------------------------------------------------

    def report(self):
        """The Report of this process now."""
        now, looked = time.monotonic(), [feed.looked_at for feed in self.feeds.values()]
        return Report(
            streams=self.addresses.total(),
            events=len(looked),
            last_look=round(now - min(filter(None, looked), default=now), 3),
            lag=round(self.lag, 3),
            hears=self.hears,
        )

    async def _report(self):
        while True:
            with suppress(RedisError):
                await asyncio.to_thread(publish, self.report())
                self.lag = 0.0
            await asyncio.sleep(EVERY)

    # --- Redis ------------------------------------------------------------------------------------

    async def _listen(self):
        while True:
            with suppress(RedisError, OSError):
                await self._hear()
            self.hears = False
            await asyncio.sleep(UNTOLD)

    async def _hear(self):
        opened = redis.from_url(settings.REDIS_URL, socket_timeout=None, socket_connect_timeout=2)
        async with opened as client, client.pubsub() as channel:
            await channel.subscribe(CHANNEL)
            async for message in channel.listen():
                self.hears = True
                self._wake(message)

    def _wake(self, message):
        """A subscription begins after changes may have been missed: then everybody looks."""
        if message["type"] == "subscribe":
            woken = self.feeds.values()
        else:
            event_id = message["data"].decode(errors="replace")
            woken = [feed for feed in self.feeds.values() if feed.event_id == event_id]
        for feed in woken:
            feed.wake()


def agency_of(event_id):
    """The id of the agency whose public event this is, or None."""
    close_old_connections()
    with as_system():
        found = Event.objects.filter(pk=event_id, status__in=PUBLIC)
        return found.values_list("agency_id", flat=True).first()


def newest(event_id, agency_id, version, presale_id=None):
    """Looks at the event's places now; (the kept Changes to versions above `version`, all for 0;
    seconds until the next look that shows something else even if nobody writes). Raises
    Withdrawn."""
    close_old_connections()
    with acting_for(agency_id):
        if not Event.objects.filter(pk=event_id, status__in=PUBLIC).exists():
            raise Withdrawn
        look(event_id, within=0, presale_id=presale_id)
        kept = kept_changes(event_id, after=version, presale_id=presale_id)
        changes = [change for change in kept if change.version > version]
        return changes, seconds_to_next_lapse(event_id)
