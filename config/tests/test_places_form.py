"""Which places are meant: as the map spells them, as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.tests import world
from core.tenancy import acting_for
from venues import ranges
from venues.forms import PlacesForm


@given(st.sets(st.integers(0, 400)))
def test_places_are_read_as_they_were_spelled(ordinals):
    assert ranges.read(ranges.spelled(ordinals), count=401) == sorted(ordinals)


def test_neighbours_become_a_range():
    assert ranges.spelled([41, 0, 1, 2, 50, 40]) == "0-2,40-41,50"


@pytest.mark.parametrize("text", ["0-90", "90", "5-3", "x", "1-2-3", "-4", "99999999", "1;2"])
def test_what_is_no_range_of_the_house_is_refused(text):
    with pytest.raises(ranges.NotRanges, match="is not a range of this house's 90 places"):
        ranges.read(text, count=90)


@pytest.fixture
def layout(db):
    with acting_for(world.agency().pk):
        yield world.venue()[1]


def form(layout, *, among=None, **given):
    section = given.pop("section", "")
    if section:
        given["section"] = layout.sections.get(label=section).pk
    return PlacesForm(given, layout=layout, among=among)


def test_map_and_words_count_together(layout):
    wanted = form(layout, places="50-51,0", section="Stalls", rows="B", seats="1-3 odd")
    assert wanted.is_valid()
    assert wanted.ordinals == [0, 10, 12, 50, 51]


def test_places_of_a_map_that_was_redrawn_are_not_taken(layout):
    assert form(layout, places="0-4", drawn=layout.content_hash).is_valid()
    late = form(layout, places="0-4", drawn="0" * 32)
    assert not late.is_valid()
    assert late.non_field_errors() == [
        "The house was moved to another version of its layout. Choose the places again."
    ]
    assert late["places"].value() == ""


def test_a_section_stands_for_what_may_be_chosen_of_it(layout):
    wanted = form(layout, among=[3, 4, 60], section="Stalls")
    assert wanted.is_valid()
    assert wanted.ordinals == [3, 4]


@pytest.mark.parametrize(
    ("given", "name", "problem"),
    [
        ({}, "__all__", "Choose places on the map, or name their section."),
        ({"places": "4-5"}, "__all__", "One of the chosen places is not free any more."),
        ({"places": "5-6"}, "__all__", "2 of the chosen places are not free any more."),
        ({"rows": "A"}, "section", "Say in which section."),
        ({"section": "Circle"}, "section", "None of these places is free."),
        ({"section": "Stalls", "rows": "Z"}, "rows", "Stalls has no row Z."),
        ({"section": "Stalls", "rows": "A", "seats": "4-6"}, "seats", "Not free: A 6."),
    ],
)
def test_what_cannot_be_chosen_is_said_where_it_stands(layout, given, name, problem):
    wanted = form(layout, among=[3, 4], **given)
    assert not wanted.is_valid()
    assert wanted.errors[name] == [problem]
