"""Plain blocks in front of a stage, from a list of sections: what load scenarios ask for."""

from venues.generators.drawing import finished, row_labels, stage
from venues.plan import (
    MOST_PLACES,
    Plan,
    PlanError,
    PlanRow,
    PlanSeat,
    PlanSection,
    in_front_of_a_stage,
    in_rows,
    outlines,
    section_box,
    standing,
)

ROOM_TO_STAND = 15
"""Side of the square a standing place takes."""


def grid(sections, name="Arena"):
    """A normalised plan of `[{"name", "rows", "seats"} | {"name", "standing"}, …]`.

    Every row has `seats` seats; rows are called A, B … Z, AA. Places are
    numbered in the order of the list, wherever a section stands. Raises PlanError for a section that
    is neither, or for more places than a plan may have.
    """
    problems = [problem for form in sections if (problem := _problem(form))]
    if problems or not sections:
        raise PlanError(problems or ["Plan: there are no sections in it"])
    order = {form["name"]: position for position, form in enumerate(sections)}
    placed = in_front_of_a_stage([_section(form) for form in sections])
    placed = tuple(sorted(placed, key=lambda section: order[section.label]))
    boxes = [section_box(section) for section in placed]
    width = max(right for _, _, right, _ in boxes) - min(left for left, _, _, _ in boxes)
    platform = stage(max(160, min(0.5 * width, 900)), 110, front=-70)
    return finished(Plan(name, placed, (platform,)))


def _problem(form):
    counts = [form[key] for key in ("standing", "rows", "seats") if key in form]
    whole = all(isinstance(n, int) and 0 < n <= MOST_PLACES for n in counts)
    known = "standing" in form or {"rows", "seats"} <= form.keys()
    if not isinstance(form.get("name"), str) or not whole or not known:
        return f"Section {form.get('name')!r}: needs a name and either rows and seats, or standing"
    if form.get("rows", 0) * form.get("seats", 0) > MOST_PLACES:
        return f"Section {form['name']!r}: has more than {MOST_PLACES:,} places"
    return ""


def _section(form):
    if "standing" in form:
        depth = ROOM_TO_STAND * (form["standing"] / 2) ** 0.5
        floor = outlines.rectangle(0, 0, 2 * depth, depth)
        return standing(form["name"], form["standing"], floor)
    numbers = [str(number) for number in range(1, form["seats"] + 1)]
    labels = zip(row_labels(), range(form["rows"]), strict=False)
    rows = [PlanRow(label, tuple(PlanSeat(n, 0, 0) for n in numbers)) for label, _ in labels]
    return PlanSection(form["name"], "SEATS", in_rows(rows))
