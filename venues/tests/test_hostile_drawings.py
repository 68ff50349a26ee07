"""SVG files made to hurt: refused with a message, and quickly."""

import tracemalloc

import pytest

from venues.importers import svg, svg_drawing, svg_shapes, svg_tree
from venues.tests.charts import chart, problems_in
from venues.tests.drawings import circles, drawing, group, line, plan_of

LAUGHS = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 10))


def problems(text):
    return problems_in(text, "drawing.svg")


@pytest.mark.parametrize(
    "doctype",
    [
        f'<!DOCTYPE svg [<!ENTITY l0 "ha">{LAUGHS}]>',
        '<!DOCTYPE svg [<!ENTITY file SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE svg [<!ENTITY % far SYSTEM "http://127.0.0.1:9/x.dtd"> %far;]>',
    ],
)
def test_entities_are_refused(doctype):
    text = drawing("<text>&l9;&file;</text>", circles(line(3)), head=doctype)
    assert problems(text) == ["File: declares entities; save it as plain SVG"]


def test_a_doctype_of_drawing_programs_is_not_fetched():
    head = '<?xml version="1.0" encoding="UTF-8"?><!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" '
    head += '"http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">'
    assert plan_of(drawing(circles(line(3)), head=head)).places == 3


@pytest.mark.parametrize(
    ("attributes", "problem"),
    [
        ('cx="nan" cy="0"', "A circle: its x is missing or not a number"),
        ('cx="five" cy="0"', "A circle: its x is missing or not a number"),
        ('cx="1e9" cy="0"', "A circle: its x is 1e+09, at most 10,000,000"),
        ('cx="0" cy="0" transform="scale(1e300) scale(1e300)"',
         "A circle: its x is missing or not a number"),
        ('cx="0" cy="0" transform="spin(4)"', "A circle: its x is missing or not a number"),
    ],
)  # fmt: skip
def test_a_seat_that_is_nowhere_is_told(attributes, problem):
    text = drawing(circles(line(3)), f'<circle r="4" {attributes}/>')
    assert problem in problems(text)


@pytest.mark.parametrize(
    "part",
    [
        f'<circle id="g{"_" * 200_000}!" r="4"/>',
        f'<circle transform="{"a" * 200_000}" r="4"/>',
        f'<circle cx="{"1" * 200_000}!" r="4"/>',
        f"<style>{'.a{' * 30_000}</style>",
        f'<path d="M{"1" * 200_000} 0"/>',
    ],
)
def test_long_values_are_not_pondered(part):
    """Each of these would keep a careless pattern busy for hours."""
    assert isinstance(problems(drawing(circles(line(3)), part)), list)


@pytest.mark.parametrize(
    "part",
    [
        f'<path d="M0 0{" L1 2" * 500_000}"/>',
        f'<path d="M0 0 c{" 1 2 3 4 5 6" * 250_000}"/>',
        f'<polygon points="{"1,2 " * 750_000}"/>',
    ],
)
def test_an_endless_outline_is_read_no_further_than_it_can_count(part):
    """Three million characters: read to the end they take almost a hundred megabytes."""
    text = drawing(circles(line(3)), part)
    tracemalloc.start()
    try:
        problems(text)
        assert tracemalloc.get_traced_memory()[1] < 30_000_000
    finally:
        tracemalloc.stop()


def test_a_marked_seat_that_is_nowhere_is_told_by_name():
    text = drawing(group('<circle data-seat="7" cx="1e9" cy="nan" r="4"/>', label="Stalls"))
    assert problems(text) == [
        "Seat '7': its x is missing or not a number",
        "Seat '7': its y is missing or not a number",
    ]


def test_a_million_circles_are_refused_before_they_are_all_read(monkeypatch):
    monkeypatch.setattr(svg_tree, "MOST_ELEMENTS", 1_000)
    assert problems(drawing(circles(line(1_001)))) == ["File: has more than 1,000 elements"]


def test_what_uses_multiply_is_counted(monkeypatch):
    monkeypatch.setattr(svg_drawing, "MOST_MARKS", 1_000)
    text = '<g id="a0">' + circles(line(8)) + "</g>"
    for i in range(1, 9):
        text += f'<g id="a{i}">' + f'<use href="#a{i - 1}" x="3"/>' * 8 + "</g>"
    assert problems(drawing(text)) == ["Plan: more than 1,000 things are drawn in it"]


@pytest.mark.parametrize("end", ["z", ""])
def test_the_corners_of_all_outlines_are_counted(monkeypatch, end):
    """Four thousand curves of 1,900 corners would cost a gigabyte, closed or open."""
    monkeypatch.setattr(svg_drawing, "MOST_OUTLINED", 1_000)
    cloud = f'<path d="M0 0 L900 5{" c1 2 3 4 5 6" * 6}{end}"/>'
    assert plan_of(drawing(circles(line(3)), cloud * 20)).places == 3
    (problem,) = problems(drawing(circles(line(3)), cloud * 21))
    assert problem.startswith("Drawing: more than 1,000 corners of outlines")


def test_the_corners_of_all_seats_are_counted(monkeypatch):
    monkeypatch.setattr(svg_drawing, "MOST_CORNERS", 16 * 50)
    assert plan_of(drawing(circles(line(50)))).places == 50
    (problem,) = problems(drawing(circles(line(51))))
    assert "or 800 in all" in problem


ROOM = {"label": "Pit", "capacity": 50_000, "type": "circle", "center": {"x": 0, "y": 0}}
ROOM |= {"radius": {"x": 90, "y": 90}}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.svg", drawing('<rect data-capacity="50000" width="90" height="90"/>' * 5)),
        ("a.json", chart(generalAdmissionAreas=[ROOM] * 5)),
        ("a.csv", "section,row,seat,capacity\n" + "".join(f"{n},,,50000\n" for n in range(5))),
    ],
    ids=["svg", "json", "csv"],
)
def test_room_for_too_many_is_refused_before_anybody_stands_there(name, content):
    """A kilobyte of areas would otherwise become places until the memory is full."""
    tracemalloc.start()
    try:
        refused = problems_in(content, name)
        assert refused == ["Plan: 250,000 places, at most 150,000 are possible"]
        assert tracemalloc.get_traced_memory()[1] < 30_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("leaf", ["<g/>", "<text>A</text>", "<desc/>", '<use href="#none"/>'])
def test_what_uses_multiply_is_counted_though_nothing_is_drawn(leaf, monkeypatch):
    """Some 900 characters that would become 300,000 groups or words."""
    monkeypatch.setattr(svg_drawing, "MOST_ELEMENTS", 1_000, raising=False)
    text = f'<g id="a0">{leaf}</g>'
    for i in range(1, 6):
        text += f'<g id="a{i}">' + f'<use href="#a{i - 1}"/>' * 6 + "</g>"
    assert problems(drawing(circles(line(3)), text)) == [
        "Drawing: more than 1,000 elements, counted each time they are used"
    ]


def test_the_parts_of_a_word_are_counted_each_time_it_is_used(monkeypatch):
    monkeypatch.setattr(svg_drawing, "MOST_ELEMENTS", 1_000, raising=False)
    word = f'<defs><text id="w">{"<tspan>A</tspan>" * 200}</text></defs>'
    assert problems(drawing(circles(line(3)), word, '<use href="#w"/>' * 5)) == [
        "Drawing: more than 1,000 elements, counted each time they are used"
    ]


@pytest.mark.parametrize("told", ["", ' data-note="1"'])
def test_many_words_are_not_compared_with_many_frames(monkeypatch, told):
    looked_at, on = [], svg_shapes._on
    monkeypatch.setattr(svg, "MOST_WORDS_ON_SHAPES", 10)
    monkeypatch.setattr(svg_shapes, "MOST_FRAMES", 10)
    monkeypatch.setattr(
        svg_shapes, "_on", lambda mark, words: looked_at.extend(words) or on(mark, words)
    )
    frame = '<polygon points="300,0 390,0 390,90 300,80"{}/>'
    frames = frame.format(told) + frame.format("") * 100
    words = '<text x="300" y="50">Bar</text>' * 100
    assert plan_of(drawing(circles(line(3)), frames, words)).places == 3
    assert len(looked_at) <= 3 * 11 * 10


def test_the_frames_with_attributes_are_counted(monkeypatch):
    monkeypatch.setattr(svg_shapes, "MOST_TOLD", 10, raising=False)
    frame = '<rect data-shape="bar" width="90" height="90"/>'
    assert plan_of(drawing(circles(line(3)), frame * 10)).places == 3
    assert problems(drawing(circles(line(3)), frame * 11)) == [
        "Drawing: more than 10 shapes and areas have data- attributes"
    ]


def test_deep_nesting_is_refused():
    text = drawing("<g>" * 100_000)
    assert problems(text) == ["File: is nested more than 60 deep"]


def test_markup_in_a_label_is_refused_by_name():
    text = drawing(
        group(circles([(0, 0)], labels=["&lt;script&gt;alert(1)&lt;/script&gt;"]), label="A B")
    )
    assert any("has markup in it" in problem for problem in problems(text))


def test_scripts_and_links_are_not_looked_at():
    text = drawing(
        "<script>alert(1)</script>",
        '<use href="http://127.0.0.1:9/x.svg#y"/><image href="file:///etc/passwd"/>',
        circles(line(3)),
    )
    assert plan_of(text).places == 3


def test_duplicate_labels_are_told():
    text = drawing(
        '<g data-section="Stalls"><g data-row="A"><circle data-seat="1" r="4"/>'
        '<circle data-seat="1" cx="12" r="4"/></g></g>'
    )
    assert problems(text) == ["Section 'Stalls', row 'A': 2 seats are labelled '1'"]


def test_duplicate_ids_do_not_hide_seats():
    text = drawing(
        '<circle id="s" r="4"/><circle id="s" cx="12" r="4"/><circle id="s" cx="24" r="4"/>'
    )
    assert plan_of(text).places == 3


def test_seats_on_one_another_are_told():
    text = drawing(
        group(circles(line(2)), label="First"), group(circles([(0, 0), (0, 12)]), label="Other")
    )
    assert problems(text) == [
        "Section 'Other', row 'A', seat '1': lies exactly on Section 'First', row 'A', seat '1'"
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("<svg><g></svg>", "File: is not sound XML: mismatched tag at line 1, column 11"),
        ("<html><svg/></html>", "File: is a web page or other document (<html>), no SVG"),
        ('<svg data-categories="{}"><circle r="4"/></svg>',
         "Drawing: data-categories is not what it should be: '{}'"),
        ("<svg data-focals='{\"A\": \"here\"}'><circle r=\"4\"/></svg>",
         "Focal point of zone 'A': x and y missing or not a number"),
        ('<svg><polygon data-shape="text" data-box="[1, 2, 3, 4, 1e999]"/><circle r="4"/></svg>',
         "Shape 'text': has no form"),
        ('<svg><polygon data-shape="bar" data-points="[1, [2]]"/><circle r="4"/></svg>',
         "Shape 'bar': x and y missing or not a number"),
    ],
)  # fmt: skip
def test_what_is_no_drawing_is_told(text, problem):
    assert problems(text) == [problem]
