"""Seat plans made to hurt, in every format there is: refused with a message, and nothing is stored."""

import json
import re
from html import escape

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from config.tests import world
from config.tests.world import of, problems
from venues.models import Layout, LayoutDraft, LayoutSeat, LayoutSection, Venue
from venues.plan import PlanError
from venues.services import import_layout

pytestmark = pytest.mark.django_db

GOOD = [("1", 0, 0), ("2", 20, 0), ("3", 40, 0)]


def csv(seats):
    lines = [f"Main,A,{label},{x},{y}" for label, x, y in seats]
    return "plan.csv", "\n".join(["section,row,seat,x,y", *lines]).encode()


def seats_io(seats):
    row = {"label": "A", "seats": [{"label": label, "x": x, "y": y} for label, x, y in seats]}
    form = {"name": "Hall", "categories": {"list": []}, "subChart": {"rows": [row]}}
    return "chart.json", json.dumps(form).encode()


def pretix(seats):
    places = [
        {"seat_guid": "one", "seat_number": label, "position": {"x": x, "y": y}}
        for label, x, y in seats
    ]
    at = {"x": 0, "y": 0}
    row = {"row_number": "A", "position": at, "seats": places}
    form = {"name": "Hall", "zones": [{"name": "Main", "position": at, "rows": [row]}]}
    return "plan.json", json.dumps(form).encode()


def svg(seats):
    marks = "".join(
        f'<circle data-seat="{escape(label)}" cx="{x}" cy="{y}" r="8"/>' for label, x, y in seats
    )
    drawing = f'<g data-section="Main"><g data-row="A">{marks}</g></g>'
    return "plan.svg", f'<svg xmlns="http://www.w3.org/2000/svg">{drawing}</svg>'.encode()


def tessera(seats):
    places = [{"label": label, "x": x, "y": y} for label, x, y in seats]
    section = {"label": "Main", "kind": "SEATS", "rows": [{"label": "A", "seats": places}]}
    form = {"format": "tessera-layout", "name": "Hall", "sections": [section]}
    return "plan.json", json.dumps(form).encode()


FORMATS = [csv, seats_io, pretix, svg, tessera]
TWICE = [*GOOD, ("3", 60, 0)]
ATTACKS = {
    "no number": ([*GOOD, ("4", float("nan"), 0)], "missing or not a number"),
    "no end": ([*GOOD, ("4", float("inf"), 0)], "missing or not a number"),
    "far away": ([*GOOD, ("4", 1_000_000_000, 0)], r"its x is 1e\+09, at most 10,000,000"),
    "script": ([*GOOD, ("<script>alert(1)</script>", 60, 0)], "has markup in it"),
    "picture": ([*GOOD, ("<img src=x onerror=alert(1)>", 60, 0)], "has markup in it"),
    "turned words": ([*GOOD, ("4\u202e", 60, 0)], "has control characters"),
    "one place twice": ([*GOOD, ("4", 40, 0)], "lies exactly on"),
    "a label of a book": ([*GOOD, ("4" * 5_000, 60, 0)], "5000 characters|5,000 characters"),
    "no seat": ([], "not a single place|no line besides|neither a|no seats|no places"),
}


@pytest.fixture
def venue(agency):
    return Venue.objects.create(name="Loft")


def stored():
    tables = (Layout, LayoutDraft, LayoutSection, LayoutSeat)
    return sum(table.objects.count() for table in tables)


@pytest.mark.parametrize("write", FORMATS)
def test_control_without_the_attack_the_file_is_taken(venue, write):
    filename, content = write(GOOD)
    layout, _ = import_layout(venue=venue, filename=filename, content=content)
    assert layout.capacity == 3


@pytest.mark.parametrize("write", FORMATS)
@pytest.mark.parametrize("attack", ATTACKS)
def test_an_import_is_refused_whole(venue, write, attack):
    seats, reason = ATTACKS[attack]
    filename, content = write(seats)
    with pytest.raises(PlanError) as refusal:
        import_layout(venue=venue, filename=filename, content=content)
    assert any(re.search(reason, problem) for problem in refusal.value.problems)
    assert stored() == 0


@pytest.mark.parametrize("write", [csv, seats_io, pretix, tessera])
def test_a_list_with_one_name_twice_is_refused(venue, write):
    filename, content = write(TWICE)
    with pytest.raises(PlanError, match="2 seats are labelled '3'"):
        import_layout(venue=venue, filename=filename, content=content)
    assert stored() == 0


def test_a_drawing_that_says_one_name_twice_is_refused(venue):
    filename, content = svg(TWICE)
    with pytest.raises(PlanError, match="2 seats are labelled"):
        import_layout(venue=venue, filename=filename, content=content)
    assert stored() == 0


@pytest.mark.parametrize("write", FORMATS)
def test_an_upload_is_answered_with_every_reason(venue, agency, write):
    staff = world.client_of(world.staff(agency, "PURCHASING"), agency)
    for seats, _ in ATTACKS.values():
        filename, content = write(seats)
        file = SimpleUploadedFile(filename, content, content_type="application/octet-stream")
        answer = staff.post(of(venue, "import_file"), {"file": file})
        assert problems(answer)
        assert b"<script>alert" not in answer.content
        assert b"<img src=x" not in answer.content
        assert stored() == 0


MILLION = 1_000_000
MANY = {
    "csv": ("plan.csv", "section,row,seat\n" + "A,1,1\n" * MILLION),
    "csv standing": ("plan.csv", f"section,row,seat,type,capacity\nPit,,,standing,{MILLION}\n"),
    "seats.io": ("c.json", '{"subChart":{"rows":[{"label":"A","seats":[%s]}]}}'),
    "pretix": ("p.json", '{"zones":[{"name":"A","rows":[{"row_number":"A","seats":[%s]}]}]}'),
    "tessera": ("t.json", '{"format":"tessera-layout","sections":[{"rows":[{"seats":[%s]}]}]}'),
    "svg": ("p.svg", "<svg>" + "<circle r='4'/>" * MILLION + "</svg>"),
}


@pytest.mark.parametrize("name", MANY)
def test_a_million_seats_are_refused_by_number(venue, name):
    filename, text = MANY[name]
    content = text.replace("%s", ",".join(["{}"] * MILLION)).encode()
    with pytest.raises(PlanError, match=r"150,000|more than [0-9,]+ elements"):
        import_layout(venue=venue, filename=filename, content=content)
    assert stored() == 0
