"""Named places where a test can make the process die, fail or wait.

Active only when TESSERA_MODE is `test` and TESSERA_FAIL_POINT is set, as `name=kill`, `name=raise` or
`name=sleep:SECONDS`; settings refuse the variable in any other mode.
"""

import os
import signal
import time

from django.conf import settings


class FailPointReached(RuntimeError):
    """Raised on purpose by a test's `name=raise`."""


def reach(name):
    """Does nothing, unless a test has armed exactly this place."""
    armed = settings.FAIL_POINT
    if not armed:
        return
    place, _, action = armed.partition("=")
    if place == name:
        _act(name, action)


def _act(name, action):
    if action == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if action == "raise":
        raise FailPointReached(name)
    time.sleep(float(action.removeprefix("sleep:")))
