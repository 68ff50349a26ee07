"""Price levels on the event's page, with the places each covers written in words."""

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.forms import BaseInlineFormSet
from django.utils.functional import cached_property
from unfold.widgets import UnfoldAdminTextareaWidget

from core.admin_base import BackOfficeAdmin, BackOfficeInline
from core.admin_forms import BackOfficeForm
from core.admin_parts import linked, money_column
from events.admin_areas import Areas, in_short
from events.models import PriceArea, PriceLevel, Status


class LevelForm(BackOfficeForm):
    where = forms.CharField(
        label="Sections",
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
        help_text="One a line. Some rows only: “Circle: A-C, F”.",
    )

    class Meta:
        model = PriceLevel
        fields = ["name", "price", "position", "is_personal", "where"]
        labels = {"position": "Colour"}
        help_texts = {"position": "1 for the cheapest to 6 for the dearest."}

    def __init__(self, *args, event=None, known=None, **kwargs):
        super().__init__(*args, **kwargs)
        event = event or self.instance.event
        self.instance.currency = event.currency
        self.layout_id = event.layout_id
        self.known = known or Areas(event.layout_id)
        self.areas = None
        if "where" in self.fields and not self.instance._state.adding:
            self.fields["where"].initial = self.known.words_of(self.instance)

    def has_changed(self):
        return super().has_changed() or self._is_of_another_layout()

    def _is_of_another_layout(self):
        """The same words mean other sections once the event has another layout."""
        areas = () if self.instance._state.adding else self.instance.areas.all()
        return any(area.section.layout_id != self.layout_id for area in areas)

    def _get_validation_exclusions(self):
        return super()._get_validation_exclusions() - {"currency"}

    def clean_where(self):
        words = self.cleaned_data["where"]
        self.areas = self.known.read(words)
        return words

    def _save_m2m(self):
        super()._save_m2m()
        self.instance.areas.all().delete()
        PriceArea.objects.bulk_create(
            PriceArea(level=self.instance, section=section, rows=rows)
            for section, rows in self.areas or ()
        )


class LevelFormSet(BaseInlineFormSet):
    @cached_property
    def known(self):
        return Areas(self.instance.layout_id)

    def get_form_kwargs(self, index):
        given = super().get_form_kwargs(index)
        return {**given, "event": self.instance, "known": self.known}

    def clean(self):
        super().clean()
        kept = [
            form for form in self.forms if form.is_valid() and not self._should_delete_form(form)
        ]
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
    fields = ["name", "price", "position", "is_personal", "where"]
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
    list_display = ["name", "concert", money_column("price", "Price"), "colour", "covers"]
    list_filter = [StateOfEventFilter, ("event", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["event"]
    search_fields = ["name", "event__title"]
    ordering = ["event__starts_at", "position", "pk"]
    readonly_fields = ["concert", "covers"]
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

    def get_fields(self, request, obj=None):
        where = "where" if self.has_change_permission(request, obj) else "covers"
        return ["concert", "name", "price", "position", "is_personal", where]

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
    def covers(self, level):
        return in_short(level) or "–"
