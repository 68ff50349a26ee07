"""Price levels are told apart by their colours on dots of five pixels, in both themes, and by readers
who see no red and green. Differences are CIEDE2000; deuteranopia is Machado's matrix of 2009."""

import re
from itertools import combinations
from math import atan2, cos, degrees, exp, hypot, radians, sin, sqrt
from pathlib import Path

import pytest
from django.conf import settings

from bookings.views.picture import COLOURS

TOKENS = (Path(settings.BASE_DIR) / "static/css/tokens.css").read_text()
XYZ = (
    (0.4339, 0.3762, 0.1899),
    (0.2126, 0.7152, 0.0722),
    (0.0178, 0.1095, 0.8727),
)  # of linear sRGB, over the white point
DEUTERANOPIA = (
    (0.367322, 0.860646, -0.227968),
    (0.280085, 0.672501, 0.047413),
    (-0.01182, 0.04294, 0.968881),
)
EYES = {"all": ((1, 0, 0), (0, 1, 0), (0, 0, 1)), "deuteranopia": DEUTERANOPIA}


def level_colours(theme):
    found = re.findall(r"--p\d: light-dark\((#\w{6}), (#\w{6})\)", TOKENS)
    return [pair[theme] for pair in found]


def linear(colour):
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    return [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]


def times(matrix, parts):
    return [sum(a * b for a, b in zip(row, parts, strict=True)) for row in matrix]


def lab(colour, eyes):
    seen = [min(max(part, 0), 1) for part in times(EYES[eyes], linear(colour))]
    x, y, z = (t ** (1 / 3) if t > 0.008856 else 7.787 * t + 4 / 29 for t in times(XYZ, seen))
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def difference(one, other):
    (l1, a1, b1), (l2, a2, b2) = one, other
    mean = (hypot(a1, b1) + hypot(a2, b2)) / 2
    grey = 1 + 0.5 * (1 - sqrt(mean**7 / (mean**7 + 25**7)))
    c1, c2 = hypot(a1 * grey, b1), hypot(a2 * grey, b2)
    h1, h2 = (degrees(atan2(b, a * grey)) % 360 for a, b in ((a1, b1), (a2, b2)))
    turn = (h2 - h1 + 180) % 360 - 180
    hue, light, chroma = h1 + turn / 2, (l1 + l2) / 2, (c1 + c2) / 2
    waves = ((-0.17, 1, -30), (0.24, 2, 0), (0.32, 3, 6), (-0.2, 4, -63))
    t = 1 + sum(size * cos(radians(times * hue + by)) for size, times, by in waves)
    by_light = (l2 - l1) / (1 + 0.015 * (light - 50) ** 2 / sqrt(20 + (light - 50) ** 2))
    by_chroma = (c2 - c1) / (1 + 0.045 * chroma)
    by_hue = 2 * sqrt(c1 * c2) * sin(radians(turn / 2)) / (1 + 0.015 * chroma * t)
    blue = -2 * sqrt(chroma**7 / (chroma**7 + 25**7))
    blue *= sin(radians(60 * exp(-(((hue % 360 - 275) / 25) ** 2))))
    return sqrt(by_light**2 + by_chroma**2 + by_hue**2 + blue * by_chroma * by_hue)


def contrast(one, other):
    dark, light = sorted(times(XYZ, linear(colour))[1] for colour in (one, other))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("eyes", EYES)
@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_any_two_levels_differ(theme, eyes):
    colours = [lab(colour, eyes) for colour in level_colours(theme)]
    assert len(colours) == 6
    assert min(difference(*pair) for pair in combinations(colours, 2)) >= 15


@pytest.mark.parametrize(("theme", "well"), [(0, "#f6f4f1"), (1, "#1f1b18")], ids=["light", "dark"])
def test_the_dearer_the_further_from_the_paper_and_none_fades_into_it(theme, well):
    contrasts = [contrast(colour, well) for colour in level_colours(theme)]
    assert contrasts == sorted(contrasts)
    assert 3 <= contrasts[0] < contrasts[-1] < 12  # nor is any of them black or white


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_the_hues_go_one_way_round_from_olive(theme):
    hues = [
        (degrees(atan2(b, a)) - 90) % 360
        for _, a, b in (lab(colour, "all") for colour in level_colours(theme))
    ]
    assert hues == sorted(hues)


def test_the_picture_of_the_house_has_the_same_colours():
    pairs = zip(level_colours(0), level_colours(1), strict=True)
    for number, (light, dark) in enumerate(pairs, start=1):
        assert f".p{number}{{color:light-dark({light},{dark})}}" in COLOURS
