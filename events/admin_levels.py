"""Price levels on the event's page, with the places each covers written in words."""

import re

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.forms import BaseInlineFormSet
from unfold.widgets import UnfoldAdminTextareaWidget

from core.admin_base import BackOfficeAdmin, BackOfficeForm, BackOfficeInline
from core.admin_parts import linked, money_column
from events.models import PriceArea, PriceLevel, Status
from venues.models import LayoutSeat, LayoutSection

RANGE = re.compile(r"(\S+?)\s*[-–]\s*(\S+)")


def where_in_words(level):
    """The areas of a level, one a line: "Stalls", or "Circle: A, B, C" for some rows."""
    return "\n".join(
        f"{area.section.label}: {', '.join(area.rows)}" if area.rows else area.section.label
        for area in level.areas.all()
    )


def areas_from(words, layout_id):
    """[(LayoutSection, [row labels] or [])] of words written as above; `A-C` is a range of rows.

    Raises ValidationError naming every section and row that the layout does not have.
    """
    sections = {s.label.casefold(): s for s in LayoutSection.objects.filter(layout=layout_id)}
    found, problems = {}, []
    for line in filter(None, (part.strip() for part in re.split(r"[;\n]", words))):
        label, rows = _split(line, sections)
        if label is None:
            problems.append(f"The layout has no section “{line}”.")
            continue
        wanted, unknown = _rows(rows, sections[label])
        problems += [f"Section {sections[label]} has no row {row}." for row in unknown]
        found[sections[label]] = wanted
    if problems:
        raise ValidationError(problems)
    return list(found.items())


def _split(line, sections):
    """(key of the section, words for its rows); a section's own name may hold a colon."""
    if line.casefold() in sections:
        return line.casefold(), ""
    label, _, rows = line.rpartition(":")
    key = label.strip().casefold()
    return (key, rows) if key in sections else (None, "")


def _rows(words, section):
    """(row labels meant, words that are no row)."""
    if not words.strip():
        return [], []
    seats = LayoutSeat.objects.filter(section=section).order_by("ordinal")
    labels = list(dict.fromkeys(seats.values_list("row", flat=True)))
    known = {label.casefold(): position for position, label in enumerate(labels)}
    wanted, unknown = [], []
    for part in filter(None, (part.strip() for part in words.split(","))):
        ends = part if part.casefold() in known else RANGE.fullmatch(part)
        names = [part] if isinstance(ends, str) else list(ends.groups()) if ends else [part]
        missing = [name for name in names if name.casefold() not in known]
        unknown += missing
        if not missing:
            at = sorted(known[name.casefold()] for name in names)
            wanted += labels[at[0] : at[-1] + 1]
    return list(dict.fromkeys(wanted)), unknown


class LevelForm(BackOfficeForm):
    where = forms.CharField(
        label="Sections",
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
        help_text="One a line. Some rows only: “Circle: A-C, F”.",
    )

    class Meta:
        model = PriceLevel
        fields = ["name", "price", "position", "where"]

    def __init__(self, *args, event=None, **kwargs):
        super().__init__(*args, **kwargs)
        self.event = event or self.instance.event
        self.instance.currency = self.event.currency
        self.areas = None
        self.fields["position"].label = "Colour"
        self.fields["position"].help_text = "1 for the cheapest to 6 for the dearest."
        if self.instance.pk and self.instance._state.adding is False:
            self.fields["where"].initial = where_in_words(self.instance)

    def _get_validation_exclusions(self):
        return super()._get_validation_exclusions() - {"currency"}

    def clean_where(self):
        words = self.cleaned_data["where"]
        self.areas = areas_from(words, self.event.layout_id)
        return words

    def _save_m2m(self):
        super()._save_m2m()
        self.instance.areas.all().delete()
        PriceArea.objects.bulk_create(
            PriceArea(level=self.instance, section=section, rows=rows)
            for section, rows in self.areas or ()
        )


class LevelFormSet(BaseInlineFormSet):
    def get_form_kwargs(self, index):
        return {**super().get_form_kwargs(index), "event": self.instance}

    def clean(self):
        super().clean()
        kept = [form for form in self.forms if form.is_valid() and not self._should_delete_form(form)]
        whole = [s for form in kept for s, rows in form.areas or () if not rows]
        twice = sorted({str(section) for section in whole if whole.count(section) > 1})
        if twice:
            raise ValidationError(f"More than one level covers all of: {', '.join(twice)}.")


def is_draft(event):
    return event is not None and event.status == Status.DRAFT


class LevelInline(BackOfficeInline):
    """Levels are set while the event is a draft; afterwards they are what buyers were told."""

    model = PriceLevel
    form = LevelForm
    formset = LevelFormSet
    fields = ["name", "price", "position", "where"]
    ordering = ["position", "pk"]
    verbose_name_plural = "Price levels"

    def get_queryset(self, request):
        return super().get_queryset(request).prefetch_related("areas__section")

    def has_add_permission(self, request, obj=None):
        return is_draft(obj) and super().has_add_permission(request, obj)

    def has_change_permission(self, request, obj=None):
        return is_draft(obj) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request, obj=None):
        return is_draft(obj) and super().has_delete_permission(request, obj)


class StateOfEventFilter(admin.SimpleListFilter):
    title = "event"
    parameter_name = "state"

    def lookups(self, request, model_admin):
        return Status.choices

    def queryset(self, request, queryset):
        return queryset.filter(event__status=self.value()) if self.value() else queryset


@admin.register(PriceLevel)
class PriceLevelAdmin(BackOfficeAdmin):
    """All levels of all events: for comparing. They are made on the event's page."""

    form = LevelForm
    list_display = ["name", "concert", money_column("price", "Price"), "colour", "where"]
    list_filter = [StateOfEventFilter, ("event", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["event"]
    search_fields = ["name", "event__title"]
    ordering = ["event__starts_at", "position", "pk"]
    fields = ["concert", "name", "price", "position", "where"]
    export_columns = {
        "Event": "event__title",
        "Starts": "event__starts_at",
        "Level": "name",
        "Price": "price",
        "Currency": "currency",
        "Colour": "position",
    }

    def get_queryset(self, request):
        return super().get_queryset(request).prefetch_related("areas__section")

    def get_readonly_fields(self, request, obj=None):
        can_change = self.has_change_permission(request, obj)
        return ["concert"] if can_change else ["concert", "where"]

    def has_add_permission(self, request, obj=None):
        return False

    def has_change_permission(self, request, obj=None):
        return (obj is None or is_draft(obj.event)) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request, obj=None):
        return (obj is None or is_draft(obj.event)) and super().has_delete_permission(request, obj)

    @admin.display(description="Event", ordering="event__starts_at")
    def concert(self, level):
        return linked(level.event)

    @admin.display(description="Colour", ordering="position")
    def colour(self, level):
        return level.position

    @admin.display(description="Sections")
    def where(self, level):
        return where_in_words(level) or "–"
