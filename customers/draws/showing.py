"""Draws as the public sees them."""

from core.memory import Remembered
from customers.models import Draw
from events.models import OVER, PUBLIC

_published = Remembered(seconds=3)


def draws_of(event):
    """The event's published Draws, the one that closes first first; some seconds old at most."""
    return _published.get(event.pk, lambda: _read(event))


def _read(event):
    found = Draw.objects.published().filter(event=event.pk).select_related("event")
    return list(found.order_by("closes_at", "pk"))


def public_draw(draw_id):
    """The published Draw of a public event, with its event and venue, or None. It stays public when
    the event is over: what proves it is asked for later, too."""
    draws = Draw.objects.published().counted().select_related("event__venue")
    found = draws.filter(pk=draw_id).first()
    return found if found and found.event.status in {*PUBLIC, *OVER} else None


def numbers_of(draw):
    """The numbers of its frozen entries as they are published: sorted."""
    return sorted(draw.entries.listed().values_list("number", flat=True))


def drawn_of(draw):
    """The numbers of its entries in the drawn order."""
    return list(draw.entries.listed().order_by("rank").values_list("number", flat=True))


def proof_of(draw):
    """All that is needed to reckon the draw again, as a JSON-able dict."""
    return {
        "draw": str(draw.pk),
        "name": draw.name,
        "event": str(draw.event),
        "source": draw.source,
        "source_known_from": draw.source_at.isoformat(),
        "published_at": draw.published_at.isoformat(),
        "registration_from": draw.opens_at.isoformat(),
        "registration_until": draw.closes_at.isoformat(),
        "frozen_at": draw.frozen_at.isoformat(),
        "taken_out_before": draw.entries.filter(is_struck=True).count(),
        "sha256_of_numbers": draw.digest,
        "value": draw.value,
        "drawn_at": draw.drawn_at.isoformat(),
        "called_off_at": draw.called_off_at and draw.called_off_at.isoformat(),
        "called_off_because": draw.why_off,
        "drawn": draw.places,
        "reserve": draw.reserve,
        "let_in": draw.let_in,
        "order": drawn_of(draw),
    }
