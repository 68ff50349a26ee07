"""Which places an order line or a delivery means: a section, rows, or seats in words.

Written as staff write it: rows "A-C, F" and seats "1-12 odd, 15, 17 to 19". Rows and seats are matched
by their printed labels, whatever is in them: Box 1-Box 4; a label with a comma stands in quotes. A
range of labels follows the physical order of the layout; its odd or even half goes by the numbers.
"""

import re

from django.db.models import Min

from core.errors import Invalid
from venues.labels import section_name
from venues.models import LayoutSeat

QUOTES = str.maketrans(dict.fromkeys("“”„«»", '"'))
PARTS = re.compile(r'(?:"[^"]*"|[^",;]|")+')
PARITY = re.compile(
    r"(?P<run>.*\S)[\s(]+(?:(?P<odd>odds?|impairs?|ungerade)|evens?|pairs?|gerade)[\s)]*",
    re.IGNORECASE,
)
DASH = re.compile(r"\s*[-–—]\s*|\s+(?:to|thru|through|à|au|bis)\s+", re.IGNORECASE)


class NotAPlace(Invalid):
    """A row or seat that the section does not have."""

    code = "not_a_place"


def named(seats):
    """What `in_words` needs of a queryset of LayoutSeats, in map order: plain rows, since sections have
    thousands."""
    names = ("ordinal", "section__label", "row", "label", "kind", "block", "index")
    return list(seats.order_by("ordinal").values_list(*names, named=True))


def places_in(section, *, rows="", seats="", around=None):
    """The places of a section that the words mean, as `named`; empty words mean all. `around` are
    ordinals whose rows are meant where none are named.

    Raises NotAPlace naming the word that does not fit.
    """
    found = named(LayoutSeat.objects.filter(section=section))
    if around is not None and not rows.strip():
        meant = {place.row for place in found if place.ordinal in around}
        found = [place for place in found if place.row in meant]
    if rows.strip():
        labels = Labels((place.row for place in found), "row", section_name(section.label))
        wanted = set(labels.meant_by(rows))
        found = [place for place in found if place.row in wanted]
    if seats.strip():
        labels = Labels((place.label for place in found), "seat", section_name(section.label))
        wanted = set(labels.meant_by(seats))
        found = [place for place in found if place.label in wanted]
    return found


def examples(places):
    """{section id: how rows of it are written, such as A-C, F} of a queryset of LayoutSeats; sections
    without named rows are left out."""
    found = places.exclude(row="")
    rows = {}
    for section, row, _ in (
        found.order_by().values_list("section", "row").annotate(at=Min("ordinal")).order_by("at")
    ):
        rows.setdefault(section, []).append(_quoted(row))
    return {section: _example(labels) for section, labels in rows.items()}


def _example(labels):
    first, *others = labels
    if not others:
        return first
    run = f"{first}-{others[1] if len(others) > 2 else others[0]}"
    return f"{run}, {labels[4]}" if len(labels) > 4 else run


def _quoted(label):
    return f'"{label}"' if re.search("[,;–-]", label) else label


def in_words(places):
    """Places as "A 1-12, B 3": runs of neighbours by row; standing places as a count."""
    if places and places[0].kind == LayoutSeat.Kind.STANDING:
        return f"{len(places)} standing places"
    rows = {}
    for place in places:
        rows.setdefault(place.row, []).append(place)
    return ", ".join(_row(row, _runs(members)) for row, members in rows.items())


def _row(row, seats):
    """A 1-12, but Box 1 (1-4)."""
    return f"{row} ({seats})" if row[-1:].isdigit() else f"{row} {seats}".strip()


def _runs(places):
    parts, run = [], [places[0]]
    for place in places[1:]:
        if place.block == run[-1].block and place.index == run[-1].index + 1:
            run.append(place)
        else:
            parts.append(_run(run))
            run = [place]
    return ", ".join([*parts, _run(run)])


def _run(run):
    return run[0].label if len(run) == 1 else f"{run[0].label}-{run[-1].label}"


class Labels:
    """The printed labels of rows or seats in the layout's order, found by what people write."""

    def __init__(self, labels, what, where):
        """`what` is row or seat, `where` says of what for the sentences of refusals."""
        self.labels = list(dict.fromkeys(labels))
        self.what, self.where = what, where
        self._at, self._meant = {}, {}
        for key in (_plain, _without_zeros):
            for position, label in enumerate(self.labels):
                self._at.setdefault(key(label), position)

    def meant_by(self, words):
        """The labels that the words mean, without doubles. Raises NotAPlace naming the word that
        does not fit. The same words of a long list are looked up once."""
        if words not in self._meant:
            try:
                self._meant[words] = self._labels(words)
            except NotAPlace as refusal:
                self._meant[words] = refusal.message
        meant = self._meant[words]
        if isinstance(meant, str):
            raise NotAPlace(meant)
        return meant

    def _labels(self, words):
        position = self._position(words)
        if position is not None:
            return [self.labels[position]]
        parts = (part.strip() for part in PARTS.findall(words.translate(QUOTES)))
        return list(dict.fromkeys(label for part in parts if part for label in self._part(part)))

    def _position(self, words):
        """Where a label stands; 07 finds 7 where nothing is called 07."""
        position = self._at.get(_plain(words))
        return self._at.get(_without_zeros(words)) if position is None else position

    def _part(self, part):
        """The labels of one label or of a range, which may end in odd or even."""
        half = PARITY.fullmatch(part) if self._position(part) is None else None
        first, last = self._ends(half["run"] if half else part)
        if half:
            return self._half(self.labels[first], self.labels[last], 1 if half["odd"] else 0)
        return self.labels[min(first, last) : max(first, last) + 1]

    def _half(self, first, last, rest):
        """The odd or even numbers between two labels, wherever they stand in the row."""
        if not (first.isdecimal() and last.isdecimal()):
            return []
        low, high = sorted((int(first), int(last)))
        numbers = ((label, int(label)) for label in self.labels if label.isdecimal())
        return [label for label, n in numbers if low <= n <= high and n % 2 == rest]

    def _ends(self, words):
        """The positions of a range's first and last label; a label may itself have dashes in it."""
        position = self._position(words)
        if position is not None:
            return position, position
        sides = [(words[: dash.start()], words[dash.end() :]) for dash in DASH.finditer(words)]
        for ends in sides:
            first, last = map(self._position, ends)
            if first is not None and last is not None:
                return first, last
        raise NotAPlace(self._refusal(words, sides))

    def _refusal(self, words, sides):
        unknown = words
        if len(sides) == 1:
            unknown = next(side for side in sides[0] if self._position(side) is None)
        unknown = unknown.replace('"', "").strip()
        if not unknown:
            return f"“{words}” is not a {self.what} or a range of {self.what}s."
        return f"{self.where} has no {self.what} {unknown}."


def _plain(label):
    """A label as it is compared: without case, quotes and doubled spaces."""
    return " ".join(label.replace('"', " ").split()).casefold()


def _without_zeros(label):
    return _plain(label).lstrip("0") or "0"
