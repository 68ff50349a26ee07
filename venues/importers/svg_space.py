"""Where things of an SVG file are: transforms, lengths, paths, all brought to the drawing's own units.

A matrix is (a, b, c, d, e, f) as SVG has it: x' = a·x + c·y + e, y' = b·x + d·y + f.
"""

import math
import re
from functools import cache
from itertools import islice
from math import comb
from operator import mul
from typing import NamedTuple

from venues.plan import outlines

IDENTITY = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
STEPS = 8  # corners that stand for a curve
MOST_CORNERS = 2_000
PIXELS = {
    "": 1,
    "px": 1,
    "pt": 4 / 3,
    "pc": 16,
    "mm": 96 / 25.4,
    "cm": 96 / 2.54,
    "in": 96,
    "q": 24 / 25.4,
}
NUMBER = r"[-+]?(?:\d{1,40}\.?\d{0,40}|\.\d{1,40})(?:[eE][-+]?\d{1,5})?"
LONGEST_LENGTH, LONGEST_TRANSFORM = 100, 2_000  # letters that are looked at
_NUMBER = re.compile(NUMBER)
_LENGTH = re.compile(rf"\s*({NUMBER}|[-+]?nan|[-+]?inf(?:inity)?)\s*([a-z%]*)\s*", re.IGNORECASE)
_TRANSFORM = re.compile(r"([a-zA-Z]+)\s*\(([^)]*)\)")
_STEP = re.compile(rf"([a-zA-Z])|({NUMBER})")
_ARGUMENTS = {"m": 2, "l": 2, "h": 1, "v": 1, "c": 6, "s": 4, "q": 4, "t": 2, "a": 7, "z": 0}


def numbers(text, most=None):
    """The numbers of a text, at most so many: a file may be one of millions."""
    return [float(found[0]) for found in islice(_NUMBER.finditer(text), most)]


def length(text, default=math.nan, whole=100.0):
    """A length in pixels; `default` when it is missing, NaN for what is none. Percentages are of
    `whole`; relative units are taken for pixels."""
    if not text:
        return default
    found = _LENGTH.fullmatch(text[:LONGEST_LENGTH])
    if not found:
        return math.nan
    value, unit = float(found[1]), found[2].lower()
    return value * whole / 100 if unit == "%" else value * PIXELS.get(unit, 1)


def times(outer, inner):
    """The matrix that does `inner` first, then `outer`."""
    a, b, c, d, e, f = outer
    g, h, i, j, k, m = inner
    return (
        *(a * g + c * h, b * g + d * h, a * i + c * j, b * i + d * j),
        *(a * k + c * m + e, b * k + d * m + f),
    )


def at(matrix, x, y):
    a, b, c, d, e, f = matrix
    return a * x + c * y + e, b * x + d * y + f


def scale_of(matrix):
    """By how much lengths grow, on average over all directions."""
    a, b, c, d, _, _ = matrix
    return math.sqrt(abs(a * d - b * c))


def turn_of(matrix):
    """Clockwise degrees by which a level line is turned."""
    return math.degrees(math.atan2(matrix[1], matrix[0]))


def transform(text):
    """The matrix of a transform attribute; what cannot be read turns into NaN and is told later."""
    matrix = IDENTITY
    for name, arguments in _TRANSFORM.findall((text or "")[:LONGEST_TRANSFORM]):
        matrix = times(matrix, _single(name.lower(), numbers(arguments)))
    return matrix


def _single(name, given):
    makers = {
        "matrix": (6, lambda *m: m),
        "translate": (2, lambda x, y=0.0: (1, 0, 0, 1, x, y)),
        "scale": (2, lambda x, y=None: (x, 0, 0, x if y is None else y, 0, 0)),
        "rotate": (3, _rotation),
        "skewx": (1, lambda turn: (1, 0, math.tan(math.radians(turn)), 1, 0, 0)),
        "skewy": (1, lambda turn: (1, math.tan(math.radians(turn)), 0, 1, 0, 0)),
    }
    most, make = makers.get(name, (0, None))
    least = 6 if name == "matrix" else 1
    if make is None or not least <= len(given) <= most:
        return (math.nan,) * 6
    return tuple(make(*given))


def _rotation(turn, x=0.0, y=0.0):
    cosine, sine = math.cos(math.radians(turn)), math.sin(math.radians(turn))
    return cosine, sine, -sine, cosine, x - x * cosine + y * sine, y - x * sine - y * cosine


def of_viewport(element, is_root=False):
    """The matrix that brings what is in an <svg> or <symbol> to the outside of it. The outermost one
    keeps the units of its own view box: the plan is scaled to its seats anyway."""
    box = numbers(element.get("viewBox"))
    x, y = length(element.get("x"), 0.0), length(element.get("y"), 0.0)
    if is_root:
        return IDENTITY
    if len(box) != 4 or not box[2] or not box[3]:
        return 1, 0, 0, 1, x, y
    wide, high = length(element.get("width"), box[2]), length(element.get("height"), box[3])
    fit = min(wide / box[2], high / box[3])
    if element.get("preserveAspectRatio").startswith("none"):
        return (
            wide / box[2],
            0,
            0,
            high / box[3],
            x - box[0] * wide / box[2],
            y - box[1] * high / box[3],
        )
    dx, dy = (wide - box[2] * fit) / 2, (high - box[3] * fit) / 2
    return fit, 0, 0, fit, x + dx - box[0] * fit, y + dy - box[1] * fit


class Outline(NamedTuple):
    """The corners of something drawn; without a surface when it is not closed."""

    corners: list
    is_round: bool = False
    is_closed: bool = True


def outline_of(element):
    """The Outline of a drawn element in its own units."""
    read = _READERS.get(element.tag)
    return read(element) if read else Outline([])


def _circle(element):
    cx, cy = length(element.get("cx"), 0.0), length(element.get("cy"), 0.0)
    rx = length(element.get("r") or element.get("rx"))
    ry = length(element.get("r") or element.get("ry"), rx)
    rx = ry if math.isnan(rx) else rx
    return Outline(outlines.ellipse(cx, cy, rx, ry, 2 * STEPS) if rx and ry else [], is_round=True)


def _rectangle(element):
    names = ("x", "y", "width", "height")
    x, y, w, h = (length(element.get(name), 0.0) for name in names)
    return Outline(outlines.rectangle(x, y, w, h) if w and h else [])


def _polygon(element):
    given = numbers(element.get("points"), 2 * (MOST_CORNERS + 1))
    return Outline(list(zip(given[::2], given[1::2], strict=False)))


def _path(element):
    """Only the first part of a path, if it is closed: holes and further parts do not matter here."""
    return path(element.get("d"))


def path(text):
    """The Outline of the first part of a path; it is round when it is made of curves only."""
    points, curved, straight = [], 0, 0
    for letter, given in _commands(text):
        if letter == "M" and points:
            break
        if letter == "Z":
            return Outline(points, curved > 0 and straight == 0)
        curved += letter in "CSQTA"
        straight += letter in "LHV"
        points += given
        if len(points) > MOST_CORNERS:
            return Outline(points)
    is_closed = len(points) > 3 and math.dist(points[0], points[-1]) < 1e-6
    return Outline(points, curved > 0 and straight == 0, is_closed)


def _commands(text):
    """(upper-case letter, the points it adds) of each command, in absolute coordinates."""
    x = y = x0 = y0 = 0.0
    mirror = None
    for letter, arguments in _spelled(text):
        kind = letter.lower()
        dx, dy = (x, y) if letter.islower() else (0.0, 0.0)
        if kind == "z":
            x, y = x0, y0
            yield "Z", []
            continue
        start = (x, y)
        if kind == "h":
            x = arguments[0] + dx
        elif kind == "v":
            y = arguments[0] + dy
        else:
            x, y = arguments[-2] + dx, arguments[-1] + dy
        if kind == "m":
            x0, y0 = x, y
        points, mirror = _bent(kind, start, (x, y), arguments, (dx, dy), mirror)
        yield kind.upper(), points


def _spelled(text):
    """(letter, numbers) of each command; repeated arguments repeat it."""
    letter, given = "", []
    for name, number in (found.groups() for found in _STEP.finditer(text or "")):
        if name:
            letter, given = name, []
            if letter in "zZ":
                yield letter, []
            continue
        given.append(float(number))
        if letter and len(given) == _ARGUMENTS.get(letter.lower(), 0):
            yield letter, given
            letter, given = {"m": "l", "M": "L"}.get(letter, letter), []


def _bent(kind, start, end, arguments, shift, mirror):
    """(points of one command without its start, the control point a smooth one after it mirrors)."""
    if kind not in "csqta":
        return [end], None
    if kind == "a":
        return _arc(start, end, *arguments[:5]), None
    pairs = [
        (arguments[i] + shift[0], arguments[i + 1] + shift[1]) for i in range(0, len(arguments), 2)
    ]
    if kind in "st":
        first = (2 * start[0] - mirror[0], 2 * start[1] - mirror[1]) if mirror else start
        pairs = [first, *pairs]
    control = [start, *pairs]
    return _bezier(control), control[-2]


def _bezier(control):
    """STEPS points of a curve without its start."""
    xs, ys = zip(*control, strict=True)
    return [
        (sum(map(mul, weights, xs)), sum(map(mul, weights, ys)))
        for weights in _weights(len(control) - 1)
    ]


@cache
def _weights(degree):
    """How much each control point counts at each of the STEPS along a curve (Bernstein)."""
    return [
        [comb(degree, k) * (1 - along) ** (degree - k) * along**k for k in range(degree + 1)]
        for along in (step / STEPS for step in range(1, STEPS + 1))
    ]


def _arc(start, end, rx, ry, turn, large, sweep):
    """Points of an elliptical arc, as the SVG specification computes them (appendix F.6)."""
    rx, ry = abs(rx), abs(ry)
    if not rx or not ry or start == end:
        return [end]
    cosine, sine = math.cos(math.radians(turn)), math.sin(math.radians(turn))
    hx, hy = (start[0] - end[0]) / 2, (start[1] - end[1]) / 2
    px, py = cosine * hx + sine * hy, cosine * hy - sine * hx
    grown = math.sqrt(max(1.0, (px / rx) ** 2 + (py / ry) ** 2))
    rx, ry = rx * grown, ry * grown
    below = (rx * py) ** 2 + (ry * px) ** 2
    root = math.sqrt(max(0.0, ((rx * ry) ** 2 - below) / below)) if below else 0.0
    root = -root if bool(large) == bool(sweep) else root
    qx, qy = root * rx * py / ry, -root * ry * px / rx
    first = math.atan2((py - qy) / ry, (px - qx) / rx)
    last = math.atan2((-py - qy) / ry, (-px - qx) / rx)
    if sweep and last < first:
        last += math.tau
    if not sweep and last > first:
        last -= math.tau
    cx = cosine * qx - sine * qy + (start[0] + end[0]) / 2
    cy = sine * qx + cosine * qy + (start[1] + end[1]) / 2
    turns = [first + (last - first) * step / STEPS for step in range(1, STEPS)]
    between = [(rx * math.cos(t), ry * math.sin(t)) for t in turns]
    return [(cx + cosine * x - sine * y, cy + sine * x + cosine * y) for x, y in between] + [end]


_READERS = {
    "circle": _circle,
    "ellipse": _circle,
    "rect": _rectangle,
    "polygon": _polygon,
    "path": _path,
}
