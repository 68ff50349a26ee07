"""The embedded faces of the printed ticket: measuring, breaking and drawing lines, with kerning.

A face is the name of a file in `fonts/` (made by `make_ticket_fonts`). Lengths and sizes are in
points, `tracking` is in thousandths of an em. Letters beyond Latin are printed as empty boxes.
"""

import json
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

FOLDER = Path(__file__).with_name("fonts")
KERNS_FILE = FOLDER / "kerns.json"
FULLEST = "Head"  # the face with the most letters stands in where another lacks one


@dataclass(frozen=True)
class Style:
    """How a line is set."""

    face: str
    size: float
    tracking: int = 0

    def at(self, size):
        return Style(self.face, size, self.tracking)


@dataclass(frozen=True)
class SetLine:
    """A line ready to draw: its face, pieces as (offset, text), and length; 1 = one em."""

    face: str
    pieces: tuple
    length: float


def width(text, style):
    """The length of a line in points."""
    return set_line(text, style.face, style.tracking).length * style.size


def draw(canvas, x, y, text, style, align="left"):
    """Draw a line with its baseline at y; x is its left end, middle or right end."""
    line = set_line(text, style.face, style.tracking)
    x -= line.length * style.size * {"left": 0, "middle": 0.5, "right": 1}[align]
    drawn = canvas.beginText()
    drawn.setFont(load(line.face), style.size)
    drawn.setCharSpace(style.tracking / 1000 * style.size)
    for offset, piece in line.pieces:
        drawn.setTextOrigin(x + offset * style.size, y)
        drawn.textOut(piece)
    canvas.drawText(drawn)


def wrap(text, style, measure, most=None):
    """The text as lines no longer than the measure; a word longer than that is broken.

    Where there would be more than `most` lines, the last one is cut with an ellipsis.
    """
    lines, rest = [], text.split()
    while rest:
        count = _words_that_fit(rest, style, measure)
        if count == 0:
            rest[:1] = _break_word(rest[0], style, measure)
            count = 1
        lines.append(" ".join(rest[:count]))
        rest = rest[count:]
    if most and len(lines) > most:
        return [*lines[: most - 1], cut(" ".join(lines[most - 1 :]), style, measure)]
    return lines


def cut(text, style, measure):
    """The text, or as much of it as fits with an ellipsis."""
    if width(text, style) <= measure:
        return text
    end = len(text)
    while end and width(text[:end].rstrip() + "…", style) > measure:
        end -= 1
    return text[:end].rstrip() + "…"


def fit(text, style, measure, smallest):
    """The style at its size, or smaller so that the text fits; never under `smallest`."""
    return style.at(max(smallest, min(style.size, style.size * measure / width(text, style))))


@lru_cache(maxsize=8192)
def set_line(text, face, tracking):
    """The SetLine of a text: kerned pairs are pulled apart into pieces."""
    text, face = _printable(text, face)
    font, kerns = pdfmetrics.getFont(load(face)), _kerns()[face]
    pieces, start, piece_at, here = [], 0, 0.0, 0.0
    for index, letter in enumerate(text):
        here += font.stringWidth(letter, 1) + tracking / 1000
        kern = kerns.get(_plain(letter) + _plain(text[index + 1 : index + 2] or " "), 0)
        if kern:
            pieces.append((piece_at, text[start : index + 1]))
            here += kern / 1000
            start, piece_at = index + 1, here
    pieces.append((piece_at, text[start:]))
    return SetLine(face, tuple(pieces), max(here - tracking / 1000, 0.001))


@cache
def load(face):
    """Register a face with reportlab once; returns the name it is registered under."""
    name = f"Tessera{face}"
    pdfmetrics.registerFont(TTFont(name, str(FOLDER / f"{face}.ttf"), asciiReadable=False))
    return name


@cache
def _kerns():
    return json.loads(KERNS_FILE.read_text())


@lru_cache(maxsize=4096)
def _plain(letter):
    return unicodedata.normalize("NFD", letter)[0]


def _printable(text, face):
    """The text and the face to print it in, so that as many letters as possible have a shape."""
    text = unicodedata.normalize("NFC", text)
    if all(letter in _letters(face) for letter in text):
        return text, face
    known = _letters(FULLEST)
    return "".join(letter if letter in known else _stand_in(letter) for letter in text), FULLEST


def _stand_in(letter):
    plain = unicodedata.normalize("NFKD", letter)[0]
    return plain if plain in _letters(FULLEST) else letter


@cache
def _letters(face):
    return frozenset(map(chr, pdfmetrics.getFont(load(face)).face.charToGlyph)) | {
        "\N{NO-BREAK SPACE}"
    }


def _words_that_fit(words, style, measure):
    count = 0
    while count < len(words) and width(" ".join(words[: count + 1]), style) <= measure:
        count += 1
    return count


def _break_word(word, style, measure):
    end = len(word)
    while end > 1 and width(word[:end], style) > measure:
        end -= 1
    return [part for part in (word[:end], word[end:]) if part]
