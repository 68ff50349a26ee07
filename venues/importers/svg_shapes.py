"""Everything of a drawing that is no seat: the stage, areas to stand in, outlines, decoration."""

import math
import re
from dataclasses import dataclass
from statistics import median_low

from venues.importers import reading
from venues.importers.drafts import drawable, is_stage
from venues.importers.svg_drawing import json_fact, point_of
from venues.plan import PlanError, PlanShape, outlines
from venues.plan.soundness import shown

MOST_FRAMES = 2_000
MOST_STAGES = 100  # times the word is written
MOST_TOLD = 10_000  # with data- attributes

_STANDING = re.compile(
    r"\b(standing|steh\w*|debout|fosse|pit|ga|general admission|de pie|in piedi|mosh)\b",
    re.IGNORECASE,
)
_CAPACITY = re.compile(r"\b(\d[\d.,' ]{0,8}\d|\d)\b(?!\s*%)")


@dataclass
class Area:
    """Somewhere to stand; `capacity` is None until somebody says it."""

    label: str
    capacity: int | None
    outline: list
    facts: dict


def largest(marks):
    """Of a drawing with more decoration than anybody looks at, what can be seen, as it is ordered.
    What has data- attributes stays: nobody marks decoration. Raises PlanError for too much of it."""
    plain = [mark for mark in marks if not mark.facts]
    if len(marks) - len(plain) > MOST_TOLD:
        raise PlanError(
            [f"Drawing: more than {MOST_TOLD:,} shapes and areas have data- attributes"]
        )
    seen = set(map(id, sorted(plain, key=lambda mark: -mark.size)[:MOST_FRAMES]))
    return [mark for mark in marks if mark.facts or id(mark) in seen]


def stage_of(marks, words):
    """The mark everybody looks at: called a stage, or with that word on it."""
    words = [word for word in words if is_stage(word.text)][:MOST_STAGES]
    for mark in marks:
        if is_stage(mark.facts.get("shape") or mark.name) or _on(mark, words):
            return mark
    return None


def _on(mark, words):
    left, top, right, bottom = mark.box
    return [word for word in words if left <= word.x <= right and top <= word.y <= bottom]


def sections_drawn(marks, seats):
    """Outlines around seats, for those that no group names; the smallest first, the sheet left out."""
    if not seats:
        return []
    around = outlines.box([seat.point for seat in seats])
    some = [seat.point for seat in seats[:: max(1, len(seats) // 500)]]
    named = [mark for mark in marks if mark.name and not mark.facts and not _holds(mark, around)]
    named.sort(key=lambda mark: mark.size)
    return [m for m in named if any(outlines.contains(m.points, point) for point in some)]


def _holds(mark, box):
    left, top, right, bottom = mark.box
    return left <= box[0] and top <= box[1] and right >= box[2] and bottom >= box[3]


def with_outlines(blocks, marks):
    """Gives sections the outline that is drawn in their group; returns the other marks."""
    by_label = {block.label: block for block in blocks}
    left = []
    for mark in marks:
        block = by_label.get(mark.group.facts.get("section"))
        if mark.facts.get("part") == "outline" and block:
            block.area = mark
        elif mark.facts.get("part") is None:
            left.append(mark)
    return left


def areas_of(marks, words, seats):
    """([Area], the other marks). A standing area says so, by its name, its words or its capacity."""
    areas, left = [], []
    for mark in marks:
        said = [mark.name, *(word.text for word in _on(mark, words))]
        said = [text for text in said if text]
        if mark.facts.get("capacity") or (
            any(_STANDING.search(text) for text in said) and not _has_seats(mark, seats)
        ):
            areas.append(_area(mark, said, len(areas)))
        else:
            left.append(mark)
    return _with_names(areas), left


def _has_seats(mark, seats):
    left, top, right, bottom = mark.box
    near = (s.point for s in seats if left <= s.mark.x <= right and top <= s.mark.y <= bottom)
    return any(outlines.contains(mark.points, point) for point in near)


def _area(mark, said, number):
    given = mark.facts.get("capacity")
    numbers = [n for text in said for n in _CAPACITY.findall(text)] if given is None else [given]
    capacity = reading.whole("".join(c for c in numbers[0] if c.isdigit())) if numbers else None
    label = mark.facts.get("section") or mark.name or next(iter(said), "")
    bare = re.sub(
        r"\W*\b(capacity|cap|places|plätze|pers(on(en|s)?)?)\b\W*$", "", _CAPACITY.sub("", label)
    )
    label = reading.label(bare.strip(" ()[]:,–-")) or f"Standing {number + 1}"
    return Area(label[:60], capacity, mark.points, mark.facts)


def _with_names(areas):
    seen = {}
    for area in areas:
        seen[area.label] = seen.get(area.label, 0) + 1
        if seen[area.label] > 1:
            area.label = f"{area.label} {seen[area.label]}"
    return areas


def shapes_of(marks, words, seats, stage):
    """Decorations: what is larger than a seat, and the words that are left."""
    usual_size = median_low([seat.mark.size for seat in seats]) if seats else 0
    around = outlines.box([seat.point for seat in seats]) if seats else None
    shapes, written = [], set()
    for mark in marks:
        if "shape" in mark.facts:
            shapes += _own_shape(mark)
            continue
        is_sheet = around and not mark.name and mark is not stage and _holds(mark, around)
        if mark.size < usual_size or is_sheet or not mark.points:
            continue
        on = _on(mark, words)
        label = reading.caption(on[0].text if on else mark.name)
        written.update(id(word) for word in on[:1])
        shapes.append(_drawn(mark, "stage" if mark is stage else mark.tag, label))
    shapes += [_text(word) for word in words if id(word) not in written]
    return [shape for shape in shapes if shape]


def _drawn(mark, tag, label):
    left, top, right, bottom = mark.box
    if tag == "stage" or tag in ("polygon", "path"):
        kind = "polygon" if tag != "stage" else tag
        return PlanShape(kind, label, tuple(mark.points))
    if tag == "rect" and not _is_upright(mark):
        return PlanShape("rectangle", label, tuple(mark.points))
    kind = "rectangle" if tag == "rect" else "circle"
    return PlanShape(kind, label, x=left, y=top, w=right - left, h=bottom - top)


def _is_upright(mark):
    return abs(outlines.area(mark.points) - mark.w * mark.h) < 1e-6 * mark.w * mark.h


def _own_shape(mark):
    """A shape that Tessera wrote: its kind and label are told, its form is as drawn."""
    kind, label = mark.facts["shape"], mark.facts.get("label", "")
    if mark.tag in ("rect", "ellipse") and mark.points:
        left, top, right, bottom = mark.box
        return [PlanShape(kind, label, x=left, y=top, w=right - left, h=bottom - top)]
    if mark.points:
        return [PlanShape(kind, label, tuple(mark.points))]
    points = json_fact(mark.facts, "points", [])
    if points:
        return [PlanShape(kind, label, tuple(map(point_of, points)))]
    box = [reading.number(value) for value in json_fact(mark.facts, "box", [])]
    if len(box) != 5 or not all(map(math.isfinite, box)):
        raise PlanError([f"Shape {shown(label or kind)}: has no form"])
    return [PlanShape(kind, label, (), *box)]


def _text(word):
    if not drawable([(word.x, word.y)]):
        return None
    return PlanShape("text", reading.caption(word.text), x=word.x, y=word.y, rotation=word.turn)
