"""Rows found from where the seats stand, and nothing else."""

import math
import random

import pytest

from venues.generators import arena, theatre
from venues.importers.svg_rows import rows_of
from venues.plan import outlines


def found(rows, focal, turn=0):
    """The rows found among the shuffled seats of these rows, turned around the origin."""
    points = [(x, y) for row in rows for x, y in row]
    random.Random(7).shuffle(points)
    turned = outlines.rotated(points, turn, (0, 0))
    focal = focal and outlines.rotated([focal], turn, (0, 0))[0]
    return [sorted(points[i] for i in row) for row in rows_of(turned, focal)]


def house_rows(section):
    return [[(seat.x, seat.y) for seat in row.seats] for row in section.rows]


@pytest.mark.parametrize("turn", [0, 90, 137])
@pytest.mark.parametrize("with_stage", [True, False])
def test_the_rows_of_a_theatre_are_found(turn, with_stage):
    plan = theatre()
    for section in plan.sections[:3]:
        rows = house_rows(section)
        focal = plan.focal if with_stage else None
        assert sorted(found(rows, focal, turn)) == sorted(map(sorted, rows)), section.label


def test_the_rows_of_an_arena_are_found():
    plan = arena()
    for section in plan.sections[:12]:
        if section.kind == "SEATS":
            rows = house_rows(section)
            assert sorted(found(rows, plan.focal)) == sorted(map(sorted, rows)), section.label


def test_rows_come_front_to_back_as_the_stage_is():
    rows = [[(20 * x, 24 * y) for x in range(5)] for y in range(4)]
    below = found(rows, (40, 200))
    assert [row[0][1] for row in below] == [72, 48, 24, 0]
    assert [row[0][1] for row in found(rows, None)] == [0, 24, 48, 72]


def test_a_ring_of_seats_is_cut_open_somewhere():
    ring = [
        (100 * math.cos(t / 10 * math.tau), 100 * math.sin(t / 10 * math.tau)) for t in range(10)
    ]
    (row,) = rows_of(ring)
    assert sorted(row) == list(range(10))


@pytest.mark.parametrize(
    "others", [[(1e7, 1e7)], [(0.0, 0.0)] * 900, [(1e-7 * i, 0.0) for i in range(390)]]
)
def test_seats_are_measured_against_few_however_they_are_scattered(others, monkeypatch):
    """One far away would put all the others into one cell; a heap is one anyway."""
    seats = [(12.0 * x, 300 + 24.0 * y) for y in range(16) for x in range(25)]
    measured, dist = [], math.dist
    monkeypatch.setattr(math, "dist", lambda *ends: measured.append(ends) or dist(*ends))
    rows = rows_of(seats + others, (144, -100))
    assert list(range(25)) in rows
    assert sorted(i for row in rows for i in row) == list(range(len(seats + others)))
    assert len(measured) < 350 * len(seats + others)


def test_seats_all_alone_are_rows_of_their_own():
    assert rows_of([]) == []
    assert rows_of([(3, 4)]) == [[0]]
    assert sorted(rows_of([(0, 0), (20, 0), (40, 0), (500, 500)])) == [[0, 1, 2], [3]]
