"""Allocation plans: which channel sells which of an event's free places. What a plan would do is a
pure function of the places; applying it is one statement; undoing it puts back what nobody changed."""

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal

from django.db import connection
from django.db.models import Q
from django.db.models.functions import Now

from core.errors import Invalid
from core.locks import lock
from core.status import WrongState
from core.transactions import use_case
from inventory.free import AS_IT_IS
from inventory.models import AllocationPlan, AllocationShare, PlanStatus
from inventory.stock import best_first, stock_of
from inventory.waking import wake

# Only where a place still is what it was taken for; who waited for a buyer looks again.
SET_CHANNELS = f"""
WITH wanted AS (
  SELECT e.id, e.channel AS before, w.channel AS after
  FROM unnest(%(ordinals)s::int[], %(expected)s::text[], %(channels)s::text[])
    AS w(ordinal, expected, channel)
  JOIN inventory_eventseat e ON e.event_id = %(event)s AND e.ordinal = w.ordinal
  WHERE e.channel = w.expected AND e.channel <> w.channel AND {AS_IT_IS}
  ORDER BY e.id FOR NO KEY UPDATE OF e
)
UPDATE inventory_eventseat e SET channel = wanted.after
FROM wanted WHERE e.id = wanted.id AND e.channel = wanted.before AND {AS_IT_IS}
RETURNING e.ordinal, wanted.before, wanted.after
"""  # noqa: S608 - constants only


class NothingToAllocate(Invalid):
    """The plan has no shares."""

    code = "nothing_to_allocate"


@dataclass(frozen=True)
class Misfit:
    """A share that gets fewer places than it asks for."""

    share: AllocationShare
    wanted: int
    given: int


@dataclass(frozen=True)
class Simulation:
    """What a plan would do: `channels` {ordinal of a free place: channel, "" where it stays open}, the
    `places` (StockPlace) of the event, and what does not fit."""

    channels: dict
    places: list
    misfits: list = field(default_factory=list)

    @property
    def totals(self):
        """{channel: (free places, their value before fees)}, "" among them."""
        sums = defaultdict(lambda: [0, Decimal(0)])
        for place in self.places:
            if place.ordinal in self.channels:
                total = sums[self.channels[place.ordinal]]
                total[0] += 1
                total[1] += place.price or 0
        return {channel: tuple(total) for channel, total in sums.items()}

    @property
    def changes(self):
        """How many places would change their channel."""
        return sum(self.channels.get(p.ordinal, p.channel) != p.channel for p in self.places)


def simulate(places, shares, focus):
    """The Simulation of these shares, in their order, over these StockPlaces; `focus` is the focal
    point of the layout. Only free places are given out; what no share takes stays open to all."""
    ranked = best_first([place for place in places if place.is_free], focus)
    given, misfits = {}, []
    for share, wanted in _quantities(shares, ranked):
        inside = [p for p in ranked if _covers(share, p) and p.ordinal not in given]
        if share.order == AllocationShare.Order.LAST:
            inside.reverse()
        chosen = inside[:wanted]
        given.update((place.ordinal, share.channel) for place in chosen)
        if len(chosen) < wanted:
            misfits.append(Misfit(share, wanted, len(chosen)))
    channels = {place.ordinal: given.get(place.ordinal, "") for place in ranked}
    return Simulation(channels, places, misfits)


def _quantities(shares, places):
    """(share, how many places it asks for). Percentages of the same places are rounded in sum, so
    that together they make a whole."""
    percent, counted = defaultdict(Decimal), defaultdict(int)
    for share in shares:
        if share.quantity:
            yield share, share.quantity
            continue
        scope = share.section_id, share.level_id
        percent[scope] += share.percent
        size = sum(_covers(share, place) for place in places)
        upto = (size * percent[scope] / 100).quantize(Decimal(1), ROUND_HALF_UP)
        yield share, int(upto) - counted[scope]
        counted[scope] = int(upto)


def _covers(share, place):
    return share.section_id in (None, place.section_id) and share.level_id in (None, place.level_id)


def simulate_plan(plan):
    """What applying the plan now would do, as a Simulation."""
    shares = list(plan.shares.select_related("section", "level").order_by("position", "pk"))
    return simulate(stock_of(plan.event_id), shares, plan.event.layout.plan["focal"])


@use_case
def apply_plan(plan, *, by=None):
    """Gives the event's free places to the plan's channels; another applied plan is undone first.
    Returns how many places changed their channel. Raises NothingToAllocate or WrongState."""
    plan, others = _locked(plan)
    if not plan.shares.exists():
        raise NothingToAllocate("This plan has no shares yet.")
    if plan.status == PlanStatus.APPLIED:
        raise WrongState(f"The plan {plan.name} is applied already. Undo it first.")
    for other in others:
        _undo(other)
    found = simulate_plan(plan)
    now = {place.ordinal: place.channel for place in found.places}
    ordinals = list(found.channels)
    changed = _set_channels(
        plan, ordinals, [now[o] for o in ordinals], [found.channels[o] for o in ordinals]
    )
    plan.move_to(PlanStatus.APPLIED)
    plan.ordinals = [ordinal for ordinal, _, _ in changed]
    plan.before = [before for _, before, _ in changed]
    plan.after = [after for _, _, after in changed]
    plan.applied_by, plan.applied_at, plan.undone_at = by, Now(), None
    plan.save()
    return len(changed)


@use_case
def undo_plan(plan):
    """Puts back what applying the plan changed, where a place is still free and in that channel.
    Returns (how many places were put back, ordinals of those that could not be)."""
    plan, _ = _locked(plan)
    return _undo(plan)


def _locked(plan):
    """(the plan, the event's applied plans beside it), locked in key order."""
    wanted = Q(pk=plan.pk) | Q(event=plan.event_id, status=PlanStatus.APPLIED)
    plans = lock(AllocationPlan.objects.select_related("event__layout").filter(wanted))
    [mine] = [each for each in plans if each.pk == plan.pk]
    return mine, [each for each in plans if each.pk != plan.pk]


def _undo(plan):
    plan.move_to(PlanStatus.UNDONE)
    changed = _set_channels(plan, plan.ordinals, plan.after, plan.before)
    plan.undone_at = Now()
    plan.save(update_fields=["status", "undone_at"])
    put_back = {ordinal for ordinal, _, _ in changed}
    return len(changed), [ordinal for ordinal in plan.ordinals if ordinal not in put_back]


def _set_channels(plan, ordinals, expected, channels):
    values = {
        "event": plan.event_id,
        "ordinals": ordinals,
        "expected": expected,
        "channels": channels,
    }
    with connection.cursor() as cursor:
        cursor.execute(SET_CHANNELS, values)
        changed = sorted(cursor.fetchall())
    wake(plan.event_id)
    return changed
