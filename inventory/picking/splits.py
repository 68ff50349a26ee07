"""How a row may be parted: in which numbers places are sold, and what may be left of a run."""

from dataclasses import dataclass

from babel.lists import format_list

from core.errors import Invalid
from events.models import SplitRule
from inventory.picking.states import COMPANION, FREE, OTHER, TAKEN, over_each_other
from inventory.picking.windows import runs

# What counts for what is left: all that somebody without a wheelchair could take one day.
JUDGED = bytes(
    FREE if each in (FREE, OTHER, COMPANION, OTHER | COMPANION) else TAKEN for each in range(256)
)


class NotInThatNumber(Invalid):
    """The event does not sell so many places at once."""

    code = "wrong_quantity"


@dataclass(frozen=True, slots=True)
class Split:
    """An event's rule: a SplitRule, and for CUSTOM the numbers in which places are sold."""

    rule: str = SplitRule.ANY
    sizes: tuple = ()

    @classmethod
    def of(cls, event):
        return cls(event.split_rule, tuple(event.split_sizes))

    def sells(self, size):
        """Whether so many places may be sold at once."""
        if self.rule == SplitRule.PAIRS:
            return size % 2 == 0
        return self.rule != SplitRule.CUSTOM or size in self.sizes

    @property
    def in_numbers(self):
        """In pairs; by 2, 4 or 6; nothing where any number is sold."""
        if self.rule == SplitRule.PAIRS:
            return "in pairs"
        sizes = [str(size) for size in sorted(self.sizes)]
        words = format_list(sizes, style="or", locale="en").replace(", or ", " or ")
        return f"by {words}" if words else ""

    def check(self, size):
        if not self.sells(size):
            raise NotInThatNumber(
                f"Places of this event are sold {self.in_numbers}, not by {size}."
            )

    def is_odd(self, length):
        """Whether a run of so many places cannot be sold to the last."""
        if not length or self.rule == SplitRule.ANY:
            return False
        if self.rule == SplitRule.NO_SINGLES:
            return length == 1
        return length not in _sums(self.sizes if self.rule == SplitRule.CUSTOM else (2,), length)

    def harm(self, before, size, after):
        """How many more odd runs there are when `size` are taken between so many."""
        now = self.is_odd(before) + self.is_odd(after)
        return max(0, now - self.is_odd(before + size + after))


ANYHOW = Split()


def _sums(sizes, most):
    """The numbers up to `most` that are sums of the sizes."""
    reached = {0}
    for number in range(1, most + 1):
        if any(number - size in reached for size in sizes):
            reached.add(number)
    return reached


def left_odd(house, stands, chosen, split):
    """Positions of the places that this choice (positions) would leave in runs that cannot be sold to
    the last; [] when it makes no more of them than there are, or when nothing as large could be had
    side by side without making any. `stands` as of `choose`.
    """
    whole = over_each_other(stands, house.special)
    state = whole.translate(JUDGED)
    taken = bytearray(state)
    for at in chosen:
        taken[at] = TAKEN
    touched = {bench.start: bench for at in chosen if (bench := house.bench_at(at))}
    left = [at for bench in touched.values() for at in _made_odd(state, taken, bench, split)]
    return left if left and _could_be_better(house, whole, state, len(chosen), split) else []


def _made_odd(state, taken, bench, split):
    """Places in the odd runs that a choice makes of a bench, when these are more than before."""
    odd, before = (
        [run for run in runs(each, bench) if split.is_odd(run[1] - run[0])]
        for each in (taken, state)
    )
    new = [run for run in odd if run not in before] if len(odd) > len(before) else []
    return [at for start, end in new for at in range(start, end)]


def _could_be_better(house, whole, state, size, split):
    """Whether some window of so many places, none of them OTHER, does no harm."""
    offered = over_each_other(whole, state)
    return any(
        not split.harm(at - start, size, end - at - size)
        for bench in house.benches
        for start, end in runs(state, bench, size)
        for at in range(start, end - size + 1)
        if not any(offered[at : at + size])
    )
