"""The bytes that say what changed on the map."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.deltas import Change, Gone, differing, following, merged, packed, unpacked

VERSIONS = st.integers(0, 2**53)
PLACES = st.dictionaries(st.integers(0, 200_000), st.integers(0, 2), max_size=60)
HOUSES = st.binary(max_size=600)


def test_five_places_of_a_large_house_are_a_few_bytes():
    change = Change(5, 300, {0: 1, 1: 2, 130: 0, 100_000: 1})
    assert packed(change) == bytes([5, 172, 2, 0, 1, 0, 2, 128, 1, 0, 157, 140, 6, 1])


@given(VERSIONS, VERSIONS, PLACES)
def test_what_is_packed_is_unpacked(since, version, places):
    change = Change(since, version, places)
    assert unpacked(packed(change)) == change


@given(HOUSES, st.dictionaries(st.integers(0, 599), st.integers(0, 255)))
def test_the_difference_leads_from_one_house_to_the_other_and_names_nothing_else(before, changes):
    after = bytearray(before)
    for ordinal, state in changes.items():
        after[ordinal : ordinal + 1] = bytes([state]) if ordinal < len(before) else b""
    places = differing(before, bytes(after))
    assert all(before[ordinal] != state for ordinal, state in places.items())
    shown = bytearray(before)
    for ordinal, state in places.items():
        shown[ordinal] = state
    assert shown == after


def test_another_number_of_places_is_another_house():
    assert differing(b"\x00\x01", b"\x00\x01\x02") == {0: 0, 1: 1, 2: 2}


RING = [Change(10, 20, {1: 1}), Change(20, 30, {2: 1}), Change(30, 40, {1: 0, 3: 1})]


@pytest.mark.parametrize(
    ("version", "ends"),
    [(10, [20, 30, 40]), (19, [20, 30, 40]), (20, [30, 40]), (39, [40]), (40, [])],
)
def test_what_leads_on_from_a_version(version, ends):
    assert [change.version for change in following(RING, version)] == ends


@pytest.mark.parametrize(
    ("changes", "version"), [(RING, 9), (RING, 0), (RING, 41), ([], 0), ([], 7)]
)
def test_what_is_too_old_or_never_was_is_gone(changes, version):
    with pytest.raises(Gone):
        following(changes, version)


def test_several_changes_say_together_what_is_now():
    assert merged(RING) == Change(10, 40, {1: 0, 2: 1, 3: 1})
