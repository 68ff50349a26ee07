"""Flat seat lists: one line a seat, with a header in English, French, German, Spanish or Italian.

Columns: section, row, seat, and where known x, y, type, capacity, category, zone, floor, entrance
and restricted view. A standing area is one line with its capacity, or one line a place. Without x
and y the seats are laid out in rows, the sections in front of a stage.
"""

import csv
import unicodedata
from collections import Counter
from dataclasses import replace
from io import StringIO
from itertools import islice

from core.exports import FORMULA
from venues.importers import reading
from venues.importers.drafts import Drafts, kind_of, overlap, reach
from venues.plan import (
    MOST_PLACES,
    PITCH,
    Plan,
    PlanError,
    PlanRow,
    PlanSeat,
    PlanSection,
    in_front_of_a_stage,
    in_rows,
    moved,
    outlines,
    standing,
)
from venues.plan.normal import scale_of, scaled

COLUMNS = {
    "section": "section sector block bloc secteur sektor bereich seccion settore area stand",
    "row": "row rang rangee reihe fila riga row_number row_label",
    "seat": "seat number seat_number seat_label place siege platz sitz asiento butaca posto no nr",
    "x": "x pos_x x_pos cx left coord_x",
    "y": "y pos_y y_pos cy top coord_y",
    "type": "type kind seat_type typ tipo art",
    "capacity": "capacity quantity qty places count capacite kapazitat capacidad anzahl",
    "category": "category price_level price_category categorie kategorie categoria level",
    "zone": "zone",
    "floor": "floor etage storey tier",
    "entrance": "entrance gate door entree eingang porte",
    "restricted": "restricted restricted_view obstructed obstructed_view visibilite_reduite",
}
KINDS = {
    "STANDARD": "seat standard normal regular reserved sitz siege asiento",
    "VIP": "vip premium",
    "STANDING": "standing ga general_admission stehplatz debout pie stand",
    "RESTRICTED": "restricted restricted_view obstructed",
}
ROOM_TO_STAND = 15


def parse(content):
    """The plan of a seat list, in its own units. Raises PlanError."""
    (_, header), *lines = _lines(reading.text_of(content)) or [(0, [])]
    columns = _columns(header)
    if not lines:
        raise PlanError(["File: has no line besides its header"])
    reader = _Reader(columns)
    for number, cells in lines:
        reader.line(number, {key: cells[i] for key, i in columns.items() if i < len(cells)})
    return reading.sound(Plan("Seat plan", reader.sections()), reader.problems)


def is_list(text):
    """Whether the first line of a text is a header this importer understands."""
    try:
        return {"section", "row", "seat"} & _known(_lines(text[:10_000])[0][1]).keys() >= {"seat"}
    except (PlanError, IndexError):
        return False


def _lines(text):
    """(line number, cells) without blank lines; the delimiter is what explains the header best."""
    first, _, rest = text.partition("\n")
    skipped = first.lower().startswith("sep=")
    text = rest if skipped else text
    head = next((line for line in StringIO(text, newline=None) if line.strip()), "")
    delimiter = max(";,\t|", key=lambda mark: (len(_known(head.split(mark))), head.count(mark)))
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter)
    lines = (
        (reader.line_num + skipped, cells)
        for cells in reader
        if any(cell.strip() for cell in cells)
    )
    try:
        found = list(islice(lines, MOST_PLACES + 2))  # the header, and one too many
    except csv.Error as error:
        raise PlanError([f"File: cannot be read as CSV: {error}"]) from None
    if len(found) > MOST_PLACES + 1:
        raise PlanError([f"File: has more than {MOST_PLACES:,} lines"])
    return found


def _columns(header):
    """Index of each known column. Raises PlanError when the necessary ones are missing."""
    columns = _known(header)
    seats = {"row", "seat"} <= columns.keys()
    if not seats and "capacity" not in columns:
        read = ", ".join(reading.spot("", cell).strip() for cell in header[:20])
        raise PlanError([f"Header: needs columns for section, row and seat; it has {read}"])
    return columns


def _known(header):
    names = {alias: key for key, words in COLUMNS.items() for alias in words.split()}
    columns = {}
    for i, cell in enumerate(header):
        key = names.get(_plain(cell))
        if key:
            columns.setdefault(key, i)
    return columns


def _plain(text):
    """Lower case, without accents, words joined by one underscore."""
    bare = unicodedata.normalize("NFKD", text.strip().strip('"').lower())
    kept = "".join(c if c.isalnum() else "_" for c in bare if not unicodedata.combining(c))
    return "_".join(filter(None, kept.split("_")))


def _kind(text):
    """The kind a cell means, or None when it means nothing known."""
    plain = _plain(text)
    for kind, words in KINDS.items():
        if plain in words.split():
            return kind
    spoken = kind_of(text)
    return spoken if spoken != "STANDARD" else None if plain else "STANDARD"


class _Reader:
    """Takes the lines in; gathers problems instead of stopping at the first."""

    def __init__(self, columns):
        self.problems = []
        self.drafts = Drafts()
        self.has_positions = {"x", "y"} <= columns.keys()
        self.standing = {}

    def line(self, number, cells):
        cells = {key: _tidy(cell) for key, cell in cells.items()}
        kind = _kind(cells.get("type", ""))
        section = cells.get("section") or "Main"
        if kind is None:
            self._refuse(number, f"type {reading.spot('', cells['type']).strip()} is not known")
        elif kind == "STANDING" or (cells.get("capacity") and not cells.get("seat")):
            self._stand(number, section, cells)
        elif not cells.get("seat"):
            self._refuse(number, "has no seat label")
        else:
            self._sit(number, section, cells, kind)

    def sections(self):
        """The sections of the list, laid out when it has no positions."""
        seated = self.drafts.sections()
        if not self.has_positions:
            seated = [replace(section, rows=in_rows(section.rows)) for section in seated]
        capacities = [self._capacity(lines) for lines in self.standing.values()]
        reading.refuse_too_many(sum(section.places for section in seated) + sum(capacities))
        areas = [
            self._standing_section(*area, capacity)
            for area, capacity in zip(self.standing.items(), capacities, strict=True)
            if capacity
        ]
        if not self.has_positions or _stacked(seated):
            return in_front_of_a_stage([*seated, *areas]) if seated or areas else ()
        return (*seated, *_in_front(areas, seated))

    def _refuse(self, number, reason):
        self.problems.append(f"Line {number}: {reason}")

    def _sit(self, number, section, cells, kind):
        x, y = (reading.number(cells.get(axis)) for axis in "xy") if self.has_positions else (0, 0)
        poor = kind == "RESTRICTED" or reading.flag(cells.get("restricted"))
        names = {key: cells.get(key, "") for key in ("zone", "floor", "entrance")}
        draft = self.drafts.of(section, "SEATS", **names)
        draft.add(
            cells.get("row", ""),
            [
                PlanSeat(
                    cells["seat"],
                    x,
                    y,
                    kind="STANDARD" if kind == "RESTRICTED" else kind,
                    restricted_view=poor,
                    category=cells.get("category", ""),
                )
            ],
        )

    def _stand(self, number, section, cells):
        self.standing.setdefault(section, []).append((number, cells))

    def _capacity(self, lines):
        return sum(self._standing_places(*line, alone=len(lines) == 1) for line in lines)

    def _standing_section(self, label, lines, capacity):
        """A standing area: a line with its capacity, or as many lines as places."""
        label = f"{label} standing" if label in self.drafts.by_label else label
        names = {key: lines[0][1].get(key, "") for key in ("zone", "floor", "entrance", "category")}
        if self.has_positions and capacity == len(lines) > 1:
            return PlanSection(label, "STANDING", (_standing_row(lines),), **names)
        depth = ROOM_TO_STAND * (capacity / 2) ** 0.5
        return standing(label, capacity, outlines.rectangle(0, 0, 2 * depth, depth), **names)

    def _standing_places(self, number, cells, alone):
        """How many places a line stands for: its capacity, a lone number in `seat`, or one."""
        given = cells.get("capacity") or (cells.get("seat") if alone else "") or "1"
        places = reading.whole(given)
        if alone and places is None and not cells.get("capacity"):
            return 1
        if places is None or not 0 < places <= MOST_PLACES:
            self._refuse(number, f"capacity must be a whole number from 1 to {MOST_PLACES:,}")
            return 0
        return places


def _tidy(cell):
    """A cell as text; spreadsheets write the number 12 as 12.0, and exports a quote before a text that
    would be taken for a formula."""
    text = reading.label(cell)
    text = text[1:] if text[:1] == "'" and text[1:].startswith(FORMULA) else text
    return text[:-2] if text.endswith(".0") and text[:-2].isdigit() else text


def _standing_row(lines):
    """Standing places that are listed one by one, where they are."""
    points = [[reading.number(cells.get(axis)) for axis in "xy"] for _, cells in lines]
    return PlanRow(
        "", tuple(PlanSeat(str(i), x, y, "STANDING") for i, (x, y) in enumerate(points, start=1))
    )


def _in_front(areas, seated):
    """Standing areas, those without positions between the seats and whatever they look at."""
    scale = scale_of(Plan("", tuple(seated)))
    placed = []
    for area in areas:
        if area.outline:
            left, top, right, _ = reach([*seated, *placed])
            area = scaled(area, 1 / scale)
            width, depth = area.outline[2]
            area = moved(area, (left + right - width) / 2, top - depth - 3 * PITCH / scale)
        placed.append(area)
    return placed


def _stacked(sections):
    """Whether positions are counted anew in each section, so that all lie on one another."""
    corners = Counter((s.rows[0].seats[0].x, s.rows[0].seats[0].y) for s in sections)
    return len(sections) > 1 and (
        len(corners) == 1 or all(overlap([s], sections[:i]) for i, s in enumerate(sections) if i)
    )
