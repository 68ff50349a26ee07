"""The first visible sheet of an XLSX workbook as rows of text, and nothing else of it.

A workbook is an archive of XML from strangers: sizes are counted while unpacking, document types and
entities are refused, links and macros are never looked at. Formulas give the value that was last
calculated.
"""

import re
import zipfile
from io import BytesIO
from xml.parsers import expat

from suppliers.reading.files import Unreadable, refuse_too_many

MOST_UNPACKED = 200 << 20
MOST_PARTS = 2_000
MOST_COLUMNS = 60
LONGEST_CELL = 2_000
REFERENCE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
CHUNK = 1 << 16


def is_workbook(content):
    return content.startswith(b"PK\x03\x04")


def rows_of(content):
    """[(row number, [cell as text])] of the rows that are not empty. Raises Unreadable."""
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            return _Book(archive).rows()
    except (zipfile.BadZipFile, expat.ExpatError, KeyError, EOFError, NotImplementedError,
            RuntimeError, zipfile.zlib.error) as error:  # fmt: skip
        raise Unreadable("The file is a broken or protected workbook. Nothing was read.") from error


class _Book:
    def __init__(self, archive):
        self.archive, self.unpacked = archive, 0
        if len(archive.namelist()) > MOST_PARTS:
            raise Unreadable("The workbook has too many parts. Nothing was read.")

    def rows(self):
        sheet = self._first_sheet()
        texts = _Texts()
        if "xl/sharedStrings.xml" in self.archive.namelist():
            self._parse("xl/sharedStrings.xml", texts)
        found = _Sheet(texts.texts)
        self._parse(sheet, found)
        return found.filled()

    def _first_sheet(self):
        names = set(self.archive.namelist())
        if "xl/workbook.xml" not in names:
            raise Unreadable("The file is an archive, but no workbook. Nothing was read.")
        book, links = _Sheets(), _Links()
        self._parse("xl/workbook.xml", book)
        self._parse("xl/_rels/workbook.xml.rels", links)
        for relation in book.visible:
            target = links.targets.get(relation, "").lstrip("/")
            target = target if target.startswith("xl/") else f"xl/{target}"
            if target in names and "worksheets/" in target:
                return target
        raise Unreadable("The workbook has no sheet that can be seen. Nothing was read.")

    def _parse(self, name, reader):
        """Feeds a part to a reader with `start`, `end` and `text`, as far as it may grow."""
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = _refuse_types
        parser.StartElementHandler = lambda tag, given: reader.start(_local(tag), given)
        parser.EndElementHandler = lambda tag: reader.end(_local(tag))
        parser.CharacterDataHandler = reader.text
        with self.archive.open(name) as part:
            while chunk := part.read(CHUNK):
                self.unpacked += len(chunk)
                if self.unpacked > MOST_UNPACKED:
                    raise Unreadable("The workbook is too large when unpacked. Nothing was read.")
                parser.Parse(chunk, False)
            parser.Parse(b"", True)


def _refuse_types(*_):
    raise Unreadable("The workbook defines entities of its own. Nothing was read.")


def _local(tag):
    return tag.rpartition(":")[2]


class _Reader:
    def start(self, tag, given):
        pass

    def end(self, tag):
        pass

    def text(self, text):
        pass


class _Sheets(_Reader):
    """The relations of the sheets that are not hidden, in their order."""

    def __init__(self):
        self.visible = []

    def start(self, tag, given):
        if tag == "sheet" and given.get("state", "visible") == "visible":
            self.visible += [value for name, value in given.items() if _local(name) == "id"]


class _Links(_Reader):
    def __init__(self):
        self.targets = {}

    def start(self, tag, given):
        if tag == "Relationship" and given.get("TargetMode") != "External":
            self.targets[given.get("Id")] = given.get("Target", "")


class _Texts(_Reader):
    """The shared texts; how they sound in Japanese is left out."""

    def __init__(self):
        self.texts, self._now, self._depth, self._aside = [], [], 0, False

    def start(self, tag, given):
        if tag == "si":
            self._now = []
        self._aside = self._aside or tag == "rPh"
        self._depth += tag == "t"

    def end(self, tag):
        if tag == "si":
            self.texts.append("".join(self._now)[:LONGEST_CELL])
        if tag == "rPh":
            self._aside = False
        self._depth -= tag == "t"

    def text(self, text):
        if self._depth and not self._aside:
            self._now.append(text)


class _Sheet(_Reader):
    """Cells by row and column, merged ones filled with what their corner says."""

    def __init__(self, texts):
        self.texts, self.cells, self.merged = texts, {}, []
        self._row = self._column = 0
        self._kind, self._now, self._inside, self._has_formula = "", [], False, False

    def start(self, tag, given):
        if tag == "row":
            self._row = _number(given.get("r")) or self._row + 1
            self._column = 0
        elif tag == "c":
            self._column = _column(given.get("r")) or self._column + 1
            self._kind, self._now, self._has_formula = given.get("t", "n"), [], False
        elif tag in ("v", "t"):
            self._inside = True
        elif tag == "f":
            self._has_formula = True
        elif tag == "mergeCell":
            self.merged.append(given.get("ref", ""))

    def end(self, tag):
        if tag in ("v", "t"):
            self._inside = False
        elif tag == "c" and self._column <= MOST_COLUMNS:
            value = self._value("".join(self._now)[:LONGEST_CELL])
            if value:
                row = self.cells.setdefault(self._row, {})
                row[self._column] = value
                refuse_too_many(len(self.cells))

    def text(self, text):
        if self._inside:
            self._now.append(text)

    def _value(self, text):
        if not text and self._has_formula:
            return "(a formula without a value)"
        if self._kind == "s":
            return self.texts[int(text)] if _number(text, -1) in range(len(self.texts)) else ""
        if self._kind == "b":
            return {"1": "yes", "0": "no"}.get(text, text)
        return _tidy(text) if self._kind == "n" else text

    def filled(self):
        for reference in self.merged:
            self._fill(*map(_corner, reference.partition(":")[::2]))
        return [
            (number, [row.get(column, "") for column in range(1, max(row) + 1)])
            for number, row in sorted(self.cells.items())
        ]

    def _fill(self, first, last):
        """Gives what a merged cell says to all rows it covers: a section beside its seats."""
        (top, left), (bottom, _) = first, last
        value = self.cells.get(top, {}).get(left)
        if not value or bottom - top > len(self.cells) + 1000:
            return
        for number in range(top + 1, bottom + 1):
            if number in self.cells:
                self.cells[number].setdefault(left, value)


def _number(text, otherwise=0):
    return int(text) if text and text.isdecimal() and len(text) < 10 else otherwise


def _column(reference):
    """3 for C7; 0 when there is none."""
    return _corner(reference or "")[1]


def _corner(reference):
    """(row, column) of C7; zeros when it is none."""
    match = REFERENCE.fullmatch(reference)
    if not match:
        return 0, 0
    column = 0
    for letter in match[1]:
        column = 26 * column + ord(letter) - 64
    return int(match[2]), column


def _tidy(text):
    """12 for 12.0 and 1.2E1: spreadsheets keep numbers, not what is shown."""
    try:
        value = float(text)
    except ValueError:
        return text
    is_whole = value.is_integer() and abs(value) < 10**15
    return str(int(value)) if is_whole else text
