"""A seat plan on a page of the back office: its picture, its sections."""

from django.utils.safestring import mark_safe

from core.admin_parts import Panel, Table, columns
from core.words import many
from venues.picture import svg
from venues.plan import ordinals


def picture(plan, title, classes=None):
    """The seat plan as safe SVG; without `classes` every place shows its kind."""
    classes = classes or [f"kind-{seat.kind.lower()}" for _, _, _, seat in ordinals(plan)]
    return mark_safe(svg(plan, classes, title=title))  # noqa: S308 - svg escapes what it is given


def section_table(plan):
    """What a plan consists of, section by section."""
    rows = [
        [section.label, section.kind.capitalize(), section.zone or "–", section.entrance or "–",
         len(section.rows) if section.kind != "STANDING" else "–", f"{section.places:,}"]
        for section in plan.sections
    ]  # fmt: skip
    foot = ["All sections", "", "", "", "", f"{plan.places:,}"]
    return Table(columns("Section", "Kind", "Zone", "Entrance", "Rows#", "Places#"), rows, foot)


def plan_panels(plan, title):
    shown = {"picture": picture(plan, title)}
    return [
        Panel("Picture", template="admin/_picture.html", context=shown),
        Panel("Sections", section_table(plan), count=len(plan.sections)),
    ]


def published_in_words(layout, made):
    """What publication (`made` of publish_layout) is answered with."""
    words = "is published" if made else "was published before with exactly these seats"
    return f"{layout} {words}: {many(layout.capacity, 'place')}."
