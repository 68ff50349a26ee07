"""The relay of the outbox, and how jobs go through rows. Losing the broker only delays: beat and the
next commit find the rest."""

import logging
from datetime import timedelta

from celery import shared_task
from django.conf import settings
from django.core.cache import cache
from django.db.models.functions import Now

from core import outbox
from core.memory import Remembered
from core.models import IdempotencyKey
from core.tenancy import acting_for, as_system

REPLIES_KEPT = timedelta(days=7)
ASKED, ASKED_AGAIN = "relay-asked", 5
"""While it stands in the cache a worker will look at all that is committed; seconds after which it is
asked again, for a message can get lost."""
log = logging.getLogger(__name__)
# After a failure the broker is left alone for a while: a refused connection costs seconds.
_broker_away = Remembered(seconds=15)


@shared_task(ignore_result=True)
def relay():
    """Delivers due facts until none is left. What is recorded from its first moment on asks for
    another one."""
    cache.delete(ASKED)
    while sum(outbox.deliver(limit=20)):
        pass


@shared_task(ignore_result=True)
def forget_replies():
    """Deletes stored replies nobody can still be waiting for; returns how many."""
    with as_system():
        return IdempotencyKey.objects.filter(created_at__lt=Now() - REPLIES_KEPT).delete()[0]


def in_turn(rows, work):
    """Calls `work(id)` for each (id, agency id), acting for that agency; returns how many times it
    did something. One row's trouble is logged and never stops the others."""
    return sum(_did(work, row_id, agency_id) for row_id, agency_id in rows)


def _did(work, row_id, agency_id):
    try:
        with acting_for(agency_id):
            return bool(work(row_id))
    except Exception:
        log.exception("%s of %s failed", work, row_id)
        return False


def nudge():
    """Wakes a worker, unless one was asked that has not begun; a broker that is down must never fail,
    nor slow, what has just been committed."""
    if not settings.NUDGE_WORKERS or _broker_away.get("broker", lambda: False):
        return
    if cache.add(ASKED, 1, timeout=ASKED_AGAIN) is False:  # None: nobody knows, so ask
        return
    try:
        relay.apply_async(retry=False, expires=30)
    except Exception:  # any broker error means the same: beat will find the rows
        log.warning("the broker is away; beat will deliver", exc_info=True)
        _broker_away.forget()
        _broker_away.get("broker", lambda: True)
