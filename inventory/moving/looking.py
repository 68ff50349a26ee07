"""What moving an event to another version of its layout would do, and what is in the way."""

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter

from core.errors import DomainError
from inventory.models import (
    AllocationShare,
    EventSeat,
    LayoutMove,
    Ownership,
    PlanStatus,
    PriceJob,
    PricingRule,
    Status,
)
from inventory.moving.following import Obstacle, followers
from venues.models import LayoutSection
from venues.plan import from_canonical
from venues.versions import Difference, difference, exchanged_standing

TOLD = 20
# What a ticket says of its place: tickets.moving writes it anew where one of these differs.
ON_TICKET = attrgetter(
    "section", "row", "label", "kind", "entrance", "restricted_view", "disclosure"
)
WEIGHT = {status: n for n, status in enumerate((Status.SOLD, Status.RESERVED, Status.HELD))}


class CannotMove(DomainError):
    """Something must be solved first; `obstacles` name it, place by place."""

    code = "event_not_movable"

    def __init__(self, event, layout, obstacles):
        self.obstacles = obstacles
        told = [obstacle.reason for obstacle in obstacles]
        more = f" And {len(told) - TOLD:,} more." if len(told) > TOLD else ""
        super().__init__(
            f"{event} cannot be moved to {layout} yet. {' '.join(told[:TOLD])}{more} Nothing was "
            "changed.",
            problems=told,
        )


@dataclass(frozen=True)
class Outlook:
    """What the move would do. `pairs` is {old ordinal: new ordinal} of the places that stay, `seats`
    the state of every place now, by old ordinal, and `obstacles` what must be solved first."""

    event: object
    layout: object
    difference: Difference
    pairs: dict
    seats: dict
    obstacles: list

    @cached_property
    def gone(self):
        return sorted(self.seats.keys() - self.pairs.keys())

    @cached_property
    def added(self):
        return sorted(self.difference.after.keys() - set(self.pairs.values()))

    @cached_property
    def renamed(self):
        """Old ordinals of the places that get another name."""
        old, new = self.difference.before, self.difference.after
        return [a for a, b in self.pairs.items() if old[a].key != new[b].key]

    @cached_property
    def mailed(self):
        """How many tickets say something else afterwards and go to their holders again."""
        old, new = self.difference.before, self.difference.after
        sold = [n for n in self.pairs if n in self.seats and self.seats[n]["status"] == Status.SOLD]
        return sum(ON_TICKET(old[n]) != ON_TICKET(new[self.pairs[n]]) for n in sold)

    @cached_property
    def touched(self):
        """(old Place, new Place, words, state) of those that mean something to somebody and do not stay
        as they are: sold, reserved, held or owned; in this order."""
        changes = {
            c.before.ordinal: c.words for c in self.difference.changes if c.before and c.after
        }
        old, new = self.difference.before, self.difference.after
        found = []
        for ordinal, b in self.pairs.items():
            seat = self.seats.get(ordinal)
            words = changes.get(ordinal, "")
            if not words and old[ordinal].key != new[b].key:
                words = f"now {new[b].name}"
            if words and seat and matters(seat):
                found.append((old[ordinal], new[b], words, seat))
        return sorted(found, key=lambda row: WEIGHT.get(row[-1]["status"], len(WEIGHT)))

    @cached_property
    def notes(self):
        """What is no obstacle, yet worth knowing before, as sentences."""
        before = {place.entrance for place in self.difference.before.values()}
        lost = before - {place.entrance for place in self.difference.after.values()}
        rules = PricingRule.objects.filter(event=None, section__layout=self.event.layout_id)
        return [
            *(f"No section has the entrance {name} any more: look at the gates." for name in lost),
            *(
                f"The pricing rule {rule} is for {rule.section} of the former version: here it will "
                "not apply any more."
                for rule in rules.select_related("section").order_by("position", "pk")
            ),
        ]

    @cached_property
    def sections(self):
        """{old section id: new LayoutSection}: where most of its places are, or that of its name."""
        old = {s.label: s for s in LayoutSection.objects.filter(layout=self.event.layout_id)}
        new = {s.label: s for s in LayoutSection.objects.filter(layout=self.layout)}
        votes = {}
        for a, b in self.pairs.items():
            label = self.difference.before[a].section
            votes.setdefault(label, Counter())[self.difference.after[b].section] += 1
        found = {}
        for label, section in old.items():
            most = votes[label].most_common(1)[0][0] if label in votes else label
            if most in new:
                found[section.pk] = new[most]
        return found


def matters(seat):
    """Whether a place is somebody's: ours, or what was bought and sent back."""
    return seat["ownership"] != Ownership.NOT_OWNED


def look_ahead(*, event, layout, found=None):
    """The Outlook of moving the event to another layout of its venue, as things are now. `found` is the
    Difference of the two if it is known."""
    found = found or plans_apart(event, layout)
    columns = ("ordinal", "pk", "ownership", "status", "hold_id", "level_id", "claimed_by")
    seats = {
        seat["ordinal"]: seat for seat in EventSeat.objects.filter(event=event).values(*columns)
    }
    wanted = {ordinal for ordinal, seat in seats.items() if matters(seat)}
    for each in followers():
        wanted |= each.wanted(event)
    pairs = exchanged_standing(found, wanted)
    pairs = {old: new for old, new in pairs.items() if old in seats} if seats else pairs
    outlook = Outlook(event, layout, found, pairs, seats, [])
    outlook.obstacles.extend(_obstacles(outlook))
    return outlook


def plans_apart(event, layout):
    """The Difference between the event's plan and that of another layout."""
    return difference(from_canonical(event.layout.plan), from_canonical(layout.plan))


def _obstacles(outlook):
    event, gone = outlook.event, set(outlook.gone)
    yield from _of_layout(event, outlook.layout)
    for ordinal in outlook.gone:
        seat = outlook.seats[ordinal]
        if matters(seat):
            name = outlook.difference.before[ordinal].name
            yield Obstacle(f"{name} is not in the new version and {_state(seat)}.", (ordinal,))
    yield from _of_sections(outlook)
    if PriceJob.objects.filter(event=event, done_at=None).exists():
        yield Obstacle("A change of many prices is being carried out; wait until it is done.")
    for each in followers():
        yield from each.obstacles(event, gone)


def _of_layout(event, layout):
    if layout.pk == event.layout_id:
        yield Obstacle(f"It is on {layout} already.")
    if layout.venue_id != event.venue_id:
        yield Obstacle(f"{layout} is a layout of another venue.")
    if event.status in ("CANCELLED", "COMPLETED"):
        yield Obstacle("It is over or cancelled; its map stays as it was.")


def _state(seat):
    if seat["ownership"] == Ownership.RETURNED_TO_SUPPLIER:
        return "was bought and sent back, which its record must go on saying"
    return {
        Status.SOLD: "is sold: move its holder to another place first",
        Status.RESERVED: "is reserved: wait until the reservation is paid or over",
        Status.HELD: "is held: release it, and send it back to its supplier",
        Status.BLOCKED: "is ours, though off sale: send it back to its supplier first",
        Status.AVAILABLE: "is ours: send it back to its supplier first",
    }[seat["status"]]


def _of_sections(outlook):
    """Plans and rules that would silently cover more, or nothing, without their section."""
    event, known = outlook.event, outlook.sections.keys()
    shares = AllocationShare.objects.filter(plan__event=event, section__layout=event.layout_id)
    for share in shares.exclude(section__in=known).exclude(plan__status=PlanStatus.UNDONE):
        yield Obstacle(
            f"The allocation plan {share.plan} has a share of {share.section}, which is not in the new "
            "version: change the plan first."
        )
    rules = PricingRule.objects.filter(event=event, section__layout=event.layout_id)
    for rule in rules.exclude(section__in=known):
        yield Obstacle(
            f"The pricing rule {rule} is for {rule.section}, which is not in the new version: change "
            "it first."
        )


def moved_since(event_id, moment):
    """Whether the event was moved after a moment, so that ordinals kept then mean other places now."""
    return LayoutMove.objects.filter(event=event_id, moved_at__gt=moment).exists()
