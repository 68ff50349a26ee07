"""The picker against houses small enough to know the answer, and against chance."""

import math
import random
from contextlib import suppress
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Invalid
from inventory.picking import NoSuchGroup, Party, Split, choose, left_odd
from inventory.picking.house import House, Place
from inventory.picking.instead import alternatives
from inventory.picking.states import FREE, OTHER, TAKEN
from inventory.tests.judge import left_alone

STAGE = (5.5, -3.0)


def house(*rows, section="A", focal=STAGE, kinds=None, focals=None):
    """A House of rows of so many seats, one pitch apart; `kinds` {position: kind}."""
    kinds = kinds or {}
    spots = [(row, index) for row, count in enumerate(rows) for index in range(count)]
    return House.of(
        [
            Place(section, str(row), 0, index, float(index), float(row), kinds.get(at, "STANDARD"))
            for at, (row, index) in enumerate(spots)
        ],
        focal,
        focals,
    )


def standing(text):
    """The states of places, a character each: · free, x taken, o free but not asked for."""
    return bytes({"·": FREE, "x": TAKEN, "o": OTHER}[sign] for sign in text.replace(" ", ""))


def chosen(rows, text, size, **party):
    return choose(house(*rows), standing(text), Party(size=size, **party))


def test_the_middle_of_the_first_row_is_the_best():
    assert chosen([12, 12], "·" * 24, 4) == [4, 5, 6, 7]


def test_a_row_further_back_comes_before_one_that_leaves_somebody_alone():
    assert chosen([4, 4], "xx·· ·xxx", 1) == [4]
    assert chosen([3, 12], "··· ·········xxx", 2) == [8, 9]


def test_somebody_is_left_alone_when_there_is_no_other_way():
    assert chosen([3], "···", 2) in ([0, 1], [1, 2])


def test_an_even_run_is_not_parted_into_two_odd_ones_for_half_a_pitch():
    taken = chosen([12], "·" * 12, 2)
    before = taken[0]
    assert before % 2 == 0


def test_blocks_part_a_row_whatever_the_numbers_say():
    places = [Place("A", "1", at // 2, at, float(at), 0.0) for at in range(6)]
    parted = House.of(places, (2.5, -5.0))
    assert choose(parted, bytes(6), Party(size=2)) == [2, 3]
    with pytest.raises(NoSuchGroup, match="no 3 places together"):
        choose(parted, bytes(6), Party(size=3, together=True))


def test_what_was_not_asked_for_is_not_taken_but_keeps_company():
    assert chosen([6], "oo··oo", 2) == [2, 3]
    assert chosen([4, 5], "x··o x··xx", 1) in (
        [1],
        [2],
    )  # its neighbour may be joined from the right


def test_near_a_place_is_near_it_and_not_near_the_stage():
    h = house(12, 12, 12)
    assert choose(h, bytes(36), Party(size=2, near=h.middle([34]))) in (
        [33, 34],
        [34, 35],
        [32, 33],
    )


def test_a_zone_looks_where_it_looks():
    places = [
        Place(name, "1", 0, at, float(at), y, zone=name)
        for name, y in (("left", 0.0), ("right", 50.0))
        for at in range(8)
    ]
    split = House.of(places, (3.5, -1.0), {"right": (0.5, 50.0)})
    assert choose(split, bytes(16), Party(size=2, section="right")) == [8, 9]
    assert choose(split, bytes(16), Party(size=2, section="left")) == [2, 3]


def test_a_party_without_a_row_sits_in_pairs_one_behind_the_other():
    rows = [6, 6, 6, 6]
    assert chosen(rows, "xx··xx xx··xx xxxxxx ··xxxx", 4) == [2, 3, 8, 9]
    assert chosen(rows, "···xxx xxxxxx ··xxxx xxxxxx", 4) in ([0, 1, 12, 13], [1, 2, 12, 13])


def test_a_party_that_may_not_be_parted_is_refused():
    with pytest.raises(NoSuchGroup):
        chosen([6, 6], "xx··xx xx··xx", 4, together=True)
    with pytest.raises(NoSuchGroup, match="fewer than 5"):
        chosen([6, 6], "xx··xx xx··xx", 5)


def test_a_wheelchair_space_comes_with_its_company_beside_it():
    h = house(8, 8, kinds={0: "WHEELCHAIR", 1: "COMPANION", 15: "WHEELCHAIR", 14: "COMPANION"})
    assert choose(h, bytes(16), Party(size=2, wheelchair=True)) == [14, 15]
    assert choose(h, bytes(16), Party(size=4, wheelchair=True)) == [12, 13, 14, 15]
    assert choose(h, standing("········ ·······x"), Party(size=3, wheelchair=True)) == [0, 1, 2]
    with pytest.raises(NoSuchGroup, match="wheelchair"):
        choose(h, standing("x······· ·······x"), Party(size=1, wheelchair=True))


def test_company_that_finds_no_place_beside_the_space_sits_behind_it():
    h = house(3, 3, kinds={0: "WHEELCHAIR", 1: "WHEELCHAIR"})
    assert choose(h, standing("··x ···"), Party(size=2, wheelchair=True)) in ([0, 3], [1, 4])


def test_company_comes_from_another_section_only_when_its_own_has_none_so_near():
    spaces = [Place("P", "1", at, at, 3.0 * at, 0.0, "WHEELCHAIR") for at in range(2)]
    own = [Place("P", "2", 0, at, float(at), 9.0) for at in range(4)]
    others = [Place("Q", "1", 0, at, float(at), 1.0, "COMPANION") for at in range(4)]
    h = House.of([*spaces, *own, *others], (0.0, -9.0))
    assert choose(h, bytes(10), Party(size=2, wheelchair=True)) == [0, 6]
    assert choose(h, standing("·· ···· xxxx"), Party(size=2, wheelchair=True)) == [0, 2]


@pytest.fixture
def distances(monkeypatch):
    """How many distances were measured: a list of one number."""
    measured, hypot = [0], math.hypot

    def counted(*sides):
        measured[0] += 1
        return hypot(*sides)

    monkeypatch.setattr(math, "hypot", counted)
    return measured


def platform(sections=20, rows=10):
    """40 wheelchair spaces on a platform of their own, and sections of so many rows of 20 elsewhere."""
    spaces = [Place("P", "1", at, 0, at * 30.0, -90.0, "WHEELCHAIR") for at in range(40)]
    seats = [
        Place(f"S{n}", str(row), 0, at, n % 5 * 30.0 + at, n // 5 * 30.0 + row)
        for n in range(sections)
        for row in range(rows)
        for at in range(20)
    ]
    return House.of([*spaces, *seats], (0.0, -100.0))


@pytest.mark.parametrize("size", [1, 2, 4])
def test_a_wheelchair_and_its_company_measure_a_fraction_of_the_house(size, distances):
    h = platform()
    wanted = Party(size=size, wheelchair=True)
    choose(h, bytes(len(h)), wanted)  # what is kept of a house is measured once
    distances[0] = 0
    choose(h, bytes(len(h)), wanted)
    assert distances[0] < len(h) / 10


def test_company_that_nobody_has_left_is_not_looked_for_from_every_space(distances):
    h = platform()
    sold_out = bytes(40) + bytes([TAKEN]) * (len(h) - 40)
    with pytest.raises(NoSuchGroup):
        choose(h, sold_out, Party(size=2, wheelchair=True))
    distances[0] = 0
    with pytest.raises(NoSuchGroup):
        choose(h, sold_out, Party(size=2, wheelchair=True))
    assert distances[0] < len(h) / 10


def test_a_lost_group_with_a_space_is_replaced_at_a_fraction_of_the_house(distances):
    h = platform()
    dear = SimpleNamespace(restricted_view=False, price=9, kind="WHEELCHAIR", x=h.xs[0], y=h.ys[0])
    cheap = SimpleNamespace(**{**vars(dear), "kind": "STANDARD", "price": 1})

    def named(positions):
        return [SimpleNamespace(ordinal=at, price=10, restricted_view=False) for at in positions]

    def replace():
        return alternatives(h, bytes(len(h)), [dear, cheap], named=named)

    replace()
    distances[0] = 0
    assert replace() == []  # all that there is costs more
    assert distances[0] < 3 * len(h)


def test_wheelchair_spaces_and_companion_seats_are_left_to_those_who_need_them():
    h = house(4, 4, kinds={1: "WHEELCHAIR", 2: "COMPANION"})
    assert choose(h, bytes(8), Party(size=2)) in ([4, 5], [6, 7])
    assert choose(h, standing("···x xxxx"), Party(size=1)) == [0]
    assert choose(h, standing("x··x xxxx"), Party(size=1)) == [2]
    with pytest.raises(NoSuchGroup):
        choose(h, standing("x·xx xxxx"), Party(size=1))


def test_who_finds_no_seats_together_stands_together():
    seats = [Place("A", "1", at, at, float(at), 0.0) for at in range(4)]
    floor = [Place("Floor", "", 0, at, float(at), 9.0, "STANDING") for at in range(5)]
    mixed = House.of([*seats, *floor], STAGE)
    assert set(choose(mixed, bytes(9), Party(size=3))) < {4, 5, 6, 7, 8}
    assert choose(mixed, bytes(9), Party(size=1, section="A"))[0] < 4


def test_what_is_kept_of_a_house_does_not_grow_with_what_buyers_ask_for():
    h = house(*[30] * 5)
    for split in (Split(), Split("NO_SINGLES"), Split("PAIRS")):
        for size in range(1, 31):
            with suppress(NoSuchGroup):
                choose(h, bytes(150), Party(size=size, split=split))
    kept = h.seen_from(None).kept
    assert len(kept) <= len(h.benches)
    assert max(len(by_size) for _, by_size in kept.values()) <= 10


def test_what_is_kept_for_one_rule_or_size_is_not_taken_for_another():
    h = house(5, 9)
    text = standing("····· ·········")
    for _ in range(2):
        for split in (Split(), PAIRS, TWO_OR_THREE):
            for size in (2, 3):
                group = choose(h, text, Party(size=size, split=split))
                assert group == choose(house(5, 9), text, Party(size=size, split=split))


def test_parties_of_one_moment_are_spread_but_not_far():
    h = house(*[20] * 20)
    random.seed(7)
    drawn = {tuple(choose(h, bytes(400), Party(size=2), spread=4)) for _ in range(40)}
    assert len(drawn) == 4
    assert max(group[-1] for group in drawn) < 100  # of the first five rows


@st.composite
def stands_and_party(draw):
    rows = draw(st.lists(st.integers(1, 14), min_size=1, max_size=8))
    count = sum(rows)
    states = draw(
        st.binary(min_size=count, max_size=count).map(lambda raw: bytes(b % 2 for b in raw))
    )
    size = draw(st.integers(1, 6))
    return rows, states, size


@settings(max_examples=300, deadline=None)
@given(stands_and_party())
def test_whatever_stands_the_answer_is_sound(drawn):
    rows, states, size = drawn
    h = house(*rows)
    try:
        group = choose(h, states, Party(size=size))
    except NoSuchGroup:
        assert states.count(FREE) < size
        return
    assert len(set(group)) == size
    assert all(states[at] == FREE for at in group)
    windows = [
        range(start, start + size)
        for bench in h.benches
        for start in range(bench.start, bench.end - size + 1)
        if not any(states[start : start + size])
    ]
    if windows:
        assert group in [list(window) for window in windows]
        assert left_alone(h, states, group) == min(
            left_alone(h, states, window) for window in windows
        )


# What may be left of a row

SINGLES, PAIRS = Split("NO_SINGLES"), Split("PAIRS")
TWO_OR_THREE = Split("CUSTOM", (2, 3))


def left(rows, text, positions, split):
    return left_odd(house(*rows), standing(text), positions, split)


def may_choose(*choice):
    """Whether a buyer may choose these places."""
    return left(*choice) == []


def test_a_choice_that_leaves_one_alone_is_refused_while_there_is_a_better_one():
    assert not may_choose([6], "······", [1, 2], SINGLES)
    assert may_choose([6], "······", [0, 1], SINGLES)
    assert may_choose([6], "······", [1, 2], Split())
    assert left([6], "······", [1, 2], SINGLES) == [0]
    assert left([6], "······", [1, 4], SINGLES) == [0, 5]


def test_it_is_forgiven_when_nothing_better_is_left():
    assert may_choose([3], "···", [0, 1], SINGLES)
    assert not may_choose([3, 2], "··· ··", [0, 1], SINGLES)
    assert may_choose([3, 2], "··· oo", [0, 1], SINGLES)  # dearer places are no choice of his
    assert may_choose([4], "x··x", [1], SINGLES)


def test_who_takes_the_last_of_a_row_leaves_nobody_alone():
    assert may_choose([3, 6], "x·x ······", [1], SINGLES)


def test_a_wheelchair_space_is_no_company():
    h = house(4, 6, kinds={0: "WHEELCHAIR"})
    assert left_odd(h, bytes(10), [2, 3], SINGLES) == [1]


def test_pairs_keep_even_runs_even():
    assert not may_choose([6], "······", [1, 2], PAIRS)
    assert may_choose([6], "······", [2, 3], PAIRS)
    assert may_choose([7], "·······", [1, 2], PAIRS)  # one is odd however he chooses
    assert [PAIRS.sells(size) for size in (1, 2, 3, 4)] == [False, True, False, True]


def test_numbers_of_ones_own_leave_what_can_be_made_of_them():
    assert [TWO_OR_THREE.sells(size) for size in (1, 2, 3, 4)] == [False, True, True, False]
    assert not may_choose([6], "······", [3, 4], TWO_OR_THREE)
    assert may_choose([7], "·······", [0, 1], TWO_OR_THREE)
    with pytest.raises(Invalid, match="by 2 or 3, not by 4"):
        TWO_OR_THREE.check(4)
    with pytest.raises(Invalid, match="in pairs, not by 1"):
        PAIRS.check(1)


def test_the_best_places_keep_the_rule_too():
    assert choose(house(8, 8), bytes(16), Party(size=2, split=PAIRS))[0] % 2 == 0
    found = choose(house(5), bytes(5), Party(size=2, split=TWO_OR_THREE))
    assert found in ([0, 1], [3, 4])
