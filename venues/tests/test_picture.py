"""The static picture: a path per class, safe to put into any page, small for big houses."""

import re
import xml.etree.ElementTree as ET

import pytest

from venues.generators import arena, club, grid
from venues.picture import svg
from venues.plan import Plan, PlanRow, PlanSeat, PlanSection, PlanShape, normalise

SVG = "{http://www.w3.org/2000/svg}"


def elements(text, name):
    return list(ET.fromstring(text).iter(SVG + name))  # noqa: S314


@pytest.fixture(scope="module")
def hall():
    seats = tuple(PlanSeat(str(i), 20 * i, 0) for i in range(6))
    stage = PlanShape("stage", "<b>Stage</b>", x=0, y=-90, w=120, h=40)
    section = PlanSection('A & "B"', "SEATS", (PlanRow("A", seats),))
    return normalise(Plan("Hall", (section,), (stage,)))


def test_seats_of_a_class_share_one_path(hall):
    text = svg(hall, ["p1", "p1", "gone", "p1", "gone", "p2"])
    paths = {
        path.get("class"): path.get("d")
        for path in elements(text, "path")
        if path.get("stroke-linecap")
    }
    assert paths == {
        "seatmap-seats p1": "m55 130h0m20 0h0m40 0h0",
        "seatmap-seats gone": "m95 130h0m40 0h0",
        "seatmap-seats p2": "m155 130h0",
    }


def test_the_sheet_sets_the_proportions(hall):
    (root,) = elements(svg(hall, ["free"] * 6, width=380), "svg")
    assert root.get("viewBox") == "0 0 215 185"
    assert (root.get("width"), root.get("height")) == ("380", "327")
    assert root.get("role") == "img"


def test_labels_are_text_and_never_markup(hall):
    text = svg(hall, ["free"] * 6, title="Tom's <Hall>")
    assert "<b>" not in text
    assert elements(text, "svg")[0].get("aria-label") == "Tom's <Hall>"
    assert [each.text for each in elements(text, "text")] == ["<b>Stage</b>", 'A & "B"']


def test_the_name_of_a_section_hides_no_seat_where_there_is_room(hall):
    _, label = elements(svg(hall, ["free"] * 6), "text")
    row, stage_ends = 130, 80
    half = int(label.get("font-size")) / 2
    assert abs(int(label.get("y")) - row) > half + 7
    assert int(label.get("y")) - half > stage_ends
    crowded = tuple(PlanRow(str(n), tuple(PlanSeat(str(i), 20 * i, 20 * n) for i in range(20)))
                    for n in range(20))  # fmt: skip
    house = normalise(Plan("House", (PlanSection("Stalls", "SEATS", crowded),), ()))
    (name,) = elements(svg(house, ["free"] * 400), "text")
    middle = min(seat.y for row in house.sections[0].rows for seat in row.seats) + 190
    assert abs(int(name.get("y")) - middle) > 190


def test_a_strict_content_policy_holds(hall):
    text = svg(hall, ["free"] * 6)
    assert not re.search(r'style=|<style|<script|\son\w+=|\sid=|href="javascript', text)


def test_sections_can_be_links_with_full_names(hall):
    text = svg(hall, ["free"] * 6, links=[("/events/x/seats/0/", "Section A, 6 seats left")])
    (link,) = elements(text, "a")
    assert link.get("href") == "/events/x/seats/0/"
    assert link.get("aria-label") == "Section A, 6 seats left"
    assert elements(text, "svg")[0].get("role") == "group"


def test_standing_places_are_dots_of_their_own_size():
    plan = club()
    text = svg(plan, ["free"] * plan.places)
    sizes = {path.get("class"): path.get("stroke-width") for path in elements(text, "path")}
    assert sizes["seatmap-seats seatmap-places free"] == "10"
    assert sizes["seatmap-seats free"] == "15"


def test_an_arena_stays_small():
    plan = arena()
    classes = [f"p{ordinal % 7}" for ordinal in range(plan.places)]
    text = svg(plan, classes)
    assert len(text.encode()) < 300_000
    assert text.count("<path") < 100


def test_names_too_small_to_read_are_left_out():
    plan = grid([{"name": f"Section {n}", "rows": 10, "seats": 10} for n in range(30)])
    assert "Section 1<" in svg(plan, [""] * plan.places, width=1200)
    assert "Section 1<" not in svg(plan, [""] * plan.places, width=160)


def test_what_is_taken_is_hollow_as_on_the_map(hall):
    paths = elements(svg(hall, ["p1", "taken", "p1", "p1", "taken", "p1"]), "path")
    taken, hole = (
        next(path for path in paths if name in path.get("class"))
        for name in ("taken", "seatmap-hole")
    )
    assert taken.get("d") == hole.get("d")
    assert int(hole.get("stroke-width")) < int(taken.get("stroke-width"))
