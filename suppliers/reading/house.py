"""A seat plan as it is read against: its sections by name, their rows and seats by label."""

import re
from collections import namedtuple

from suppliers.reading.names import Names
from venues.labels import named, section_name
from venues.models import LayoutSeat, LayoutSection
from venues.places import PARTS, QUOTES, Labels, NotAPlace

Place = namedtuple("Place", "section_id row label ordinal block index kind")
TWO_FIELDS = re.compile(r"([^,;/|\t]+?)\s*[,;/|\t]\s*([^,;/|\t]+)")
GLUED = re.compile(r"(?P<row>[^\W\d_]+)(?P<first>\d+)(?:\s*[-–]\s*(?P=row)?(?P<last>\d+))?")
BRACKETS = str.maketrans("()", "  ")


class House:
    """The plan of one layout, read once for all lines of an input."""

    def __init__(self, layout_id):
        places = LayoutSeat.objects.filter(layout=layout_id).order_by("ordinal")
        by_section = {}
        self.places = {}
        for place in map(Place._make, places.values_list(*Place._fields)):
            by_section.setdefault(place.section_id, []).append(place)
            self.places[place.ordinal] = place
        sections = LayoutSection.objects.filter(layout=layout_id).order_by("position")
        self.labels = {section.pk: section.label for section in sections}
        self.sections = {
            section.label: Section(section, by_section.get(section.pk, [])) for section in sections
        }
        standing = [label for label, section in self.sections.items() if section.is_standing]
        self.names = Names(self.sections, standing)

    def at(self, ordinals):
        """The Places of ordinals in map order."""
        return [self.places[ordinal] for ordinal in sorted(ordinals) if ordinal in self.places]


class Section:
    """Finds the ordinals of a section that words mean."""

    def __init__(self, section, places):
        self.label, self.is_standing = section.label, section.kind == LayoutSection.Kind.STANDING
        self.name = section_name(section.label)
        self._rows = {}
        for place in places:
            self._rows.setdefault(place.row, {})[place.label] = place.ordinal
        self._row_labels = Labels(self._rows, "row", self.name)
        self._seat_labels = {}
        self.has_rows = any(self._rows)

    def meant_by(self, *, rows="", seats="", rest=""):
        """The ordinals of rows and seats in words, or of both in one (`rest`); none named, all of it.
        Raises NotAPlace."""
        if rest:
            return self._spoken(rest)
        wanted = self._row_labels.meant_by(rows) if rows and self.has_rows else list(self._rows)
        return self._in(wanted, seats) if seats else self._all(wanted)

    def rows_of(self, ordinals):
        """The labels of the rows in which these ordinals are."""
        return [row for row, seats in self._rows.items() if not ordinals.isdisjoint(seats.values())]

    def _all(self, rows):
        return [ordinal for row in rows for ordinal in self._rows[row].values()]

    def _in(self, rows, seats):
        """The ordinals of seats in words that are in these rows."""
        wanted = self._labels_of(rows).meant_by(seats)
        found = [self._rows[row].get(label) for row in rows for label in wanted]
        return [ordinal for ordinal in found if ordinal is not None]

    def _labels_of(self, rows):
        key = tuple(rows)
        if key not in self._seat_labels:
            where = f"{self.name}, {named(rows[0], 'row')}" if rows[0] else self.name
            where = where if len(rows) == 1 else self.name
            labels = (label for row in rows for label in self._rows[row])
            self._seat_labels[key] = Labels(labels, "seat", where)
        return self._seat_labels[key]

    def _spoken(self, words):
        """F, 12 is a row and a seat; A-C, F are rows; A 1-12, 15, B 3 are rows with their seats."""
        if not self.has_rows:
            return self._in(list(self._rows), words)
        fields = TWO_FIELDS.fullmatch(words)
        meanings = [lambda: self._in([self._row(fields[1])], fields[2])] if fields else []
        meanings += [
            lambda: self._all(self._row_labels.meant_by(words)),
            lambda: self._groups(words),
        ]
        return _first_of(meanings)

    def _row(self, word):
        rows = self._row_labels.meant_by(word)
        if len(rows) != 1:
            raise NotAPlace(f"{self.name} has no row {word}.")
        return rows[0]

    def _groups(self, words):
        found, rows = [], None
        for part in PARTS.findall(words.translate(QUOTES).translate(BRACKETS)):
            if part.strip():
                rows, ordinals = self._group(part.strip(), rows)
                found += ordinals
        return list(dict.fromkeys(found))

    def _group(self, part, rows):
        """(rows, ordinals) of B 3-5 or B3-B5, or of more seats of the `rows` before, or rows alone."""
        ends = [match.start() for match in re.finditer(r"\s+", part)]
        meanings = [
            lambda end=end: self._split(part[:end], part[end:].strip()) for end in reversed(ends)
        ]
        if rows:
            meanings.append(lambda: (rows, self._in(rows, part)))
            return _first_of(meanings, says=-1)
        meanings.append(lambda: (None, self._all(self._row_labels.meant_by(part))))
        glued = GLUED.fullmatch(part)
        if glued:
            seats = "-".join(filter(None, [glued["first"], glued["last"]]))
            meanings.append(lambda: self._split(glued["row"], seats))
        return _first_of(meanings, says=0)

    def _split(self, rows, seats):
        rows = self._row_labels.meant_by(rows)
        return rows, self._in(rows, seats)


def _first_of(meanings, says=-1):
    """What the first meaning that fits gives; else the refusal of the one whose reason `says` most."""
    refusals = []
    for meaning in meanings:
        try:
            return meaning()
        except NotAPlace as refusal:
            refusals.append(refusal)
    raise refusals[says]
