"""Sets the name of an event as a poster: a few lines, each filling the measure.

Every line keeps Archivo's real letter shapes. Its width axis, not a scale transform, makes it as
wide as the measure, so the lines come out at one common size wherever the words allow it. Lengths
are in em, sizes in cqi (one per cent of the cover's inline size).
"""

import json
import re
import unicodedata
from bisect import bisect_right
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import accumulate, combinations, pairwise
from math import floor
from pathlib import Path

MEASURE = 89.8
STOPS = (62, 100, 125)
SIZES = (*(n / 4 for n in range(20, 80)), *(n / 2 for n in range(40, 121)))
TRACKING = -0.012
LINE, HAT, TAIL = 0.845, 0.15, 0.11
HEIGHTS = {"poster": 84, "card": 76, "thumb": 82}
LOUDEST = 1.75
MOST_LINES, MOST_WORDS = 4, 14
UNKNOWN_GLYPH = ((700, 40, 40), (800, 40, 40), (900, 40, 40))
WIDTHS_FILE = Path(__file__).with_name("cover_widths.json")
LONG_WORD = 6  # letters
# Onset, vowels, and the consonants that no following vowel claims.
ONSET = "(?:[bcdfgpt][lr]|[cpst]h|qu|[bcdfghjklmnpqrstvwxz])"
SYLLABLE = re.compile(rf"[^aeiouy]*?[aeiouy]+(?:[^aeiouy]+$|[^aeiouy]*?(?={ONSET}[aeiouy])|)")
SUBTITLE = re.compile(r"\s*(?:(?<=[!?])\s|:|\s[–—|-]\s).*$")


@dataclass(frozen=True)
class CoverLine:
    """One set line: capitals, width axis in per cent, size in cqi, left bearing in em/100."""

    text: str
    width: int
    size: float
    bearing: int
    has_hat: bool
    has_tail: bool

    @property
    def classes(self):
        """The names under which `fit.css` holds this line's values."""
        names = [f"w{self.width}", size_class(self.size), f"b{self.bearing}"]
        return " ".join(names + ["hat"] * self.has_hat + ["tail"] * self.has_tail)


def size_class(size):
    """22.5 is z22h5: a class name holds no point."""
    return f"z{size:g}".replace(".", "h")


@lru_cache(maxsize=4096)
def cover_lines(name, shape="poster"):
    """The lines of a cover, top first; shape is a key of HEIGHTS."""
    words = headline(name).split()[:MOST_WORDS] or ["?"]
    parts = _breaks(words) if len(words) > 1 else _syllable_breaks(words[0])
    arrangements = (_arrange(lines, HEIGHTS[shape]) for lines in parts)
    return max(arrangements, key=_merit)


def headline(name):
    """The part of a long name that a poster would carry: a subtitle stays off the cover."""
    short = SUBTITLE.sub("", name)
    return short if short and len(name.split()) >= MOST_LINES else name


def _breaks(words):
    for cuts in range(min(MOST_LINES, len(words))):
        for places in combinations(range(1, len(words)), cuts):
            edges = (0, *places, len(words))
            yield [" ".join(words[a:b]) for a, b in pairwise(edges)]


def _syllable_breaks(word):
    """A single long word stands in pieces, as on a poster: CAR TO GRA PHERS. The shortest piece has
    two letters; the full name stands beside every cover."""
    yield [word]
    syllables = SYLLABLE.findall(_plain_word(word))
    if len(word) < LONG_WORD or "".join(syllables) != _plain_word(word):
        return
    ends = list(accumulate(map(len, syllables)))[:-1]
    for cuts in range(1, min(MOST_LINES, len(syllables))):
        for places in combinations(ends, cuts):
            yield [word[a:b] for a, b in pairwise((0, *places, len(word)))]


def _plain_word(word):
    return "".join(map(_plain, word)).lower()


def _arrange(wording, height):
    lines = [line.upper() for line in wording]
    longest = [_size_below(MEASURE / _lengths(line)[0]) for line in lines]
    leading = [LINE + HAT * _has(line, "tall") + TAIL * _has(line, "deep") for line in lines]

    def total(size):
        return sum(min(size, most) * lead for most, lead in zip(longest, leading, strict=True))

    common = min(SIZES[max(bisect_right(SIZES, height, key=total) - 1, 0)], LOUDEST * min(longest))
    sizes = [_size_below(min(common, most)) for most in longest]
    sizes = _hush(wording, sizes)
    return tuple(_set_line(line, size) for line, size in zip(lines, sizes, strict=True))


def _hush(wording, sizes):
    """A line of small words ("of the", "de") is never louder than the words it joins."""
    names = [size for line, size in zip(wording, sizes, strict=True) if line != line.lower()]
    loudest = max(names or sizes)
    return [
        min(size, loudest) if line == line.lower() else size
        for line, size in zip(wording, sizes, strict=True)
    ]


def _size_below(limit):
    return SIZES[max(bisect_right(SIZES, limit) - 1, 0)]


def _set_line(line, size):
    width = floor(_width_of(MEASURE / size, _lengths(line)))
    bearing = round(_at(width, [stop[1] for stop in _glyph(line[0])]) / 10)
    return CoverLine(
        text=line,
        width=width,
        size=size,
        bearing=max(0, min(bearing, 6)),
        has_hat=_has(line, "tall"),
        has_tail=_has(line, "deep"),
    )


def _merit(lines):
    """Ink on the paper, less what makes the lines look unlike each other or stop short."""
    sizes = [line.size for line in lines]
    filled = [_at(line.width, _lengths(line.text)) * line.size / MEASURE for line in lines]
    ink = sum(size * fill**2 for size, fill in zip(sizes, filled, strict=True))
    return ink - (max(sizes) - min(sizes))


@lru_cache(maxsize=4096)
def _lengths(line):
    """Em from the first letter's ink to the last letter's ink, at each stop of the width axis."""
    glyphs, pairs = [_glyph(letter) for letter in line], list(pairwise(line))
    return [
        (
            sum(glyph[stop][0] for glyph in glyphs)
            + sum(_kern(pair)[stop] for pair in pairs)
            - glyphs[0][stop][1]
            - glyphs[-1][stop][2]
        )
        / 1000
        + TRACKING * len(pairs)
        for stop in range(len(STOPS))
    ]


def _width_of(length, lengths):
    """The width axis at which a line is this long, kept inside the font's range."""
    low = 0 if length <= lengths[1] else 1
    share = (length - lengths[low]) / (lengths[low + 1] - lengths[low])
    width = STOPS[low] + share * (STOPS[low + 1] - STOPS[low])
    return max(STOPS[0], min(STOPS[-1], width))


def _at(width, values):
    """A font value between its known stops."""
    low = 0 if width <= STOPS[1] else 1
    share = (width - STOPS[low]) / (STOPS[low + 1] - STOPS[low])
    return values[low] + share * (values[low + 1] - values[low])


@cache
def _font():
    return json.loads(WIDTHS_FILE.read_text())


def _has(line, trait):
    return any(letter in _font()[trait] for letter in line)


def _glyph(letter):
    return _font()["glyphs"].get(letter) or _font()["glyphs"].get(_plain(letter), UNKNOWN_GLYPH)


def _kern(pair):
    return _font()["kerns"].get("".join(map(_plain, pair)), (0, 0, 0))


def _plain(letter):
    return unicodedata.normalize("NFD", letter)[0]
