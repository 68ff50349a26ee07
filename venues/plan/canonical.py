"""A plan as JSON-able dicts and lists, and back; its content names its version."""

import hashlib
import json
from dataclasses import asdict, replace

from venues.plan.parts import Plan, PlanRow, PlanSeat, PlanSection, PlanShape


def canonical(plan):
    """The plan as JSON-able dicts and lists; what is at its default is left out."""
    form = {
        "name": plan.name,
        "focal": list(plan.focal or ()),
        "categories": [list(category) for category in plan.categories],
        "shapes": [_spelled(shape) for shape in plan.shapes],
        "sections": [_canonical_section(section) for section in plan.sections],
    }
    if plan.focals:
        form["focals"] = {zone: list(point) for zone, point in plan.focals.items()}
    return form


def from_canonical(form):
    """The plan that `canonical` wrote; a seat's index is its position in its row."""
    return Plan(
        name=form["name"],
        sections=tuple(_section_from(section) for section in form["sections"]),
        shapes=tuple(PlanShape(**_tupled(shape, "points")) for shape in form["shapes"]),
        focal=tuple(form["focal"]) or None,
        categories=tuple(tuple(category) for category in form["categories"]),
        focals={zone: tuple(point) for zone, point in form.get("focals", {}).items()},
    )


def content_hash(plan):
    """The name of this version of the plan: 32 hexadecimal digits of SHA-256 over its content."""
    spelled = json.dumps(canonical(plan), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(spelled.encode()).hexdigest()[:32]


def _canonical_section(section):
    form = _spelled(replace(section, rows=()))
    form["rows"] = [
        {"label": row.label, "seats": [_canonical_seat(seat) for seat in row.seats]}
        for row in section.rows
    ]
    return form


def _canonical_seat(seat):
    form = {"label": seat.label, "x": seat.x, "y": seat.y}
    if seat.kind != "STANDARD":
        form["kind"] = seat.kind
    if seat.block:
        form["block"] = seat.block
    if seat.restricted_view:
        form["restricted_view"] = True
    if seat.category:
        form["category"] = seat.category
    if seat.disclosure:
        form["disclosure"] = seat.disclosure
    return form


def _section_from(form):
    rows = tuple(
        PlanRow(row["label"], tuple(PlanSeat(index=i, **s) for i, s in enumerate(row["seats"])))
        for row in form["rows"]
    )
    return PlanSection(**{"label": "", **_tupled(form, "outline"), "rows": rows})


def _spelled(part):
    """A dataclass as a dict of JSON values, without empty ones."""
    form = {}
    for name, value in asdict(part).items():
        if value not in ("", 0, ()):
            form[name] = [list(point) for point in value] if isinstance(value, tuple) else value
    return form


def _tupled(form, name):
    return {**form, name: tuple(tuple(point) for point in form.get(name, ()))}
