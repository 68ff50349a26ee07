"""Writes what covers are set with: the letter widths for Python and the size classes for the page.

Run it after a change of the font file or of the steps in `events.cover`; needs fonttools.
"""

import json
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand

from events import cover

WEIGHT = 900
FONTS = ("archivo-latin-wdth.woff2", "archivo-latin-ext-wdth.woff2")
PUNCTUATION = " .,;:!?'\"’‘“”„–—-&/()+*#@%…·"
CAP_HEIGHT, BASELINE = 760, -40
FIT_HEAD = """/* Written by `manage.py make_cover_css`: do not edit. w = width axis in per cent,
   z = size in cqi, b = left bearing to pull out, hat and tail = room for accents and commas. */
@layer fit {
"""


class Command(BaseCommand):
    help = "Regenerate events/cover_widths.json and static/css/fit.css from the font files."

    def handle(self, **options):
        root = Path(settings.BASE_DIR)
        font = measure_fonts(root / "static/fonts")
        text = json.dumps(font, ensure_ascii=False, separators=(",", ":"))
        cover.WIDTHS_FILE.write_text(text.replace('],"', '],\n"') + "\n")
        (root / "static/css/fit.css").write_text(fit_css())
        self.stdout.write(f"{len(font['glyphs'])} letters, {len(font['kerns'])} kerning pairs")


def fit_css():
    """The stylesheet with one class per width, size and bearing that `events.cover` can choose."""
    rules = [f".w{w}{{font-stretch:{w}%}}" for w in range(cover.STOPS[0], cover.STOPS[-1] + 1)]
    rules += [f".{cover.size_class(z)}{{font-size:{z:g}cqi}}" for z in cover.SIZES]
    rules += [f".b{n}{{margin-inline-start:-{n / 100:g}em}}" for n in range(7)]
    rules += [f".hat{{padding-block-start:{cover.HAT}em}}"]
    rules += [f".cover__name>.tail{{padding-block-end:{cover.TAIL + 0.055:.3f}em}}"]
    lines = ["  " + " ".join(rules[i : i + 8]) for i in range(0, len(rules), 8)]
    return FIT_HEAD + "\n".join(lines) + "\n}\n"


def measure_fonts(folder):
    """Per capital letter [advance, left and right bearing] at each stop; kerning, tall, deep."""
    font = {"glyphs": {}, "kerns": {}, "tall": "", "deep": ""}
    for name in FONTS:
        cuts = [_cut(folder / name, width) for width in cover.STOPS]
        _add_glyphs(font, cuts)
        if name == FONTS[0]:
            _add_kerns(font, cuts)
    return font


def _cut(path, width):
    from fontTools.ttLib import TTFont
    from fontTools.varLib.instancer import instantiateVariableFont

    return instantiateVariableFont(TTFont(path), {"wght": WEIGHT, "wdth": width})


def _add_glyphs(font, cuts):
    for code in sorted(cuts[0].getBestCmap()):
        letter = chr(code)
        if not (letter.isalnum() and letter == letter.upper()) and letter not in PUNCTUATION:
            continue
        font["glyphs"].setdefault(letter, [_metrics(cut, code) for cut in cuts])
        bounds = _bounds(cuts[1], code)
        font["tall"] += letter if bounds and bounds.yMax > CAP_HEIGHT else ""
        font["deep"] += letter if bounds and bounds.yMin < BASELINE else ""


def _bounds(cut, code):
    glyph = cut["glyf"][cut.getBestCmap()[code]]
    return glyph if glyph.numberOfContours else None


def _metrics(cut, code):
    advance, left = cut["hmtx"][cut.getBestCmap()[code]]
    bounds = _bounds(cut, code)
    return [advance, left, advance - bounds.xMax] if bounds else [advance, 0, 0]


def _add_kerns(font, cuts):
    letters = [letter for letter in font["glyphs"] if letter.isascii() or letter == "’"]
    for first in letters:
        for second in letters:
            values = [_kerning(cut, first, second) for cut in cuts]
            if any(values):
                font["kerns"][first + second] = values


def _kerning(cut, first, second):
    """The pair adjustment of the font's one kern lookup, in thousandths of an em."""
    left, right = (cut.getBestCmap()[ord(letter)] for letter in (first, second))
    for table in cut["GPOS"].table.LookupList.Lookup[0].SubTable:
        if left in table.Coverage.glyphs:
            found = _pair_value(table, left, right)
            if found is not None:
                return getattr(found, "XAdvance", 0)
    return 0


def _pair_value(table, left, right):
    if table.Format == 1:
        pairs = table.PairSet[table.Coverage.glyphs.index(left)].PairValueRecord
        return next((pair.Value1 for pair in pairs if pair.SecondGlyph == right), None)
    row = table.Class1Record[table.ClassDef1.classDefs.get(left, 0)]
    return row.Class2Record[table.ClassDef2.classDefs.get(right, 0)].Value1
