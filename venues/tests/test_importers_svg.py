"""Seat plans drawn in Inkscape, Illustrator or Figma."""

from itertools import pairwise

import pytest

from venues.importers.svg import understand
from venues.plan import ordinals
from venues.tests.charts import problems_in
from venues.tests.drawings import bow, circles, drawing, group, line, notes_of, plan_of, told

STAGE = '<rect x="300" y="10" width="200" height="40" id="stage"/>'
ONE_TO = {n: " ".join(str(i) for i in range(1, n + 1)) for n in range(1, 30)}


def named(labels):
    return labels.split()


def test_groups_are_sections_and_rows_and_labels_are_seats():
    text = drawing(
        STAGE,
        group(
            group(
                group(circles(line(3, y=100), labels=named("1 2 3")), label="A"),
                group(circles(line(3, y=115), labels=named("4 5 6")), label="Row B"),
                label="Stalls",
            ),
            group(group(circles(line(2, y=200), labels=named("1 2")), label="A"), label="Circle"),
            label="Seats",
        ),
    )
    assert told(plan_of(text)) == {"Stalls": {"A": "1 2 3", "B": "4 5 6"}, "Circle": {"A": "1 2"}}
    assert notes_of(text) == []


def test_nested_transforms_are_followed():
    inner = group(circles([(0, 0), (10, 0), (20, 0)]), transform="rotate(90)")
    turned = group(inner, transform="translate(100 200) scale(2, 2)")
    skewed = group(circles([(0, 10), (10, 10)], r=8), transform="matrix(1 0 0 1 300 0) skewX(45)")
    seats = understand(drawing(turned, skewed)).blocks[0].seats
    assert sorted((round(s.mark.x, 6), round(s.mark.y, 6)) for s in seats) == [
        (100, 200), (100, 220), (100, 240), (310, 10), (320, 10),
    ]  # fmt: skip


def test_a_nested_drawing_with_its_own_view_box_and_units_is_placed():
    inner = '<svg x="100" y="0" width="10mm" height="10mm" viewBox="0 0 20 20">'
    text = drawing(inner + circles([(0, 0), (10, 0)], r=2) + "</svg>")
    first, second = understand(text).blocks[0].seats
    assert first.mark.x == pytest.approx(100)
    assert second.mark.x - first.mark.x == pytest.approx(10 * 37.7952755 / 20)


def test_rectangles_ellipses_and_round_paths_are_seats_too():
    path = '<path d="M 36 4 a 4 4 0 1 0 8 0 a 4 4 0 1 0 -8 0 z"/>'
    curved = '<path d="M64,4 c0,2.2 -1.8,4 -4,4 s-4,-1.8 -4,-4 s1.8,-4 4,-4 s4,1.8 4,4 z"/>'
    boxes = '<rect width="8" height="8" rx="2"/><ellipse cx="24" cy="4" rx="4" ry="3.5"/>'
    plan = plan_of(drawing(boxes, path, curved))
    assert told(plan) == {"Main": {"A": "1 2 3 4"}}


def test_symbols_that_are_used_are_seats():
    head = (
        '<defs><symbol id="chair" viewBox="0 0 8 8"><circle cx="4" cy="4" r="4"/></symbol></defs>'
    )
    uses = "".join(
        f'<use href="#chair" x="{12 * i}" y="0" width="8" height="8"/>' for i in range(4)
    )
    again = '<circle id="first" cx="4" cy="40" r="4"/>'
    again += "".join(f'<use xlink:href="#first" x="{12 * i}"/>' for i in (1, 2))
    assert told(plan_of(drawing(head, uses, again))) == {"Main": {"A": "1 2 3 4", "B": "1 2 3"}}


def test_a_ring_of_uses_ends():
    ring = '<g id="a"><circle r="4"/><use href="#a" x="12"/></g>'
    assert 1 <= plan_of(drawing(ring)).places < 20


def test_illustrators_spelling_of_names_is_read():
    row = "".join(f'<circle id="_x31_{i}_2_" cx="{12 * i}" cy="9" r="4"/>' for i in range(2))
    text = drawing(group(group(row, id="Row_x20_C"), id="Orchestra_x20_Left"))
    assert told(plan_of(text)) == {"Orchestra Left": {"C": "10 11"}}


def test_figmas_numbering_of_repeated_ids_is_undone():
    rows = [
        group(circles([]), *[f'<circle id="{i}{"_2" if y else ""}" cx="{12 * i}" cy="{y}" r="4"/>'
                             for i in (1, 2)], id=name)
        for y, name in ((0, "A"), (15, "B"))
    ]  # fmt: skip
    assert told(plan_of(drawing(group(*rows, id="Stalls")))) == {"Stalls": {"A": "1 2", "B": "1 2"}}


@pytest.mark.parametrize(
    "names",
    ["A-1 A-2 B-1 B-2", "A1 A2 B1 B2", "Stalls-A-1 Stalls-A-2 Stalls-B-1 Stalls-B-2"],
)
def test_names_that_say_row_and_seat_make_rows(names):
    points = [*line(2), *line(2, y=15)]
    text = drawing(group(circles(points, labels=names.split()), label="Stalls"))
    assert told(plan_of(text)) == {"Stalls": {"A": "1 2", "B": "1 2"}}


def test_titles_are_read_in_words():
    row = "".join(
        f'<circle cx="{12 * i}" cy="0" r="4"><title>Row C, Seat {i}</title></circle>'
        for i in (1, 2)
    )
    assert told(plan_of(drawing(group(row, label="Box 4")))) == {"Box 4": {"C": "1 2"}}


def test_a_seat_in_a_group_of_its_own_is_named_by_the_word_on_it():
    seats = "".join(
        group(f'<rect x="{12 * i}" width="8" height="8"/><rect x="{12 * i + 1}" width="6" height="7"/>'
              f'<text x="{12 * i + 2}" y="6" font-size="5">{i + 7}</text>')
        for i in range(3)
    )  # fmt: skip
    assert told(plan_of(drawing(group(seats, label="Gallery")))) == {"Gallery": {"A": "7 8 9"}}


def test_words_beside_rows_name_them():
    words = "".join(
        f'<text x="{x}" y="{y + 2}" font-size="6" text-anchor="middle">{name}</text>'
        for name, y in (("F", 100), ("E", 115)) for x in (88, 148)
    )  # fmt: skip
    seats = circles([*line(4, x=100, y=100), *line(4, x=100, y=115)])
    plan = plan_of(drawing(group(seats, words, label="Stalls")))
    assert told(plan) == {"Stalls": {"F": ONE_TO[4], "E": ONE_TO[4]}}
    assert plan.shapes == ()


def test_areas_around_seats_are_their_sections_and_outlines():
    text = drawing(
        '<rect width="800" height="600"/>',
        '<polygon id="Left" points="0,90 100,90 100,140 0,140"/>',
        '<polygon id="Right" points="200,90 300,90 300,140 200,140"/>',
        circles([*line(3, x=20, y=100), *line(3, x=220, y=100)]),
    )
    plan = plan_of(text)
    assert told(plan) == {"Left": {"A": "1 2 3"}, "Right": {"A": "1 2 3"}}
    assert [len(section.outline) for section in plan.sections] == [4, 4]
    assert plan.shapes == ()


def test_a_stage_is_found_by_its_name_or_the_word_on_it():
    for stage in (
        STAGE,
        '<rect x="300" y="10" width="200" height="40"/><text x="380" y="30">STAGE</text>',
    ):
        plan = plan_of(drawing(stage, circles([*line(9, x=350, y=100)])))
        assert [shape.kind for shape in plan.shapes] == ["stage"]
        assert plan.focal[1] < min(seat.y for _, _, _, seat in ordinals(plan))


def test_areas_to_stand_in_bring_their_capacity():
    text = drawing(
        '<polygon id="Pit_standing_120" points="0,0 200,0 200,90 0,90"/>',
        '<rect data-capacity="30" id="Terrace" x="0" y="300" width="100" height="50"/>',
        '<rect x="300" y="300" width="200" height="80"/>',
        '<text x="310" y="340">General admission (80 places)</text>',
        circles(line(4, y=200)),
    )
    plan = plan_of(text)
    assert {section.label: section.places for section in plan.sections} == {
        "Main": 4, "Pit standing": 120, "Terrace": 30, "General admission": 80,
    }  # fmt: skip


def test_an_area_to_stand_in_without_a_capacity_is_asked_for():
    text = drawing('<rect id="Standing" width="200" height="80"/>', circles(line(4, y=200)))
    assert [area.capacity for area in understand(text).areas] == [None]
    assert problems_in(text, "a.svg") == [
        "Section 'Standing': its capacity must be a whole number from 1 to 150,000"
    ]


def test_curved_rows_with_aisles_are_told_apart():
    rows = []
    for depth in range(12):
        radius = 420 + 14 * depth
        for middle in (-0.5, 0, 0.5):
            rows.append(bow(6 + depth // 3, radius, middle=middle * 0.62))
    points = [point for row in rows for point in row]
    plan = plan_of(drawing(STAGE, circles(points[::-1])))
    (section,) = plan.sections
    assert [len(row.seats) for row in section.rows] == [3 * (6 + depth // 3) for depth in range(12)]
    assert [row.label for row in section.rows] == list("ABCDEFGHIJKL")
    assert {row.seats[-1].block for row in section.rows} == {2}


def test_rows_closer_than_their_seats_are_rows_when_there_is_a_stage():
    points = [p for y in range(5) for p in line(8, x=300 + 6 * (y % 2), y=100 + 10.5 * y)]
    plan = plan_of(drawing(STAGE, circles(points)))
    assert [len(row.seats) for row in plan.sections[0].rows] == [8] * 5


def test_what_was_numbered_without_asking_is_said():
    text = drawing(group(circles([*line(3), *line(3, y=15)]), label="Stalls"))
    assert notes_of(text) == [
        "Rows of Stalls got letters, A in front.",
        "Seats of Stalls got numbers, 1 on the left of each row.",
    ]


def test_hidden_things_and_definitions_are_no_seats():
    style = "<style>.off{display:none}</style>"
    hidden = [
        group(circles(line(3)), style="display:none"),
        group(circles(line(3)), display="none"),
        '<circle class="off" r="4"/>',
        f"<defs>{circles(line(3))}</defs>",
        f"<clipPath>{circles(line(3))}</clipPath>",
    ]
    assert plan_of(drawing(style, *hidden, circles(line(2, y=50)))).places == 2


def test_classes_speak_of_wheelchairs():
    text = drawing('<circle r="4" class="seat wheelchair"/>', circles([(12, 0)]))
    kinds = [seat.kind for _, _, _, seat in ordinals(plan_of(text))]
    assert kinds == ["WHEELCHAIR", "STANDARD"]


def test_sections_of_one_name_carry_that_of_the_group_around_them():
    halves = [
        group(group(circles([*line(3, y=y), *line(3, y=y + 15)]), label="Left"), label=name)
        for name, y in (("Stalls", 0), ("Balcony", 100))
    ]
    assert list(told(plan_of(drawing(*halves)))) == ["Stalls Left", "Balcony Left"]


def test_a_drawing_in_any_unit_comes_out_at_the_usual_pitch():
    plan = plan_of(drawing(circles(line(5, step=0.31), r=0.1)))
    xs = [seat.x for _, _, _, seat in ordinals(plan)]
    assert [b - a for a, b in pairwise(xs)] == [20, 20, 20, 20]
