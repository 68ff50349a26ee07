"""A layout's page beside its picture: files to take away, and what another version has otherwise."""

from urllib.parse import urlencode

from django import forms
from django.core.paginator import Paginator
from django.http import HttpResponse, StreamingHttpResponse
from django.utils.html import format_html
from django.utils.safestring import mark_safe

from core import exports as tables
from core.admin_base import step
from core.admin_forms import styled
from core.admin_parts import Table, columns
from venues import exporters
from venues.models import Layout
from venues.picture import compared_svg
from venues.plan import from_canonical
from venues.versions import SIGNS, WORDS, difference

A_PAGE = 50
COLUMNS = (
    "Change",
    "Place",
    "What",
    "Section",
    "Row",
    "Seat",
    "Now section",
    "Now row",
    "Now seat",
)
FILES = {
    "csv": (tables.csv_parts, "text/csv; charset=utf-8"),
    "xlsx": (tables.xlsx_parts, f"{tables.TYPE}.sheet"),
}


class CompareForm(forms.Form):
    """Which two versions are compared, and which of their changes are listed."""

    before = forms.ModelChoiceField(Layout.objects.none(), label="Compared with", empty_label=None)
    kind = forms.ChoiceField(label="Changes", choices=[("", "All"), *WORDS.items()], required=False)
    q = forms.CharField(label="Place or words", required=False, max_length=60)

    def __init__(self, data, layout):
        others = (
            Layout.objects.filter(venue=layout.venue).exclude(pk=layout.pk).order_by("-version")
        )
        nearest = others.filter(version__lt=layout.version).first() or others.first()
        data = data.copy()
        data.setdefault("before", str(nearest.pk) if nearest else "")
        super().__init__(data)
        self.fields["before"].queryset = others.defer("plan", "geometry_brotli", "geometry_gzip")

    def fitting(self, changes):
        kind, words = self.cleaned_data["kind"], self.cleaned_data["q"].casefold()
        return [
            change
            for change in changes
            if (not kind or kind in change.kinds)
            and words in f"{change.name} {change.words}".casefold()
        ]


def has_others(layout):
    return Layout.objects.filter(venue=layout.venue_id).exclude(pk=layout.pk).exists()


class VersionPages:
    """For the BackOfficeAdmin of layouts."""

    @step("As JSON", is_page=True, right="view")
    def as_json(self, request, layout):
        return _download(layout, "json")

    @step("As CSV", is_page=True, right="view")
    def as_csv(self, request, layout):
        return _download(layout, "csv")

    @step("As SVG", is_page=True, right="view")
    def as_svg(self, request, layout):
        return _download(layout, "svg")

    @step("Compare versions", when=has_others, is_page=True, right="view")
    def compare(self, request, layout):
        form = CompareForm(request.GET, layout)
        context = {"title": f"What is new in {layout}", "thing": layout, "form": styled(form)}
        if not form.is_valid():
            return self.page(request, "admin/layout_difference.html", **context)
        before = form.cleaned_data["before"]
        old, new = from_canonical(before.plan), from_canonical(layout.plan)
        found = difference(old, new)
        listed = form.fitting(found.changes)
        if request.GET.get("format") in FILES:
            return _file(listed, request.GET["format"], f"{before}-{layout}")
        page = Paginator(listed, A_PAGE).get_page(request.GET.get("page"))
        drawn = compared_svg(old, new, found, title=f"{before} and {layout}")
        return self.page(
            request,
            "admin/layout_difference.html",
            **context,
            before=before,
            counts=[(kind.lower(), SIGNS[kind], WORDS[kind], found.counts[kind]) for kind in WORDS],
            picture=mark_safe(drawn),  # noqa: S308 - it escapes what it is given
            same=not found.changes,
            page=page,
            table=_table(page),
            files=[(name, _address(request, format=name)) for name in FILES],
            pages={
                "before": page.has_previous()
                and _address(request, page=page.previous_page_number()),
                "after": page.has_next() and _address(request, page=page.next_page_number()),
            },
        )


def _download(layout, name):
    file = exporters.export(layout, name)
    return _attached(HttpResponse(file.text, content_type=file.content_type), file.name)


def _attached(response, name):
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _file(changes, name, called):
    write, content_type = FILES[name]
    rows = (_cells(change) for change in changes)
    response = StreamingHttpResponse(write(COLUMNS, rows), content_type=content_type)
    plain = "".join(c if c.isascii() and c.isalnum() else "-" for c in called)
    return _attached(response, f"changes-{plain}.{name}")


def _cells(change):
    sides = [side.key if side else ("", "", "") for side in (change.before, change.after)]
    kinds = ", ".join(WORDS[kind] for kind in change.kinds)
    return [kinds, change.name, change.words, *sides[0], *sides[1]]


def _table(changes):
    rows = [
        [
            format_html(
                '<span class="diff diff--{}"><b aria-hidden="true">{}</b> {}</span>',
                change.kind.lower(),
                SIGNS[change.kind],
                ", ".join(WORDS[kind] for kind in change.kinds),
            ),
            change.name,
            change.words,
        ]
        for change in changes
    ]
    return Table(columns("Change", "Place", "What"), rows, empty="No change fits.")


def _address(request, **changes):
    given = {name: value for name, value in request.GET.items() if name not in ("page", "format")}
    return f"?{urlencode({**given, **changes})}"
