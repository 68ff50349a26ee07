"""What buyers are shown of an event's places, as versions numbered by whoever looks.

Selling numbers nothing: two sales that commit in another order than they began need no agreement. Who
looks holds the event's HouseState, reads every place in one statement, and numbers the difference to
what was seen last. Each look therefore begins after the one before it was committed and sees all that
it saw, so versions are in the order in which readers see commits, and a reservation that ran out
without a write is a difference like any other. ADR 15.
"""

from dataclasses import dataclass
from uuid import UUID

from django.db import connection, transaction

from core.tenancy import current_agency_id
from inventory.deltas import Change, differing, packed, unpacked
from inventory.models import HouseChange, HouseState, StockChannel
from inventory.queries import STATUS, STATUS_BY_DOOR

FRESH_SECONDS = 1  # how old may be what buyers are shown
STEP = 2000  # versions are milliseconds of the clock that no two share; readers round down to this
KEPT = 300  # changes of an event: over a minute of the busiest sale, days of a quiet one
LAST_SEEN = """
SELECT version, layout_id, status, clock_timestamp(), looked_at BETWEEN
  statement_timestamp() - make_interval(secs => %(within)s) AND clock_timestamp()
FROM inventory_housestate WHERE view = %(view)s
"""
FIRST_LOOK = """
INSERT INTO inventory_housestate (agency_id, event_id, view, version, status, looked_at)
VALUES (%(agency)s, %(event)s, %(view)s, 0, '', '-infinity') ON CONFLICT (view) DO NOTHING
"""
FORGET = """
DELETE FROM inventory_housechange WHERE view = %(view)s AND version <= (
  SELECT version FROM inventory_housechange WHERE view = %(view)s
  ORDER BY version DESC OFFSET %(kept)s LIMIT 1)
"""


@dataclass(frozen=True, slots=True)
class Seen:
    """How the places stand: the version, the id of the layout that orders them, and a byte for each,
    see `inventory.queries.STATUS`."""

    version: int
    layout_id: UUID | None
    status: bytes


def rounded(version):
    """The version from which everybody asks who has this one: for so many one answer does."""
    return version - version % STEP


def look(event_id, *, within, presale_id=None):
    """The event's places as Seen no longer than `within` seconds before this was asked; 0 sees whatever
    was committed before. Of many who ask at once one looks and the others get what he saw. Who comes
    through a presale sees what it opens to him."""
    view = _view(event_id, presale_id)
    seen, is_fresh, _ = _last_seen(view, within)
    return seen if is_fresh else _look_again(event_id, view, within)


def _view(event_id, presale_id):
    return str(presale_id or event_id)


@transaction.atomic
def _look_again(event_id, view, within):
    seen, is_fresh, now = _last_seen(view, within, lock="FOR NO KEY UPDATE")
    if seen is None:
        _execute(FIRST_LOOK, {"agency": current_agency_id(), "event": event_id, "view": view})
        seen, is_fresh, now = _last_seen(view, within, lock="FOR NO KEY UPDATE")
    if is_fresh:
        return seen
    layout_id, status = _now(event_id, view)
    state = HouseState.objects.filter(view=view)
    if (layout_id, status) == (seen.layout_id, seen.status):
        state.update(looked_at=now)
        return seen
    found = Seen(max(_next(seen, layout_id), int(now.timestamp() * 1000)), layout_id, status)
    _keep(event_id, view, seen, found)
    state.update(version=found.version, layout=layout_id, status=status, looked_at=now)
    return found


def _next(seen, layout_id):
    """The lowest version of what is seen now. That of another house is still above the one before when
    it is rounded down: who asks from there was not at the house before."""
    if seen.layout_id == layout_id:
        return seen.version + 1
    return rounded(seen.version) + STEP


def _now(event_id, view):
    """(layout id, status bytes) in one look: an event moves to another layout with all its places."""
    through = {"event": event_id, "presale": view, "channel": StockChannel.WEB}
    with connection.cursor() as cursor:
        cursor.execute(STATUS if view == str(event_id) else STATUS_BY_DOOR, through)
        layout_id, status = cursor.fetchone()
    return layout_id, bytes(status or b"")


def _last_seen(view, within, lock=""):
    """(Seen or None, whether it is fresh enough, the clock). After waiting for the lock, which is when
    somebody else looked, the row is the one he wrote; the question is as old as it was."""
    with connection.cursor() as cursor:
        cursor.execute(LAST_SEEN + lock, {"view": view, "within": within})
        row = cursor.fetchone()
    if row is None:
        return None, False, None
    version, layout_id, status, now, is_fresh = row
    return Seen(version, layout_id, bytes(status)), is_fresh, now


def _keep(event_id, view, before, after):
    """Another layout, or the first look, is another house: nothing leads there from what was before,
    but from its own version rounded down as readers do."""
    changes = HouseChange.objects.filter(view=view)
    since, known = before.version, before.status
    if before.layout_id != after.layout_id:
        changes.delete()
        since, known = rounded(after.version), b""
    places = differing(known, after.status)
    content = packed(Change(since, after.version, places))
    changes.create(event_id=event_id, view=view, version=after.version, content=content)
    _execute(FORGET, {"view": view, "kept": KEPT})


def _execute(statement, values):
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def kept_changes(event_id, *, after=0, presale_id=None):
    """The event's kept Changes to versions above `after`, ascending, with the one that led to `after`
    if it is still kept."""
    view = _view(event_id, presale_id)
    kept = HouseChange.objects.filter(view=view, version__gte=after).order_by("version")
    return [unpacked(bytes(content)) for content in kept.values_list("content", flat=True)]
