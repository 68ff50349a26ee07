"""A wheelchair space and its company, in one step."""

from inventory.picking.states import COMPANION, FREE, SPACE
from inventory.picking.windows import singles_beside

NEAR = 3  # pitches within which company that does not sit side by side is still company
TRIES = 40  # spaces looked at, the nearest ones


def with_spaces(house, state, size, spaces=1, *, view, count=1, section=None):
    """Up to `count` groups (positions) of `size` places, `spaces` of them SPACEs, the rest FREE or
    COMPANION, best first.

    Side by side comes first; then within three pitches; then side by side on further spaces, which are
    taken from nobody unless there is no other way; then wherever it is nearest. For several spaces that
    is the only way.
    """
    found = _nearest_spaces(state, view, section)[: max(TRIES, count)]
    ways = (_beside, _around, _on_spaces, _nearby) if spaces == 1 else (_nearby,)
    for seated in ways:
        groups = [
            group for bench, at in found if (group := seated(house, state, size, spaces, bench, at))
        ]
        if groups:
            return groups[:count]
    return []


def _nearest_spaces(state, view, section):
    """(Bench, position) of every free wheelchair space, from the focus outwards."""
    found = []
    for _, bench in view.benches:
        if section is None or bench.section == section:
            sums = view.sums(bench)
            at = state.find(SPACE, bench.start, bench.end)
            while at >= 0:
                found.append((sums[at - bench.start + 1] - sums[at - bench.start], at, bench))
                at = state.find(SPACE, at + 1, bench.end)
    return [(bench, at) for _, at, bench in sorted(found, key=lambda each: each[:2])]


def _windows_over(state, size, bench, at, kinds):
    """(start, end) of the windows of `size` places that contain a place, the others of `kinds`."""
    for start in range(max(bench.start, at - size + 1), min(at, bench.end - size) + 1):
        end = start + size
        if all(state[other] in kinds for other in range(start, end) if other != at):
            yield start, end


def _beside(house, state, size, spaces, bench, at):
    return _best_over(state, size, bench, at, {FREE, COMPANION})


def _on_spaces(house, state, size, spaces, bench, at):
    return _best_over(state, size, bench, at, {FREE, COMPANION, SPACE})


def _best_over(state, size, bench, at, kinds):
    """The window with the fewest other spaces, then the most companion seats."""
    found = list(_windows_over(state, size, bench, at, kinds))
    if not found:
        return []

    def harm(window):
        taken = state[slice(*window)]
        return taken.count(SPACE), -taken.count(COMPANION), singles_beside(state, bench, *window)

    return list(range(*min(found, key=harm)))


def _around(house, state, size, spaces, bench, at):
    group = _nearby(house, state, size, spaces, bench, at)
    near = all(house.apart(at, other) <= NEAR * house.pitch for other in group)
    return group if near else []


def _nearby(house, state, size, spaces, bench, at):
    """The space, the nearest further ones and the nearest places, of its own section while there are
    enough, companion seats a little before others."""
    for benches in (house.sections[bench.section], house.benches):
        further = _closest(house, state, at, benches, (SPACE,))[1:spaces]
        company = _closest(house, state, at, benches, (FREE, COMPANION))[: size - spaces]
        if len(further) + len(company) == size - 1:
            return [at, *further, *company]
    return []


def _closest(house, state, at, benches, kinds):
    """The places of these kinds, the nearest to a place first."""

    def far(other):
        return house.apart(at, other) - house.pitch * (state[other] == COMPANION)

    places = (other for bench in benches for other in range(bench.start, bench.end))
    return sorted((other for other in places if state[other] in kinds), key=far)
