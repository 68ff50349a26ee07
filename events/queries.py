"""Events as the public may see them."""

from core.memory import Remembered
from core.postgres.rows import read
from events.models import PUBLIC, Event
from venues.models import Layout

# A house, its layout's measures and an organiser may be some seconds old; the event never is.
_around = Remembered(seconds=5)


def public_event(**key):
    """The public event with this `slug` or `id`, with venue, organizer and layout, or None.

    The layout's plan and geometry are loaded when they are asked for.
    """
    event = read(Event, **key)
    if event is None or event.status not in PUBLIC:
        return None
    keys = (event.agency_id, event.venue_id, event.organizer_id, event.layout_id)
    event.venue, event.organizer, event.layout = _around.get(keys, lambda: _read_around(event))
    return event


def _read_around(event):
    layouts = Layout.objects.defer("plan", "geometry_brotli", "geometry_gzip")
    return event.venue, event.organizer, layouts.filter(pk=event.layout_id).first()
