"""What a process may remember for a few seconds instead of asking again. Never the truth: a thing
that must not be stale is not remembered."""

import time
from itertools import takewhile

from django.core.cache import caches

MOST = 2000


class Remembered:
    """A small memory whose entries die after `seconds`. Keys must name the agency where rows do."""

    everything = []

    def __init__(self, seconds):
        self.seconds = seconds
        self._entries = {}
        Remembered.everything.append(self)

    def get(self, key, make):
        """The remembered value of `key`, or `make()`, remembered from now on (None too)."""
        return self.get_many([key], lambda _: {key: make()})[key]

    def known(self, key):
        """The remembered value of `key`, or None."""
        until, value = self._entries.get(key, (0, None))
        return value if until >= time.monotonic() else None

    def get_many(self, keys, make_many):
        """{key: value}; `make_many` is given the forgotten keys, if any, and returns their values as a
        dict. What it leaves out is remembered as None."""
        now = time.monotonic()
        found = {key: self._entries[key] for key in keys if key in self._entries}
        fresh = {key: value for key, (until, value) in found.items() if until >= now}
        forgotten = [key for key in keys if key not in fresh]
        if forgotten:
            made = make_many(forgotten)
            self._remember({key: made.get(key) for key in forgotten})
            fresh |= {key: made.get(key) for key in forgotten}
        return fresh

    def _remember(self, values):
        now = time.monotonic()
        for key in values:
            self._entries.pop(key, None)  # what is remembered anew stands last
        self._drop_expired(now)
        if len(self._entries) + len(values) > MOST:  # invented keys must not fill the memory
            self._entries.clear()
        until = now + self.seconds
        self._entries |= {key: (until, value) for key, value in values.items()}

    def _drop_expired(self, now):
        """All live equally long, so those that die first stand first. Threads share this: what another
        has just dropped is gone, too."""
        expired = takewhile(lambda entry: entry[1][0] < now, list(self._entries.items()))
        for key, _ in expired:
            self._entries.pop(key, None)

    def forget(self):
        self._entries.clear()

    @classmethod
    def forget_everything(cls):
        """For tests, and for commands that have just changed what others remember."""
        for memory in cls.everything:
            memory.forget()
        caches["process"].clear()
