"""Which section and row each seat of a drawing belongs to: by groups, names, areas, words beside rows,
and where the seats stand."""

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from venues.importers import reading
from venues.importers.svg_rows import depth, rows_of
from venues.importers.svg_seats import LONGEST_WORD
from venues.plan import outlines

SHORT = 3  # letters of a name that is a row's rather than a section's

_ROW = re.compile(r"(?:row|rang|rangée|rangee|reihe|fila|riga|rij)[\s.:_-]*(.+)", re.IGNORECASE)
_SEAT = re.compile(
    r"(?:seat|sitz|platz|place|siège|siege|asiento|butaca|posto|stoel|nr|no)[\s.:_#-]*(.+)",
    re.IGNORECASE,
)
_BOTH = re.compile(
    r"(?:row|rang|rangée|rangee|reihe|fila|riga|rij)[\s.:_-]*(\w+)[\s,;/._-]+"
    r"(?:seat|sitz|platz|place|siège|siege|asiento|butaca|posto)[\s.:_#-]*(\w+)",
    re.IGNORECASE,
)
_GLUED = re.compile(r"([A-Za-z]{1,2})(\d{1,3})")
_APART = re.compile(r"[\s_/.,:;-]+")
_LAYER = re.compile(
    r"(all )?(seats?|sitze|plätze|places|sièges|sieges|asientos|posti|chairs|stühle|seating|plan|map"
    r"|seat ?map|seating ?(plan|chart|map)|rows?|reihen|labels?|texts?|texte|venue|saal|sections?"
    r"|background|hintergrund|fond|decorations?|shapes?|outlines?|floor ?plan)\d*",
    re.IGNORECASE,
)


@dataclass(eq=False)
class Line:
    """A row. `label` is None while it has none."""

    label: str | None
    seats: list

    @property
    def points(self):
        return [seat.point for seat in self.seats]


@dataclass(eq=False)
class Block:
    """A section of seats. `area` is the mark that outlines it; `is_named`: the drawing has its name."""

    label: str
    facts: dict
    lines: list = field(default_factory=list)
    area: object = None
    is_named: bool = True

    @property
    def seats(self):
        return [seat for line in self.lines for seat in line.seats]


def blocks_of(seats, areas, focal):
    """The sections of the drawing: of its named groups, else of the areas the seats lie in."""
    blocks = {}
    for group, members in _by(seats, lambda seat: seat.group).items():
        for key, some in _parted(group, members, areas).items():
            block = blocks.setdefault(key, _new_block(key, group))
            block.lines += _lines(group, some, key, focal)
    for block in blocks.values():
        block.lines = _joined(block.lines)
    return _told_apart(blocks)


def _by(things, key):
    found = defaultdict(list)
    for thing in things:
        found[key(thing)].append(thing)
    return found


def _parted(group, members, areas):
    """{group, area or None that is the section: its seats}."""
    section = next((g for g in group.line() if "section" in g.facts), None)
    if section is None:
        named = [g for g in group.line() if g.parent and _is_name(g.name) and "row" not in g.facts]
        section = named[0] if named else None
        if named and _is_row_name(named[0], members):
            section = named[1] if len(named) > 1 else None
    if section is not None:
        return {section: members}
    return _by(members, lambda seat: _area_of(seat, areas))


def _is_name(name):
    return bool(name) and not _LAYER.fullmatch(name)


def _is_row_name(group, members):
    """Whether a named group is a row: it says so, or it is one line with a short name, or with a named
    group around it."""
    if _ROW.fullmatch(group.name):
        return True
    around = [g for g in group.line() if g is not group and g.parent and _is_name(g.name)]
    return (len(group.name) <= SHORT or bool(around)) and _is_one_line(members)


def _is_one_line(members):
    return len(rows_of([seat.point for seat in members])) == 1


def _area_of(seat, areas):
    x, y = seat.point
    for area in areas:
        left, top, right, bottom = area.box
        if left <= x <= right and top <= y <= bottom and outlines.contains(area.points, (x, y)):
            return area
    return None


def _new_block(key, group):
    if key is None:
        return Block("Main", {}, is_named=False)
    if hasattr(key, "points"):
        return Block(key.name or "Main", {}, area=key, is_named=bool(key.name))
    facts = {k: v for g in reversed(list(group.line())) for k, v in g.facts.items() if g.parent}
    return Block(key.facts.get("section", reading.label(key.name)), {**facts, **key.facts})


def _lines(group, members, key, focal):
    """The rows of seats that are in one group."""
    marked = next((g for g in group.line() if "row" in g.facts), None)
    if marked:
        return [Line(marked.facts["row"], members)]
    if group is not key and group.parent and _is_name(group.name) and _is_row_name(group, members):
        said = _ROW.fullmatch(group.name)
        line = Line(said[1].strip() if said else group.name, members)
        _name_seats(line, key)
        return [line]
    _split_names(members, key)
    if members and all(seat.row for seat in members):
        return [Line(row, some) for row, some in _by(members, lambda seat: seat.row).items()]
    points = [seat.point for seat in members]
    return [Line(None, [members[i] for i in row]) for row in rows_of(points, focal)]


def _name_seats(line, key):
    for seat in line.seats:
        if seat.label is not None:
            row, label = _spoken(seat.label, key)
            seat.label = label if row is None or row == line.label else seat.label
            if label.casefold().startswith(line.label.casefold()) and _GLUED.fullmatch(label):
                seat.label = label[len(line.label) :]


def _split_names(seats, key):
    for seat in seats:
        if seat.label is not None:
            seat.row, seat.label = _spoken(seat.label, key)
            glued = _GLUED.fullmatch(seat.label) if seat.row is None else None
            if glued:
                seat.row, seat.label = glued.groups()


def _spoken(name, key):
    """(row or None, label) of a seat's name: 'Row A, Seat 12', 'Stalls-A-12', 'A-12', 'Seat 12'."""
    both = _BOTH.search(name)
    if both:
        return both[1], both[2]
    section = getattr(key, "name", "") or ""
    if section and name.casefold().startswith(section.casefold() + name[len(section) :][:1]):
        rest = name[len(section) :]
        name = _APART.sub("", rest, count=1) if _APART.match(rest) else name
    said = _SEAT.fullmatch(name)
    name = said[1] if said else name
    parts = [part for part in _APART.split(name) if part]
    if len(parts) < 2:
        return None, name
    row = _ROW.fullmatch(parts[-2])
    return (row[1] if row else parts[-2]), parts[-1]


def _joined(lines):
    """Lines of the same label are one row, as they are on both sides of an aisle."""
    named = _by([line for line in lines if line.label is not None], lambda line: line.label)
    joined = {
        label: Line(label, [seat for line in same for seat in line.seats])
        for label, same in named.items()
    }
    found = []
    for line in lines:
        if line.label is None:
            found.append(line)
        elif line.label in joined:
            found.append(joined.pop(line.label))
    return found


def _told_apart(blocks):
    """Sections of the same name in different groups carry the name of the group around theirs."""
    often = Counter(block.label for block in blocks.values())
    found = {}
    for key, block in blocks.items():
        if often[block.label] > 1 and hasattr(key, "parent") and "section" not in key.facts:
            outer = next((g.name for g in key.line() if g is not key and _is_name(g.name)), "")
            block.label = f"{outer} {block.label}".strip()
        known = found.setdefault(block.label, block)
        if known is not block:
            known.lines = _joined([*known.lines, *block.lines])
    return list(found.values())


# Words beside the rows


def name_rows(blocks, words):
    """Short words at the ends of unnamed rows name them; returns the words left."""
    waiting = [line for block in blocks for line in block.lines if line.label is None]
    found = defaultdict(list)
    left = []
    ends = _Ends(waiting)
    for word in words:
        at_end = ends.nearest(word) if len(word.text) <= LONGEST_WORD else None
        if at_end is None:
            left.append(word)
        else:
            found[at_end].append(word)
    for line, beside in found.items():
        texts = {word.text for word in beside}
        if len(texts) == 1:
            line.label = texts.pop()
        else:
            left += beside
    return left


def _ends(line):
    """(end point, the way on from there, the usual distance) of both ends of a row."""
    points = line.points
    if len(points) < 2:
        return []
    (x1, y1), (x2, y2), (x3, y3), (x4, y4) = points[0], points[1], points[-2], points[-1]
    steps = [((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5, ((x4 - x3) ** 2 + (y4 - y3) ** 2) ** 0.5]
    step = min(steps) or 1
    return [
        ((x1, y1), ((x1 - x2) / step, (y1 - y2) / step), step),
        ((x4, y4), ((x4 - x3) / step, (y4 - y3) / step), step),
    ]


class _Ends:
    """Finds the row that ends at a word."""

    def __init__(self, lines):
        ends = [(line, *end) for line in lines for end in _ends(line)]
        self.reach = 4 * max((step for *_, step in ends), default=1)
        self.cells = defaultdict(list)
        for end in ends:
            self.cells[self._cell(*end[1])].append(end)

    def nearest(self, word):
        column, row = self._cell(word.x, word.y)
        best = None
        for cell in [(column + a, row + b) for a in (-1, 0, 1) for b in (-1, 0, 1)]:
            for line, (x, y), (ax, ay), step in self.cells.get(cell, ()):
                dx, dy = word.x - x, word.y - y
                ahead, aside = dx * ax + dy * ay, abs(dx * ay - dy * ax)
                fits = 0.3 * step < ahead < 4 * step and aside < 0.5 * step
                if fits and (best is None or ahead < best[0]):
                    best = ahead, line
        return best and best[1]

    def _cell(self, x, y):
        return int(x // self.reach), int(y // self.reach)


def front_first(block, focal):
    """Rows that were not named stand front to back; named ones stay as they are drawn."""
    if any(line.label is None for line in block.lines):
        block.lines.sort(key=lambda line: depth(line.points, focal))
