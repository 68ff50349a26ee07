"""Generated seat plans: everything a published plan can have, put together by chance."""

import math

from hypothesis import assume
from hypothesis import strategies as st

from venues.plan import Plan, PlanRow, PlanSeat, PlanSection, PlanShape, normalise, problems_of

LABELS = st.text(
    st.characters(categories=("L", "Nd", "P", "S", "Zs"), exclude_characters="\ufffe\uffff"),
    min_size=1,
    max_size=6,
)
NOTES = st.one_of(st.just(""), LABELS)
KINDS = st.sampled_from(["STANDARD", "STANDARD", "VIP", "WHEELCHAIR", "COMPANION"])


@st.composite
def plans(draw):
    """A sound, normalised plan of one to three sections."""
    names = draw(st.lists(LABELS, min_size=1, max_size=3, unique=True))
    sections = tuple(draw(_sections(name, i)) for i, name in enumerate(names))
    zones = [section.zone for section in sections if section.zone]
    plan = Plan(
        name=draw(LABELS),
        sections=sections,
        shapes=tuple(draw(st.lists(_shapes(), max_size=3))),
        focal=draw(st.none() | st.tuples(_spots(), _spots())),
        categories=draw(
            st.lists(st.tuples(LABELS, LABELS, st.just("#a0b1c2")), max_size=2).map(tuple)
        ),
        focals={zone: (draw(_spots()), draw(_spots())) for zone in zones},
    )
    found = normalise(plan)
    assume(not problems_of(found))  # such as "<a", which is no label
    return found


def _spots():
    return st.integers(-300, 900)


@st.composite
def _shapes(draw):
    kind = draw(st.sampled_from(["stage", "rectangle", "circle", "text", "polygon", "bar"]))
    label = draw(NOTES)
    if kind in ("stage", "polygon"):
        corners = st.lists(st.tuples(_spots(), _spots()), min_size=1, max_size=6)
        return PlanShape(kind, label, tuple(draw(corners)))
    sizes = [draw(st.integers(0, 200)) for _ in "wh"] if kind != "text" else [0, 0]
    return PlanShape(
        kind, label, (), draw(_spots()), draw(_spots()), *sizes, draw(st.integers(0, 90))
    )


@st.composite
def _sections(draw, label, number):
    kind = draw(st.sampled_from(["SEATS", "SEATS", "TABLES", "STANDING"]))
    turn, top = draw(st.sampled_from([0, 30, 90])), 1000 * number
    texts = {name: draw(NOTES) for name in ("zone", "floor", "entrance", "category", "view_note")}
    if kind == "STANDING":
        seats = tuple(
            PlanSeat(str(i + 1), 20 * i, top, "STANDING") for i in range(draw(st.integers(1, 9)))
        )
        return PlanSection(label, kind, (PlanRow("", seats),), **texts)
    rows = draw(st.lists(NOTES, min_size=1, max_size=3, unique=True))
    made = tuple(draw(_rows(name, depth, top, turn)) for depth, name in enumerate(rows))
    return PlanSection(label, kind, made, **texts)


@st.composite
def _rows(draw, label, depth, top, turn):
    labels = draw(st.lists(LABELS, min_size=1, max_size=7, unique=True))
    cosine, sine = math.cos(math.radians(turn)), math.sin(math.radians(turn))
    x, block, seats = 0, 0, []
    for name in labels:
        x += draw(st.sampled_from([20, 20, 20, 60]))
        block += draw(st.sampled_from([0, 0, 0, 1]))
        y = 24 * depth
        seats.append(
            PlanSeat(
                name,
                x * cosine - y * sine,
                top + x * sine + y * cosine,
                kind=draw(KINDS),
                block=block,
                restricted_view=draw(st.booleans()),
                category=draw(NOTES),
                disclosure=draw(NOTES),
            )
        )
    return PlanRow(label, tuple(seats))
