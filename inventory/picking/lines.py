"""The picker on a wire: a JSON object a line in, one out, for judges from outside."""

import json

from core.errors import DomainError, Invalid
from inventory.picking.choosing import NoSuchGroup, Party, choose
from inventory.picking.house import House, Place
from inventory.picking.states import FREE, OTHER, TAKEN, over_each_other

MOST_PLACES = 200_000
LARGEST_PARTY = 100
STATUSES = (FREE, TAKEN)
FARTHEST = 1e9  # from the origin; what is squared must stay a number
MISCHANGED = "changed must be {id: status} of known seats; a status is 0, free, or 1, taken."
UNFOCUSED = "init.focal must be two numbers, [x, y], or null."


class Conversation:
    """Answers the lines of one judge. The first line names a house and is not answered:

    `{"init": {"seats": [{"id", "section", "row", "block", "index", "x", "y", "category", "accessible",
    "status"}, …], "focal": [x, y]}}`. Every later one,
    `{"op": "pick", "n", "section", "category", "accessible", "changed": {id: status}}`, is answered by
    `{"ids": […]}`, empty when nothing fits. Status 0 is free, 1 taken; `changed` lists all that changed
    since the line before, what the picker answered included. A pick that cannot be understood is
    answered by `{"ids": [], "error": "…"}`; what it says has `changed` is true all the same.
    """

    def __init__(self, first):
        """Raises Invalid when the first line does not name a house."""
        said = _read(first)
        if "init" not in said:
            raise Invalid('The first line must be {"init": …}.')
        self._begin(said["init"])

    def answer(self, line):
        """The answer to a later line, both as JSON text without a line end."""
        try:
            return json.dumps({"ids": self._pick(_read(line))})
        except NoSuchGroup:
            return json.dumps({"ids": []})
        except DomainError as error:
            return json.dumps({"ids": [], "error": error.message})

    def _begin(self, said):
        # benches must lie in one piece, whatever order the seats came in
        placed = sorted(((_place(seat), seat) for seat in _seats(said)), key=_bench_and_index)
        places, seats = map(list, zip(*placed, strict=True))
        ids = [_word(seat, "id", "") for seat in seats]
        if len(set(ids)) < len(ids):
            raise Invalid("Two seats have the same id.")
        if len({place[:4] for place in places}) < len(places):
            raise Invalid("Two seats have the same section, row, block and index.")
        self._stands = bytearray(_status(seat.get("status", FREE)) for seat in seats)
        self._house = House.of(places, _focal(said, places))
        self._ids, self._positions = ids, {each: at for at, each in enumerate(ids)}
        self._categories = {}
        self._of_category = [place.category for place in places]

    def _pick(self, said):
        if said.get("op") != "pick":
            raise Invalid('A line is {"op": "pick", …}.')
        self._change(said.get("changed") or {})
        party = Party(
            size=_size(said),
            section=_word(said, "section", None),
            wheelchair=bool(said.get("accessible")),
        )
        stands, category = bytes(self._stands), _word(said, "category", None)
        if category is not None:
            stands = over_each_other(stands, self._others_than(category))
        return [self._ids[at] for at in choose(self._house, stands, party)]

    def _change(self, changed):
        """Takes over all that can be understood; raises Invalid when something could not."""
        if not isinstance(changed, dict):
            raise Invalid(MISCHANGED)
        known = {
            each: status
            for each, status in changed.items()
            if each in self._positions and _is_status(status)
        }
        for each, status in known.items():
            self._stands[self._positions[each]] = status
        if len(known) < len(changed):
            raise Invalid(MISCHANGED)

    def _others_than(self, category):
        """The layer in which every place of another category is OTHER."""
        if category not in self._categories:
            layer = bytes(FREE if each == category else OTHER for each in self._of_category)
            self._categories[category] = layer
        return self._categories[category]


def _read(line):
    try:
        said = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise Invalid(f"This line is not JSON: {error}") from error
    if not isinstance(said, dict):
        raise Invalid("A line is one JSON object.")
    return said


def _seats(said):
    seats = said.get("seats") if isinstance(said, dict) else None
    if (
        not isinstance(seats, list)
        or not seats
        or not all(isinstance(seat, dict) for seat in seats)
    ):
        raise Invalid("init.seats must be a list of seats.")
    if len(seats) > MOST_PLACES:
        raise Invalid(f"A house has at most {MOST_PLACES:,} seats.")
    return seats


def _bench_and_index(placed):
    return placed[0][:4]


def _place(seat):
    return Place(
        section=_word(seat, "section", ""),
        row=_word(seat, "row", ""),
        block=_word(seat, "block", "0"),
        index=_whole(seat.get("index")),
        x=_number(seat.get("x")),
        y=_number(seat.get("y")),
        kind="WHEELCHAIR" if seat.get("accessible") else "STANDARD",
        category=_word(seat, "category", ""),
    )


def _word(seat, key, default):
    value = seat.get(key, default)
    return default if value is None else str(value)


def _whole(value):
    if type(value) is not int:
        raise Invalid("A seat's index must be a whole number.")
    return value


def _number(value):
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= FARTHEST:
        raise Invalid("A seat's x and y must be numbers, no farther than 1,000,000,000 from 0.")
    return float(value)


def _is_status(value):
    return type(value) is int and value in STATUSES


def _status(value):
    if not _is_status(value):
        raise Invalid("A status is 0, free, or 1, taken.")
    return value


def _size(said):
    size = said.get("n")
    if type(size) is not int or not 1 <= size <= LARGEST_PARTY:
        raise Invalid(f"n must be a whole number from 1 to {LARGEST_PARTY}.")
    return size


def _focal(said, places):
    """What the house looks at; without a word the middle of its upper edge."""
    focal = said.get("focal")
    if focal is None:
        xs = [place.x for place in places]
        return (min(xs) + max(xs)) / 2, min(place.y for place in places)
    if not isinstance(focal, list) or len(focal) != 2:
        raise Invalid(UNFOCUSED)
    try:
        return tuple(map(_number, focal))
    except Invalid as error:
        raise Invalid(UNFOCUSED) from error
