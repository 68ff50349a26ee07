"""Rows and seats in words."""

import pytest

from venues.places import Labels, NotAPlace

SEATS = Labels(map(str, range(1, 21)), "seat", "Section A, row 3")
# From the middle outwards, as a theatre numbers them.
THEATRE = Labels(["5", "3", "1", "2", "4", "6"], "seat", "Stalls")
BOXES = Labels(["Box 1", "Box 2", "A-1", "A-2", "A-10", "Loge, left"], "row", "Stalls")


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("3", "3"),
        ("003", "3"),
        ("1-4", "1 2 3 4"),
        ("4 – 1", "1 2 3 4"),
        ("1 to 3", "1 2 3"),
        ("1 à 3; 7", "1 2 3 7"),
        ("5 bis 6", "5 6"),
        ("1-8 odd", "1 3 5 7"),
        ("1-8 (even)", "2 4 6 8"),
        ("1-8 impair, 2", "1 3 5 7 2"),
        ("1-6 gerade", "2 4 6"),
        ("2, 2, 1-2", "2 1"),
        ("", ""),
    ],
)
def test_seats_in_words(words, meant):
    assert SEATS.meant_by(words) == meant.split()


def test_a_half_goes_by_the_numbers_and_a_range_by_the_row():
    assert THEATRE.meant_by("1-6 odd") == ["5", "3", "1"]
    assert THEATRE.meant_by("1-6") == ["1", "2", "4", "6"]


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("box 1-box 2", ["Box 1", "Box 2"]),
        ("A-1 - A-10", ["A-1", "A-2", "A-10"]),
        ('"Loge, left", A-2', ["Loge, left", "A-2"]),
    ],
)
def test_labels_may_have_anything_in_them(words, meant):
    assert BOXES.meant_by(words) == meant


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("21", "Section A, row 3 has no seat 21."),
        ("1-99999999999999999999", "Section A, row 3 has no seat 99999999999999999999."),
        ("-5", "“-5” is not a seat or a range of seats."),
        ("1--5", "Section A, row 3 has no seat 1--5."),
        ("1.5", "Section A, row 3 has no seat 1.5."),
        ("odd", "Section A, row 3 has no seat odd."),
    ],
)
def test_what_is_no_seat_is_named(words, said):
    with pytest.raises(NotAPlace) as refused:
        SEATS.meant_by(words)
    assert refused.value.message == said
