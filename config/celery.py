"""The Celery application: `celery -A config worker`, `celery -A config beat`. Neither starts with a
database role that could see every agency."""

import os
import sys

from celery import Celery
from celery.signals import beat_init, worker_init
from django.core.exceptions import ImproperlyConfigured

from core.checks import refuse_a_role_that_bypasses

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("tessera")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_init.connect
@beat_init.connect
def refuse_to_start(**signal):
    """Celery logs what a receiver raises and goes on; only leaving the process stops it."""
    try:
        refuse_a_role_that_bypasses()
    except ImproperlyConfigured as error:
        sys.exit(str(error))
