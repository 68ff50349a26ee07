"""A provider that keeps callers waiting is not asked again for some seconds, by nobody: each who waits
for it would take one of the site's few workers from everybody else.

Only slow silence counts; what says no at once keeps nobody. What is not asked has not happened, so the
outcome is as unknown as after silence, and everybody who can live with that looks it up later. The
count lives in the cache: while that is away, the provider is asked each time.
"""

import logging
import time
from functools import partial

from django.core.cache import cache

from payments.adapters import ProviderRefused, ProviderUnavailable

log = logging.getLogger(__name__)

SLOW = 0.9  # seconds: a call that waited so long in vain was silent
BLOWS_AT = 3  # silent calls without an answer between them
COUNTED = 60  # seconds for which a silent call counts
RESTS = 10  # seconds for which nobody asks; then one tries
TRIES = 15  # seconds one who tries may take: longer than any call


class Fused:
    """A Provider whose questions go through a fuse of its name."""

    PLAIN = ("captures", "takes", "verify_webhook")  # ask nobody

    def __init__(self, adapter, name):
        self.adapter, self.name = adapter, name

    def __getattr__(self, name):
        found = getattr(self.adapter, name)
        return found if name in self.PLAIN or not callable(found) else partial(self._ask, found)

    def _ask(self, call, *args, **words):
        silences = self._let_through()
        began = time.monotonic()
        try:
            answer = call(*args, **words)
        except ProviderUnavailable:
            if time.monotonic() - began >= SLOW:
                self._count()
            raise
        except ProviderRefused:
            self._whole(silences)
            raise
        self._whole(silences)
        return answer

    def _let_through(self):
        """How many silent calls are counted; raises ProviderUnavailable while nobody is to ask, but for
        the one who tries again."""
        known = cache.get_many([self._key("silent"), self._key("blown")])
        silences = known.get(self._key("silent")) or 0
        if self._key("blown") in known or (silences >= BLOWS_AT and not self._may_try()):
            raise ProviderUnavailable(f"{self.name} has kept us waiting; it is asked again soon")
        return silences

    def _may_try(self):
        return cache.add(self._key("trying"), 1, TRIES)

    def _count(self):
        cache.add(self._key("silent"), 0, COUNTED)
        try:
            silences = cache.incr(self._key("silent")) or 0
        except ValueError:  # forgotten just now
            silences = 1
        if silences >= BLOWS_AT:
            log.warning("%s keeps us waiting: nobody asks it for %s s", self.name, RESTS)
            cache.set(self._key("silent"), silences, COUNTED)
            cache.set(self._key("blown"), 1, RESTS)
            cache.delete(self._key("trying"))

    def _whole(self, silences):
        if silences:
            cache.delete_many([self._key(each) for each in ("silent", "blown", "trying")])

    def _key(self, what):
        return f"fuse:{self.name}:{what}"
