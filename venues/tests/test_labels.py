"""A label is read with its kind word, and with it once."""

import pytest

from venues.labels import bare, named, section_name


@pytest.mark.parametrize(
    ("label", "read"),
    [("112", "Section 112"), ("A", "Section A"), ("Section B", "Section B"), ("Stalls", "Stalls")],
)
def test_a_number_is_a_section_and_a_name_is_itself(label, read):
    assert section_name(label) == read


@pytest.mark.parametrize(
    ("label", "kind", "read"),
    [
        ("F", "row", "row F"),
        ("Row F", "row", "Row F"),
        ("Table 4", "row", "Table 4"),
        ("2", "entrance", "entrance 2"),
        ("Entrance 2", "entrance", "Entrance 2"),
        ("Quay entrance", "entrance", "Quay entrance"),
        ("Stairs", "entrance", "Stairs"),
    ],
)
def test_in_a_sentence_the_kind_is_said_once(label, kind, read):
    assert named(label, kind) == read


@pytest.mark.parametrize(
    ("label", "kind", "read"),
    [
        ("Section B", "Section", "B"),
        ("SECTION B", "Section", "B"),
        ("Entrance 2", "Entrance", "2"),
        ("Quay entrance", "Entrance", "Quay"),
        ("Stalls", "Section", "Stalls"),
        ("Section", "Section", "Section"),
        ("Seaside 4", "Seat", "Seaside 4"),
        ("", "Entrance", ""),
    ],
)
def test_under_its_heading_the_kind_is_left_out(label, kind, read):
    assert bare(label, kind) == read
