"""seats.io charts: two real samples to the letter, the objects of the format, dirty charts."""

import json
from collections import Counter

import pytest

from venues.importers import read
from venues.plan import PlanError, content_hash, ordinals, outlines
from venues.tests.charts import chart, labels, plan_in, problems_in, sample, seats

BASIC = json.loads(sample("seatsio_basic_small.json"))
SECTIONS = json.loads(sample("seatsio_sections_small.json"))


def shape(plan):
    return [(s.label, s.kind, s.places, len(s.rows)) for s in plan.sections]


def bent(change):
    """The basic sample after `change(subChart)`."""
    form = json.loads(json.dumps(BASIC))
    change(form["subChart"])
    return form


def first_seat(inside):
    return inside["rows"][0]["seats"][0]


# The two samples


def test_the_basic_sample():
    name, plan = read("chart.json", sample("seatsio_basic_small.json"))
    assert (name, plan.name, plan.places) == ("seats.io", "Sample chart", 232)
    assert shape(plan) == [
        ("Main", "SEATS", 32, 4),
        ("GA1", "STANDING", 100, 1),
        ("GA2", "STANDING", 100, 1),
    ]
    assert [row.label for row in plan.sections[0].rows] == ["A", "B", "C", "D"]
    assert Counter(seat.kind for *_, seat in ordinals(plan)) == {
        "STANDARD": 31,
        "WHEELCHAIR": 1,
        "STANDING": 200,
    }
    spot = next((s, r, seat) for _, s, r, seat in ordinals(plan) if seat.kind == "WHEELCHAIR")
    assert (spot[0].label, spot[1].label, spot[2].label) == ("Main", "A", "7")
    assert Counter(seat.category for seat in plan.sections[0].rows[0].seats) == {"Cat1": 8}
    assert plan.categories[2] == ("string11", "Cat3", "#5E42BB")
    assert [(each.kind, each.label) for each in plan.shapes] == [("stage", "Stage")]


def test_the_basic_sample_keeps_its_geometry():
    plan = read("chart.json", sample("seatsio_basic_small.json"))[1]
    seats_of_a = plan.sections[0].rows[0].seats
    assert [seat.x - seats_of_a[0].x for seat in seats_of_a] == [20 * i for i in range(8)]
    assert {seat.block for seat in seats_of_a} == {0}
    assert plan.focal == pytest.approx((seats_of_a[0].x + 73, seats_of_a[0].y - 66), abs=1)
    for section in plan.sections[1:]:
        left, top, right, bottom = outlines.box(section.outline)
        assert (right - left, bottom - top) == (104, 91)
        places = section.rows[0].seats
        assert all(outlines.contains(section.outline, (seat.x, seat.y)) for seat in places)
        assert [places[0].label, places[-1].label] == ["1", "100"]


def test_the_sample_with_sections():
    name, plan = read("chart.json", sample("seatsio_sections_small.json"))
    assert (name, plan.places) == ("seats.io", 71)
    assert shape(plan) == [("Section A", "SEATS", 36, 6), ("Section B", "SEATS", 35, 7)]
    assert [section.entrance for section in plan.sections] == ["Entrance 1", "Entrance 2"]
    assert [section.category for section in plan.sections] == ["cat1", "cat2"]
    assert {seat.category for seat in plan.sections[0].rows[0].seats} == {"cat1"}


def test_seats_of_a_section_lie_within_its_outline():
    plan = plan_in(SECTIONS)
    for section in plan.sections:
        for row in section.rows:
            for seat in row.seats:
                assert outlines.contains(section.outline, (seat.x, seat.y))
    first_a, first_b = (section.rows[0].seats[0] for section in plan.sections)
    assert (first_b.x - first_a.x, first_b.y - first_a.y) == pytest.approx((187.94, 4), abs=1)


def test_the_samples_have_lasting_names():
    assert content_hash(plan_in(BASIC)) == "dadac94e899d798e3706b1dcfd315e3d"
    assert content_hash(plan_in(SECTIONS)) == "e1de0fe17f6f6f0f1ed7240d90fce4a4"


# Objects of the format


def test_seats_are_taken_in_the_order_of_the_room():
    form = chart(rows=[{"label": "A", "seats": seats(4)[::-1]}])
    assert labels(plan_in(form).sections[0].rows[0]) == "1 2 3 4"


def test_a_row_drawn_in_two_parts_is_one_row_with_an_aisle():
    form = chart(
        rows=[{"label": "A", "seats": seats(3, first=4, x=120)}, {"label": "A", "seats": seats(3)}]
    )
    (row,) = plan_in(form).sections[0].rows
    assert labels(row) == "1 2 3 4 5 6"
    assert [seat.block for seat in row.seats] == [0, 0, 0, 1, 1, 1]


def test_marks_of_seats_become_kinds():
    four = seats(4)
    four[0]["accessible"] = True
    four[1]["companionSeat"] = True
    four[2]["restrictedView"] = True
    plan = plan_in(chart(rows=[{"label": "A", "seats": four}]))
    row = plan.sections[0].rows[0].seats
    assert [seat.kind for seat in row] == ["WHEELCHAIR", "COMPANION", "STANDARD", "STANDARD"]
    assert [seat.restricted_view for seat in row] == [False, False, True, False]


def test_an_accessible_category_marks_its_seats():
    form = chart(rows=[{"label": "A", "seats": seats(2, categoryKey=3)}])
    form["categories"]["list"] = [{"key": 3, "label": "Front", "color": "red", "accessible": True}]
    plan = plan_in(form)
    assert [seat.kind for seat in plan.sections[0].rows[0].seats] == ["WHEELCHAIR"] * 2
    assert plan.categories == (("3", "Front", "red"),)


def test_tables_are_rows_of_a_section_of_tables():
    around = [
        {"label": str(n), "x": x, "y": y}
        for n, (x, y) in enumerate([(30, 60), (60, 30), (30, 0), (0, 30)], start=1)
    ]
    table = {"label": "T1", "type": "round", "center": {"x": 30, "y": 30}, "radius": 15}
    plan = plan_in(chart(tables=[{**table, "seats": around}]))
    assert shape(plan) == [("Tables", "TABLES", 4, 1)]
    assert (plan.sections[0].rows[0].label, labels(plan.sections[0].rows[0])) == ("T1", "3 2 1 4")
    assert [(each.kind, each.label) for each in plan.shapes] == [("circle", "T1")]


def test_rows_and_tables_of_a_section_part_company():
    inside = {
        "rows": [{"label": "A", "seats": seats(4, y=20)}],
        "tables": [{"label": "T", "center": {"x": 30, "y": 90}, "seats": seats(2, y=90)}],
    }
    section = {"label": "Gallery", "topLeft": {"x": 0, "y": 0}, "subChart": inside}
    plan = plan_in(chart(sections=[section]))
    assert [s[:3] for s in shape(plan)] == [
        ("Gallery", "SEATS", 4),
        ("Gallery tables", "TABLES", 2),
    ]


def test_a_booth_is_a_place_of_its_own():
    booth = {"label": "7", "center": {"x": 40, "y": 90}, "width": 50, "height": 50}
    plan = plan_in(chart(rows=[{"label": "A", "seats": seats(4)}], booths=[booth]))
    assert shape(plan) == [("Main", "SEATS", 4, 1), ("Booths", "SEATS", 1, 1)]
    assert plan.sections[1].rows[0].label == "Booth 7"


@pytest.mark.parametrize(
    "area",
    [
        {"type": "circle", "center": {"x": 0, "y": 0}, "radius1": 60, "radius2": 40},
        {"type": "rectangle", "center": {"x": 0, "y": 0}, "width": 120, "height": 80},
        {
            "type": "rectangle",
            "center": {"x": 0, "y": 0},
            "width": 120,
            "height": 80,
            "rotationAngle": 30,
        },
        {
            "type": "polygon",
            "points": [{"x": 0, "y": 0}, {"x": 90, "y": 0}, {"x": 120, "y": 80}, {"x": 0, "y": 80}],
        },
    ],
)
def test_general_admission_has_a_place_for_everybody(area):
    form = chart(generalAdmissionAreas=[{"label": "Pit", "capacity": 250, **area}])
    (section,) = plan_in(form).sections
    assert (section.label, section.kind, section.places) == ("Pit", "STANDING", 250)
    seats_inside = section.rows[0].seats
    assert all(outlines.contains(section.outline, (seat.x, seat.y)) for seat in seats_inside)


def test_rows_with_a_section_label_are_that_section():
    form = chart(
        rows=[
            {"label": "A", "sectionLabel": "Stalls", "seats": seats(4)},
            {"label": "A", "sectionLabel": "Circle", "seats": seats(4, y=200)},
        ]
    )
    assert [s[0] for s in shape(plan_in(form))] == ["Stalls", "Circle"]


def test_buyers_read_the_displayed_labels():
    row = {"label": "A", "displayLabel": "Row 1", "seats": seats(2, displayLabel=None)}
    assert plan_in(chart(rows=[row])).sections[0].rows[0].label == "Row 1"


def test_displayed_labels_that_are_ambiguous_give_way():
    rows = [
        {"label": name, "displayLabel": "Row", "seats": seats(2, y=y)}
        for name, y in (("A", 0), ("B", 24))
    ]
    plan = plan_in(chart(rows=rows))
    assert [row.label for row in plan.sections[0].rows] == ["A", "B"]


def test_floors_that_overlap_are_drawn_one_below_the_other():
    floor = chart(
        sections=[
            {
                "label": "S",
                "points": [{"x": x, "y": y} for x, y in ((1, 1), (90, 1), (90, 60), (1, 60))],
                "topLeft": {"x": 0, "y": 0},
                "subChart": {"rows": [{"label": "A", "seats": seats(4, x=10, y=30)}]},
            }
        ]
    )["subChart"]
    floors = [{**floor, "floorName": "1"}, {**floor, "floorDisplayName": "Upper floor"}]
    plan = plan_in({"name": "House", "subChartFloors": floors})
    assert [(s.label, s.floor) for s in plan.sections] == [
        ("1 S", "1"),
        ("Upper floor S", "Upper floor"),
    ]
    lower, upper = (outlines.box(section.outline) for section in plan.sections)
    assert upper[1] > lower[3]


def test_a_zone_is_named_and_gives_the_focal_point():
    section = {
        "label": "Stand 4",
        "zone": "finish",
        "topLeft": {"x": 1000, "y": 500},
        "subChart": {"rows": [{"label": "A", "seats": seats(6)}]},
    }
    form = chart(sections=[section])
    zone = {"key": "finish", "label": "Finish line", "focalPoint": {"x": 1050, "y": 300}}
    form["zones"] = {"list": [zone]}
    plan = plan_in(form)
    first = plan.sections[0].rows[0].seats[0]
    assert plan.sections[0].zone == "Finish line"
    assert plan.focal == (first.x + 50, first.y - 200)


def test_sections_drawn_on_a_scale_of_their_own_are_brought_back():
    section = {
        "label": "A",
        "points": [{"x": x, "y": y} for x, y in ((10, 10), (60, 10), (60, 40), (10, 40))],
        "topLeft": {"x": 9, "y": 9},
        "subChart": {"rows": [{"label": "A", "seats": seats(5, x=20, y=40)}]},
    }
    form = chart(sections=[section]) | {"sectionScaleFactor": 200}
    (section,) = plan_in(form).sections
    assert all(
        outlines.contains(section.outline, (seat.x, seat.y)) for seat in section.rows[0].seats
    )


def test_a_chart_may_come_wrapped():
    assert plan_in({"chart": BASIC}) == plan_in(BASIC)


# What is repaired


@pytest.mark.parametrize(
    "change",
    [
        lambda inside: inside.pop("tables"),
        lambda inside: inside.update(booths=None, texts=None, icons=None),
        lambda inside: first_seat(inside).update(label=1),
        lambda inside: first_seat(inside).update(label=1.0),
        lambda inside: first_seat(inside).update(label="  1 "),
        lambda inside: first_seat(inside).update(x="151.94"),
        lambda inside: first_seat(inside).update(x="151,94"),
        lambda inside: [seat.pop("uuid") for seat in inside["rows"][0]["seats"]],
        lambda inside: [seat.update(uuid="same") for seat in inside["rows"][0]["seats"]],
        lambda inside: [seat.pop("restrictedView") for seat in inside["rows"][0]["seats"]],
        lambda inside: inside["rows"][0]["seats"].append(None),
        lambda inside: inside["generalAdmissionAreas"][0].update(capacity="100"),
        lambda inside: inside["texts"].append({"text": "Exit", "centerX": None, "centerY": "?"}),
        lambda inside: inside["texts"].append("Exit"),
        lambda inside: inside["shapes"].append({"type": "polygon", "points": [{"x": 1e99}]}),
    ],
)
def test_what_can_be_repaired_is(change):
    assert content_hash(plan_in(bent(change))) == content_hash(plan_in(BASIC))


def test_a_missing_focal_point_is_the_stage():
    plan = plan_in(bent(lambda inside: inside.pop("focalPoint")))
    left, top, right, bottom = outlines.box(plan.shapes[0].points)
    assert plan.focal == pytest.approx(((left + right) / 2, (top + bottom) / 2), abs=1)


def test_a_colour_that_is_none_is_dropped():
    form = json.loads(json.dumps(BASIC))
    form["categories"]["list"][0]["color"] = "url(javascript:alert(1))"
    assert plan_in(form).categories[0] == ("9", "Cat1", "")


def test_markup_in_a_label_is_refused():
    with pytest.raises(PlanError, match="its label has markup in it"):
        plan_in(bent(lambda inside: first_seat(inside).update(label="<script>1</script>")))


# What is refused


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (
            lambda inside: first_seat(inside).update(label="2"),
            "Section 'Main', row 'A': 2 seats are labelled '2'",
        ),
        (
            lambda inside: first_seat(inside).update(label="?"),
            "Section 'Main', row 'A', seat number 1 in the file: has no label",
        ),
        (
            lambda inside: first_seat(inside).update(label=None),
            "Section 'Main', row 'A', seat number 1 in the file: has no label",
        ),
        (
            lambda inside: first_seat(inside).pop("x"),
            "Section 'Main', row 'A', seat '1': x missing or not a number",
        ),
        (
            lambda inside: first_seat(inside).update(x=float("nan"), y=float("inf")),
            "Section 'Main', row 'A', seat '1': x and y missing or not a number",
        ),
        (
            lambda inside: first_seat(inside).update(x=10**9),
            "Section 'Main', row 'A', seat '1': its x is 1e+09, at most 10,000,000 is possible",
        ),
        (
            lambda inside: first_seat(inside).update(label="1\x07"),
            r"Section 'Main', row 'A', seat '1\x07': its label has control characters: '1\x07'",
        ),
        (
            lambda inside: first_seat(inside).update(label="\ud800"),
            r"Section 'Main', row 'A', seat '\ud800': its label has control characters: '\ud800'",
        ),
        (
            lambda inside: first_seat(inside).update(x=171.94),
            "Section 'Main', row 'A', seat '2': lies exactly on Section 'Main', row 'A', seat '1'",
        ),
        (
            lambda inside: inside["rows"][0].update(label=""),
            "Row 'uuid297': has no label",
        ),
        (
            lambda inside: inside["generalAdmissionAreas"][0].update(capacity=10**9),
            "Section 'GA1': its capacity must be a whole number from 1 to 150,000",
        ),
        (
            lambda inside: inside["generalAdmissionAreas"][0].update(capacity=None),
            "Section 'GA1': its capacity must be a whole number from 1 to 150,000",
        ),
        (
            lambda inside: inside["generalAdmissionAreas"][0].update(center=None),
            "Section 'GA1': its outline is missing, has too many corners or is not made of numbers",
        ),
        (
            lambda inside: inside["generalAdmissionAreas"][0].update(label="GA2"),
            "Plan: 2 sections are labelled 'GA2'",
        ),
        (lambda inside: inside.update(rows={"A": 1}), "File: 'rows' is not a list"),
        (
            lambda inside: inside["rows"].append("E"),
            "File: entry 5 of 'rows' is str, no object",
        ),
        (
            lambda inside: inside.update(rows=[], generalAdmissionAreas=[]),
            "Plan: there is not a single place in it",
        ),
    ],
)
def test_what_cannot_be_repaired_is_told(change, problem):
    assert problems_in(bent(change)) == [problem]


def test_too_many_seats_are_refused_before_they_are_read():
    rows = [{"label": f"R{n}", "seats": [{"label": "1"}] * 1000} for n in range(200)]
    assert problems_in(chart(rows=rows)) == ["Plan: 200,000 places, at most 150,000 are possible"]


def test_every_problem_of_a_chart_is_told_at_once():
    def change(inside):
        first_seat(inside).update(label="2")
        inside["generalAdmissionAreas"][1].update(capacity=-5)

    assert len(problems_in(bent(change))) == 2
