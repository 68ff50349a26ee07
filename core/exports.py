"""Tables that leave the house as CSV or XLSX. The one writer of both.

What people typed can be a formula to the spreadsheet that opens it, so every text that begins like one
is made plain first. Numbers stay numbers.
"""

import csv
import io
import zipfile
from datetime import date, datetime
from decimal import Decimal
from itertools import chain
from xml.sax.saxutils import escape

from django.utils import timezone
from import_export import fields, resources
from import_export.formats import base_formats

from core.money import quantum

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
PART = 1 << 16  # characters or bytes that leave at once
XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
SHEET = "xl/worksheets/sheet1.xml"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
PARTS = {
    "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types">'
    '<Default Extension="rels" '
    'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{TYPE}.sheet.main+xml"/>'
    f'<Override PartName="/{SHEET}" ContentType="{TYPE}.worksheet+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r1" '
    f'Type="{RELATION}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{RELATION}"><sheets>'
    '<sheet name="Export" sheetId="1" r:id="r1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">'
    f'<Relationship Id="r1" Type="{RELATION}/worksheet" Target="worksheets/sheet1.xml"/>'
    "</Relationships>",
}


def plain(value):
    """A cell as int, Decimal or text that no spreadsheet takes for a formula."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | Decimal):
        return value
    if isinstance(value, datetime):
        return timezone.localtime(value).isoformat(sep=" ", timespec="seconds")
    text = value.isoformat() if isinstance(value, date) else str(value)
    return f"'{text}" if text.startswith(FORMULA) else text


def in_their_decimals(rows, currency_at):
    """Rows whose amounts have the decimals of the currency that stands at this place of the row."""
    for row in rows:
        unit = quantum(row[currency_at])
        yield [cell.quantize(unit) if isinstance(cell, Decimal) else cell for cell in row]


def csv_parts(headers, rows):
    """The table as CSV, piece by piece: rows may be without end."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    for row in chain([headers], rows):
        writer.writerow([plain(cell) for cell in row])
        if out.tell() > PART:
            yield _taken(out)
    yield _taken(out)


def xlsx_parts(headers, rows):
    """The table as a workbook with one sheet, piece by piece."""
    out = _Pipe()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as book:
        for name, part in PARTS.items():
            book.writestr(name, XML + part)
        with book.open(SHEET, "w", force_zip64=True) as sheet:
            sheet.write(f'{XML}<worksheet xmlns="{MAIN}"><sheetData>'.encode())
            for row in chain([headers], rows):
                sheet.write(f"<row>{''.join(map(_cell, row))}</row>".encode())
                if out.kept.tell() > PART:
                    yield _taken(out.kept)
            sheet.write(b"</sheetData></worksheet>")
    yield _taken(out.kept)


class _Pipe:
    """What a zip file is written into and taken from at once: there is no way back in it."""

    def __init__(self):
        self.kept = io.BytesIO()

    def write(self, part):
        return self.kept.write(part)

    def flush(self):
        """All that was written can be taken already."""


def _taken(out):
    """What was written so far; the buffer is empty afterwards."""
    part = out.getvalue()
    out.seek(0)
    out.truncate()
    return part


def write_csv(headers, rows):
    """The table as CSV text."""
    return "".join(csv_parts(headers, rows))


def write_xlsx(headers, rows):
    """The table as the bytes of a workbook with one sheet."""
    return b"".join(xlsx_parts(headers, rows))


def _cell(value):
    value = plain(value)
    if isinstance(value, int | Decimal):
        return (
            f"<c><v>{value:f}</v></c>" if isinstance(value, Decimal) else f"<c><v>{value}</v></c>"
        )
    text = "".join(c for c in value if c.isprintable() or c in "\t\n")
    return f'<c t="inlineStr"><is><t xml:space="preserve">{escape(text)}</t></is></c>'


class Csv(base_formats.Format):
    write = staticmethod(write_csv)

    def get_title(self):
        return "CSV"

    def get_extension(self):
        return "csv"

    def get_content_type(self):
        return "text/csv; charset=utf-8"


class Xlsx(base_formats.Format):
    write = staticmethod(write_xlsx)

    def get_title(self):
        return "XLSX"

    def get_extension(self):
        return "xlsx"

    def get_content_type(self):
        return f"{TYPE}.sheet"


FORMATS = [Csv, Xlsx]


def columns(model, wanted):
    """What import-export shows of `wanted` {column title: path of a value such as event__title}."""
    declared = {
        f"column_{number}": fields.Field(attribute=path, column_name=title, readonly=True)
        for number, (title, path) in enumerate(wanted.items())
    }
    meta = type("Meta", (), {"model": model, "fields": list(declared)})
    return type(f"{model.__name__}Export", (resources.ModelResource,), {**declared, "Meta": meta})
