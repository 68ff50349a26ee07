"""The geometry file: its bytes, its header, and that nothing is lost on the way."""

import gzip
import json
import time
from dataclasses import replace

import pytest

from venues import geometry
from venues.generators import arena, club, grid, theatre
from venues.plan import Plan, PlanError, PlanRow, PlanSeat, PlanSection, PlanShape, ordinals
from venues.plan import normalise as normalised


@pytest.fixture(scope="module")
def small():
    """Row A with an aisle and a wheelchair space, row B with odd labels, and three who stand."""
    first = [PlanSeat(str(n), x, 0) for n, x in ((1, 0), (2, 20), (3, 80), (4, 100))]
    first[0] = replace(first[0], kind="WHEELCHAIR", restricted_view=True)
    first[1] = replace(first[1], kind="COMPANION")
    second = [PlanSeat(label, 20 * i, 24) for i, label in enumerate(("12A", "12B", "12C"))]
    rows = (PlanRow("A", tuple(first)), PlanRow("B", tuple(second)))
    stalls = PlanSection("Stalls", "SEATS", rows, zone="Front", floor="0", entrance="West")
    places = tuple(PlanSeat(str(n), 20 * n, 80, "STANDING") for n in (1, 2, 3))
    pit = PlanSection("Pit", "STANDING", (PlanRow("", places),))
    stage = PlanShape("stage", "Stage", x=0, y=-80, w=100, h=40)
    return normalised(Plan("Hall", (stalls, pit), (stage,)))


def test_the_file_is_laid_out_as_promised(small):
    content = geometry.encode(small)
    length = int.from_bytes(content[4:8], "little")
    header = json.loads(content[8 : 8 + length])
    start = 8 + length + length % 2
    assert content[:4] == b"TSG1"
    assert start % 2 == 0
    assert content[8 + length : start] in (b"", b"\0")
    assert header == geometry.header(small)
    x_low, x_high, y_low, y_high = (
        content[start + 10 * i : start + 10 * (i + 1)] for i in range(4)
    )
    assert len(content) == start + 40
    assert [a | b << 8 for a, b in zip(x_low, x_high, strict=True)] == [
        *(55, 20, 40, 65536 - 40),  # first value, first difference, second differences
        *(55, 20, 0),
        *(75, 20, 0),
    ]
    assert [a | b << 8 for a, b in zip(y_low, y_high, strict=True)] == [
        *(120, 0, 0, 0),
        *(144, 0, 0),
        *(200, 0, 0),
    ]


def test_the_header_tells_sections_rows_blocks_and_numbers(small):
    header = geometry.header(small)
    stalls, pit = header["sections"]
    assert (header["name"], header["count"], header["focal"]) == ("Hall", 10, [105, 60])
    assert (stalls["label"], stalls["kind"], stalls["zone"]) == ("Stalls", "SEATS", "Front")
    assert (stalls["floor"], stalls["entrance"]) == ("0", "West")
    assert (stalls["first"], stalls["count"]) == (0, 7)
    assert stalls["rows"] == [
        {
            "label": "A",
            "first": 0,
            "count": 4,
            "blocks": [0, 2],
            "numbers": {"start": 1, "step": 1},
        },
        {"label": "B", "first": 4, "count": 3, "blocks": [0], "numbers": ["12A", "12B", "12C"]},
    ]
    assert (pit["kind"], pit["first"], pit["count"]) == ("STANDING", 7, 3)
    assert header["shapes"] == [
        {"kind": "stage", "label": "Stage", "x": 55, "y": 40, "w": 100, "h": 40, "rotation": 0}
    ]
    assert header["flags"] == {"0": "wheelchair restricted", "1": "companion"}
    assert header["width"] == max(x for x, _ in stalls["outline"]) + 40


@pytest.mark.parametrize(
    ("labels", "numbers"),
    [
        (["1", "2", "3"], {"start": 1, "step": 1}),
        (["9", "7", "5"], {"start": 9, "step": -2}),
        (["4"], {"start": 4, "step": 1}),
        (["0", "1"], {"start": 0, "step": 1}),
        (["01", "02"], ["01", "02"]),
        (["1", "2", "4"], ["1", "2", "4"]),
        (["²", "³"], ["²", "³"]),
        (["7A"], ["7A"]),
    ],
)
def test_numbers_are_a_rule_where_they_follow_one(labels, numbers):
    seats = tuple(PlanSeat(label, 20 * i, 0) for i, label in enumerate(labels))
    plan = normalised(Plan("Hall", (PlanSection("A", "SEATS", (PlanRow("1", seats),)),)))
    assert geometry.header(plan)["sections"][0]["rows"][0]["numbers"] == numbers


@pytest.mark.parametrize("make", [club, theatre, arena])
def test_every_coordinate_comes_back(make):
    plan = make()
    form = geometry.decode(geometry.encode(plan))
    assert form["x"] == [seat.x for *_, seat in ordinals(plan)]
    assert form["y"] == [seat.y for *_, seat in ordinals(plan)]


def test_the_far_corner_of_the_largest_sheet_comes_back():
    seats = tuple(PlanSeat(str(i), x, 0) for i, x in enumerate((0, 20, 40, 65_390)))
    plan = normalised(Plan("Track", (PlanSection("A", "SEATS", (PlanRow("1", seats),)),)))
    assert geometry.decode(geometry.encode(plan))["x"] == [55, 75, 95, 65_445]


@pytest.mark.parametrize("spoil", [lambda c: c[:-1], lambda c: b"TSG2" + c[4:], lambda c: b""])
def test_a_broken_file_is_refused(small, spoil):
    with pytest.raises(PlanError, match="Geometry file"):
        geometry.decode(spoil(geometry.encode(small)))


def test_fifty_thousand_seats_are_quick_and_small():
    plan = grid([{"name": f"{n}", "rows": 25, "seats": 40} for n in range(50)])
    started = time.process_time()
    content = geometry.encode(plan)
    assert time.process_time() - started < 1
    assert plan.places == 50_000
    assert len(gzip.compress(content, 9)) < 70_000
