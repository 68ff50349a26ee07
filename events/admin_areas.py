"""Which places a price level covers, in words that can be read and typed: one section a line,
"Stalls", or "Circle: A-C, F" for some of its rows."""

import re

from django.core.exceptions import ValidationError

from venues.models import LayoutSeat, LayoutSection

RANGE = re.compile(r"(\S+?)\s*[-–]\s*(\S+)")


class Areas:
    """The sections and rows of a layout, by the names people use."""

    def __init__(self, layout_id):
        self.sections = {
            section.label.casefold(): section
            for section in LayoutSection.objects.filter(layout=layout_id)
        }
        self._layout_id = layout_id
        self._rows = None

    @property
    def rows(self):
        """{section id: [row labels in the order of the room]}"""
        if self._rows is None:
            self._rows = {}
            seats = LayoutSeat.objects.filter(layout=self._layout_id)
            known = seats.order_by("section", "row_position").values_list("section", "row")
            for section_id, row in known.distinct("section", "row_position"):
                self._rows.setdefault(section_id, []).append(row)
        return self._rows

    def words_of(self, level):
        """The level's areas, one a line; neighbouring rows as a range."""
        return "\n".join(
            f"{area.section.label}: {self._ranges(area)}" if area.rows else area.section.label
            for area in level.areas.all()
        )

    def _ranges(self, area):
        order = self.rows.get(area.section_id, [])
        runs, previous = [], None
        for at, row in enumerate(order):
            if row not in area.rows:
                continue
            if previous is not None and at == previous + 1:
                runs[-1][1] = row
            else:
                runs.append([row, row])
            previous = at
        return ", ".join(first if first == last else f"{first}-{last}" for first, last in runs)

    def read(self, words):
        """[(LayoutSection, [row labels] or [] for all)] of such words.

        Raises ValidationError naming every section and row that the layout does not have.
        """
        found, problems = {}, []
        for line in filter(None, (part.strip() for part in re.split(r"[;\n]", words))):
            section, rows = self._split(line)
            if section is None:
                problems.append(f"The layout has no section “{line}”.")
                continue
            wanted, unknown = self._read_rows(rows, section)
            problems += [f"Section {section} has no row {row}." for row in unknown]
            found[section] = wanted
        if problems:
            raise ValidationError(problems)
        return list(found.items())

    def _split(self, line):
        """(section or None, words for its rows); a section's own name may hold a colon."""
        if line.casefold() in self.sections:
            return self.sections[line.casefold()], ""
        label, _, rows = line.rpartition(":")
        return self.sections.get(label.strip().casefold()), rows

    def _read_rows(self, words, section):
        """(row labels meant, words that are no row)."""
        labels = self.rows.get(section.pk, [])
        known = {label.casefold(): at for at, label in enumerate(labels)}
        wanted, unknown = [], []
        for part in filter(None, (part.strip() for part in words.split(","))):
            names = _ends(part, known)
            missing = [name for name in names if name.casefold() not in known]
            unknown += missing
            if not missing:
                places = sorted(known[name.casefold()] for name in names)
                wanted += labels[places[0] : places[-1] + 1]
        return list(dict.fromkeys(wanted)), unknown


def _ends(part, known):
    """The one or two row labels of a word; a row may itself be called A-1."""
    ends = None if part.casefold() in known else RANGE.fullmatch(part)
    return list(ends.groups()) if ends else [part]


def in_short(level):
    """For lists: "Stalls, Circle (3 rows)"."""
    return ", ".join(
        f"{area.section.label} ({len(area.rows)} rows)" if area.rows else area.section.label
        for area in level.areas.all()
    )
