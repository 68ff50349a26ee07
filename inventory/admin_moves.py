"""Moving an event to another version of its layout in the back office: which version and why, whom it
touches and what is in the way, then the deed. And the record of all moves."""

from uuid import UUID

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef
from django.db.models.functions import Now
from django.http import Http404, StreamingHttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import mark_safe

from core.admin_base import ReadOnlyAdmin
from core.admin_parts import Panel, Table, columns, linked, panel, pill, when
from core.exports import csv_parts
from events.models import Event
from inventory.forms import repeated
from inventory.models import LayoutMove, Ownership, Status
from inventory.moving import follower_words, look_ahead, move_event
from venues.models import Layout
from venues.picture import compared_svg
from venues.plan import from_canonical
from venues.versions import WORDS

SHOWN = 200
PLANS = ("plan", "geometry_brotli", "geometry_gzip")


class MoveForm(forms.Form):
    layout = forms.ModelChoiceField(Layout.objects.none(), label="To which version")
    reason = forms.CharField(label="Why", max_length=200, help_text="It is kept with the move.")

    def __init__(self, *args, event, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["layout"].queryset = other_versions(event)
        self.fields["layout"].label_from_instance = lambda layout: (
            f"{layout} ({layout.capacity:,} places)"
        )


def other_versions(event):
    known = Layout.objects.filter(venue=event.venue_id).exclude(pk=event.layout_id)
    return known.defer(*PLANS).order_by("-version")


def move_address(event):
    return f"{reverse('admin:inventory_layoutmove_add')}?event={event.pk}"


@admin.register(LayoutMove)
class LayoutMoveAdmin(ReadOnlyAdmin):
    list_display = [
        "event_link",
        "versions",
        "kept",
        "renamed",
        "added",
        "removed",
        "moved",
        "moved_by",
    ]
    list_filter = [("event", admin.RelatedOnlyFieldListFilter), "moved_at"]
    list_select_related = ["event", "before", "after", "moved_by"]
    search_fields = ["event__title", "reason"]
    ordering = ["-moved_at", "pk"]
    fields = [
        *("event_link", "versions", "reason", "kept", "renamed", "tickets_renamed", "added"),
        *("removed", "moved", "moved_by"),
    ]
    readonly_fields = fields
    export_columns = {
        "Event": "event__title",
        "From version": "before__version",
        "To version": "after__version",
        "Why": "reason",
        "Places kept": "kept",
        "Renamed": "renamed",
        "Tickets renamed": "tickets_renamed",
        "Added": "added",
        "Removed": "removed",
        "Moved": "moved_at",
        "By": "moved_by__email",
    }

    def get_queryset(self, request):
        heavy = [f"{side}__{name}" for side in ("before", "after") for name in PLANS]
        return super().get_queryset(request).defer(*heavy)

    def has_add_permission(self, request, obj=None):
        return self.may(request, "add")

    @admin.display(description="Event", ordering="event__title")
    def event_link(self, move):
        return linked(move.event)

    @admin.display(description="Versions")
    def versions(self, move):
        return format_html("{} → {}", linked(move.before), linked(move.after))

    @admin.display(description="Moved", ordering="moved_at")
    def moved(self, move):
        return when(move.moved_at)

    def add_view(self, request, form_url="", extra_context=None):
        if not self.has_add_permission(request):
            raise PermissionDenied
        if "event" not in request.GET:
            return self._events(request)
        event = _event(request.GET["event"])
        form = MoveForm(request.POST or None, event=event)

        def work(form):
            if "previewed" not in request.POST or "list" in request.POST:
                return self._preview(request, event, form)
            move = move_event(event=event, by=request.user, **form.cleaned_data)
            return self.back(
                request,
                event,
                done=f"{event} is on {move.after} now: {move.kept:,} places kept, "
                f"{move.added:,} added, {move.removed:,} removed.",
            )

        return self.form_page(
            request,
            form,
            work,
            template="admin/reasoned.html",
            title=f"Move to another version: {event}",
            thing=event,
            submit="See what would happen",
            note=f"It is on {event.layout} now. Nothing changes before you have seen whom it touches.",
            panels=[],
        )

    def _events(self, request):
        versions = Layout.objects.filter(venue=OuterRef("venue")).exclude(pk=OuterRef("layout"))
        events = Event.objects.filter(Exists(versions), starts_at__gt=Now(), layout__isnull=False)
        events = events.select_related("venue", "layout").defer(
            *(f"layout__{name}" for name in PLANS)
        )
        rows = [
            [
                format_html('<a href="{}"><b>{}</b></a>', move_address(event), event),
                *(event.venue.name, str(event.layout), when(event.starts_at)),
            ]
            for event in events.order_by("starts_at", "pk")[:SHOWN]
        ]
        empty = "No coming event is in a house whose layout has another version."
        table = Table(columns("Event", "Venue", "Is on", "Starts"), rows, empty=empty)
        found = [Panel("Which event?", table, count=len(rows))]
        return self.page(request, "admin/panels.html", title="Move an event", panels=found)

    def _preview(self, request, event, form):
        layout = Layout.objects.get(pk=form.cleaned_data["layout"].pk)
        outlook = look_ahead(event=event, layout=layout)
        if "list" in request.POST:
            return _whole_list(outlook)
        is_free = not outlook.obstacles
        return self.page(
            request,
            "admin/move_preview.html",
            title=f"Move {event} to {layout}",
            thing=event,
            fields=repeated(form),
            is_free=is_free,
            mailed=outlook.mailed,
            panels=_panels(outlook),
        )


def _event(event_id):
    try:
        found = Event.objects.select_related("layout", "venue").filter(pk=UUID(event_id)).first()
    except ValueError:
        found = None
    if found is None or found.layout_id is None:
        raise Http404
    return found


def _panels(outlook):
    found = outlook.difference
    old, new = from_canonical(outlook.event.layout.plan), from_canonical(outlook.layout.plan)
    drawn = compared_svg(old, new, found, title=f"{outlook.event.layout} and {outlook.layout}")
    picture = mark_safe(drawn)  # noqa: S308 - it escapes what it is given
    parts = [_obstacles(outlook)] if outlook.obstacles else []
    if outlook.notes:
        known = Table(columns("Worth knowing"), [[note] for note in sorted(outlook.notes)])
        parts.append(Panel("Beside the places", known, count=len(outlook.notes)))
    return [
        *parts,
        _figures(outlook),
        _touched(outlook),
        Panel("Picture", template="admin/_picture.html", context={"picture": picture}),
    ]


def _obstacles(outlook):
    rows = [[obstacle.reason] for obstacle in outlook.obstacles[:SHOWN]]
    more = len(outlook.obstacles) - len(rows)
    foot = [f"And {more:,} more"] if more else []
    return Panel(
        "First", Table(columns("What must be solved"), rows, foot), count=len(outlook.obstacles)
    )


def _figures(outlook):
    counts = outlook.difference.counts
    row = [f"{figure:,}" for figure in (
        len(outlook.pairs), len(outlook.added), len(outlook.gone), len(outlook.renamed),
        counts["MOVED"], counts["CHANGED"],
    )]  # fmt: skip
    titles = ("Kept#", "Added, not ours#", "Removed#", "Renamed#", f"{WORDS['MOVED']}#", "Changed#")
    return Panel("Places", Table(columns(*titles), [row]))


def _touched(outlook):
    """Whose places do not stay as they are."""
    touched = outlook.touched
    holders = follower_words(outlook.event, [old.ordinal for old, *_ in touched])
    rows = [
        [old.name, words, _state(seat), holders.get(old.ordinal, "–")]
        for old, _, words, seat in touched[:SHOWN]
    ]
    more = len(touched) - len(rows)
    foot = [f"And {more:,} more", "", "", ""] if more else []
    table = Table(
        columns("Place", "What changes", "State", "Whose"),
        rows,
        foot,
        empty="Every place that is ours stays as it is.",
    )
    return Panel("Whom it touches", table, count=len(touched))


def _whole_list(outlook):
    """Everything that stands in the way and everybody who is touched, as CSV."""
    holders = follower_words(outlook.event, [old.ordinal for old, *_ in outlook.touched])
    rows = [["In the way", "", obstacle.reason, "", ""] for obstacle in outlook.obstacles]
    rows += [
        ["Touched", old.name, words, Status(seat["status"]).label, holders.get(old.ordinal, "")]
        for old, _, words, seat in outlook.touched
    ]
    titles = ["", "Place", "What", "State", "Whose"]
    response = StreamingHttpResponse(
        csv_parts(titles, rows), content_type="text/csv; charset=utf-8"
    )
    response["Content-Disposition"] = f'attachment; filename="move-{outlook.event.slug}.csv"'
    return response


def _state(seat):
    if seat["ownership"] != Ownership.OWNED:
        return pill(seat["ownership"], Ownership(seat["ownership"]).label)
    return pill(seat["status"], Status(seat["status"]).label)


@panel("events.event", needs="inventory.layoutmove")
def layout_of_event(request, event):
    if event.layout_id is None:
        return None
    newest = other_versions(event).first()
    may = admin.site.allows(request, "add", "inventory.layoutmove")
    link = (move_address(event), "Move to another version") if newest and may else ()
    moves = event.layout_moves.select_related("before", "after", "moved_by").defer(
        *(f"{side}__{name}" for side in ("before", "after") for name in PLANS)
    )
    rows = [
        [f"{m.before} → {m.after}", m.reason, str(m.moved_by or "–"), when(m.moved_at)]
        for m in moves
    ]
    layout = Layout.objects.defer(*PLANS).get(pk=event.layout_id)
    table = Table(
        columns("Moved", "Why", "By", "When"), rows, empty=f"{layout}, as from the beginning."
    )
    return Panel("Layout", table, link=link)
