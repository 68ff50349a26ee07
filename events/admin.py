"""Events from the draft to the sale: form, checklist, steps, import."""

from contextlib import contextmanager

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Q
from django.db.models.functions import Now
from django.http import HttpResponseRedirect
from django.utils import timezone
from django.utils.html import format_html
from unfold.decorators import action

from agencies.queries import current_agency
from core.admin_base import BackOfficeAdmin, step
from core.admin_forms import BackOfficeForm
from core.admin_parts import Panel, linked, status_column, status_of, when
from core.admin_uploads import UploadForm, keep
from core.memory import Remembered
from core.words import many
from events import (
    admin_charges,  # noqa: F401 - registers
    admin_policies,  # noqa: F401 - registers
    services,
)
from events.admin_levels import LevelInline, is_draft
from events.admin_panels import checklist, drafts_table, levels_panel, sections_panels
from events.forms import SizesField
from events.importers import ticketmaster
from events.models import PUBLIC, Event, SplitRule, Status
from venues.models import Layout, Venue

MOMENTS = {"starts_at", "doors_at", "ends_at", "sale_starts_at", "sale_ends_at"}
SPLITS = [
    (SplitRule.ANY, "Whatever they like, a single place too"),
    (SplitRule.NO_SINGLES, "Never a single place alone"),
    (SplitRule.PAIRS, "Only what is sold in pairs"),
    (SplitRule.CUSTOM, "Only what is sold in numbers of your own"),
]
SPLIT_HELP = (
    "For buyers who choose their places themselves, here, on the map and over the API. A choice that "
    "leaves less is refused, unless nothing better is left for them. Best places are always chosen so "
    "that nobody is left alone."
)
HEAVY = [f"layout__{name}" for name in ("plan", "geometry_brotli", "geometry_gzip")]


class EventForm(BackOfficeForm):
    split_sizes = SizesField(
        required=False,
        label="Numbers of your own",
        help_text="Only for numbers of your own: 2, 4 sells two or four places at a time.",
    )

    class Meta:
        model = Event
        fields = "__all__"

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for name in MOMENTS & self.fields.keys():
            self.fields[name].widget.widgets[1].format = "%H:%M"
        if "split_rule" in self.fields:
            self.fields["split_rule"].label = "What buyers may leave of a row"
            self.fields["split_rule"].choices = SPLITS
            self.fields["split_rule"].help_text = SPLIT_HELP
        if "layout" in self.fields:
            layouts = Layout.objects.defer("plan", "geometry_brotli", "geometry_gzip")
            self.fields["layout"].queryset = layouts.select_related("venue").order_by(
                "venue__name", "-version"
            )
            self.fields["layout"].label_from_instance = _layout_in_words
            self.fields["layout"].help_text = "Empty: the newest layout of the venue."

    def clean(self):
        given = super().clean()
        venue, layout = given.get("venue"), given.get("layout")
        if venue and "layout" in self.fields:
            if layout is None:
                given["layout"] = venue.layouts.order_by("-version").first()
            elif layout.venue_id != venue.pk:
                self.add_error("layout", f"This is a layout of {layout.venue}, not of {venue}.")
            elif self._has_places() and layout.pk != self.initial.get("layout"):
                self.add_error("layout", "Seats were ordered on the layout it has; it stays.")
        self._check_order(given)
        return given

    def _update_errors(self, errors):
        """Numbers that could not be read are not missing as well."""
        if "split_sizes" in self.errors and hasattr(errors, "error_dict"):
            errors.error_dict.pop("split_sizes", None)
        super()._update_errors(errors)

    def _has_places(self):
        """Inventory's rows, which are laid out when seats are ordered or the event is published."""
        return not self.instance._state.adding and self.instance.seats.exists()

    def _check_order(self, given):
        """What the database would refuse, said beside the field."""
        starts, doors, ends = (given.get(name) for name in ("starts_at", "doors_at", "ends_at"))
        if starts and doors and doors > starts:
            self.add_error("doors_at", "The doors open before it starts.")
        if starts and ends and ends <= starts:
            self.add_error("ends_at", "It ends after it has started.")
        opens, closes = given.get("sale_starts_at"), given.get("sale_ends_at")
        if opens and closes and closes <= opens:
            self.add_error("sale_ends_at", "The sale ends after it has begun.")


def _layout_in_words(layout):
    return f"{layout.venue.name}: {layout} ({many(layout.capacity, 'place')})"


class WhenFilter(admin.SimpleListFilter):
    title = "when"
    parameter_name = "when"

    def lookups(self, request, model_admin):
        return [("coming", "Coming"), ("past", "Past")]

    def queryset(self, request, queryset):
        rules = {"coming": Q(starts_at__gt=Now()), "past": Q(starts_at__lte=Now())}
        return queryset.filter(rules.get(self.value(), Q()))


@admin.register(Event)
class EventAdmin(BackOfficeAdmin):
    form = EventForm
    list_display = ["title", "start", "venue", "kind", status_column(), "sale"]
    list_filter = [WhenFilter, "status", "kind", ("venue", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["venue"]
    search_fields = ["title", "venue__name", "slug", "external_id"]
    ordering = ["starts_at", "pk"]
    inlines = [LevelInline]
    steps = ["publish", "open_sale", "withdraw"]
    actions_list = ["import_file"]
    export_columns = {
        "Title": "title",
        "Starts": "starts_at",
        "Venue": "venue__name",
        "Kind": "kind",
        "Status": "status",
        "Sale from": "sale_starts_at",
        "Sale until": "sale_ends_at",
        "Page": "slug",
    }

    # Fields

    def get_fieldsets(self, request, obj=None):
        return [
            ("What", {"fields": ["title", "subtitle", "description", "kind", "series"]}),
            ("Where", {"fields": ["venue", "layout", "organizer"]}),
            (
                "When, on the venue’s clock",
                {"fields": ["starts_at", "doors_at", "ends_at"]},
            ),
            (
                "Sale",
                {
                    "fields": [
                        *("sale_starts_at", "sale_ends_at", "max_per_booking"),
                        *("max_per_customer", "max_per_card", "is_card_limit_strict"),
                        *(
                            "split_rule",
                            "split_sizes",
                            "cancellation_policy",
                            "reservation_seconds",
                        ),
                        *("is_transferable", "is_featured"),
                    ]
                },
            ),
        ]

    def get_readonly_fields(self, request, obj=None):
        return [] if obj is None or is_draft(obj) else ["venue", "layout", "organizer"]

    def get_inlines(self, request, obj):
        return self.inlines if is_draft(obj) and obj.layout_id else []

    def get_queryset(self, request):
        return super().get_queryset(request).defer(*HEAVY)

    def has_delete_permission(self, request, obj=None):
        return (obj is None or is_draft(obj)) and super().has_delete_permission(request, obj)

    @admin.display(description="Starts", ordering="starts_at")
    def start(self, event):
        with timezone.override(event.zone):
            return when(event.starts_at)

    @admin.display(description="Sale", ordering="sale_starts_at")
    def sale(self, event):
        with timezone.override(event.zone):
            return f"{timezone.localtime(event.sale_starts_at):%-d %b %Y, %H:%M}"

    def public_page(self, event):
        if event.status not in PUBLIC:
            return "Not on the site yet"
        return format_html('<a href="/events/{}/">On the site</a>', event.slug)

    def save_model(self, request, obj, form, change):
        if not change:
            obj.slug = services.free_slug(obj.title, obj.starts_at)
            obj.currency = current_agency().currency
        if is_draft(obj):
            obj.time_zone = obj.venue.time_zone
        super().save_model(request, obj, form, change)
        Remembered.forget_everything()

    def response_add(self, request, obj, post_url_continue=None):
        words = "Now set its price levels." if obj.layout_id else "Its venue has no layout yet."
        return self.back(request, obj, done=f"{obj} is drafted. {words}")

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        with self._on_the_venues_clock(request, object_id):
            response = super().changeform_view(request, object_id, form_url, extra_context)
            return response.render() if hasattr(response, "render") else response

    @contextmanager
    def _on_the_venues_clock(self, request, object_id):
        """Times of an event are read and written as the clock at its venue shows them."""
        event = self.get_object(request, object_id) if object_id else None
        zone = event.zone if event else timezone.get_current_timezone()
        chosen = request.POST.get("venue")
        if chosen and (event is None or is_draft(event)):
            try:
                zone = Venue.objects.get(pk=chosen).time_zone
            except (Venue.DoesNotExist, ValidationError):
                zone = timezone.get_current_timezone()
        with timezone.override(zone):
            yield

    # What is ready, what comes next

    def under_title(self, event):
        """Its state, date and house; the address of its page once there is one."""
        facts = [status_of(event), self.start(event), linked(event.venue), self.public_page(event)]
        return [*facts, "Its sale was stopped by hand"] if event.is_sale_stopped else facts

    def is_form_last(self, event):
        return not is_draft(event)

    def panels(self, request, event):
        if is_draft(event):
            return [checklist(event), *sections_panels(event)]
        return [levels_panel(event)]

    @step(
        "Publish",
        when=is_draft,
        tone="primary",
        says="Its page goes on the site and its price levels are fixed. Nothing sells yet.",
        is_long=True,
    )
    def publish(self, request, event):
        services.publish(event.pk)
        return f"{event} is published. It sells once the sale is open."

    def publish_preview(self, request, event):
        return [checklist(event), levels_panel(event)]

    @step(
        "Open the sale",
        when=lambda event: event.status == Status.PUBLISHED,
        tone="primary",
        says="From the start of its sale window on, buyers can reserve the seats that are ours.",
    )
    def open_sale(self, request, event):
        services.open_sale(event.pk)
        return f"{event} is on sale as soon as its sale window is open."

    def open_sale_preview(self, request, event):
        return [checklist(event), levels_panel(event)]

    @step(
        "Take a step back",
        when=lambda event: event.status in (Status.PUBLISHED, Status.ON_SALE),
        tone="danger",
        says="From on sale to published, so that nobody can reserve any more; or from published to "
        "draft, so that its page leaves the site. What was sold stays sold.",
    )
    def withdraw(self, request, event):
        event = services.withdraw(event.pk)
        return f"{event} is {event.get_status_display().lower()} now. What was sold stays sold."

    # Import

    @action(description="Import from Ticketmaster", permissions=["step"], icon="upload_file")
    def import_file(self, request):
        if not self.has_step_permission(request):
            raise PermissionDenied
        form = UploadForm(request.POST or None, request.FILES or None)
        form.fields[
            "file"
        ].help_text = "The JSON answer of the Discovery API: one event or a page of them."
        return self.form_page(
            request,
            form,
            lambda form: self._read(request, form),
            title="Import events from Ticketmaster",
            submit="Read the file",
            note="Nothing is saved yet: the next page shows what was read.",
        )

    def _read(self, request, form):
        filename, content, token = form.read(request.user)
        drafts = ticketmaster.parse_all(content)
        if token:
            return self._imported(request, content)
        known = set(
            Event.objects.filter(
                external_id__in=[draft.external_id for draft in drafts]
            ).values_list("external_id", flat=True)
        )
        return self.page(
            request,
            "admin/events_preview.html",
            title=f"Preview: {filename}",
            token=keep(filename, content, request.user),
            new=len({draft.external_id for draft in drafts} - known),
            panels=[Panel("Events in the file", drafts_table(drafts, known), count=len(drafts))],
        )

    def _imported(self, request, content):
        made = services.import_events(content, currency=current_agency().currency)
        new = sum(is_new for _, is_new in made)
        messages.success(request, f"{many(new, 'event')} drafted, {len(made) - new} known already.")
        return HttpResponseRedirect(f"{self.list_address()}?status__exact={Status.DRAFT}")
