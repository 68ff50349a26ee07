"""What became of each place from one version of a plan to another.

Places are matched by section, row and label; what is left on both sides by where it stands: there a
place has got another name. Where things stand is compared after the whole drawing's own shift, since a
plan grows to the left or above by pushing all the rest.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import cached_property

from venues.plan import PITCH, ordinals

NEAR = PITCH / 2  # closer than this is the same spot
STILL = 2  # rounding moves a place by no more

ADDED, REMOVED, MOVED, RENAMED, CHANGED = "ADDED", "REMOVED", "MOVED", "RENAMED", "CHANGED"
WORDS = {
    ADDED: "Added",
    REMOVED: "Removed",
    MOVED: "Moved",
    RENAMED: "Renamed",
    CHANGED: "Changed",
}
SIGNS = {ADDED: "+", REMOVED: "×", MOVED: "→", RENAMED: "≠", CHANGED: "•"}
KINDS = {
    "STANDARD": "seat",
    "VIP": "VIP seat",
    "WHEELCHAIR": "wheelchair space",
    "COMPANION": "companion seat",
    "STANDING": "standing place",
}


@dataclass(frozen=True, slots=True)
class Place:
    """A place of one version, with what is compared."""

    ordinal: int
    section: str
    row: str
    label: str
    x: int
    y: int
    kind: str
    category: str
    is_after_aisle: bool
    restricted_view: bool
    disclosure: str
    zone: str
    floor: str
    entrance: str
    view_note: str
    is_standing: bool

    @property
    def key(self):
        return self.section, self.row, self.label

    @property
    def name(self):
        parts = [self.section, self.row and f"row {self.row}", f"seat {self.label}"]
        return (
            ", ".join(filter(None, parts))
            if not self.is_standing
            else f"{self.section} {self.label}"
        )


@dataclass(frozen=True, slots=True)
class Change:
    """What happened to one place. `kinds` are all that fit, the weightiest first; `words` say it."""

    kinds: tuple
    before: Place | None
    after: Place | None
    words: str

    @property
    def kind(self):
        return self.kinds[0]

    @property
    def name(self):
        return (self.before or self.after).name


@dataclass(frozen=True)
class Difference:
    """`pairs` is {ordinal before: ordinal after} of the places that are in both versions."""

    before: dict
    after: dict
    pairs: dict
    shift: tuple

    @cached_property
    def changes(self):
        """Every Change, in the order of the room: what is gone stands where it was."""
        found = [self._change(self.before[a], self.after[b]) for a, b in self.pairs.items()]
        found = [change for change in found if change]
        gone = self.before.keys() - self.pairs.keys()
        found += [Change((REMOVED,), self.before[a], None, "Not in the new version") for a in gone]
        new = self.after.keys() - set(self.pairs.values())
        found += [Change((ADDED,), None, self.after[b], "Not in the old version") for b in new]
        return sorted(found, key=self._place_in_room)

    @cached_property
    def counts(self):
        """{kind: how many}; a place that was moved and renamed counts as both."""
        return Counter(kind for change in self.changes for kind in change.kinds)

    @property
    def gone(self):
        """Ordinals of the old version that the new one has not."""
        return sorted(self.before.keys() - self.pairs.keys())

    def _place_in_room(self, change):
        at = change.before or change.after
        return (at.ordinal, change.before is None)

    def _change(self, before, after):
        kinds, words = [], []
        if before.key != after.key:
            kinds.append(RENAMED)
            words.append(f"now {after.name}")
        away = self._away(before, after)
        if away > STILL and not before.is_standing:
            kinds.append(MOVED)
            words.append(f"{away / PITCH:.1f} seat widths away")
        others = [_told(what, a, b) for what, a, b in _compared(before, after) if a != b]
        if others:
            kinds.append(CHANGED)
        return Change(tuple(kinds), before, after, "; ".join(words + others)) if kinds else None

    def _away(self, before, after):
        dx, dy = after.x - before.x - self.shift[0], after.y - before.y - self.shift[1]
        return (dx * dx + dy * dy) ** 0.5


def difference(before, after):
    """The Difference of two normalised plans."""
    old = {place.ordinal: place for place in places(before)}
    new = {place.ordinal: place for place in places(after)}
    pairs = _by_name(old, new)
    shift = _shift(old, new, pairs)
    pairs |= _by_position(
        [old[o] for o in old.keys() - pairs.keys()],
        [new[o] for o in new.keys() - set(pairs.values())],
        shift,
    )
    return Difference(old, new, dict(sorted(pairs.items())), shift)


def places(plan):
    """Every Place of a plan, in map order."""
    return [
        Place(
            *(ordinal, section.label, row.label, seat.label, round(seat.x), round(seat.y)),
            *(seat.kind, seat.category or section.category, _is_after_aisle(row, seat)),
            *(seat.restricted_view, seat.disclosure, section.zone, section.floor),
            *(section.entrance, section.view_note, section.kind == "STANDING"),
        )
        for ordinal, section, row, seat in ordinals(plan)
    ]


def _is_after_aisle(row, seat):
    return seat.index > 0 and row.seats[seat.index - 1].block != seat.block


def exchanged_standing(found, wanted):
    """The pairs of a Difference with standing places exchanged: one is like another, so none of the
    `wanted` old ordinals is lost while a place of its area that nobody wants is kept."""
    pairs = dict(found.pairs)
    spare = defaultdict(list)
    for old in pairs:
        if found.before[old].is_standing and old not in wanted:
            spare[found.before[old].section].append(old)
    for old in sorted(wanted - pairs.keys()):
        place = found.before[old]
        if place.is_standing and spare[place.section]:
            pairs[old] = pairs.pop(spare[place.section].pop())
    return pairs


def _by_name(old, new):
    known = {place.key: ordinal for ordinal, place in new.items()}
    return {o: known[place.key] for o, place in old.items() if place.key in known}


def _shift(old, new, pairs):
    """By how much the drawing as a whole lies elsewhere: as most of the named places do."""
    steps = Counter(
        (new[b].x - old[a].x, new[b].y - old[a].y)
        for a, b in pairs.items()
        if not old[a].is_standing
    )
    if steps:
        return steps.most_common(1)[0][0]
    corners = [
        (min(p.x for p in side.values()), min(p.y for p in side.values())) for side in (old, new)
    ]
    return corners[1][0] - corners[0][0], corners[1][1] - corners[0][1]


def _by_position(old, new, shift):
    """Places of the same spot, the nearest first; standing places have none of their own."""
    cells = defaultdict(list)
    for place in new:
        if not place.is_standing:
            cells[int(place.x // PITCH), int(place.y // PITCH)].append(place)
    near = []
    for place in old:
        if not place.is_standing:
            near += _near(place, cells, shift)
    pairs, taken = {}, set()
    for _, a, b in sorted(near):
        if a not in pairs and b not in taken:
            pairs[a] = b
            taken.add(b)
    return pairs


def _near(place, cells, shift):
    x, y = place.x + shift[0], place.y + shift[1]
    column, line = int(x // PITCH), int(y // PITCH)
    around = [(column + a, line + b) for a in (-1, 0, 1) for b in (-1, 0, 1)]
    for other in (other for cell in around for other in cells.get(cell, ())):
        away = ((other.x - x) ** 2 + (other.y - y) ** 2) ** 0.5
        if away <= NEAR and other.floor == place.floor:
            yield away, place.ordinal, other.ordinal


def _compared(before, after):
    yield "kind", KINDS[before.kind], KINDS[after.kind]
    for what in ("category", "zone", "floor", "entrance", "disclosure"):
        yield what, getattr(before, what), getattr(after, what)
    yield "view note", before.view_note, after.view_note
    views = {True: "restricted", False: "free"}
    yield "view", views[before.restricted_view], views[after.restricted_view]
    sides = {True: "an aisle", False: "none"}
    yield "aisle before it", sides[before.is_after_aisle], sides[after.is_after_aisle]


def _told(what, before, after):
    return f"{what} {before or 'none'} → {after or 'none'}"
