"""Drafts of layouts in the back office: the editor's page, publication, the end."""

from django import forms
from django.contrib import admin
from django.http import HttpResponseRedirect
from django.urls import reverse

from core.admin_base import ReadOnlyAdmin, step
from core.admin_parts import Panel, Table, columns, linked, when
from core.errors import DomainError
from venues import drafts
from venues.admin_editor import ADDRESSES, EditorAddresses, editor_of
from venues.admin_panels import plan_panels, published_in_words
from venues.admin_publishing import AT_ONCE, page_of_publication
from venues.importers import reading
from venues.models import LayoutDraft, LayoutSeat
from venues.plan import PlanError, from_canonical, normalise
from venues.publishing import ask_to_publish_draft


class NewDraftForm(forms.Form):
    name = forms.CharField(label="Name of the layout", max_length=120, initial="Layout")


# What the editor's buttons say: name, key, words, hint.
TOOLS = [
    ("select", "V", "Select", "Select and move"),
    ("lasso", "L", "Lasso", "Select what a line goes around"),
    ("hand", "H", "Hand", "Move the sheet"),
    ("row", "R", "Row", "A row from end to end"),
    ("block", "B", "Block", "Several rows at once"),
    ("table", "T", "Table", "A table with its seats"),
    ("outline", "O", "Section", "The outline of a section"),
    ("area", "A", "Standing", "An area to stand in"),
    ("shape", "S", "Shape", "Stage, boxes, words"),
    ("focal", "F", "Focal point", "Where everybody looks"),
    ("tracing", "P", "Picture", "A picture to draw along"),
]


def drafts_panels(venue):
    """What is being drawn for a venue, if anything."""
    rows = [
        [linked(draft), f"{draft.places:,}", str(draft.saved_by or "–"), when(draft.saved_at)]
        for draft in venue.drafts.defer("plan").select_related("saved_by").order_by("-saved_at")
    ]
    table = Table(columns("Draft", "Places#", "Saved by", "Saved"), rows)
    return [Panel("Drafts", table, count=len(rows))] if rows else []


@admin.register(LayoutDraft)
class LayoutDraftAdmin(EditorAddresses, ReadOnlyAdmin):
    list_display = ["name", "venue", "places_drawn", "based_on", "saved_by", "saved"]
    list_filter = [("venue", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["venue", "based_on", "saved_by"]
    search_fields = ["name", "venue__name"]
    ordering = ["-saved_at", "pk"]
    fields = ["venue", "name", "places_drawn", "based_on", "source", "saved_by", "saved", "version"]
    readonly_fields = ["places_drawn", "saved"]
    steps = ["draw", "publish", "throw_away"]
    export_columns = {
        "Venue": "venue__name",
        "Draft": "name",
        "Places": "places",
        "Based on": "based_on__name",
        "Saved": "saved_at",
        "Version": "version",
    }

    def get_queryset(self, request):
        heavy = [f"based_on__{name}" for name in ("plan", "geometry_brotli", "geometry_gzip")]
        return super().get_queryset(request).select_related("based_on").defer("plan", *heavy)

    @admin.display(description="Places", ordering="places")
    def places_drawn(self, draft):
        return f"{draft.places:,}"

    @admin.display(description="Saved", ordering="saved_at")
    def saved(self, draft):
        return when(draft.saved_at)

    @step("Draw", is_page=True, tone="primary")
    def draw(self, request, draft):
        address = {
            name: reverse(f"admin:venues_layoutdraft_{name}", args=[draft.pk])
            for name in (*ADDRESSES, "publish")
        }
        return self.page(
            request,
            "admin/editor.html",
            title=f"{draft}: draw",
            thing=draft,
            address=address,
            tools=TOOLS,
            kinds=[choice for choice in LayoutSeat.Kind.choices if choice[0] != "STANDING"],
        )

    # What ends a draft

    @step("Publish", is_page=True, tone="primary", when=lambda draft: draft.places > 0)
    def publish(self, request, draft):
        under_way = draft.publications.filter(done_at=None).defer("content").first()
        if under_way:
            return HttpResponseRedirect(page_of_publication(under_way))
        if request.method == "POST":
            return self._published(request, draft)
        found = drafts.findings_of_draft(draft)
        stopping = sum(finding.stops for finding in found)
        return self.page(
            request,
            "admin/draft_publish.html",
            title=f"Publish {draft}",
            thing=draft,
            stopping=stopping,
            others=len(found) - stopping,
            editor=editor_of(draft),
            panels=[*_findings_panels(found), *([] if stopping else _picture_panels(draft))],
        )

    def _published(self, request, draft):
        try:
            version = reading.whole(request.POST.get("version"))
            if draft.places > AT_ONCE:
                asked = ask_to_publish_draft(draft=draft, version=version, by=request.user)
                return HttpResponseRedirect(page_of_publication(asked))
            layout, made = drafts.publish_draft(draft_id=draft.pk, version=version)
        except drafts.DraftGone as gone:
            return self.back(request, draft.venue, problem=gone.message)
        except DomainError as refused:
            return self.back(request, draft, problem=refused.message)
        return self.back(request, layout, done=published_in_words(layout, made))

    @step(
        "Throw away", tone="danger", says="The drawing is deleted for good. Published layouts stay."
    )
    def throw_away(self, request, draft):
        drafts.throw_away(draft_id=draft.pk)
        self.message_user(request, f"{draft} was thrown away.")
        return HttpResponseRedirect(self.list_address())

    def throw_away_preview(self, request, draft):
        rows = [[section.label or "–", f"{section.places:,}"] for section in _sections(draft)]
        table = Table(columns("Section", "Places#"), rows, ["All", f"{draft.places:,}"])
        return [Panel("What is drawn", table)]


def _sections(draft):
    return from_canonical(draft.plan).sections


def _picture_panels(draft):
    """What would be published, unless it is too wide for its seats: that is told when it is tried."""
    try:
        return plan_panels(normalise(from_canonical(draft.plan)), draft.name)
    except PlanError:
        return []


def _findings_panels(found):
    if not found:
        return []
    rows = [
        [finding.what, finding.why, "stops it" if finding.stops else "look at it"]
        for finding in found
    ]
    return [Panel("What to look at", Table(columns("Object", "Reason", ""), rows), count=len(rows))]
