"""What is drawn in an SVG file: marks, words and the groups they stand in. Nothing is judged yet."""

import re
from dataclasses import dataclass, field

from venues.importers import reading, svg_tree
from venues.importers import svg_space as space
from venues.plan import MOST_PLACES, PlanError, outlines
from venues.plan.soundness import shown

MOST_MARKS = 2 * MOST_PLACES
MOST_CORNERS = 5_000_000  # a circle of 33 for each place
MOST_OUTLINED = 500_000  # corners of what has more than any seat
FINEST_SEAT = 40  # corners
MOST_ELEMENTS = svg_tree.MOST_ELEMENTS  # used ones count each time
MOST_USES = 8  # a symbol in a symbol in a symbol
UNSEEN = {"defs", "symbol", "clipPath", "mask", "pattern", "marker", "metadata", "style", "script"}
UNSEEN |= {"foreignObject", "image", "linearGradient", "radialGradient", "filter", "other", "title"}
UNSEEN |= {"desc", "sodipodi:namedview"}
DRAWN = {"circle", "ellipse", "rect", "polygon", "path"}
LETTER = 0.55  # width of a letter, in font sizes

# What drawing programs call things by themselves.
_GIVEN = re.compile(
    r"(g|svg|path|rect|circle(?=\D*\d)|ellipse|polygon|polyline|use|text|tspan|layer|group|gruppe|groupe|grupo"
    r"|gruppo|vector|frame|ebene|calque|capa|livello|oval|shape|rectangle|line|image|symbol|union"
    r"|subtract|intersect|clip|mask|artboard|page|object|svgid|path-?effect)[\s_\-]*"
    r"(copy|kopie|copie)?[\s_\-\d]*",
    re.IGNORECASE,
)
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{2,4})_")
_TWICE = re.compile(r"_\d+_$")
_COPY = re.compile(r"(.+)_\d+$")
_CLASS = re.compile(r"\.([\w-]{1,80})")
LONGEST_NAME = 200  # longer ones are refused as labels anyway


@dataclass(eq=False, slots=True)
class Group:
    """A group and what it is called; `facts` are its data-* attributes."""

    name: str
    facts: dict
    parent: "Group | None" = None
    number: int = 0

    def line(self):
        """The group and those around it, from the inside."""
        group = self
        while group:
            yield group
            group = group.parent


@dataclass(eq=False, slots=True)
class Mark:
    """Something drawn: its corners, its middle and size. `hint` is all that was said about it."""

    tag: str
    points: list
    is_round: bool
    name: str
    facts: dict
    hint: str
    group: Group
    x: float = 0.0
    y: float = 0.0
    w: float = 0.0
    h: float = 0.0

    @property
    def size(self):
        return (self.w * self.h) ** 0.5

    @property
    def box(self):
        return self.x - self.w / 2, self.y - self.h / 2, self.x + self.w / 2, self.y + self.h / 2


@dataclass(frozen=True, slots=True)
class Word:
    """A written word, by its middle. `turn` is in clockwise degrees."""

    text: str
    x: float
    y: float
    size: float
    turn: float
    group: Group
    facts: dict = field(default_factory=dict)


@dataclass(slots=True)
class Drawing:
    root: Group
    marks: list = field(default_factory=list)
    words: list = field(default_factory=list)


def read(text):
    """The Drawing of an SVG document. Raises PlanError."""
    root = svg_tree.read(text)
    walk = _Walk(root)
    walk.into(root, _Inherited(Group(_called(root, walk.ids), _facts(root)), is_root=True))
    return walk.drawing


@dataclass(frozen=True, slots=True)
class _Inherited:
    """What holds for everything within an element."""

    group: Group
    matrix: tuple = space.IDENTITY
    font: float = 16.0
    anchor: str = "start"
    uses: int = 0
    is_root: bool = False


class _Walk:
    def __init__(self, root):
        everything = list(_all(root))
        self.ids = {each.get("id"): each for each in everything if each.get("id")}
        style = " ".join(each.text for each in everything if each.tag == "style")
        self.hidden = _hidden_classes(style)
        self.met = 0
        self.drawing = None
        self.groups = 0
        self.corners = self.outlined = 0

    def into(self, element, around):
        """Takes in what is within an element; `around` already counts its transform in."""
        if self.drawing is None:
            self.drawing = Drawing(around.group)
        for child in element.children:
            self._meet(1)
            if child.tag not in UNSEEN and not self._is_hidden(child):
                self._take(child, around)

    def _meet(self, elements):
        """Counts what is looked at: a few elements that use one another become millions."""
        self.met += elements
        if self.met > MOST_ELEMENTS:
            raise PlanError(
                [f"Drawing: more than {MOST_ELEMENTS:,} elements, counted each time they are used"]
            )

    def _take(self, child, around):
        inside = _within(child, around)
        if child.tag in DRAWN:
            self._mark(child, inside)
        elif child.tag == "text":
            self._text(child, inside)
        elif child.tag == "use":
            self._use(child, inside)
        else:
            if child.tag == "svg":
                matrix = space.times(inside.matrix, space.of_viewport(child))
                inside = _changed(inside, matrix=matrix)
            self.into(child, _changed(inside, group=self._group(child, around.group)))

    def _group(self, element, parent):
        self.groups += 1
        return Group(_called(element, self.ids), _facts(element), parent, self.groups)

    def _mark(self, element, inside):
        points, is_round, is_closed = space.outline_of(element)
        self._count(len(points))
        points = points if is_closed else []
        facts = _facts(element)
        if not points and not facts:
            return
        if len(self.drawing.marks) >= MOST_MARKS:
            raise PlanError([f"Plan: more than {MOST_MARKS:,} things are drawn in it"])
        name = _called(element, self.ids)
        hint = " ".join([name, element.get("class"), element.get("id"), element.title])
        points = [space.at(inside.matrix, x, y) for x, y in points]
        mark = Mark(element.tag, points, is_round, name, facts, hint, inside.group)
        if points:
            left, top, right, bottom = outlines.box(points)
            mark.x, mark.y = (left + right) / 2, (top + bottom) / 2
            mark.w, mark.h = right - left, bottom - top
        self.drawing.marks.append(mark)

    def _count(self, corners):
        self.corners += corners
        self.outlined += corners if corners > FINEST_SEAT else 0
        if self.corners > MOST_CORNERS or self.outlined > MOST_OUTLINED:
            raise PlanError(
                [
                    f"Drawing: more than {MOST_OUTLINED:,} corners of outlines, or "
                    f"{MOST_CORNERS:,} in all, are drawn in it; leave decoration out"
                ]
            )

    def _text(self, element, inside):
        self._meet(sum(1 for _ in _all(element)) - 1)
        lines = [child for child in element.children if child.get("x") or child.get("y")]
        for line in lines or [element]:
            words = line.words()
            if words:
                self.drawing.words.append(_word(words, line, element, _within(line, inside, False)))

    def _use(self, element, inside):
        """What is used is drawn here; a ring of uses ends at its eighth turn."""
        link = element.get("href") or element.get("xlink:href")
        used = self.ids.get(link.removeprefix("#"))
        if used is None or inside.uses >= MOST_USES or not link.startswith("#"):
            return
        shift = space.length(element.get("x"), 0.0), space.length(element.get("y"), 0.0)
        inside = _changed(
            inside,
            matrix=space.times(inside.matrix, (1, 0, 0, 1, *shift)),
            uses=inside.uses + 1,
            group=self._group(element, inside.group),
        )
        if used.tag in ("symbol", "svg"):
            sized = {name: element.get(name) for name in ("width", "height") if element.get(name)}
            frame = svg_tree.Element("svg", {**used.attributes, **sized, "x": "", "y": ""})
            matrix = space.times(inside.matrix, space.of_viewport(frame))
            self.into(used, _changed(inside, matrix=matrix))
        else:
            self._meet(1)
            self._take(used, inside)

    def _is_hidden(self, element):
        style = element.get("style").replace(" ", "")
        classes = set(element.get("class").split())
        none = "display:none" in style or element.get("display") == "none"
        return none or bool(classes & self.hidden)


def _hidden_classes(style):
    """The classes that a style sheet does not show."""
    rules = (rule.partition("{") for rule in style.split("}"))
    hidden = (names for names, _, body in rules if "display:none" in body.replace(" ", ""))
    return {name for names in hidden for name in _CLASS.findall(names)}


def _all(element):
    waiting = [element]
    while waiting:
        each = waiting.pop()
        yield each
        waiting += each.children


def _changed(around, **changes):
    kept = (around.group, around.matrix, around.font, around.anchor, around.uses)
    names = ("group", "matrix", "font", "anchor", "uses")
    return _Inherited(**{**dict(zip(names, kept, strict=True)), **changes})


def _within(element, around, is_moved=True):
    """What holds within an element of its parent's."""
    style = dict(part.split(":", 1) for part in element.get("style").split(";") if ":" in part)
    style = {key.strip(): value.strip() for key, value in style.items()}
    size = style.get("font-size") or element.get("font-size")
    anchor = style.get("text-anchor") or element.get("text-anchor") or around.anchor
    matrix = around.matrix
    if is_moved or element.get("transform"):
        matrix = space.times(matrix, space.transform(element.get("transform")))
    font = space.length(size, around.font)
    return _changed(around, matrix=matrix, font=font if font > 0 else around.font, anchor=anchor)


def _word(words, line, element, inside):
    x, y = (
        (space.numbers(line.get(axis)) or space.numbers(element.get(axis)) or [0.0])[0]
        for axis in "xy"
    )
    half = LETTER * inside.font * len(words) / 2
    x += {"middle": 0.0, "end": -half}.get(inside.anchor, half)
    x, y = space.at(inside.matrix, x, y - 0.35 * inside.font)
    size = inside.font * space.scale_of(inside.matrix)
    facts = {**_facts(element), **_facts(line)}
    return Word(words, x, y, size, space.turn_of(inside.matrix), inside.group, facts)


def _facts(element):
    """The data-* attributes of an element."""
    return {k[5:]: v for k, v in element.attributes.items() if k.startswith("data-")}


def _called(element, ids):
    """The name a person gave to an element, or ""."""
    given = (
        *(element.get("data-name"), element.get("inkscape:label"), element.title),
        *(element.get("aria-label"), _of_id(element.get("id"), ids)),
    )
    names = (" ".join(name[:LONGEST_NAME].split()) for name in given)
    return next((name for name in names if name and not _GIVEN.fullmatch(name)), "")


def _of_id(text, ids):
    """An id as it was typed: programs write blanks as _ or _x20_, and number what is there twice."""
    text = text[:LONGEST_NAME]
    copied = _COPY.fullmatch(text)
    if copied and copied[1] in ids:
        text = copied[1]
    text = _ESCAPED.sub(lambda code: chr(int(code[1], 16)), _TWICE.sub("", text))
    return text.replace("_", " ")


def json_fact(facts, name, default):
    """The JSON value of a data-* attribute, of the same type as `default`. Raises PlanError."""
    if name not in facts:
        return default
    value = reading.json_of(facts[name])
    if type(value) is not type(default):
        raise PlanError([f"Drawing: data-{name} is not what it should be: {shown(facts[name])}"])
    return value


def point_of(value):
    """(x, y) of a JSON list; NaN for what is no number, which the plan's validation then tells."""
    pair = value if isinstance(value, list) and len(value) == 2 else [None, None]
    return reading.number(pair[0]), reading.number(pair[1])
