"""Workbooks of strangers: what is in their cells, and what is refused."""

import zipfile
from io import BytesIO

import pytest

from core.exports import write_xlsx
from suppliers.reading import workbook
from suppliers.reading.files import Unreadable

MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
RELATION = 'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
BOOK = '<sheets><sheet name="Old" r:id="r2" state="hidden"/><sheet name="New" r:id="r1"/></sheets>'


def book(sheet, *, strings="", sheets=BOOK, more=(), head=""):
    """The bytes of a workbook with this inside of its sheet."""
    parts = {
        "xl/workbook.xml": f"{head}<workbook {MAIN} {RELATION}>{sheets}</workbook>",
        "xl/_rels/workbook.xml.rels": '<Relationships><Relationship Id="r1" '
        'Target="worksheets/sheet1.xml"/><Relationship Id="r2" Target="worksheets/sheet2.xml"/>'
        "</Relationships>",
        "xl/worksheets/sheet1.xml": f"{head}<worksheet {MAIN}>{sheet}</worksheet>",
        "xl/worksheets/sheet2.xml": f"<worksheet {MAIN}>{rows(['wrong'])}</worksheet>",
        **({"xl/sharedStrings.xml": f"<sst {MAIN}>{strings}</sst>"} if strings else {}),
        **dict(more),
    }
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return out.getvalue()


def rows(*lines):
    text = '<c t="inlineStr"><is><t>{}</t></is></c>'.format
    cells = ("".join(map(text, line)) for line in lines)
    return f"<sheetData>{''.join(f'<row>{line}</row>' for line in cells)}</sheetData>"


def test_what_our_own_exports_write_is_read_back():
    found = workbook.rows_of(write_xlsx(["Row", "Seat"], [["A", 1], ["B", 12]]))
    assert found == [(1, ["Row", "Seat"]), (2, ["A", "1"]), (3, ["B", "12"])]


def test_cells_of_every_kind():
    sheet = (
        '<sheetData><row r="2"><c r="A2" t="s"><v>1</v></c><c r="C2"><v>12.0</v></c>'
        '<c r="D2"><f>1+1</f><v>2</v></c><c r="E2"><f>NOW()</f></c><c r="F2" t="e"><v>#REF!</v></c>'
        '<c r="G2" t="b"><v>1</v></c><c r="H2" t="str"><f>A1</f><v>Stalls</v></c>'
        '<c r="I2"><v>1.5E-1</v></c><c r="J2" t="s"><v>99</v></c></row></sheetData>'
    )
    strings = "<si><t>no</t></si><si><r><t>St</t></r><r><t>alls</t></r><rPh><t>x</t></rPh></si>"
    assert workbook.rows_of(book(sheet, strings=strings)) == [
        (2, ["Stalls", "", "12", "2", "(a formula without a value)", "#REF!", "yes", "Stalls",
             "1.5E-1"]),
    ]  # fmt: skip


def test_a_merged_cell_speaks_for_the_rows_it_covers():
    sheet = rows(["Stalls", "1"], ["", "2"], ["", "3"]) + (
        '<mergeCells><mergeCell ref="A1:A2"/><mergeCell ref="nonsense"/>'
        '<mergeCell ref="A3:ZZZ9999999"/></mergeCells>'
    )
    assert workbook.rows_of(book(sheet)) == [
        (1, ["Stalls", "1"]), (2, ["Stalls", "2"]), (3, ["", "3"]),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (book(rows(["x"]))[:-30], "broken"),
        (book("<sheetData><row>"), "broken"),
        (book(rows(["x"]), more=[("xl/workbook.xml", "\0\0")]), "broken"),
        (book(rows(["x"]), sheets="<sheets/>"), "no sheet"),
        (book(rows(["x"]), sheets='<sheets><sheet r:id="r9"/></sheets>'), "no sheet"),
        (book(rows(["&lol;"]), head='<!DOCTYPE x [<!ENTITY lol "ha">]>'), "entities of its own"),
        (book(rows(["x"]), more=[(f"x{n}", "") for n in range(2_001)]), "too many parts"),
        (book(rows(*[["x"]] * 100_001)), "at most 100,000"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_workbook_is_refused(content, said):
    with pytest.raises(Unreadable, match=said):
        workbook.rows_of(content)


def test_an_archive_that_is_no_workbook_is_refused():
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("letter.txt", "Dear Mireille")
    with pytest.raises(Unreadable, match="no workbook"):
        workbook.rows_of(out.getvalue())


def test_unpacking_stops_where_it_becomes_too_much(monkeypatch):
    monkeypatch.setattr(workbook, "MOST_UNPACKED", 1 << 20)
    with pytest.raises(Unreadable, match="too large when unpacked"):
        workbook.rows_of(book(f"<x>{' ' * (2 << 20)}</x>"))
