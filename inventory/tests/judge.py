"""Sells a house out to parties by chance and judges every choice of the picker by brute force."""

import math
import random
from collections import Counter
from dataclasses import dataclass, field
from time import process_time

from inventory.picking import NoSuchGroup, Party, choose
from inventory.picking.choosing import MOST_COMPANY
from inventory.picking.states import COMPANION, FREE, OTHER, SPACE, TAKEN, over_each_other
from inventory.picking.windows import runs

SIZES = [1] * 8 + [2] * 45 + [3] * 12 + [4] * 25 + [5] * 4 + [6] * 4 + [8] * 2
ANYWHERE, SECTION, LEVEL, WHEELCHAIR = "anywhere", "a section", "a price level", "a wheelchair"
WISHES = [ANYWHERE] * 76 + [SECTION] * 10 + [LEVEL] * 10 + [WHEELCHAIR] * 4
LEVELS = 3  # each has every third section, the nearest first
RETURNS, WALK_INS = (
    0.03,
    0.05,
)  # shares of the parties: who gives back, who takes a place elsewhere
SMALLEST = 10  # places left, below which the sale is over


@dataclass
class Verdict:
    """What a sale was like to the parties of one wish. Distances are in terms of the nearest window
    that leaves as few alone, with a wheelchair of the nearest space that has company beside it;
    spreads and `costs` are pitches and milliseconds of CPU. Refused falsely is who could have sat
    somewhere."""

    parties: int = 0
    together: int = 0
    invalid: int = 0
    refused: int = 0
    falsely: int = 0
    avoidable_splits: int = 0
    avoidable_singles: int = 0
    singles: int = 0
    distances: list = field(default_factory=list)
    spreads: list = field(default_factory=list)
    costs: list = field(default_factory=list)

    @property
    def share_together(self):
        return self.together / self.parties


@dataclass(frozen=True)
class Asked:
    """A Party, what it wishes, and how the places stand for it: OTHER is what it does not want."""

    party: Party
    wish: str
    stands: bytes

    def may_have(self, house):
        """The benches it asks for."""
        return house.sections[self.party.section] if self.party.section else house.benches


def at(values, share):
    """The value below which this share of the values lies; 0 of none."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(share * len(ranked)))] if ranked else 0


def sell_out(house, *, seed, judged_every=1):
    """({wish: Verdict}, places left) of the sale of a whole House; every so many choices are compared
    with all windows."""
    chance, verdicts = random.Random(seed), {wish: Verdict() for wish in WISHES}
    stands, sold, levels = bytearray(len(house)), [], list(_levels(house))
    while True:
        asked = _drawn(house, bytes(stands), levels, chance)
        verdict = verdicts[asked.wish]
        group = _answered(house, asked, verdict)
        if group is None:
            if asked.wish == ANYWHERE and (asked.party.size == 1 or stands.count(FREE) < SMALLEST):
                break
            continue
        _judge(house, bytes(stands), asked, group, verdict, verdict.parties % judged_every == 0)
        for place in group:
            stands[place] = TAKEN
        sold.append(group)
        _meanwhile(stands, sold, chance)
    return verdicts, stands.count(FREE)


def _levels(house):
    """Layers that say OTHER of what is not of a level."""
    sections = sorted(house.sections, key=house.nearest.get)
    for level in range(LEVELS):
        covered = set(sections[level::LEVELS])
        layer = bytearray([OTHER]) * len(house)
        for section, start, end in house.spans:
            if section in covered:
                layer[start:end] = bytes(end - start)
        yield bytes(layer)


def _drawn(house, stands, levels, chance):
    size, wish = chance.choice(SIZES), chance.choice(WISHES)
    if wish == SECTION:
        return Asked(Party(size, section=chance.choice(list(house.sections))), wish, stands)
    if wish == LEVEL:
        limited = over_each_other(stands, chance.choice(levels))
        return Asked(Party(size), wish, limited)
    if wish == WHEELCHAIR:
        return Asked(Party(min(size, 1 + MOST_COMPANY), wheelchair=True), wish, stands)
    return Asked(Party(size), wish, stands)


def _answered(house, asked, verdict):
    began = process_time()
    try:
        group = choose(house, asked.stands, asked.party)
    except NoSuchGroup:
        verdict.refused += 1
        verdict.falsely += _could_sit(house, asked)
        return None
    finally:
        verdict.costs.append(1000 * (process_time() - began))
    verdict.parties += 1
    verdict.invalid += not _is_valid(house, asked, group)
    return group


def _is_valid(house, asked, group):
    """So many free places of those it asks for, and a wheelchair space only for who asked for one."""
    wanted = {place for bench in asked.may_have(house) for place in range(bench.start, bench.end)}
    has_space = any(house.special[place] == SPACE for place in group)
    return (
        len(set(group)) == asked.party.size
        and wanted.issuperset(group)
        and not any(asked.stands[place] for place in group)
        and has_space == asked.party.wheelchair
    )


def _could_sit(house, asked):
    free = Counter(
        house.special[place]
        for bench in asked.may_have(house)
        for place in range(bench.start, bench.end)
        if asked.stands[place] == FREE
    )
    company = free.total() - free[SPACE]
    if asked.party.wheelchair:
        return free[SPACE] > 0 and company >= asked.party.size - 1
    return company >= asked.party.size


def _judge(house, stands, asked, group, verdict, is_compared):
    bench = house.bench_at(group[0])
    is_together = group[-1] - group[0] == len(group) - 1 and group[-1] < bench.end
    verdict.together += is_together
    if not is_together:
        verdict.spreads.append(
            max(house.apart(one, other) for one in group for other in group) / house.pitch
        )
    verdict.singles += left_alone(house, stands, group)
    if asked.party.wheelchair:
        _compare_spaces(house, asked, group, verdict, is_together)
    elif is_compared or not is_together:
        _compare(house, stands, asked, group, verdict, is_together)


def _compare(house, stands, asked, group, verdict, is_together):
    windows = list(_windows(house, asked))
    verdict.avoidable_splits += bool(windows) and not is_together
    if windows and is_together:
        singles = left_alone(house, stands, group)
        left = [left_alone(house, stands, window) for window in windows]
        verdict.avoidable_singles += singles > min(left)
        as_good = [w for w, alone in zip(windows, left, strict=True) if alone == min(left)]
        nearest = min(_far(house, window) for window in as_good)
        verdict.distances.append(_far(house, group) / nearest)


def _compare_spaces(house, asked, group, verdict, is_together):
    """With a wheelchair, and company beside it that takes no second space."""
    spaces = list(_spaces_with_company(house, asked))
    if not spaces:
        return
    taken = [place for place in group if house.special[place] == SPACE]
    verdict.avoidable_splits += not is_together or len(taken) > 1
    nearest = min(_far(house, [space]) for space in spaces)
    verdict.distances.append(_far(house, taken[:1]) / nearest)


def _spaces_with_company(house, asked):
    """Every free wheelchair space that has enough free places beside it."""
    size = asked.party.size
    state = over_each_other(asked.stands, house.special)
    for space, _ in house.spaces:
        bench = house.bench_at(space)
        starts = range(max(bench.start, space - size + 1), min(space, bench.end - size) + 1)
        if any(_seats(state[start : start + size]) for start in starts):
            yield space


def _seats(window):
    """Whether these states are of one wheelchair space and seats."""
    return window.count(SPACE) == 1 and not set(window) - {FREE, COMPANION, SPACE}


def _windows(house, asked):
    whole = over_each_other(asked.stands, house.special)
    size = asked.party.size
    for bench in asked.may_have(house):
        for start, end in runs(whole, bench, size):
            for first in range(start, end - size + 1):
                yield range(first, first + size)


def _far(house, group):
    x, y = house.focus_of(house.bench_at(group[0]))
    far = (math.hypot(house.xs[place] - x, house.ys[place] - y) for place in group)
    return sum(far) / len(group)


def left_alone(house, stands, group):
    """How many free places nobody without a wheelchair could join any more, though somebody could have
    before the group sat down."""
    benches = {house.bench_at(place) for place in group}
    taken = set(group)

    def joinable(place, gone):
        bench = house.bench_at(place)
        return any(
            stands[other] == FREE and house.special[other] != SPACE and other not in gone
            for other in (place - 1, place + 1)
            if bench.start <= other < bench.end
        )

    return sum(
        not joinable(place, taken) and joinable(place, ())
        for place in {place + step for place in group for step in (-1, 1)} - taken
        if any(bench.start <= place < bench.end for bench in benches)
        and stands[place] == FREE
        and house.special[place] != SPACE
    )


def _meanwhile(stands, sold, chance):
    drawn = chance.random()
    if drawn < RETURNS:
        for place in sold.pop(chance.randrange(len(sold))):
            stands[place] = FREE
    elif drawn < RETURNS + WALK_INS:
        free = [place for place, state in enumerate(stands) if state == FREE]
        if free:
            stands[chance.choice(free)] = TAKEN
