"""Registration draws in the back office: written, opened, frozen, drawn, more let in."""

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import F
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from unfold.widgets import UnfoldAdminURLInputWidget

from core.admin_base import BackOfficeAdmin, ReadOnlyAdmin, step
from core.admin_forms import BackOfficeForm, styled
from core.admin_parts import Panel, Table, columns, linked, panel, pill, when
from core.errors import Invalid
from core.words import many
from customers import draws
from customers.models import BuyerList, Draw, DrawEntry, DrawStatus
from events.models import Event

SHOWN = 20
PHASES = {
    "DRAFT": ("DRAFT", "Draft"),
    "SOON": ("SENT", "Registration to come"),
    "OPEN": ("ACTIVE", "Registration open"),
    "CLOSED": ("PENDING", "Closed, to be frozen"),
    "FROZEN": ("HELD", "List frozen"),
    "DRAWN": ("COMPLETED", "Drawn"),
    "CALLED_OFF": ("CANCELLED", "Called off"),
}
NEXT = {
    "DRAFT": "Nobody sees it yet. Open the registration: from then on its words stay.",
    "SOON": "Everybody can read how it is drawn. Entries are taken from its beginning on.",
    "OPEN": "Entries come in. When it has closed, the list is frozen within a minute, by itself.",
    "CLOSED": "No entry is taken any more. The list is frozen within a minute, by itself or by you.",
    "FROZEN": "The list is public. Type the value when its source is known: it stays.",
    "DRAWN": "Those who are drawn are on its buyer list; give the list to a presale.",
    "CALLED_OFF": "Nobody is drawn. Its page stays and says why.",
}
LATE = "The list was not frozen before its source could be known, so it never can be. Call it off."


class DrawForm(BackOfficeForm):
    """Terms of a draw; after it was valid, `terms`."""

    source_url = forms.URLField(
        label="Where to read it",
        required=False,
        assume_scheme="https",
        max_length=200,
        widget=UnfoldAdminURLInputWidget,
    )

    class Meta:
        model = Draw
        fields = [
            *("event", "name", "opens_at", "closes_at", "places", "reserve"),
            *("source", "source_kind", "source_count", "source_at", "source_url"),
        ]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if "event" in self.fields:
            coming = Event.objects.filter(starts_at__gt=Now()).order_by("starts_at", "pk")
            self.fields["event"].queryset = coming
            self.fields["event"].label_from_instance = _event_words

    def clean_name(self):
        name = self.cleaned_data["name"]
        others = BuyerList.objects.exclude(pk=self.instance.buyers_id)
        if others.filter(name=name).exists():
            raise ValidationError("There is a buyer list of this name: call the draw otherwise.")
        return name

    def clean(self):
        given = super().clean()
        event = given.get("event") or (None if self.instance._state.adding else self.instance.event)
        if event and not self.errors:
            try:
                draws.check(event, self.terms)
            except Invalid as no:
                self.add_error(None, no.message)
        return given

    @property
    def terms(self):
        names = draws.Terms.__dataclass_fields__
        return draws.Terms(**{name: self.cleaned_data[name] for name in names})


def _event_words(event):
    return f"{event.title}, {event.local_start:%-d %b %Y}"


class ValueForm(forms.Form):
    """`meant` is the value in its one spelling, once somebody has looked at what follows from it."""

    value = forms.CharField(max_length=200, label="The source’s value")
    meant = forms.CharField(required=False, widget=forms.HiddenInput)


class CountForm(forms.Form):
    count = forms.IntegerField(min_value=1, max_value=1_000_000, label="How many more")
    after = forms.IntegerField(min_value=0, widget=forms.HiddenInput)


class WhyForm(forms.Form):
    why = forms.CharField(
        max_length=200, label="Why", help_text="Buyers read it on the page of the draw."
    )


def is_late(draw):
    return draw.is_open and draw.source_at <= timezone.now()


def _is_known(draw):
    return draw.status == DrawStatus.FROZEN and draw.source_at <= timezone.now()


def _is_typed(draw):
    return draw.status == DrawStatus.TYPED


def phase_pill(draw):
    if _is_typed(draw):
        return pill("PENDING", "Value to be confirmed")
    if is_late(draw):
        return pill("FAILED", "Not frozen in time")
    return pill(*PHASES[draw.phase_at(timezone.now())])


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
        ("Registration", {"fields": ["event", "name", ("opens_at", "closes_at")]}),
        ("Drawn", {"fields": [("places", "reserve")]}),
        (
            "By lot of",
            {"fields": ["source", ("source_kind", "source_count"), ("source_at", "source_url")]},
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

    def has_change_permission(self, request, obj=None):
        return super().has_change_permission(request, obj) and (obj is None or obj.is_draft)

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
        return f"{draw.entries.count() if draw.entered is None else draw.entered:,}"

    @admin.display(description="In", ordering="let_in")
    def in_told(self, draw):
        return f"{draw.let_in:,}" if draw.is_drawn else "–"

    # Its page

    def above(self, draw):
        return [draw.event]

    def under_title(self, draw):
        entries = many(draw.entries.count(), "entry", "entries")
        return [phase_pill(draw), linked(draw.event), entries, when(draw.closes_at)]

    def is_form_last(self, draw):
        return not draw.is_draft

    def panels(self, request, draw):
        found = [_now(draw)]
        if draw.is_frozen:
            found.append(_proof(draw))
        if draw.is_drawn:
            found.append(_waves(draw))
        if self.admin_site.allows(request, "view", DrawEntry):
            found.append(_entries(draw))
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
        return [_terms(draw)]

    @step("Freeze the list", tone="primary",
          when=lambda draw: draw.is_open and draw.closes_at <= timezone.now() < draw.source_at,
          says="The list of numbers and its SHA-256 are public from now on, and nobody can change "
          "them.")  # fmt: skip
    def freeze(self, request, draw):
        found = draws.freeze(draw.pk)
        return f"{many(found.entered, 'entry is', 'entries are')} frozen."

    def freeze_preview(self, request, draw):
        return [_now(draw)]

    @step("Type the value", when=_is_known, tone="primary", is_page=True)
    def type_value(self, request, draw):
        form = ValueForm(request.POST or None)
        form.fields["value"].help_text = _spelling(draw)

        def work(form):
            value = draws.value_of(draw, form.cleaned_data["value"])
            if form.cleaned_data["meant"] != value:
                return self._looked_at(request, draw, value)
            found = draws.type_value(draw.pk, typed=value, by=request.user)
            if found.is_drawn:
                return self.back(request, draw, done=_drawn_words(found))
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
        form = ValueForm(initial={"value": value, "meant": value})
        form.fields["value"].widget = forms.HiddenInput()
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

    @step("Confirm the value", when=_is_typed, tone="primary", is_page=True)
    def confirm_value(self, request, draw):
        form = ValueForm(request.POST or None)
        form.fields["value"].help_text = _spelling(draw)

        def work(form):
            found = draws.confirm_value(draw.pk, typed=form.cleaned_data["value"], by=request.user)
            return self.back(request, draw, done=_drawn_words(found))

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

    @step("Take the value back", when=_is_typed, tone="danger",
          says="For who finds another value at the source than was typed. It is typed anew; what "
          "happened keeps both.")  # fmt: skip
    def refuse_value(self, request, draw):
        draws.refuse_value(draw.pk, by=request.user)
        return "The value is taken back. Type the one that the source gives."

    @step("Let in more", is_page=True, when=lambda draw: draw.is_drawn and draw.let_in < draw.most)
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
            note=f"Places 1 to {draw.let_in:,} are in, of whom {_gone(draw):,} have withdrawn. The "
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
            note="Nobody is drawn, for good. Its page stays, with the reason. Nobody is mailed.",
        )


def _spelling(draw):
    if draw.source_kind == Draw.Source.BEACON:
        return "64 letters, 0 to 9 and a to f."
    return f"{draw.source_count} numbers, in whatever order: they are put into rising order."


def _drawn_words(draw):
    return (
        f"{many(draw.let_in, 'buyer is', 'buyers are')} drawn of {draw.entered:,}. All are mailed."
    )


def _gone(draw):
    return draw.entries.filter(rank__lte=draw.let_in).exclude(withdrawn_at=None).count()


def _now(draw):
    phase = draw.phase_at(timezone.now())
    words = LATE if is_late(draw) else NEXT[phase]
    if _is_typed(draw):
        words = f"{draw.typed_by} has typed a value. Somebody else confirms it, then it is drawn."
    entries = draw.entries.count()
    rows = [
        ("Next", words),
        ("Entries", f"{entries:,}"),
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


def _terms(draw):
    rows = [
        ("Registration", format_html("{} to {}", when(draw.opens_at), when(draw.closes_at))),
        ("Drawn", f"{draw.places:,}, and {draw.reserve:,} more at most"),
        ("By lot of", draw.source),
        ("Its value is", f"{draw.get_source_kind_display()}: {_spelling(draw)}"),
        ("Known from", when(draw.source_at)),
        ("To be read at", draw.source_url or "–"),
    ]
    return Panel("What everybody will read", Table(columns("", ""), rows))


def _proof(draw):
    rows = [
        ("Frozen", when(draw.frozen_at)),
        ("Entries", f"{draw.entered:,}"),
        ("SHA-256 of the numbers", draw.digest),
        ("By lot of", draw.source),
        ("Known from", when(draw.source_at)),
    ]
    if draw.is_drawn:
        rows += [
            ("Value", draw.value),
            ("Typed by", format_html("{}, {}", draw.typed_by, when(draw.typed_at))),
            ("Confirmed by", str(draw.confirmed_by) if draw.needs_second else "nobody else asked"),
        ]
    return Panel("What proves it", Table(columns("", ""), rows))


def _waves(draw):
    rows = [
        [str(wave), f"{wave.last - wave.first + 1:,}", when(wave.made_at), str(wave.made_by or "–")]
        for wave in draw.waves.select_related("made_by")
    ]
    return Panel("Let in", Table(columns("Places", "How many#", "When", "By"), rows))


def _entries(draw):
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


class BecameFilter(admin.SimpleListFilter):
    title = "what became of it"
    parameter_name = "became"

    def lookups(self, request, model_admin):
        return [("in", "In"), ("reserve", "On the reserve list"), ("gone", "Withdrawn")]

    def queryset(self, request, queryset):
        living = queryset.filter(withdrawn_at=None)
        return {
            "in": living.filter(rank__lte=F("draw__let_in")),
            "reserve": living.filter(rank__gt=F("draw__let_in")),
            "gone": queryset.exclude(withdrawn_at=None),
        }.get(self.value(), queryset)


@admin.register(DrawEntry)
class DrawEntryAdmin(ReadOnlyAdmin):
    list_display = ["number", "draw_link", "place", "address", "entered", "became"]
    list_filter = [BecameFilter, ("draw", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["draw"]
    search_fields = ["number", "email"]
    search_help_text = "Number or e-mail"
    ordering = ["draw", "rank", "number"]
    fields = ["number", "draw_link", "place", "address", "entered", "became"]
    readonly_fields = fields
    steps = ["withdraw"]
    export_columns = {
        "Number": "number",
        "Draw": "draw__name",
        "Place": "rank",
        "E-mail": "email",
        "Entered": "entered_at",
        "Withdrawn": "withdrawn_at",
    }

    @admin.display(description="Draw", ordering="draw__name")
    def draw_link(self, entry):
        return linked(entry.draw)

    @admin.display(description="Place", ordering="rank")
    def place(self, entry):
        return f"{entry.rank:,}" if entry.rank else "–"

    @admin.display(description="E-mail", ordering="email")
    def address(self, entry):
        return entry.email or "–"

    @admin.display(description="Entered", ordering="entered_at")
    def entered(self, entry):
        return when(entry.entered_at)

    @admin.display(description="State")
    def became(self, entry):
        if entry.withdrawn_at:
            return pill("CANCELLED", "Withdrawn")
        if not entry.rank:
            return pill("ACTIVE", "Entered")
        is_in = entry.rank <= entry.draw.let_in
        return pill("COMPLETED", "In") if is_in else pill("HELD", "Reserve list")

    def above(self, entry):
        return [entry.draw.event, entry.draw]

    @step("Withdraw", tone="danger", when=lambda entry: not entry.withdrawn_at,
          says="His address is deleted, because he asks for it. Of a frozen list the number stays and "
          "keeps its place, so that the published SHA-256 stays true.")  # fmt: skip
    def withdraw(self, request, entry):
        draws.withdraw(entry.pk)
        return self.back(request, entry.draw, done=f"{entry} is withdrawn.")


@panel("events.event", needs="customers.draw")
def draws_panel(request, event):
    """The draws of an event."""
    rows = [
        [linked(each), phase_pill(each), when(each.closes_at), when(each.source_at)]
        for each in event.draws.order_by("closes_at", "pk")
    ]
    table = Table(columns("Draw", "State", "Closes", "Source known"), rows)
    return Panel("Draws", table, count=len(rows)) if rows else None
