"""A drawing on its way to a layout: what was understood of it, how its rows and seats are numbered, and
what that looks like, again and again until it is right. Nothing is saved before it is published or
opened in the editor."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpResponseRedirect
from django.urls import path, reverse
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_http_methods

from core.admin_forms import styled
from core.admin_parts import Panel, Table, columns
from core.admin_uploads import kept
from core.errors import DomainError
from venues.admin_editor import editor_of
from venues.admin_panels import published_in_words
from venues.admin_publishing import AT_ONCE, page_of_publication
from venues.drafts import start_draft
from venues.exporters import tessera
from venues.importers import numbering as rules
from venues.importers import svg as drawings
from venues.importers.numbering import Numbering
from venues.importers.reading import text_of
from venues.picture import numbered_svg
from venues.plan import settled
from venues.plan.soundness import LONGEST_LABEL, MOST_PLACES
from venues.publishing import ask_to_publish_file
from venues.services import publish_layout

ROWS = [(rules.LETTERS, "A, B, C …"), (rules.NUMBERS, "1, 2, 3 …")]
SEATS = [
    (rules.ALL, "1, 2, 3 …"),
    (rules.ODD, "Odd: 1, 3, 5 …"),
    (rules.EVEN, "Even: 2, 4, 6 …"),
    (rules.SPLIT, "From the middle: 5 3 1 2 4"),
]
FROM_ROWS = [(rules.FRONT, "the front"), (rules.BACK, "the back")]
FROM_SEATS = [(rules.LEFT, "the left"), (rules.RIGHT, "the right")]
AS_DRAWN = [(rules.KEEP, "As drawn")]


class SectionForm(forms.Form):
    """How one section is called and numbered. What the drawing names can stay as it is drawn."""

    label = forms.CharField(label="Section", max_length=LONGEST_LABEL)
    rows = forms.ChoiceField(label="Rows")
    rows_from = forms.ChoiceField(label="counted from", choices=FROM_ROWS)
    first_row = forms.CharField(label="First row", max_length=6, required=False)
    skipped = forms.CharField(label="Letters left out", max_length=26, required=False)
    seats = forms.ChoiceField(label="Seats")
    seats_from = forms.ChoiceField(label="counted from", choices=FROM_SEATS)
    first_seat = forms.IntegerField(label="First seat", min_value=0, max_value=100_000)

    def __init__(self, *args, block, **kwargs):
        usual = drawings.usual(block)
        given = {name: getattr(usual, name) for name in Numbering.__dataclass_fields__}
        super().__init__(*args, initial={**given, "label": block.label}, **kwargs)
        self.block = block
        self.fields["rows"].choices = [*(AS_DRAWN if drawings.keeps_rows(block) else []), *ROWS]
        self.fields["seats"].choices = [*(AS_DRAWN if drawings.keeps_seats(block) else []), *SEATS]

    @property
    def numbering(self):
        given = self.cleaned_data
        return Numbering(**{name: given[name] for name in Numbering.__dataclass_fields__})

    def numbering_of(self, other):
        """The choice of another section, as far as this one can have it."""
        wanted = dict(other.cleaned_data)
        for name in ("rows", "seats"):
            if wanted[name] not in dict(self.fields[name].choices):
                wanted[name] = getattr(drawings.usual(self.block), name)
        return Numbering(**{name: wanted[name] for name in Numbering.__dataclass_fields__})


class AreaForm(forms.Form):
    capacity = forms.IntegerField(label="Places", min_value=1, max_value=MOST_PLACES)


class DrawingForm(forms.Form):
    name = forms.CharField(label="Name of the layout", max_length=120)
    alike = forms.BooleanField(
        label="Number all sections like the first", required=False, help_text="Their names stay."
    )


@dataclass
class Forms:
    """All that is asked about a drawing."""

    whole: DrawingForm
    sections: list
    areas: list

    def are_valid(self):
        """Asks every form, so that each shows what is wrong with it."""
        everything = (self.whole, *self.sections, *self.areas)
        answers = [form.is_valid() for form in everything]
        return all(answers)

    def plan(self, understood):
        """The plan in the plan's own units. Raises PlanError, WrongNumbering."""
        first = self.sections[0] if self.sections else None
        is_alike = self.whole.cleaned_data["alike"]
        chosen = {
            i: form.numbering_of(first) if is_alike else form.numbering
            for i, form in enumerate(self.sections)
        }
        return settled(
            drawings.numbered(
                understood,
                chosen=chosen,
                names={i: form.cleaned_data["label"] for i, form in enumerate(self.sections)},
                capacities={i: form.cleaned_data["capacity"] for i, form in enumerate(self.areas)},
            )
        )


def forms_of(understood, data=None, name=""):
    areas = [
        AreaForm(data, prefix=f"a{i}", initial={"capacity": area.capacity})
        for i, area in enumerate(understood.areas)
    ]
    for form, area in zip(areas, understood.areas, strict=True):
        form.fields["capacity"].label = f"Places in {area.label}"
    sections = [
        SectionForm(data, prefix=f"s{i}", block=block) for i, block in enumerate(understood.blocks)
    ]
    whole = DrawingForm(data, initial={"name": (name or understood.name)[:120]})
    return Forms(whole, sections, areas)


class DrawingPages:
    """For the BackOfficeAdmin of venues: `drawing_address` is where an upload that was kept goes on."""

    ENDS = {"publish": "_published", "draw": "_drawn_on"}  # button: what it does with the plan

    def get_urls(self):
        view = self.admin_site.admin_view(require_http_methods(["GET", "POST"])(self.drawing))
        found = path("<path:object_id>/drawing/<slug:token>/", view, name="venues_venue_drawing")
        return [found, *super().get_urls()]

    def drawing_address(self, venue, token, name):
        address = reverse("admin:venues_venue_drawing", args=[venue.pk, token])
        return HttpResponseRedirect(f"{address}?{urlencode({'name': name})}" if name else address)

    def drawing(self, request, object_id, token):
        venue = self.thing(request, object_id)
        if not self.has_step_permission(request):
            raise PermissionDenied
        try:
            filename, content = kept(token, request.user)
            understood = drawings.understand(text_of(content))
        except DomainError as refused:
            return self.back(request, venue, problem=refused.message)
        asked = forms_of(understood, request.POST or None, request.GET.get("name", ""))
        if request.method == "POST" and asked.are_valid():
            try:
                plan = asked.plan(understood)
            except DomainError as refused:
                for problem in refused.details.get("problems") or [refused.message]:
                    asked.whole.add_error(None, problem)
            else:
                end = next((name for name in self.ENDS if name in request.POST), None)
                if end:
                    return getattr(self, self.ENDS[end])(request, venue, asked, plan, filename)
                return self._shown(request, venue, filename, understood, asked, plan)
        return self._shown(
            request, venue, filename, understood, asked, _first_look(understood, asked)
        )

    def _published(self, request, venue, asked, plan, filename):
        name = asked.whole.cleaned_data["name"]
        if plan.places > AT_ONCE:
            numbered = tessera.write(plan).encode()
            asked = ask_to_publish_file(
                venue=venue, filename=filename, content=numbered, name=name, by=request.user
            )
            return HttpResponseRedirect(page_of_publication(asked))
        layout, made = publish_layout(venue=venue, plan=plan, name=name, source=filename)
        return self.back(request, venue, done=published_in_words(layout, made))

    def _drawn_on(self, request, venue, asked, plan, filename):
        name = asked.whole.cleaned_data["name"] or plan.name
        draft = start_draft(venue=venue, name=name, by=request.user, plan=plan, source=filename)
        return HttpResponseRedirect(editor_of(draft))

    def _shown(self, request, venue, filename, understood, asked, plan):
        for form in (asked.whole, *asked.sections, *asked.areas):
            styled(form)
        return self.page(
            request,
            "admin/drawing.html",
            title=f"Number a drawing: {venue}",
            thing=venue,
            file_name=filename,
            asked=asked,
            seats=sum(len(block.seats) for block in understood.blocks),
            plan=plan,
            panels=_panels(plan) if plan else [],
        )


def _first_look(understood, asked):
    """What it looks like as far as nobody chose; None while something must be said first."""
    if asked.whole.is_bound:
        return None
    try:
        return settled(drawings.numbered(understood))
    except DomainError:
        return None


def _panels(plan):
    picture = mark_safe(numbered_svg(plan, title=plan.name))  # noqa: S308 - it escapes what it is given
    rows = [
        [section.label, *_rows_in_words(section), f"{section.places:,}"]
        for section in plan.sections
    ]
    titles = columns(
        "Section", "Rows, front to back", "Front row, left to right", "Back row", "Places#"
    )
    return [
        Panel("Picture", template="admin/_picture.html", context={"picture": picture}),
        Panel("Names", Table(titles, rows), count=len(rows)),
    ]


def _rows_in_words(section):
    if section.kind == "STANDING":
        return "Standing", "–", "–"
    labels = [row.label or "–" for row in section.rows]
    rows = labels[0] if len(labels) == 1 else f"{labels[0]} … {labels[-1]} ({len(labels)})"
    return rows, _ends(section.rows[0]), _ends(section.rows[-1])


def _ends(row):
    labels = [seat.label for seat in row.seats]
    return " ".join(labels) if len(labels) <= 4 else f"{' '.join(labels[:3])} … {labels[-1]}"
