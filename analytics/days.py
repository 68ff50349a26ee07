"""Days of the agency's calendar as moments: reports are asked for by day, rows stamped by moment."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from agencies.queries import current_agency


def zone():
    """The zone of the agency acted for."""
    return ZoneInfo(current_agency().time_zone)


def begin_of(day):
    """The aware moment at which a day begins at the agency's desk."""
    return datetime.combine(day, time.min, tzinfo=zone())


def end_of(day):
    """The aware moment at which it is over: what happened on the day lies before it."""
    return begin_of(day + timedelta(days=1))
