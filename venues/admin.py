"""Venues, their layouts with a picture, and the import of a layout file."""

from django import forms
from django.contrib import admin
from django.db.models import Count, Max
from django.http import HttpResponseRedirect

from core.admin_base import BackOfficeAdmin, ReadOnlyAdmin, step
from core.admin_forms import BackOfficeForm
from core.admin_parts import Panel, Table, columns, linked, when
from core.admin_uploads import UploadForm, keep
from venues import drafts, importers
from venues.admin_drafts import NewDraftForm, drafts_panels
from venues.admin_drawing import DrawingPages
from venues.admin_editor import editor_of
from venues.admin_panels import picture, plan_panels, published_in_words
from venues.admin_publishing import (
    LARGE_FILE,
    PublicationPages,
    page_of_publication,
    publications_panels,
)
from venues.admin_versions import VersionPages
from venues.models import Layout, Venue
from venues.plan import from_canonical
from venues.publishing import ask_to_publish_file
from venues.services import import_layout

HEAVY = ("plan", "geometry_brotli", "geometry_gzip")


class VenueForm(BackOfficeForm):
    def clean_country(self):
        return self.cleaned_data["country"].upper()


class LayoutFileForm(UploadForm):
    name = forms.CharField(
        label="Name of the layout",
        required=False,
        max_length=120,
        help_text="Empty: as the file calls it.",
    )
    field_order = ["file", "name"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["file"].help_text = (
            "A seats.io chart or a pretix plan (JSON), a drawing (SVG), a seat list (CSV), or what "
            "was exported here. At most 20 MB."
        )


@admin.register(Venue)
class VenueAdmin(DrawingPages, PublicationPages, BackOfficeAdmin):
    form = VenueForm
    list_display = ["name", "kind", "city", "country", "largest", "versions", "is_active"]
    list_filter = ["kind", "is_active", "country"]
    search_fields = ["name", "city", "address"]
    ordering = ["name", "pk"]
    fieldsets = [
        ("House", {"fields": ["name", "kind", "licensed_capacity", "is_active"]}),
        (
            "Where",
            {
                "fields": [
                    "address",
                    "postcode",
                    "city",
                    "region",
                    "country",
                    "time_zone",
                    "directions",
                ]
            },
        ),
    ]
    steps = ["draw", "import_file"]
    export_columns = {
        "Name": "name",
        "Kind": "kind",
        "Address": "address",
        "Postcode": "postcode",
        "City": "city",
        "Country": "country",
        "Time zone": "time_zone",
        "Largest layout": "places",
        "Active": "is_active",
    }

    def get_queryset(self, request):
        known = super().get_queryset(request)
        return known.annotate(places=Max("layouts__capacity"), plans=Count("layouts"))

    @admin.display(description="Places", ordering="places")
    def largest(self, venue):
        return f"{venue.places:,}" if venue.places else "–"

    @admin.display(description="Layouts", ordering="plans")
    def versions(self, venue):
        return venue.plans

    def panels(self, request, venue):
        layouts = list(venue.layouts.defer(*HEAVY).order_by("-version"))
        rows = [
            [
                linked(layout),
                f"{layout.capacity:,}",
                layout.source or "–",
                when(layout.published_at),
            ]
            for layout in layouts
        ]
        table = Table(
            columns("Layout", "Places#", "From", "Published"),
            rows,
            empty="No layout yet. Import a file to see and sell its seats.",
        )
        found = [
            Panel("Layouts", table, count=len(layouts)),
            *publications_panels(venue),
            *drafts_panels(venue),
        ]
        if layouts:
            newest = Layout.objects.only("plan", "name").get(pk=layouts[0].pk)
            shown = {"picture": picture(from_canonical(newest.plan), str(layouts[0]))}
            found.append(Panel(str(layouts[0]), template="admin/_picture.html", context=shown))
        return found

    @step("Draw a layout", is_page=True)
    def draw(self, request, venue):
        return self.form_page(
            request,
            NewDraftForm(request.POST or None, initial={"name": f"{venue.name} layout"[:120]}),
            lambda form: self._begun(request, venue, form.cleaned_data["name"]),
            title=f"Draw a layout: {venue}",
            thing=venue,
            submit="Begin",
            note="A draft is saved while you draw and sells nothing until it is published.",
        )

    def _begun(self, request, venue, name, **given):
        draft = drafts.start_draft(venue=venue, name=name, by=request.user, **given)
        return HttpResponseRedirect(editor_of(draft))

    @step("Import a layout", is_page=True, tone="primary")
    def import_file(self, request, venue):
        form = LayoutFileForm(request.POST or None, request.FILES or None)
        return self.form_page(
            request,
            form,
            lambda form: self._read(request, venue, form),
            title=f"Import a layout: {venue}",
            thing=venue,
            submit="Read the file",
            note="Nothing is saved yet: the next page shows what was read.",
        )

    def _read(self, request, venue, form):
        """The preview of a file just sent, or the publication of one that was previewed."""
        filename, content, token = form.read(request.user)
        # The look's script writes the file's name into the first text field of the page.
        name = form.cleaned_data["name"] if form.cleaned_data["name"] != filename else ""
        if token and "draw" in request.POST:
            _, plan = importers.read(filename, content)
            return self._begun(request, venue, name or plan.name, plan=plan, source=filename)
        if token and len(content) > LARGE_FILE:
            asked = ask_to_publish_file(
                venue=venue, filename=filename, content=content, name=name, by=request.user
            )
            return HttpResponseRedirect(page_of_publication(asked))
        if token:
            layout, made = import_layout(venue=venue, filename=filename, content=content, name=name)
            return self.back(request, venue, done=published_in_words(layout, made))
        if importers.is_drawing(content) and not importers.is_complete(content):
            return self.drawing_address(venue, keep(filename, content, request.user), name)
        kind, plan = importers.read(filename, content)
        return self.page(
            request,
            "admin/layout_preview.html",
            title=f"Preview: {name or plan.name}",
            thing=venue,
            kind=kind,
            plan=plan,
            name=name,
            file_name=filename,
            token=keep(filename, content, request.user),
            panels=plan_panels(plan, name or plan.name),
        )


@admin.register(Layout)
class LayoutAdmin(VersionPages, ReadOnlyAdmin):
    list_display = ["__str__", "venue", "places", "source", "published"]
    list_filter = [("venue", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["venue"]
    search_fields = ["name", "venue__name", "content_hash"]
    ordering = ["venue__name", "-version", "pk"]
    fields = ["venue", "name", "version", "capacity", "source", "published", "content_hash"]
    readonly_fields = ["published"]
    steps = ["compare", "draw", "as_json", "as_csv", "as_svg"]
    export_columns = {
        "Venue": "venue__name",
        "Layout": "name",
        "Version": "version",
        "Places": "capacity",
        "Content": "content_hash",
    }

    def get_queryset(self, request):
        return super().get_queryset(request).defer(*HEAVY)

    @admin.display(description="Places", ordering="capacity")
    def places(self, layout):
        return f"{layout.capacity:,}"

    @admin.display(description="Published", ordering="published_at")
    def published(self, layout):
        return when(layout.published_at)

    @step("Draw on", says="A draft begins as this version. The layout itself never changes.")
    def draw(self, request, layout):
        return HttpResponseRedirect(editor_of(drafts.draft_from(layout=layout, by=request.user)))

    def panels(self, request, layout):
        return plan_panels(from_canonical(layout.plan), str(layout))
