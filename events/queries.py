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
    return _placed(event) if event and event.status in PUBLIC else None


def event_of_buyer(event_id):
    """The event somebody has reserved or bought places of, whatever became of it, as public_event gives
    it."""
    return _placed(read(Event, id=event_id))


def _placed(event):
    keys = (event.agency_id, event.venue_id, event.organizer_id, event.layout_id)
    event.venue, event.organizer, event.layout = _around.get(keys, lambda: _read_around(event))
    return event


def _read_around(event):
    layouts = Layout.objects.defer("plan", "geometry_brotli", "geometry_gzip")
    return event.venue, event.organizer, layouts.filter(pk=event.layout_id).first()
