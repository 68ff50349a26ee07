"""The plan that an editor sends: it may hold anything, so only what was understood is kept."""

from venues.importers import reading
from venues.plan import (
    Plan,
    PlanError,
    PlanRow,
    PlanSeat,
    PlanSection,
    PlanShape,
    canonical,
    faults_of,
)

MOST_BYTES = 12 << 20
MOST_PARTS = 5_000
"""Sections or shapes of one plan, and rows of one section."""


def merged(stored, sent):
    """The canonical form after a save. A number among the sent sections stands for the section that is
    at this position of the stored form: what was not touched is not sent again.

    Raises PlanError naming what cannot be kept, not even while the plan is unfinished.
    """
    sections = sent.get("sections")
    if not isinstance(sections, list) or len(sections) > MOST_PARTS:
        raise PlanError([f"Plan: its sections must be a list of at most {MOST_PARTS:,}"])
    changed = [section for section in sections if not _is_position(section)]
    form = canonical(plan_of({**sent, "sections": changed}))
    fresh = iter(form["sections"])
    form["sections"] = [
        _kept(stored["sections"], each) if _is_position(each) else next(fresh) for each in sections
    ]
    reading.refuse_too_many(places_in(form))
    return form


def plan_of(form):
    """The Plan of a canonical form that somebody sent. Raises PlanError naming every fault."""
    reading.refuse_too_many(_claimed(form))
    plan = Plan(
        name=reading.label(form.get("name")),
        sections=tuple(_section(each) for each in reading.parts(form, "sections")),
        shapes=tuple(_shape(each) for each in _few(reading.parts(form, "shapes"), "shapes")),
        focal=_point(form["focal"]) if form.get("focal") else None,
        categories=tuple(_categories(form)),
        focals={
            reading.label(zone): _point(at) for zone, at in reading.part(form, "focals").items()
        },
    )
    faults = faults_of(plan)
    if faults:
        raise PlanError(faults)
    return plan


def places_in(form):
    return sum(len(row["seats"]) for section in form["sections"] for row in section["rows"])


def _is_position(section):
    return isinstance(section, int) and not isinstance(section, bool)


def _kept(sections, position):
    if not 0 <= position < len(sections):
        raise PlanError([f"Section number {position + 1}: is to be kept, but was never saved"])
    return sections[position]


def _claimed(form):
    """How many places a form says it has, before any is read."""
    return sum(
        len(row.get("seats") or ())
        for section in reading.parts(form, "sections")
        for row in reading.parts(section, "rows")
        if isinstance(row.get("seats"), list)
    )


def _few(parts, what):
    if len(parts) > MOST_PARTS:
        raise PlanError([f"Plan: {len(parts):,} {what}, at most {MOST_PARTS:,} are possible"])
    return parts


def _section(form):
    rows = _few(reading.parts(form, "rows"), "rows in a section")
    return PlanSection(
        label=reading.label(form.get("label")),
        kind=reading.label(form.get("kind")),
        rows=tuple(_row(row) for row in rows),
        outline=tuple(_point(at) for at in _listed(form.get("outline"))),
        **{name: reading.label(form.get(name)) for name in NAMES},
    )


NAMES = ("zone", "floor", "entrance", "category", "view_note")


def _row(form):
    seats = enumerate(reading.parts(form, "seats"))
    return PlanRow(reading.label(form.get("label")), tuple(_seat(i, each) for i, each in seats))


def _seat(index, form):
    return PlanSeat(
        label=reading.label(form.get("label")),
        x=reading.number(form.get("x"), _NONE),
        y=reading.number(form.get("y"), _NONE),
        kind=reading.label(form.get("kind", "STANDARD")),
        block=min(max(reading.whole(form.get("block")) or 0, 0), 1000),
        index=index,
        restricted_view=form.get("restricted_view") is True,
        category=reading.label(form.get("category")),
        disclosure=reading.label(form.get("disclosure")),
    )


def _shape(form):
    sizes = {name: reading.number(form.get(name), 0) for name in ("x", "y", "w", "h", "rotation")}
    return PlanShape(
        kind=reading.label(form.get("kind"))[:20],
        label=reading.label(form.get("label")),
        points=tuple(_point(at) for at in _listed(form.get("points"))),
        **sizes,
    )


def _categories(form):
    for each in _listed(form.get("categories")):
        if isinstance(each, list) and len(each) == 3:
            yield reading.caption(each[0]), reading.caption(each[1]), reading.colour(each[2])


_NONE = float("nan")


def _point(at):
    if not isinstance(at, list) or len(at) != 2:
        return _NONE, _NONE
    return reading.number(at[0], _NONE), reading.number(at[1], _NONE)


def _listed(value):
    return value if isinstance(value, list) else []
