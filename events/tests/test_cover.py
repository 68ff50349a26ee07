"""The name of a night set as a poster."""

import re
from pathlib import Path

import pytest
from django.conf import settings

from events.cover import HEIGHTS, MEASURE, SIZES, STOPS, cover_lines, headline
from events.management.commands.make_cover_css import fit_css, measure_fonts

NAMES = [
    "The Low Lanterns",
    "Small Talk, Large Room",
    "Rives 58 v Gent Harriers",
    "Les heures blanches",
    "Orchestre de l’Estuaire: Winter Light",
    "Été à Łódź",
    "A",
    "An Evening of Songs and Stories with Marguerite de la Tour d’Auvergne",
    "Donaudampfschifffahrtsgesellschaft",
    "東京 Jazz",
]


def words_of(name, shape="poster"):
    return [line.text for line in cover_lines(name, shape)]


def test_a_short_name_takes_a_line_a_word():
    assert words_of("The Low Lanterns") == ["THE", "LOW", "LANTERNS"]


def test_lines_share_one_size_and_differ_in_width():
    lines = cover_lines("Small Talk, Large Room", "poster")
    assert {line.size for line in lines} == {24}
    assert len({line.width for line in lines}) > 1


def test_a_subtitle_stays_off_the_cover():
    assert headline("Papier! A puppet circus") == "Papier!"
    assert headline("Six nights of track: night two") == "Six nights of track"
    assert headline("Hot: Cold") == "Hot: Cold"


def test_a_small_word_is_not_louder_than_the_names_around_it():
    sizes = {line.text: line.size for line in cover_lines("Orchestre de l’Estuaire", "poster")}
    assert sizes["DE"] <= max(sizes["ORCHESTRE"], sizes["L’ESTUAIRE"])


def test_accents_and_commas_get_room():
    assert [line.has_hat for line in cover_lines("Été Rouge", "poster")] == [True, False]
    assert [line.has_tail for line in cover_lines("Talk, Room", "poster")] == [True, False]


def test_a_name_without_letters_still_has_a_cover():
    assert words_of("") == ["?"]
    assert words_of("   ") == ["?"]


@pytest.mark.parametrize("shape", HEIGHTS)
@pytest.mark.parametrize("name", NAMES)
def test_every_cover_is_in_its_measure(name, shape):
    lines = cover_lines(name, shape)
    assert 1 <= len(lines) <= 4
    assert sum(line.size for line in lines) * 0.845 <= HEIGHTS[shape] + 0.5
    for line in lines:
        assert line.size in SIZES
        assert STOPS[0] <= line.width <= STOPS[-1]


@pytest.mark.parametrize("name", NAMES[:4])
def test_lines_reach_from_edge_to_edge_or_stop_at_the_widest(name):
    from events.cover import _at, _lengths

    for line in cover_lines(name, "poster"):
        length = _at(line.width, _lengths(line.text)) * line.size
        assert length <= MEASURE + 0.01
        assert line.width == STOPS[-1] or length > MEASURE * 0.95


def test_the_stylesheet_knows_every_class_a_cover_can_ask_for():
    sheet = (Path(settings.BASE_DIR) / "static/css/fit.css").read_text()
    known = set(re.findall(r"\.([a-z]+[0-9h]*)\{", sheet))
    for name in NAMES:
        for shape in HEIGHTS:
            for line in cover_lines(name, shape):
                assert set(line.classes.split()) <= known


def test_the_stylesheet_is_the_one_the_command_writes():
    assert (Path(settings.BASE_DIR) / "static/css/fit.css").read_text() == fit_css()


def test_the_widths_are_those_of_the_font_that_is_served():
    from events.cover import _font

    measured = measure_fonts(Path(settings.BASE_DIR) / "static/fonts")
    assert {letter: _font()["glyphs"][letter] for letter in "AEMW1&É"} == {
        letter: measured["glyphs"][letter] for letter in "AEMW1&É"
    }
    assert _font()["kerns"] == measured["kerns"]
