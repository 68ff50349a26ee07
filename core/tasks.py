"""The relay of the outbox, and how jobs go through rows. Losing the broker only delays: beat and the
next commit find the rest."""

import logging

from celery import shared_task
from django.conf import settings

from core import outbox
from core.memory import Remembered
from core.tenancy import acting_for

log = logging.getLogger(__name__)
# After a failure the broker is left alone for a while: a refused connection costs seconds.
_broker_away = Remembered(seconds=15)


@shared_task(ignore_result=True)
def relay():
    """Delivers due facts until none is left."""
    while sum(outbox.deliver(limit=20)):
        pass


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
    """Wakes a worker; a broker that is down must never fail, nor slow, what has just been committed."""
    if not settings.NUDGE_WORKERS or _broker_away.get("broker", lambda: False):
        return
    try:
        relay.apply_async(retry=False, expires=30)
    except Exception:  # any broker error means the same: beat will find the rows
        log.warning("the broker is away; beat will deliver", exc_info=True)
        _broker_away.forget()
        _broker_away.get("broker", lambda: True)
