"""Lines with columns: CSV of any delimiter, cells copied from a spreadsheet, rows of a workbook.

The header is looked for below titles; its columns may be called as people call them in English,
French, German, Spanish or Italian.
"""

import csv
from collections import Counter

from suppliers.reading.asked import Asked
from suppliers.reading.files import shown
from suppliers.reading.names import LETTERS_OR_DIGITS, plain
from venues.importers.flat_csv import COLUMNS as OF_LAYOUTS

COLUMNS = {
    "section": f"{OF_LAYOUTS['section']} sec sections section_name section_label tribune",
    "row": f"{OF_LAYOUTS['row']} rows row_name row_no rangs",
    "seat": f"{OF_LAYOUTS['seat']} seats seat_no seat_nr seat_numbers seats_numbers places sieges "
    "n numero num numeros sitzplatz",
    "from": "from first seat_from first_seat from_seat low low_seat start start_seat von de du "
    "desde premier",
    "to": "to last seat_to last_seat to_seat thru seat_thru high high_seat end end_seat bis a au "
    "hasta dernier until",
    "quantity": "quantity qty count number_of_seats no_of_seats quantite nombre menge anzahl "
    "cantidad tickets billets",
    "code": "barcode barcodes bar_code code codes ticket_code ticket_barcode qr qr_code "
    "code_barre code_barres strichcode token",
    "file": "file files filename file_name url link pdf pdf_file document ticket_url fichier lien "
    "datei",
    "cost": "cost unit_cost each price unit_price price_each wholesale prix prix_unitaire preis "
    "face_cost cout",
    "in_hand": "in_hand in_hand_date in_hand_on inhand inhand_date date_in_hand available_on "
    "delivery_date disponible_le",
    "event": "event event_name event_title show match evenement veranstaltung spectacle",
}
ALIASES = {alias: column for column, words in COLUMNS.items() for alias in words.split()}
DELIMITERS = "\t;,|"
# How far down a header may stand, below titles and addresses.
HEADER_WITHIN = 20
PLACES = {"section", "row", "seat", "from", "quantity"}
# A cell over more lines than this begins with a quotation mark that nobody closed.
LONGEST_RECORD = 20


def table_of(lines):
    """The table in lines of text as (header, rows above it, rows below it), a row as (line number,
    cells); None without a header that can be understood."""
    top = lines[: 3 * HEADER_WITHIN]
    mark = max(DELIMITERS, key=lambda mark: _columns_known(_split(top, mark)))
    return cells_of(_split(lines, mark)) if cells_of(_split(top, mark)) else None


def cells_of(rows):
    """The table in [(line number, cells)], as of `table_of`."""
    for place, (_, cells) in enumerate(rows[:HEADER_WITHIN]):
        header = known(cells)
        if is_header(header):
            below = [row for row in rows[place + 1 :] if row[1] != cells]
            return header, rows[:place], below
    return None


def known(cells):
    """{column: index} of the cells that are headings."""
    columns = {}
    for index, cell in enumerate(cells[:100]):
        words = LETTERS_OR_DIGITS.findall(plain(cell)) if len(cell) < 60 else []
        column = ALIASES.get("_".join(words))
        if column:
            columns.setdefault(column, index)
    return columns


def is_header(columns):
    return len(columns) > 1 and len(PLACES & columns.keys()) > 0


def asked(header, number, cells):
    """What a row of a table Asks for."""
    given = {
        column: _whole(cells[index].strip())
        for column, index in header.items()
        if index < len(cells)
    }
    seats = given.get("seat", "")
    if given.get("from"):
        seats = f"{given['from']}-{given['to']}" if given.get("to") else given["from"]
    return Asked(
        number=number,
        text=shown(", ".join(filter(None, (cell.strip() for cell in cells)))),
        section=given.get("section", ""),
        rows=given.get("row", ""),
        seats=seats,
        quantity=given.get("quantity", ""),
        is_block=not seats,
        is_cell=True,
        event=given.get("event", ""),
        codes=given.get("code", ""),
        file=given.get("file", ""),
        cost=given.get("cost", ""),
        in_hand=given.get("in_hand", ""),
    )


def _whole(cell):
    """12 for 12.0, as programs write seats that they keep as numbers."""
    return cell[:-2] if cell.endswith(".0") and cell[:-2].isdecimal() else cell


def _columns_known(rows):
    """How well a delimiter explains the top of the text: (columns of the best header, how often all
    rows there are equally wide)."""
    top = rows[:HEADER_WITHIN]
    headers = [known(cells) for _, cells in top]
    best = max((len(header) for header in headers if is_header(header)), default=0)
    widths = Counter(len(cells) for _, cells in top if len(cells) > 1)
    return best, max(widths.values(), default=0)


def _split(lines, delimiter):
    """[(line number, cells)] of the lines that are not empty."""
    rows = _records(lines, delimiter, csv.QUOTE_MINIMAL)
    return _records(lines, delimiter, csv.QUOTE_NONE) if rows is None else rows


def _records(lines, delimiter, quoting):
    """The rows, or None when a quotation mark is never closed."""
    reader = csv.reader((f"{line}\n" for line in lines), delimiter=delimiter, quoting=quoting)
    rows, last = [], 0
    try:
        for cells in reader:
            if reader.line_num - last > LONGEST_RECORD:
                return None
            if any(cell.strip() for cell in cells):
                rows.append((last + 1, cells))
            last = reader.line_num
    except csv.Error:
        return None
    return rows
