"""Cuts the faces of the printed ticket out of the site's variable fonts.

Run it after a change of static/fonts; needs fonttools. The same fonts give the same bytes.
"""

import hashlib
import json
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand

from tickets import faces

ARCHIVO = ("archivo-latin-wdth.woff2", "archivo-latin-ext-wdth.woff2")
ATKINSON = ("atkinson-next-latin-wght.woff2", "atkinson-next-latin-ext-wght.woff2")
NOT_PRINTED = ("GDEF", "GPOS", "GSUB", "STAT", "gasp", "prep", "GlyphOrder", "meta")
KERNED = [*map(chr, range(0x21, 0x7F)), *"’‘“”–—·&"]
LEAST_KERN = 6  # thousandths of an em
COPYRIGHT_AND_LICENCE = (0, 13, 14)
# As on the site, one set of figures everywhere: those of Archivo.
FIGURES, FIGURE_SIZE = "0123456789€", 0.97


@dataclass(frozen=True)
class Cut:
    """One face: where on the axes of which files it lies."""

    family: str
    licence_file: str
    files: tuple
    axes: dict


CUTS = {
    "Poster70": Cut("Archivo", "OFL-Archivo.txt", ARCHIVO, {"wght": 850, "wdth": 70}),
    "Poster92": Cut("Archivo", "OFL-Archivo.txt", ARCHIVO, {"wght": 850, "wdth": 92}),
    "Poster112": Cut("Archivo", "OFL-Archivo.txt", ARCHIVO, {"wght": 850, "wdth": 112}),
    "Head": Cut("Archivo", "OFL-Archivo.txt", ARCHIVO, {"wght": 700, "wdth": 100}),
    "Text": Cut(
        "Atkinson Hyperlegible Next, figures of Archivo",
        "OFL-AtkinsonHyperlegibleNext.txt",
        ATKINSON,
        {"wght": 400},
    ),
}


class Command(BaseCommand):
    help = "Regenerate tickets/fonts from static/fonts."

    def handle(self, **options):
        source = Path(settings.BASE_DIR) / "static/fonts"
        faces.FOLDER.mkdir(exist_ok=True)
        kerns = {}
        for name, cut in CUTS.items():
            data = _cut_face(name, cut, source)
            (faces.FOLDER / f"{name}.ttf").write_bytes(data)
            kerns[name] = _kerning(source / cut.files[0], cut.axes)
            if cut.files == ATKINSON:
                kerns[name] = {k: v for k, v in kerns[name].items() if not set(k) & set(FIGURES)}
            self.stdout.write(f"{name}: {len(data)} bytes, {len(kerns[name])} kerning pairs")
        text = json.dumps(kerns, ensure_ascii=False, separators=(",", ":"))
        faces.KERNS_FILE.write_text(text.replace("},", "},\n") + "\n")
        for licence in {cut.licence_file for cut in CUTS.values()}:
            (faces.FOLDER / licence).write_bytes((source / licence).read_bytes())
        _write_manifest()


def _write_manifest():
    entries = [
        {
            "file": f"{name}.ttf",
            "family": cut.family,
            "source": [f"static/fonts/{file}" for file in cut.files],
            "axes": cut.axes,
            "licence": "OFL-1.1",
            "licence_file": cut.licence_file,
            "sha256": hashlib.sha256((faces.FOLDER / f"{name}.ttf").read_bytes()).hexdigest(),
        }
        for name, cut in CUTS.items()
    ]
    (faces.FOLDER / "MANIFEST.json").write_text(json.dumps(entries, indent=2) + "\n")


def _cut_face(name, cut, source):
    """The bytes of one static TrueType file, Latin and Latin Extended together."""
    from fontTools.merge import Merger

    parts = []
    for file in cut.files:
        part = _instance(source / file, cut.axes)
        for tag in NOT_PRINTED:
            if tag in part:
                del part[tag]
        parts.append(BytesIO())
        part.save(parts[-1])
        parts[-1].seek(0)
    whole = Merger().merge(parts)
    if cut.files == ATKINSON:
        _borrow_figures(whole, _instance(source / ARCHIVO[0], {"wght": 400, "wdth": 100}))
    _name(whole, f"Tessera{name}", cut.family)
    # The merger writes the hour; the same fonts should give the same bytes.
    whole.recalcTimestamp = False
    whole["head"].modified = whole["head"].created = part["head"].created
    whole["post"].formatType = 3
    file = BytesIO()
    whole.save(file)
    return file.getvalue()


def _instance(path, axes):
    from fontTools.ttLib import TTFont
    from fontTools.varLib.instancer import instantiateVariableFont

    font = TTFont(path, recalcTimestamp=False)
    return instantiateVariableFont(font, axes)


def _borrow_figures(font, lender):
    from fontTools.pens.transformPen import TransformPen
    from fontTools.pens.ttGlyphPen import TTGlyphPen

    theirs, ours = lender.getBestCmap(), font.getBestCmap()
    for figure in map(ord, FIGURES):
        pen = TTGlyphPen(None)
        scale = (FIGURE_SIZE, 0, 0, FIGURE_SIZE, 0, 0)
        lender.getGlyphSet()[theirs[figure]].draw(TransformPen(pen, scale))
        glyph = font["glyf"][ours[figure]] = pen.glyph()
        advance, bearing = lender["hmtx"][theirs[figure]]
        font["hmtx"][ours[figure]] = round(advance * FIGURE_SIZE), round(bearing * FIGURE_SIZE)
        glyph.recalcBounds(font["glyf"])


def _name(font, name, family):
    names = font["name"]
    names.names = [record for record in names.names if record.nameID in COPYRIGHT_AND_LICENCE]
    for name_id, text in ((1, name), (2, "Regular"), (3, name), (4, name), (6, name)):
        names.setName(text, name_id, 3, 1, 0x409)
    names.setName(f"Cut from {family}", 10, 3, 1, 0x409)


def _kerning(path, axes):
    """Thousandths of an em between two letters, for the pairs worth moving."""
    font = _instance(path, axes)
    letters = font.getBestCmap()
    glyphs = {letters[ord(letter)]: letter for letter in KERNED if ord(letter) in letters}
    found = {}
    for table in _pair_tables(font):
        for pair, value in _pairs(table, glyphs).items():
            found.setdefault(pair, value)
    return {pair: value for pair, value in sorted(found.items()) if abs(value) >= LEAST_KERN}


def _pair_tables(font):
    gpos = font["GPOS"].table
    wanted = {
        index
        for record in gpos.FeatureList.FeatureRecord
        if record.FeatureTag == "kern"
        for index in record.Feature.LookupListIndex
    }
    for index in sorted(wanted):
        for table in gpos.LookupList.Lookup[index].SubTable:
            yield table.ExtSubTable if table.LookupType == 9 else table


def _pairs(table, glyphs):
    """The kerning of one subtable as {pair of letters: value}."""
    covered = [name for name in table.Coverage.glyphs if name in glyphs]
    if table.Format == 1:
        sets = dict(zip(table.Coverage.glyphs, table.PairSet, strict=True))
        return {
            glyphs[first] + glyphs[record.SecondGlyph]: _advance(record.Value1)
            for first in covered
            for record in sets[first].PairValueRecord
            if record.SecondGlyph in glyphs
        }
    firsts, seconds = table.ClassDef1.classDefs, table.ClassDef2.classDefs
    return {
        glyphs[first] + glyphs[second]: _advance(
            table.Class1Record[firsts.get(first, 0)].Class2Record[seconds.get(second, 0)].Value1
        )
        for first in covered
        for second in glyphs
    }


def _advance(value):
    return getattr(value, "XAdvance", 0) if value else 0
