"""What a process may remember for a few seconds instead of asking again. Never the truth: a thing
that must not be stale is not remembered."""

import time

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
        entry = self._entries.get(key)
        if entry is None or entry[0] < time.monotonic():
            if len(self._entries) >= MOST:  # invented keys must not fill the memory
                self._entries.clear()
            entry = self._entries[key] = (time.monotonic() + self.seconds, make())
        return entry[1]

    def forget(self):
        self._entries.clear()

    @classmethod
    def forget_everything(cls):
        """For tests, and for commands that have just changed what others remember."""
        for memory in cls.everything:
            memory.forget()
        caches["process"].clear()
