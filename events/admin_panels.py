"""What stands on the pages of events: what is ready, what it costs, which sections there are."""

from core.admin_parts import Panel, Table, columns
from events import services
from events.admin_areas import Areas
from events.models import PriceArea
from venues.models import LayoutSection


def checklist(event):
    """What the event still lacks, and what is worth a second look."""
    missing = services.missing_for_publication(event)
    items = [(False, words) for words in missing] or [(True, "Layout and price levels are set.")]
    covered = {area.section_id for area in PriceArea.objects.filter(level__event=event)}
    bare = [
        s.label for s in LayoutSection.objects.filter(layout=event.layout_id) if s.pk not in covered
    ]
    if bare and not missing:
        named = ", ".join(bare[:6]) + (" and more" if len(bare) > 6 else "")
        items.append((False, f"Sections without a price, so not for sale: {named}."))
    items.append((bool(event.description), "It has a description." if event.description else
                  "It has no description; buyers see its title and times only."))  # fmt: skip
    runs = event.sale_ends_at <= event.starts_at
    items.append(
        (runs, "The sale ends before the start." if runs else "The sale outlasts the start.")
    )
    return Panel("Ready?", template="admin/_checklist.html", context={"items": items})


def levels_panel(event):
    known = Areas(event.layout_id)
    levels = event.levels.prefetch_related("areas__section").order_by("position", "pk")
    rows = [
        [
            *(level.name, level.money.display(), level.position),
            known.words_of(level).replace("\n", " · ") or "–",
        ]
        for level in levels
    ]
    table = Table(columns("Level", "Price before fee#", "Colour#", "Sections"), rows)
    return Panel("Price levels", table, count=len(rows))


def sections_panels(event):
    """The names a draft's levels can use."""
    if event.layout_id is None:
        return []
    covered = {}
    for area in PriceArea.objects.filter(level__event=event).select_related("level"):
        covered.setdefault(area.section_id, []).append(area.level.name)
    rows = [
        [section.label, section.get_kind_display(), f"{section.places:,}",
         ", ".join(covered.get(section.pk, [])) or "–"]
        for section in LayoutSection.objects.filter(layout=event.layout_id).order_by("position")
    ]  # fmt: skip
    table = Table(columns("Section", "Kind", "Places#", "Level"), rows)
    return [Panel("Sections of the layout", table, count=len(rows))]


def drafts_table(drafts, known):
    rows = [
        [draft.title, f"{draft.starts_at:%-d %b %Y, %H:%M}", f"{draft.venue_name}, {draft.city}",
         "known already" if draft.external_id in known else "new"]
        for draft in drafts
    ]  # fmt: skip
    return Table(columns("Event", "Starts", "Venue", ""), rows)
