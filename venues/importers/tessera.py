"""The JSON that Tessera writes: a plan in its canonical form, as `venues.exporters` gives it."""

import math
from dataclasses import fields

from venues.importers import reading
from venues.plan import Plan, PlanError, PlanRow, PlanSeat, PlanSection, PlanShape
from venues.plan.soundness import shown

MARK = "tessera-layout"
TEXTS = {
    "name",
    "label",
    "kind",
    "zone",
    "floor",
    "entrance",
    "category",
    "view_note",
    "disclosure",
}
SWITCHES = {"restricted_view"}
MISSING = {
    PlanSection: {"label": "", "kind": "SEATS"},
    PlanSeat: {"label": "", "x": math.nan, "y": math.nan},
    PlanShape: {"kind": ""},
}
"""What stands for fields that a part cannot be without: the plan's validation tells them."""


def is_plan(form):
    """Whether a JSON document is such a plan."""
    return isinstance(form, dict) and form.get("format") == MARK


def parse(content):
    """The plan of such a file, as it is written. Raises PlanError."""
    form = reading.json_of(reading.text_of(content))
    if not is_plan(form):
        raise PlanError([f"File: is not marked as a {MARK}"])
    sections = reading.parts(form, "sections")
    rows = [row for section in sections for row in reading.parts(section, "rows")]
    reading.refuse_too_many(sum(len(reading.parts(row, "seats")) for row in rows))
    plan = Plan(
        name=_text(form, "name", "Plan"),
        sections=tuple(_section(section) for section in sections),
        shapes=tuple(
            PlanShape(**_given(shape, PlanShape)) for shape in reading.parts(form, "shapes")
        ),
        focal=_point(form["focal"], "Focal point") if form.get("focal") else None,
        categories=tuple(_category(each) for each in _list(form, "categories")),
        focals={
            zone: _point(at, "Focal point") for zone, at in reading.part(form, "focals").items()
        },
    )
    return reading.sound(plan, [])


def _section(form):
    rows = tuple(_row(row) for row in reading.parts(form, "rows"))
    return PlanSection(rows=rows, **_given(form, PlanSection, "rows"))


def _row(form):
    seats = enumerate(reading.parts(form, "seats"))
    seats = tuple(PlanSeat(index=i, **_given(seat, PlanSeat, "index")) for i, seat in seats)
    return PlanRow(_text(form, "label", "A row"), seats)


def _given(form, kind, *without):
    """The fields of a part that a dict has, each of its type; what a part needs is as in MISSING."""
    names = {each.name for each in fields(kind)} - set(without)
    unknown = form.keys() - names - set(without)
    what = f"{kind.__name__.removeprefix('Plan')} {shown(reading.label(form.get('label')))}"
    if unknown:
        raise PlanError([f"{what}: {', '.join(sorted(map(shown, unknown)))} is not known here"])
    return {**MISSING[kind], **{name: _value(form, name, what) for name in form.keys() & names}}


def _value(form, name, what):
    if name in TEXTS:
        return _text(form, name, what)
    if name in SWITCHES:
        return reading.flag(form[name])
    if name in ("outline", "points"):
        return tuple(_point(point, what) for point in _list(form, name))
    if name == "block":
        return reading.whole(form[name]) or 0
    return _number(form[name], what, name)


def _text(form, name, what):
    value = form.get(name, "")
    if not isinstance(value, str):
        raise PlanError([f"{what}: its {name.replace('_', ' ')} is no text"])
    return value


def _number(value, what, name):
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise PlanError([f"{what}: its {name} is no number"])
    value = reading.number(value)
    if name == "rotation" and not math.isfinite(value):
        raise PlanError([f"{what}: its rotation is no number of degrees"])
    return value


def _list(form, name):
    value = form.get(name, [])
    if not isinstance(value, list):
        raise PlanError([f"File: '{name}' is not a list"])
    return value


def _point(value, what):
    if not isinstance(value, list) or len(value) != 2:
        raise PlanError([f"{what}: a point is two numbers"])
    return tuple(_number(each, what, "point") for each in value)


def _category(value):
    if not isinstance(value, list) or len(value) != 3 or not all(isinstance(v, str) for v in value):
        raise PlanError(["Category: needs a key, a label and a colour"])
    return *value[:2], reading.colour(value[2])
