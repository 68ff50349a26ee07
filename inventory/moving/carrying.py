"""The move itself: one transaction, all or nothing."""

from django.db import connection

from core.audit import because
from core.errors import Invalid
from core.ids import uuid7
from core.locks import lock, lock_one
from core.transactions import take_time, use_case
from events.models import Event
from inventory.models import AllocationPlan, EventSeat, Hold, LayoutMove
from inventory.moving.following import Move, followers
from inventory.moving.levels import carry_areas
from inventory.moving.looking import CannotMove, look_ahead, plans_apart
from inventory.services.laying_out import lay_out
from inventory.waking import wake
from venues.models import Layout

# In key order, as everybody locks; only their number comes back.
LOCK_SEATS = """
SELECT count(*) FROM (
  SELECT id FROM inventory_eventseat WHERE event_id = %s ORDER BY id FOR NO KEY UPDATE) locked
"""
# All at once: a row that its own transaction has changed before costs a check of each of its keys.
RENUMBER = """
UPDATE inventory_eventseat e SET ordinal = moved.ordinal, seat_id = moved.seat_id
FROM unnest(%(places)s::bigint[], %(ordinals)s::int[], %(seats)s::bigint[])
  AS moved(id, ordinal, seat_id)
WHERE e.id = moved.id
"""
ENTER = """
UPDATE {} t SET section_id = section.new
FROM unnest(%(old)s::uuid[], %(new)s::uuid[]) AS section(old, new)
WHERE t.section_id = section.old AND {}
"""
OF_EVENT = "t.event_id = %(event)s"
OF_PLANS = """
EXISTS (SELECT FROM inventory_allocationplan p WHERE p.id = t.plan_id AND p.event_id = %(event)s)
"""
NAMING_SECTIONS = {
    "inventory_hold": OF_EVENT,
    "inventory_pricingrule": OF_EVENT,
    "inventory_allocationshare": OF_PLANS,
}


class MovedMeanwhile(Invalid):
    """The event is not on the version any more that the preview was made from."""

    code = "moved_meanwhile"


def move_event(*, event, layout, reason, by=None):
    """Moves an event to another published layout of its venue; returns the LayoutMove.

    Places that are in both versions keep their owner, buyer, hold, price and ledger, and with them go
    tickets, order lines, plans and price areas. New places are not ours yet. Raises CannotMove naming
    what must be solved first, or MovedMeanwhile; nothing is changed then.
    """
    if not reason.strip():
        raise Invalid("Say why the event is moved to another version of its layout.")
    event = Event.objects.select_related("layout").get(pk=event.pk)
    layout = Layout.objects.get(pk=layout.pk)
    # What never changes is found before anything is locked: it takes a while.
    found = plans_apart(event, layout)
    seats = dict(layout.seats.order_by().values_list("ordinal", "pk"))
    given = {"event": event, "layout": layout, "found": found, "seats": seats}
    return _move(**given, reason=reason.strip()[:200], by=by)


@use_case
def _move(*, event, layout, found, seats, reason, by):
    take_time()
    for each in followers():
        each.lock(event)
    locked = lock_one(Event.objects.filter(pk=event.pk))
    if locked.layout_id != event.layout_id:
        raise MovedMeanwhile(f"{event} was moved by somebody else meanwhile. Nothing was changed.")
    lock(Hold.objects.filter(event=event).only("pk"))
    lock(AllocationPlan.objects.filter(event=event).only("pk"))
    _lock_seats(event)
    event.status = locked.status
    outlook = look_ahead(event=event, layout=layout, found=found)
    if outlook.obstacles:
        raise CannotMove(event, layout, outlook.obstacles)
    because(f"Moved to {layout}: {reason}"[:200])
    return _carry(outlook, seats, reason, by)


def _lock_seats(event):
    """All places of the event, in key order: buyers are told to look again until this is done."""
    with connection.cursor() as cursor:
        cursor.execute(LOCK_SEATS, [event.pk])


def _carry(outlook, seats, reason, by):
    event, before = outlook.event, outlook.event.layout
    sections = outlook.sections
    carry_areas(outlook)
    _carry_seats(outlook, seats)
    event.layout = outlook.layout
    Event.objects.filter(pk=event.pk).update(layout=outlook.layout)
    if outlook.seats:
        lay_out(event)
    move = Move(uuid7(), event, outlook.pairs, sections)
    _carry_sections(move)
    _carry_plans(move)
    renamed_tickets = sum(each.follow(move) for each in followers())
    wake(event.pk)
    return LayoutMove.objects.create(
        id=move.id,
        event=event,
        before=before,
        after=outlook.layout,
        reason=reason,
        kept=len(outlook.pairs),
        renamed=len(outlook.renamed),
        added=len(outlook.added),
        removed=len(outlook.gone),
        tickets_renamed=renamed_tickets,
        moved_by=by,
    )


def _carry_seats(outlook, seats):
    """Gives every place that stays its new ordinal and seat, of `seats` {ordinal: LayoutSeat id} of the
    new version; places that go were never anybody's."""
    EventSeat.objects.filter(pk__in=[outlook.seats[o]["pk"] for o in outlook.gone]).delete()
    kept = [(outlook.seats[old]["pk"], new) for old, new in outlook.pairs.items() if outlook.seats]
    values = {
        "places": [place for place, _ in kept],
        "ordinals": [new for _, new in kept],
        "seats": [seats[new] for _, new in kept],
    }
    with connection.cursor() as cursor:
        cursor.execute(RENUMBER, values)


def _carry_sections(move):
    """Holds, shares and rules that name a section name that of the new version."""
    values = {
        "event": move.event.pk,
        "old": list(move.sections),
        "new": [section.pk for section in move.sections.values()],
    }
    with connection.cursor() as cursor:
        for table, of_event in NAMING_SECTIONS.items():
            cursor.execute(ENTER.format(table, of_event), values)


def _carry_plans(move):
    """What an applied plan changed place by place, so that it can still be undone."""
    for plan in AllocationPlan.objects.filter(event=move.event).exclude(ordinals=[]):
        kept = [
            (move.ordinals[ordinal], before, after)
            for ordinal, before, after in zip(plan.ordinals, plan.before, plan.after, strict=True)
            if ordinal in move.ordinals
        ]
        plan.ordinals, plan.before, plan.after = (
            map(list, zip(*kept, strict=True)) if kept else ([], [], [])
        )
        plan.save(update_fields=["ordinals", "before", "after"])
