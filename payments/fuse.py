"""A provider that keeps callers waiting is not asked again for some seconds, by nobody: each who waits
for it would take one of the site's few workers from everybody else.

Only slow silence counts; what says no at once keeps nobody. Who has little patience (a page that only
asks) and who waits long (where money moves) have a fuse each: that a provider is too slow for the one
says nothing about the other, but what keeps the patient waiting is silent for all. What is not asked
has not happened, so the outcome is as unknown as after silence, and everybody who can live with that
looks it up later. The count lives in the cache: while that is away, the provider is asked each time.
"""

import logging
import time
from functools import partial

from django.core.cache import cache

from payments.adapters import ProviderRefused, ProviderUnavailable
from payments.adapters.patience import SHORT, time_out

log = logging.getLogger(__name__)

SLOW = 0.9  # seconds: a call that waited so long in vain was silent
BLOWS_AT = 3  # silent calls without an answer between them
COUNTED = 60  # seconds for which a silent call counts
RESTS = 10  # seconds for which nobody asks; then one tries
TRIES = 15  # seconds one who tries may take: longer than any call


class Fused:
    """A Provider whose questions go through the fuses of its name."""

    PLAIN = ("captures", "takes", "verify_webhook")  # ask nobody

    def __init__(self, adapter, name):
        self.adapter, self.name = adapter, name

    def __getattr__(self, name):
        found = getattr(self.adapter, name)
        return found if name in self.PLAIN or not callable(found) else partial(self._ask, found)

    def _ask(self, call, *args, **words):
        is_short = time_out() <= SHORT
        fuse = Fuse(self.name, "short" if is_short else "long")
        silences = fuse.let_through()
        began = time.monotonic()
        try:
            answer = call(*args, **words)
        except ProviderUnavailable:
            if time.monotonic() - began >= SLOW:
                fuse.count()
                if not is_short:
                    Fuse(self.name, "short").count()
            raise
        except ProviderRefused:
            fuse.mend(silences)
            raise
        fuse.mend(silences)
        return answer


class Fuse:
    """One provider's, for callers of one patience; in the cache."""

    def __init__(self, name, patience):
        self.name = name
        self.silent, self.blown, self.trying = (
            f"fuse:{name}:{patience}:{what}" for what in ("silent", "blown", "trying")
        )

    def let_through(self):
        """How many silent calls are counted; raises ProviderUnavailable while nobody is to ask, but for
        the one who tries again."""
        known = cache.get_many([self.silent, self.blown])
        silences = known.get(self.silent) or 0
        if self.blown in known or (silences >= BLOWS_AT and not self._may_try()):
            raise ProviderUnavailable(f"{self.name} has kept us waiting; it is asked again soon")
        return silences

    def _may_try(self):
        return cache.add(self.trying, 1, TRIES)

    def count(self):
        """Another call was silent."""
        cache.add(self.silent, 0, COUNTED)
        try:
            silences = cache.incr(self.silent) or 0
        except ValueError:  # forgotten just now
            silences = 1
        if silences >= BLOWS_AT:
            log.warning("%s keeps us waiting: nobody asks it for %s s", self.name, RESTS)
            cache.set(self.silent, silences, COUNTED)
            cache.set(self.blown, 1, RESTS)
            cache.delete(self.trying)

    def mend(self, silences):
        """It has answered; so many silent calls were counted before."""
        if silences:
            cache.delete_many([self.silent, self.blown, self.trying])
