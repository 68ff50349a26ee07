"""Tells whoever watches an event that its places have changed. Only a hint: who misses it looks again
by himself a few seconds later."""

import logging
from functools import partial

from django.conf import settings
from django.db import transaction
from django_redis import get_redis_connection
from redis.exceptions import RedisError

from core.memory import Remembered

CHANNEL = f"{settings.CACHES['default']['KEY_PREFIX']}:places"
log = logging.getLogger(__name__)
# After a failure Redis is left alone for a while: one that does not answer costs half a second.
_away = Remembered(seconds=15)


def wake(event_id):
    """After commit, if it comes to that, watchers of this event are woken. Never fails, and never slows
    what has been committed by more than one attempt in 15 seconds."""
    transaction.on_commit(partial(_tell, str(event_id)), robust=True)


def _tell(event_id):
    if _away.get("redis", lambda: False):
        return
    try:
        get_redis_connection("default").publish(CHANNEL, event_id)
    except RedisError:
        log.warning("Redis is away; watchers look by themselves", exc_info=True)
        _away.forget()
        _away.get("redis", lambda: True)
