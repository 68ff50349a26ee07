"""Registration draws in the back office: written, opened, frozen, drawn, more let in."""

from django import forms
from django.contrib import admin
from django.utils import timezone

from core.admin_base import BackOfficeAdmin, step
from core.admin_forms import styled
from core.admin_parts import Panel, Table, columns, linked, when
from core.words import many
from customers import admin_draw_entries, draws  # noqa: F401 - the first registers
from customers.admin_draw_panels import (
    SHOWN,
    as_of_now,
    drawn_words,
    entries_of,
    gone,
    is_known,
    is_late,
    is_typed,
    phase_pill,
    proof,
    spelling,
    to_be_published,
    waves,
)
from customers.draws.forms import ConfirmedForm, CountForm, DrawForm, ValueForm, WhyForm
from customers.models import Draw, DrawEntry, DrawStatus

OFF = "Nobody is drawn, for good."
OFF_ONCE_DRAWN = (
    "Its list opens nothing from now on, for good. Who has bought keeps his places. Everybody can see "
    "that it was called off after its lot was known."
)


@admin.register(Draw)
class DrawAdmin(BackOfficeAdmin):
    form = DrawForm
    list_display = ["name", "event_link", "phase", "closes", "entries_told", "in_told"]
    list_filter = ["status", ("event", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["event"]
    search_fields = ["name", "event__title"]
    search_help_text = "Name or event"
    ordering = ["-closes_at", "pk"]
    steps = [
        *("open_registration", "freeze", "type_value", "confirm_value", "refuse_value"),
        *("let_in", "call_off"),
    ]
    fieldsets = [
        ("Registration", {"fields": ["event", "name", "opens_at", "closes_at"]}),
        ("Drawn", {"fields": [("places", "reserve")]}),
        (
            "By lot of",
            {
                "fields": [
                    "source",
                    ("source_kind", "source_count", "source_highest"),
                    *("source_at", "source_url"),
                ]
            },
        ),
    ]
    export_columns = {
        "Name": "name",
        "Event": "event__title",
        "Status": "status",
        "From": "opens_at",
        "Until": "closes_at",
        "Drawn": "places",
        "Reserve": "reserve",
        "Entries": "entered",
        "Let in": "let_in",
        "SHA-256": "digest",
        "Value": "value",
    }

    def get_queryset(self, request):
        return super().get_queryset(request).counted()

    def has_change_permission(self, request, obj=None):
        return super().has_change_permission(request, obj) and (obj is None or obj.is_draft)

    def get_fieldsets(self, request, obj=None):
        """What cannot be changed any more is one list of facts."""
        if obj is None or self.has_change_permission(request, obj):
            return self.fieldsets
        return [("Draw", {"fields": self.form.Meta.fields})]

    def get_readonly_fields(self, request, obj=None):
        return ["event"] if obj else []

    def save_model(self, request, obj, form, change):
        if change:
            saved = draws.change(obj.pk, form.terms)
        else:
            saved = draws.make(event=obj.event, terms=form.terms, by=request.user)
        obj.__dict__.update(saved.__dict__)

    def response_add(self, request, obj, post_url_continue=None):
        return self.back(request, obj, done=f"{obj} is a draft. Read it once more, then open it.")

    # The list

    @admin.display(description="Event", ordering="event__starts_at")
    def event_link(self, draw):
        return linked(draw.event)

    @admin.display(description="State", ordering="status")
    def phase(self, draw):
        return phase_pill(draw)

    @admin.display(description="Closes", ordering="closes_at")
    def closes(self, draw):
        return when(draw.closes_at)

    @admin.display(description="Entries")
    def entries_told(self, draw):
        return f"{draw.listed:,}"

    @admin.display(description="In", ordering="let_in")
    def in_told(self, draw):
        return f"{draw.let_in:,}" if draw.is_drawn else "–"

    # Its page

    def above(self, draw):
        return [draw.event]

    def under_title(self, draw):
        entries = many(draw.entries.listed().count(), "entry", "entries")
        return [phase_pill(draw), linked(draw.event), entries, when(draw.closes_at)]

    def panels(self, request, draw):
        found = [as_of_now(draw)]
        if draw.is_frozen:
            found.append(proof(draw))
        if draw.was_drawn:
            found.append(waves(draw))
        if self.admin_site.allows(request, "view", DrawEntry):
            found.append(entries_of(draw))
        return found

    def _next_steps(self, request, draw):
        """Without what somebody else has to do."""
        steps = super()._next_steps(request, draw)
        seconds = ("confirm_value", "refuse_value")
        is_first = draw.typed_by_id == request.user.pk
        return [(each, to) for each, to in steps if not (is_first and each.name in seconds)]

    # Its life

    @step("Open the registration", when=lambda draw: draw.is_draft, tone="primary",
          says="Everybody sees it on the page of the event, with its source. From now on its words "
          "stay: when, how many, and by what it is drawn.")  # fmt: skip
    def open_registration(self, request, draw):
        draws.open_registration(draw.pk)
        return f"{draw} is published."

    def open_registration_preview(self, request, draw):
        return [to_be_published(draw)]

    @step("Freeze the list", tone="primary",
          when=lambda draw: draw.phase_at(timezone.now()) == "CLOSED" and not is_late(draw),
          says="The list of numbers and its SHA-256 are public from now on, and nobody can change "
          "them.")  # fmt: skip
    def freeze(self, request, draw):
        found = draws.freeze(draw.pk)
        return f"{many(found.entered, 'entry is', 'entries are')} frozen."

    def freeze_preview(self, request, draw):
        return [as_of_now(draw)]

    @step("Type the value", when=is_known, tone="primary", is_page=True)
    def type_value(self, request, draw):
        form = ValueForm(draw, request.POST or None)
        form.fields["value"].help_text = spelling(draw)

        def work(form):
            value = form.cleaned_data["value"]
            if form.cleaned_data["meant"] != value:
                return self._looked_at(request, draw, value)
            found = draws.type_value(draw.pk, typed=value, by=request.user)
            if found.is_drawn:
                return self.back(request, draw, done=drawn_words(found))
            words = "The value is kept. Somebody else reads the source and confirms it."
            return self.back(request, draw, done=words)

        return self.form_page(
            request,
            form,
            work,
            title=f"Type the value: {draw}",
            thing=draw,
            submit="See what follows",
            note=f"{draw.source}. Nothing is written yet.",
        )

    def _looked_at(self, request, draw, value):
        """What follows from a value, before it is written for good."""
        order = draws.order_of(value, draws.numbers_of(draw))
        rows = [[f"{place:,}", number] for place, number in enumerate(order[:SHOWN], start=1)]
        count = min(draw.places, len(order))
        form = ValueForm(draw, initial={"value": value, "again": value, "meant": value})
        for name in ("value", "again"):
            form.fields[name].widget = forms.HiddenInput()
        then = (
            "Somebody else has to confirm it, then it is drawn."
            if draw.needs_second
            else f"{many(count, 'buyer is', 'buyers are')} drawn at once, and all are mailed."
        )
        return self.page(
            request,
            "admin/reasoned.html",
            title=f"Is this the value? {value}",
            thing=draw,
            form=styled(form),
            submit="Keep this value",
            note=f"{draw.source}. It is written once and stays for good, for everybody to compare. "
            f"{then}",
            panels=[
                Panel("First in the order", Table(columns("Place#", "Number"), rows), count=count)
            ],
        )

    @step("Confirm the value", when=is_typed, tone="primary", is_page=True)
    def confirm_value(self, request, draw):
        form = ConfirmedForm(request.POST or None)
        form.fields["value"].help_text = spelling(draw)

        def work(form):
            found = draws.confirm_value(draw.pk, typed=form.cleaned_data["value"], by=request.user)
            return self.back(request, draw, done=drawn_words(found))

        return self.form_page(
            request,
            form,
            work,
            title=f"Confirm the value: {draw}",
            thing=draw,
            submit="Draw",
            note=f"Read it at the source yourself: {draw.source}. If it is what {draw.typed_by} has "
            "typed, the draw is made at once and all are mailed.",
        )

    @step("Take the value back", when=is_typed, tone="danger",
          says="For who finds another value at the source than was typed. It is typed anew; what "
          "happened keeps both.")  # fmt: skip
    def refuse_value(self, request, draw):
        draws.refuse_value(draw.pk, by=request.user)
        return "The value is taken back. Type the one that the source gives."

    @step(
        "Let in more",
        is_page=True,
        when=lambda draw: draw.is_drawn and not draw.is_event_over and draw.let_in < draw.most,
    )
    def let_in(self, request, draw):
        left = draw.most - draw.let_in

        def work(form):
            wave = draws.let_in(draw.pk, by=request.user, **form.cleaned_data)
            return self.back(request, draw, done=f"Places {wave} are in, and are mailed.")

        return self.form_page(
            request,
            CountForm(request.POST or None, initial={"after": draw.let_in, "count": left}),
            work,
            title=f"Let in more: {draw}",
            thing=draw,
            submit="Let them in",
            note=f"Places 1 to {draw.let_in:,} are in, of whom {gone(draw):,} have withdrawn. The "
            f"next of the order come in, {left:,} at most.",
        )

    @step("Call it off", tone="danger", is_page=True,
          when=lambda draw: draw.can_move_to(DrawStatus.CALLED_OFF))  # fmt: skip
    def call_off(self, request, draw):
        def work(form):
            draws.call_off(draw.pk, **form.cleaned_data)
            return self.back(request, draw, done=f"{draw} is called off.")

        return self.form_page(
            request,
            WhyForm(request.POST or None),
            work,
            title=f"Call it off: {draw}",
            thing=draw,
            submit="Call it off",
            note=f"{OFF_ONCE_DRAWN if draw.is_drawn else OFF} Its page stays, with the moment and the "
            "reason, and who entered is mailed.",
        )
