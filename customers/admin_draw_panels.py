"""How a draw stands, in words and tables."""

from django.db.models import F
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html

from core.admin_parts import Panel, Table, columns, linked, panel, pill, when
from core.words import many
from customers.models import Draw, DrawStatus

SHOWN = 20
PHASES = {
    "DRAFT": ("DRAFT", "Draft"),
    "SOON": ("SENT", "Registration to come"),
    "OPEN": ("ACTIVE", "Registration open"),
    "CLOSED": ("PENDING", "Closed, to be frozen"),
    "FROZEN": ("HELD", "List frozen"),
    "DRAWN": ("COMPLETED", "Drawn"),
    "CALLED_OFF": ("CANCELLED", "Called off"),
    "OVER": ("CANCELLED", "Event over"),
}
NEXT = {
    "DRAFT": "Nobody sees it yet. Open the registration: from then on its words stay.",
    "SOON": "Everybody can read how it is drawn. Entries are taken from its beginning on.",
    "OPEN": "Entries come in. When it has closed, the list is frozen within a minute, by itself.",
    "CLOSED": "No entry is taken any more. The list is frozen within a minute, by itself or by you.",
    "FROZEN": "The list is public. Type the value when its source is known: it stays.",
    "DRAWN": "Those who are drawn are on its buyer list; give the list to a presale.",
    "CALLED_OFF": "Nobody is drawn, and its list opens nothing. Its page stays and says why.",
    "OVER": "Its event is cancelled or over. It is called off within a minute, by itself or by you.",
}
LATE = "The list was not frozen before its source could be known, so it never can be. Call it off."


def is_late(draw):
    return draw.is_open and not draw.is_event_over and draw.source_at <= timezone.now()


def is_known(draw):
    is_frozen = draw.status == DrawStatus.FROZEN and not draw.is_event_over
    return is_frozen and draw.source_at <= timezone.now()


def is_typed(draw):
    return draw.status == DrawStatus.TYPED and not draw.is_event_over


def phase_pill(draw):
    if is_typed(draw):
        return pill("PENDING", "Value to be confirmed")
    if is_late(draw):
        return pill("FAILED", "Not frozen in time")
    return pill(*PHASES[draw.phase_at(timezone.now())])


def spelling(draw):
    if draw.source_kind == Draw.Source.BEACON:
        return "64 letters, 0 to 9 and a to f."
    return (
        f"{draw.source_count} numbers, none above {draw.source_highest}, in whatever order: they are "
        "put into rising order."
    )


def drawn_words(draw):
    return (
        f"{many(draw.let_in, 'buyer is', 'buyers are')} drawn of {draw.entered:,}. All are mailed."
    )


def gone(draw):
    return draw.entries.filter(rank__lte=draw.let_in).exclude(withdrawn_at=None).count()


def as_of_now(draw):
    phase = draw.phase_at(timezone.now())
    words = LATE if is_late(draw) else NEXT[phase]
    if is_typed(draw):
        words = f"{draw.typed_by} has typed a value. Somebody else confirms it, then it is drawn."
    entries = draw.entries.listed().count()
    struck = draw.entries.filter(is_struck=True).count()
    rows = [
        ("Next", words),
        ("Entries", f"{entries:,}"),
        ("Taken out by staff before", f"{struck:,}"),
        ("Drawn", f"{draw.places:,}"),
        ("From the reserve list", f"{draw.reserve:,} at most"),
        ("Buyer list", linked(draw.buyers)),
    ]
    if not draw.is_draft:
        page = reverse("draw", args=[draw.pk])
        rows.append(("Public page", format_html('<a href="{}">{}</a>', page, page)))
    if draw.why_off:
        rows.append(("Called off", draw.why_off))
    return Panel("As of now", Table(columns("", ""), rows))


def to_be_published(draw):
    rows = [
        ("Registration", format_html("{} to {}", when(draw.opens_at), when(draw.closes_at))),
        ("Drawn", f"{draw.places:,}, and {draw.reserve:,} more at most"),
        ("By lot of", draw.source),
        ("Its value is", f"{draw.get_source_kind_display()}: {spelling(draw)}"),
        ("Known from", when(draw.source_at)),
        ("To be read at", draw.source_url or "–"),
    ]
    return Panel("What everybody will read", Table(columns("", ""), rows))


def proof(draw):
    rows = [
        ("Frozen", when(draw.frozen_at)),
        ("Entries", f"{draw.entered:,}"),
        ("SHA-256 of the numbers", format_html('<span class="digest">{}</span>', draw.digest)),
        ("By lot of", draw.source),
        ("Known from", when(draw.source_at)),
    ]
    if draw.was_drawn:
        rows += [
            ("Value", draw.value),
            ("Typed by", format_html("{}, {}", draw.typed_by, when(draw.typed_at))),
            ("Confirmed by", str(draw.confirmed_by) if draw.needs_second else "nobody else asked"),
        ]
    return Panel("What proves it", Table(columns("", ""), rows))


def waves(draw):
    rows = [
        [str(wave), f"{wave.last - wave.first + 1:,}", when(wave.made_at), str(wave.made_by or "–")]
        for wave in draw.waves.select_related("made_by")
    ]
    return Panel("Let in", Table(columns("Places", "How many#", "When", "By"), rows))


def entries_of(draw):
    rows = [
        [linked(each), f"{each.rank:,}" if each.rank else "–", each.email or "withdrawn",
         when(each.entered_at)]
        for each in draw.entries.order_by(F("rank").asc(nulls_last=True), "-entered_at")[:SHOWN]
    ]  # fmt: skip
    page = f"{reverse('admin:customers_drawentry_changelist')}?draw__id__exact={draw.pk}"
    return Panel(
        "Entries",
        Table(columns("Number", "Place#", "E-mail", "Entered"), rows),
        count=draw.entries.count(),
        link=(page, "All of them"),
    )


@panel("events.event", needs="customers.draw")
def draws_panel(request, event):
    """The draws of an event."""
    rows = [
        [linked(each), phase_pill(each), when(each.closes_at), when(each.source_at)]
        for each in event.draws.select_related("event").order_by("closes_at", "pk")
    ]
    table = Table(columns("Draw", "State", "Closes", "Source known"), rows)
    return Panel("Draws", table, count=len(rows)) if rows else None
