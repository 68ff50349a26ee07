"""Which marks of a drawing are seats, and what is said on each."""

import math
from collections import Counter, defaultdict
from dataclasses import dataclass
from statistics import median_low

ALIKE = 1.6  # seats differ in size by this factor at most from the usual one
SQUARE = 2.0  # sides of a seat differ by this factor at most
FEW_ROUND_CORNERS = 7
LONGEST_WORD = 4  # letters of a row's or seat's name, written in the drawing


@dataclass(eq=False)
class Seat:
    """A seat as drawn. `label` is None when nobody gave it one, `row` when nothing says it."""

    mark: object
    group: object
    label: str | None = None
    row: str | None = None

    @property
    def point(self):
        return self.mark.x, self.mark.y


def seats_of(drawing):
    """([Seat], the other marks). What is marked as a seat is one; else what has the usual size."""
    marked = [mark for mark in drawing.marks if "seat" in mark.facts]
    if marked:
        others = [mark for mark in drawing.marks if "seat" not in mark.facts]
        return [Seat(mark, mark.group, mark.facts["seat"]) for mark in marked], others
    alike = set(map(id, _of_usual_size([m for m in drawing.marks if _may_be_seat(m)])))
    found = [mark for mark in drawing.marks if id(mark) in alike or _is_nowhere(mark)]
    taken = set(map(id, found))
    others = [mark for mark in drawing.marks if id(mark) not in taken]
    return _one_each(found), others


def _is_nowhere(mark):
    """Whether it may be a seat that would be lost, for nobody can say where it is."""
    return mark.tag in ("circle", "ellipse", "rect") and not math.isfinite(mark.x + mark.y)


def _may_be_seat(mark):
    if (
        not mark.points
        or not mark.w
        or not mark.h
        or set(mark.facts) & {"capacity", "shape", "part"}
    ):
        return False
    is_squarish = max(mark.w, mark.h) <= SQUARE * min(mark.w, mark.h)
    is_drawn_round = mark.tag == "path" and (mark.is_round or len(mark.points) > FEW_ROUND_CORNERS)
    return is_squarish and (mark.tag in ("circle", "ellipse", "rect") or is_drawn_round)


def _of_usual_size(marks):
    """Those of the size that most have."""
    sizes = sorted(mark.size for mark in marks)
    best, start = (0, 0.0), 0
    for end, size in enumerate(sizes):
        while sizes[start] * ALIKE < size:
            start += 1
        best = max(best, (end - start + 1, -sizes[(start + end) // 2]))
    usual = -best[1]
    return [mark for mark in marks if usual / ALIKE <= mark.size <= usual * ALIKE]


def _one_each(marks):
    """A seat may be drawn as several shapes on one another in a group of their own."""
    by_group = defaultdict(list)
    for mark in marks:
        by_group[mark.group].append(mark)
    seats = []
    for members in by_group.values():
        first = members[0]
        is_one = 1 < len(members) <= 4 and all(_touch(first, other) for other in members[1:])
        seats += [Seat(m, m.group, m.name or None) for m in (members[:1] if is_one else members)]
    order = {id(mark): number for number, mark in enumerate(marks)}
    return sorted(seats, key=lambda seat: order[id(seat.mark)])


def _touch(one, other):
    return abs(one.x - other.x) + abs(one.y - other.y) < 0.4 * one.size


# What the drawing says about each seat


def name_from_groups(seats, words):
    """A group of a single seat names it, and so does a word written on it; returns the words left."""
    alone = Counter(group for seat in seats for group in seat.group.line())
    for seat in seats:
        while alone[seat.group] == 1 and seat.group.parent and "row" not in seat.group.facts:
            seat.label = seat.label or seat.group.name or None
            seat.group = seat.group.parent
    return _written_on(seats, words)


def _written_on(seats, words):
    near = _Near(seats)
    left = []
    for word in words:
        seat = near.at(word.x, word.y)
        if seat is None or len(word.text) > LONGEST_WORD + 2:
            left.append(word)
        elif seat.label is None:
            seat.label = word.text
    return left


class _Near:
    """Finds the seat under a point."""

    def __init__(self, seats):
        self.size = median_low([seat.mark.size for seat in seats]) or 1
        self.cells = defaultdict(list)
        for seat in seats:
            self.cells[self._cell(*seat.point)].append(seat)

    def at(self, x, y):
        column, line = self._cell(x, y)
        around = [(column + a, line + b) for a in (-1, 0, 1) for b in (-1, 0, 1)]
        for seat in (seat for cell in around for seat in self.cells.get(cell, ())):
            sx, sy = seat.point
            if abs(sx - x) < 0.6 * seat.mark.w and abs(sy - y) < 0.6 * seat.mark.h:
                return seat
        return None

    def _cell(self, x, y):
        return int(x // (2 * self.size)), int(y // (2 * self.size))
