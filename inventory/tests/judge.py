"""Sells a house out to parties by chance and judges every choice of the picker by brute force."""

import math
import random
from dataclasses import dataclass, field
from time import process_time

from inventory.picking import NoSuchGroup, Party, choose
from inventory.picking.states import FREE, SPACE, TAKEN
from inventory.picking.windows import runs

SIZES = [1] * 8 + [2] * 45 + [3] * 12 + [4] * 25 + [5] * 4 + [6] * 4 + [8] * 2
RETURNS, WALK_INS = (
    0.03,
    0.05,
)  # shares of the parties: who gives back, who takes a place elsewhere
SMALLEST = 10  # places left, below which the sale is over


@dataclass
class Verdict:
    """What a sale was like. Distances are in terms of the nearest window that leaves
    as few alone; spreads and `costs`
    are pitches and milliseconds of CPU."""

    parties: int = 0
    together: int = 0
    invalid: int = 0
    avoidable_splits: int = 0
    avoidable_singles: int = 0
    singles: int = 0
    distances: list = field(default_factory=list)
    spreads: list = field(default_factory=list)
    costs: list = field(default_factory=list)
    left: int = 0

    @property
    def share_together(self):
        return self.together / self.parties


def at(values, share):
    """The value below which this share of the values lies; 0 of none."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(share * len(ranked)))] if ranked else 0


def sell_out(house, *, seed, judged_every=1):
    """A Verdict on the sale of a whole House; every so many choices are compared with all windows."""
    chance, verdict = random.Random(seed), Verdict()
    stands, sold = bytearray(len(house)), []
    while True:
        size = chance.choice(SIZES)
        group = _asked(house, stands, size, verdict)
        if group is None:
            if size == 1 or stands.count(FREE) < SMALLEST:
                break
            continue
        _judge(house, bytes(stands), group, verdict, verdict.parties % judged_every == 0)
        for place in group:
            stands[place] = TAKEN
        sold.append(group)
        _meanwhile(stands, sold, chance)
    verdict.left = stands.count(FREE)
    return verdict


def _asked(house, stands, size, verdict):
    began = process_time()
    try:
        group = choose(house, bytes(stands), Party(size=size))
    except NoSuchGroup:
        return None
    finally:
        verdict.costs.append(1000 * (process_time() - began))
    verdict.parties += 1
    verdict.invalid += len(set(group)) != size or any(stands[place] for place in group)
    return group


def _judge(house, stands, group, verdict, is_compared):
    size = len(group)
    bench = house.bench_at(group[0])
    is_together = group[-1] - group[0] == size - 1 and group[-1] < bench.end
    verdict.together += is_together
    if not is_together:
        verdict.spreads.append(
            max(house.apart(one, other) for one in group for other in group) / house.pitch
        )
    singles = left_alone(house, stands, group)
    verdict.singles += singles
    if is_compared or not is_together:
        windows = list(_windows(house, stands, size))
        verdict.avoidable_splits += bool(windows) and not is_together
        if windows and is_together:
            left = [left_alone(house, stands, window) for window in windows]
            verdict.avoidable_singles += singles > min(left)
            as_good = [w for w, alone in zip(windows, left, strict=True) if alone == min(left)]
            nearest = min(_far(house, window) for window in as_good)
            verdict.distances.append(_far(house, group) / nearest)


def _windows(house, stands, size):
    whole = bytes(one | other for one, other in zip(stands, house.special, strict=True))
    for bench in house.benches:
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
