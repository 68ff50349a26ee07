"""The Celery application: `celery -A config worker`, `celery -A config beat`. Neither starts with a
database role that could see every agency."""

import os
import sys
from contextlib import suppress
from pathlib import Path

from celery import Celery
from celery.signals import beat_init, task_postrun, task_prerun, worker_init
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import close_old_connections

from core.checks import refuse_a_role_that_bypasses

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

AUTOGROUP = Path("/proc/self/autogroup")

app = Celery("tessera")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
# Celery would open a connection for every task and prepare each statement anew, which costs the
# database more than the task does. They are kept here as the web keeps them.
app.conf["CELERY_DB_REUSE_MAX"] = sys.maxsize


@task_prerun.connect
@task_postrun.connect
def keep_connections(task=None, **signal):
    """Closes a connection that is too old or dead, as Django does around every request. What runs
    within its caller's transaction is left alone."""
    if not task.request.is_eager:
        close_old_connections()


@worker_init.connect
def give_way(**signal):
    """On a machine shared with the web a rush of payments is confirmed before it is mailed. Linux may
    weigh sessions before it weighs what runs in them, then the session gives way."""
    os.nice(settings.WORKER_NICENESS)
    with suppress(OSError):
        AUTOGROUP.write_text(str(settings.WORKER_NICENESS))


@worker_init.connect
@beat_init.connect
def refuse_to_start(**signal):
    """Celery logs what a receiver raises and goes on; only leaving the process stops it."""
    try:
        refuse_a_role_that_bypasses()
    except ImproperlyConfigured as error:
        sys.exit(str(error))
