"""Which agency a request or a command acts for."""

import time

from agencies.models import Agency
from core.tenancy import as_system, current_agency_id

FRESH_SECONDS = 5
_known = {}


def agency_at(host):
    """The agency that sells at this host name, the only agency at any host, or None.

    Remembered for five seconds in the process, so that a page does not pay for it each time.
    """
    host = host.rpartition(":")[0] or host if not host.endswith("]") else host
    found = _known.get(host)
    if found is None or found[0] < time.monotonic():
        if len(_known) > 1000:  # invented host names must not fill the memory
            _known.clear()
        found = (time.monotonic() + FRESH_SECONDS, _look_up(host))
        _known[host] = found
    return found[1]


def forget_agencies():
    """Drops what this process remembers, after an agency was changed."""
    _known.clear()


def _look_up(host):
    with as_system():
        agencies = list(Agency.objects.filter(host=host)[:1]) or list(Agency.objects.all()[:2])
    if len(agencies) == 1:
        return agencies[0]
    return None


def current_agency():
    """The Agency acted for; remembered for five seconds like those found by host."""
    agency_id = current_agency_id()
    found = _known.get(agency_id)
    if found is None or found[0] < time.monotonic():
        found = (time.monotonic() + FRESH_SECONDS, Agency.objects.get(pk=agency_id))
        _known[agency_id] = found
    return found[1]
