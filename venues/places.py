"""Which places an order line or a delivery means: a section, rows, or seats in words.

Written as staff write it: rows "A-C, F" and seats "1-12 odd, 15, 17-19". Rows and seats are matched
by their printed labels, whatever is in them: Box 1-Box 4; a label with a comma stands in quotes. A
range of labels follows the physical order of the layout.
"""

import re

from django.db.models import Min

from core.errors import Invalid
from venues.labels import section_name
from venues.models import LayoutSeat

QUOTES = str.maketrans(dict.fromkeys("“”„«»", '"'))
PARTS = re.compile(r'(?:"[^"]*"|[^",;]|")+')
PARITY = re.compile(r"(?P<run>.*\S)\s+(?P<parity>odd|even)", re.IGNORECASE)


class NotAPlace(Invalid):
    """A row or seat that the section does not have."""

    code = "not_a_place"


def places_in(section, *, rows="", seats="", around=None):
    """The LayoutSeats of a section that the words mean, in map order; empty words mean all. `around`
    are ordinals whose rows are meant where none are named.

    Raises NotAPlace naming the word that does not fit.
    """
    found = list(LayoutSeat.objects.filter(section=section).order_by("ordinal"))
    if around is not None and not rows.strip():
        meant = {place.row for place in found if place.ordinal in around}
        found = [place for place in found if place.row in meant]
    if rows.strip():
        labels = _in_order(place.row for place in found)
        wanted = _expand(rows, labels, "row", section)
        found = [place for place in found if place.row in wanted]
    if seats.strip():
        labels = _in_order(place.label for place in found)
        wanted = _expand(seats, labels, "seat", section)
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


def _in_order(labels):
    return list(dict.fromkeys(labels))


def _expand(words, labels, what, section):
    by_name = [label for label in labels if _plain(label) == _plain(words)]
    if by_name:
        return set(by_name)
    wanted = set()
    for part in PARTS.findall(words.translate(QUOTES)):
        if part.strip():
            wanted.update(_part(part.strip(), labels, what, section))
    return wanted


def _part(part, labels, what, section):
    """The labels of one label or of a range, which may end in odd or even."""
    known = {_plain(label): position for position, label in enumerate(labels)}
    half = None if _plain(part) in known else PARITY.fullmatch(part)
    first, last = _ends(half["run"] if half else part, known, what, section)
    run = labels[min(first, last) : max(first, last) + 1]
    if half:
        rest = 1 if half["parity"].lower() == "odd" else 0
        run = [label for label in run if label.isdigit() and int(label) % 2 == rest]
    return run


def _ends(words, known, what, section):
    """The positions of a range's first and last label; a label may itself have dashes in it."""
    if _plain(words) in known:
        return known[_plain(words)], known[_plain(words)]
    sides = [(words[: dash.start()], words[dash.end() :]) for dash in re.finditer("[-–]", words)]
    for first, last in sides:
        if _plain(first) in known and _plain(last) in known:
            return known[_plain(first)], known[_plain(last)]
    unknown = words
    if len(sides) == 1:
        unknown = next(side for side in sides[0] if _plain(side) not in known).strip()
    if not unknown.strip():
        raise NotAPlace(f"“{words}” is not a {what} or a range of {what}s.")
    unknown = unknown.replace('"', "").strip()
    raise NotAPlace(f"{section_name(section.label)} has no {what} {unknown}.")


def _plain(label):
    """A label as it is compared: without case, quotes and doubled spaces."""
    return " ".join(label.replace('"', " ").split()).casefold()
