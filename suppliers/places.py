"""Which places an order line or a delivery means: a section, rows, or seats in words.

Written as staff write it: rows "A-C, F" and seats "1-12 odd, 15, 17-19". Rows and seats are matched
by their printed labels; a range of labels follows the physical order of the layout.
"""

import re

from core.errors import Invalid
from venues.labels import section_name
from venues.models import LayoutSeat

PART = re.compile(
    r"^(?P<first>[^\s,]+?)(?:\s*[-–]\s*(?P<last>[^\s,]+?))?(?:\s+(?P<parity>odd|even))?$"
)


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


def in_words(places):
    """Places as "A 1-12, B 3": runs of neighbours by row; standing places as a count."""
    if places and places[0].kind == LayoutSeat.Kind.STANDING:
        return f"{len(places)} standing places"
    rows = {}
    for place in places:
        rows.setdefault(place.row, []).append(place)
    return ", ".join(f"{row} {_runs(members)}".strip() for row, members in rows.items())


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
    wanted = set()
    for part in re.split(r"[,;]", words):
        if part.strip():
            wanted.update(_part(part.strip(), labels, what, section))
    return wanted


def _part(part, labels, what, section):
    match = PART.match(part)
    if not match:
        raise NotAPlace(f"“{part}” is not a {what} or a range of {what}s.")
    first = _position(match["first"], labels, what, section)
    last = _position(match["last"] or match["first"], labels, what, section)
    run = labels[min(first, last) : max(first, last) + 1]
    if match["parity"]:
        rest = 1 if match["parity"] == "odd" else 0
        run = [label for label in run if label.isdigit() and int(label) % 2 == rest]
    return run


def _position(label, labels, what, section):
    folded = [known.casefold() for known in labels]
    if label.casefold() not in folded:
        raise NotAPlace(f"{section_name(section.label)} has no {what} {label}.")
    return folded.index(label.casefold())
