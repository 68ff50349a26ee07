import json
import os
import sys
import time

from django.conf import settings
from django.core.management.base import CommandError

from config.demo.provider import tell_provider
from config.demo.world import is_made, make_world
from core import outbox
from core.commands import OperatorCommand


class Command(OperatorCommand):
    help = "Makes the demo agency with sixty days behind it. Refuses where there is an agency."

    def add_arguments(self, parser):
        parser.add_argument("--seed", type=int, default=1, help="of the dice (1)")

    def work(self, seed, **options):
        if settings.PRODUCTION:
            raise CommandError("The demo has well-known passwords; it is never made in production.")
        if is_made():
            return {"made": False, "why": "There is an agency already; nothing was changed."}
        began = time.monotonic()
        _keep(make_world(_tell, seed=seed))
        tell_provider()
        while outbox.deliver(limit=200)[0]:
            pass
        return {"made": True, "seconds": round(time.monotonic() - began, 1)}


def _tell(what):
    """Progress goes beside the result, which may be JSON."""
    sys.stderr.write(f"  {what}\n")
    sys.stderr.flush()


def keys_file():
    """Where this installation's demo keys are: {event slug: {gate: device key}} as JSON."""
    return settings.DATA_DIR / "demo-keys.json"


def _keep(keys):
    """Device keys are stored as hashes only; the demo writes them down so that they can be shown."""
    file = keys_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "w") as text:
        json.dump(keys, text, indent=1)
