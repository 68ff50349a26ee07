"""Tables that leave the house as CSV or XLSX. The one writer of both.

What people typed can be a formula to the spreadsheet that opens it, so every text that begins like one
is made plain first. Numbers stay numbers.
"""

import csv
import io
import zipfile
from datetime import date, datetime
from decimal import Decimal
from xml.sax.saxutils import escape

from django.utils import timezone
from import_export import fields, resources
from import_export.formats import base_formats

from core.money import quantum

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
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


def write_csv(headers, rows):
    """The table as CSV text."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerows([plain(cell) for cell in row] for row in [headers, *rows])
    return out.getvalue()


def write_xlsx(headers, rows):
    """The table as the bytes of a workbook with one sheet."""
    lines = (f"<row>{''.join(map(_cell, row))}</row>" for row in [headers, *rows])
    sheet = f'<worksheet xmlns="{MAIN}"><sheetData>{"".join(lines)}</sheetData></worksheet>'
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as book:
        for name, part in {**PARTS, SHEET: sheet}.items():
            book.writestr(name, f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>{part}')
    return out.getvalue()


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
