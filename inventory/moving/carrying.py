"""The move itself: one transaction, all or nothing."""

from django.db import connection

from core.audit import because
from core.errors import Invalid
from core.ids import uuid7
from core.locks import lock, lock_one
from core.transactions import use_case
from events.models import Event
from inventory.models import (
    AllocationPlan,
    AllocationShare,
    EventSeat,
    Hold,
    LayoutMove,
    PricingRule,
)
from inventory.moving.following import Move, followers
from inventory.moving.levels import carry_areas
from inventory.moving.looking import CannotMove, look_ahead, plans_apart
from inventory.services.laying_out import lay_out
from inventory.waking import wake
from venues.models import Layout

# A stadium takes longer than statements of a page may; until the transaction ends.
LONG_STATEMENTS = "SELECT set_config('statement_timeout', '300000', true)"
# Ordinals are unique at every moment, so all step aside before any takes its new one.
STEP_ASIDE = """
UPDATE inventory_eventseat SET ordinal = ordinal + 1000000 WHERE event_id = %(event)s
"""
STEP_IN = """
UPDATE inventory_eventseat e SET ordinal = moved.new, seat_id = s.id
FROM unnest(%(old)s::int[], %(new)s::int[]) AS moved(old, new)
JOIN venues_layoutseat s ON s.layout_id = %(layout)s AND s.ordinal = moved.new
WHERE e.event_id = %(event)s AND e.ordinal = moved.old + 1000000
"""


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
    found = plans_apart(event, layout)  # before anything is locked: it takes a while
    return _move(event=event, layout=layout, found=found, reason=reason.strip()[:200], by=by)


@use_case
def _move(*, event, layout, found, reason, by):
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
    return _carry(outlook, reason, by)


def _lock_seats(event):
    """All places of the event, in key order: buyers are told to look again until this is done."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM inventory_eventseat WHERE event_id = %s ORDER BY id FOR NO KEY UPDATE",
            [event.pk],
        )


def _carry(outlook, reason, by):
    event, before = outlook.event, outlook.event.layout
    sections = outlook.sections
    carry_areas(outlook)
    _carry_seats(outlook)
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


def _carry_seats(outlook):
    """Gives every place that stays its new ordinal and seat; places that go were never anybody's."""
    EventSeat.objects.filter(pk__in=[outlook.seats[o]["pk"] for o in outlook.gone]).delete()
    values = {
        "event": outlook.event.pk,
        "layout": outlook.layout.pk,
        "old": list(outlook.pairs),
        "new": list(outlook.pairs.values()),
    }
    with connection.cursor() as cursor:
        cursor.execute(LONG_STATEMENTS)
        cursor.execute(STEP_ASIDE, values)
        cursor.execute(STEP_IN, values)


def _carry_sections(move):
    """Holds, shares and rules that name a section name that of the new version."""
    for old, new in move.sections.items():
        for kind in (Hold, PricingRule):
            kind.objects.filter(event=move.event, section=old).update(section=new)
        AllocationShare.objects.filter(plan__event=move.event, section=old).update(section=new)


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
