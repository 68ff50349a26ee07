"""Section names as suppliers write them."""

import pytest

from suppliers.reading.names import SEVERAL, SHORTENED, SPELLING, TYPO, Names

HOUSE = Names(
    [
        "Parterre",
        "Balcon Éclipse",
        "112",
        "113",
        "Orchestra Left",
        "Orchestra Right",
        "Section B",
        "A",
    ]
)


@pytest.mark.parametrize(
    ("written", "meant", "how"),
    [
        ("Parterre", "Parterre", ""),
        ("  parterre ", "Parterre", ""),
        ("Bloc Parterre", "Parterre", SPELLING),
        ("balcon eclipse", "Balcon Éclipse", SPELLING),
        ("Sec. 0112", "112", SPELLING),
        ("SECTION-112", "112", SPELLING),
        ("b", "Section B", SPELLING),
        ("Section A", "A", SPELLING),
        ("Orch L", "Orchestra Left", SHORTENED),
        ("Eclipse", "Balcon Éclipse", SHORTENED),
        ("Partere", "Parterre", TYPO),
        ("Prarterre", "Parterre", TYPO),
        ("Orchestra Rihgt", "Orchestra Right", TYPO),
    ],
)
def test_a_name_is_found_and_it_is_said_how(written, meant, how):
    found = HOUSE.find(written)
    assert (found.name, found.how) == (meant, how)


@pytest.mark.parametrize("written", ["114", "11", "1123", "C", "", "Section", "Loge", "Pa"])
def test_numbers_and_what_is_too_short_are_never_guessed(written):
    found = HOUSE.find(written)
    assert (found.name, found.how) == (None, "")


def test_a_name_that_could_be_several_names_them():
    assert HOUSE.find("Orchestra").candidates == ("Orchestra Left", "Orchestra Right")
    assert HOUSE.find("Orchestra").how == SEVERAL
    twins = Names(["Loge 7", "Loge 07"])
    assert twins.find("Loge 7").name == "Loge 7"
    assert twins.find("loge-007").candidates == ("Loge 7", "Loge 07")


def test_what_looks_like_a_name_is_offered():
    found = HOUSE.find("Orchesters Linke")
    assert (found.name, found.candidates[0]) == (None, "Orchestra Left")


def test_a_flood_of_nonsense_ends_the_guessing_and_keeps_what_is_sure():
    names = Names(["Parterre", "Balcon"])
    for number in range(600):
        names.find(f"nonsense {'x' * (number % 40)}{chr(97 + number % 26)} {'y' * (number // 40)}")
    assert names.find("Balkon").name is None
    assert names.find("Bloc Balcon").name == "Balcon"
