"""Which price level covers which rows of a new version: what its kept places had before; for new rows
the level of their category."""

from collections import Counter, defaultdict
from typing import NamedTuple

from events.models import PriceArea


class RowKey(NamedTuple):
    section: str
    row: str


def carry_areas(outlook):
    """Puts the event's PriceAreas on the sections of the new layout; call it while `outlook` still has
    the old ones."""
    old, new = outlook.difference.before, outlook.difference.after
    covered = _covered(outlook.event, old.values())
    levels = {a: covered.get((place.section, place.row)) for a, place in old.items()}
    categories = _votes((old[a].category, level) for a, level in levels.items() if level)
    votes = _votes(((new[b].section, new[b].row), levels[a]) for a, b in outlook.pairs.items())
    rows = {RowKey(place.section, place.row): place.category for place in new.values()}
    found = {}
    for key, category in rows.items():
        if key in votes:
            found[key] = votes[key].most_common(1)[0][0]
        else:
            found[key] = _likely(categories[category], key, found)
    _write(outlook, found)


def _votes(ballots):
    """{what: Counter of levels} of [(what, level id)]."""
    found = defaultdict(Counter)
    for (what, level), number in Counter(ballots).items():
        found[what][level] += number
    return found


def _likely(same_category, key, found):
    """The level most places of the category had; without one, that of the rows around."""
    if same_category:
        return same_category.most_common(1)[0][0]
    around = Counter(
        level for other, level in found.items() if other.section == key.section and level
    )
    return around.most_common(1)[0][0] if around else None


def _covered(event, places):
    """{RowKey: level id} of the rows of the places: of several the one that names rows, then the last,
    as places are laid out."""
    areas = PriceArea.objects.filter(level__event=event, section__layout=event.layout_id)
    areas = list(areas.select_related("level", "section").order_by("level__position", "-level_id"))
    areas.sort(key=lambda area: bool(area.rows))
    found, rows = {}, defaultdict(set)
    for place in places:
        rows[place.section].add(place.row)
    for area in areas:
        for row in area.rows or rows[area.section.label]:
            found[RowKey(area.section.label, row)] = area.level_id
    return found


def _write(outlook, found):
    sections = {section.label: section for section in outlook.layout.sections.all()}
    by_section = defaultdict(lambda: defaultdict(list))
    for key, level in found.items():
        by_section[key.section][level].append(key.row)
    PriceArea.objects.filter(level__event=outlook.event).delete()
    PriceArea.objects.bulk_create(
        PriceArea(
            level_id=level,
            section=sections[label],
            rows=[] if len(by_level) == 1 else rows,
        )
        for label, by_level in by_section.items()
        for level, rows in by_level.items()
        if level is not None
    )
