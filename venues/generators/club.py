"""A club: 600 standing, a balcony of 48 seats and 8 tables of 4."""

from venues.generators.drawing import finished, line, on_circle, row, stage
from venues.plan import Plan, PlanSection, PlanShape, outlines, standing


def club(name="Club"):
    """The normalised plan of a club with 680 places: Floor, Balcony and Balcony tables."""
    sections = (
        standing("Floor", 600, _floor(), entrance="Street door"),
        PlanSection("Balcony", "SEATS", _rows(), entrance="Stairs", floor="Balcony"),
        PlanSection("Balcony tables", "TABLES", _tables(), entrance="Stairs", floor="Balcony"),
    )
    shapes = (
        stage(330, 110),
        PlanShape("rectangle", "Bar", x=330, y=70, w=56, h=300),
        PlanShape("rectangle", "Sound", x=-60, y=424, w=120, h=44),
        PlanShape("text", "Cloakroom", x=-392, y=210, w=80, h=20, rotation=-90),
        *_table_tops(),
    )
    return finished(Plan(name, sections, shapes))


def _floor():
    return outlines.rectangle(-300, 40, 600, 370)


def _rows():
    return (row("A", line(0, 520, 24)), row("B", line(0, 546, 24)))


def _table_tops():
    return [
        PlanShape("circle", str(number), x=x - 15, y=y - 15, w=30, h=30)
        for number, (x, y) in enumerate(_middles(), start=1)
    ]


def _tables():
    return tuple(
        row(f"Table {number}", [on_circle(middle, 26, turn) for turn in (180, 90, 0, -90)])
        for number, middle in enumerate(_middles(), start=1)
    )


def _middles():
    return [(-287 + 82 * i, 622) for i in range(8)]
