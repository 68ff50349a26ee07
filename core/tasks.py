"""The relay of the outbox. Losing the broker only delays: beat and the next commit find the rest."""

import logging

from celery import shared_task
from django.conf import settings

from core import outbox

log = logging.getLogger(__name__)


@shared_task(ignore_result=True)
def relay():
    """Delivers due facts until none is left."""
    while sum(outbox.deliver(limit=20)):
        pass


def nudge():
    """Wakes a worker; a broker that is down must never fail what has just been committed."""
    if not settings.NUDGE_WORKERS:
        return
    try:
        relay.apply_async(retry=False, expires=30)
    except Exception:
        log.warning("the broker is away; beat will deliver", exc_info=True)
