"""The reports in the back office: their list, the page of one, and the files that leave."""

from urllib.parse import urlencode

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET

from analytics.reports import REPORTS, groups
from analytics.reports.base import PER_PAGE
from core.admin_forms import styled
from core.errors import Invalid
from core.tenancy import acting_for, current_agency_id

FARTHEST = 1_000_000  # pages


@require_GET
def reports(request):
    """What the reader may ask, group by group."""
    shown = {
        group: [report for report in found if may_see(request, report)]
        for group, found in groups().items()
    }
    if not any(shown.values()):
        raise PermissionDenied
    shown = {group: found for group, found in shown.items() if found}
    return _page(request, "admin/reports/list.html", title="Reports", groups=shown)


@require_GET
def report(request, name):
    """A report's form and, when the form is sound, one page of its answer."""
    asked = _asked(request, name)
    form = asked.form(request.GET)
    context = {"title": asked.title, "report": asked, "form": styled(form)}
    if form.is_valid():
        context |= _answer(request, asked, form)
    return _page(request, "admin/reports/show.html", **context)


@require_GET
def report_file(request, name, kind):
    """The whole answer as a file; it is read and sent piece by piece."""
    asked = _asked(request, name)
    form = asked.form(request.GET)
    if kind not in asked.files:
        raise Http404
    if not form.is_valid():
        raise Invalid(" ".join(told for errors in form.errors.values() for told in errors))
    file = asked.files[kind]
    try:
        found = asked.file(kind, form.cleaned_data)
    except Invalid as refused:
        return _refused(request, asked, form, refused)
    parts = _while_sending(
        found,
        agency_id=current_agency_id(),
        zone=timezone.get_current_timezone(),
    )
    answer = StreamingHttpResponse(parts, content_type=file.content_type)
    ending = "" if kind == file.extension else f"-{kind}"
    title = f"{name}-{timezone.localdate():%Y-%m-%d}{ending}.{file.extension}"
    answer["Content-Disposition"] = content_disposition_header(True, title)
    return answer


def _refused(request, asked, form, refused):
    """The report's page with why there is no such file of it, and the way to where that is mended."""
    context = {"title": asked.title, "report": asked, "form": styled(form)}
    context |= {"problem": refused.message, "mended_on": refused.details.get("page")}
    page = _page(request, "admin/reports/show.html", **context)
    page.status_code = refused.status
    return page


def may_see(request, report):
    return admin.site.allows(request, "view", report.right)


def _asked(request, name):
    if name not in REPORTS:
        raise Http404
    if not may_see(request, REPORTS[name]):
        raise PermissionDenied
    return REPORTS[name]


def _answer(request, asked, form):
    """What the page shows of a sound question: cells, sums, pages, and links that keep the question."""
    page, order = _page_number(request), request.GET.get("order", "")
    found = asked.look(form.cleaned_data, page=page, order=order)
    columns = asked.columns_for(form.cleaned_data)
    kept = form.in_address
    return {
        "found": found,
        "columns": [(column, *_sorting(asked, column, order, kept)) for column in columns],
        "rows": [
            [(column, _cell(request, column, row)) for column in columns] for row in found.rows
        ],
        "sums": [_sums_row(columns, sums, len(found.sums)) for sums in found.sums],
        "heads": [_head(columns, sums) for sums in found.sums] if asked.sums_first else [],
        "files": _files(asked, kept),
        "pages": _pages(found, page, kept, order),
    }


def _cell(request, column, row):
    return column.cell(row, lambda label: admin.site.allows(request, "view", label))


def _sums_row(columns, sums, currencies):
    """The last line: sums under what adds up, its name under the first column."""
    cells = [
        (column, column.cell(sums) if column.ratio or column.key in sums else "")
        for column in columns
    ]
    name = f"All, {sums['currency']}" if currencies > 1 else "All"
    return [(columns[0], name), *cells[1:]]


def _head(columns, sums):
    """[(title, cell)] of the sums of a currency, to stand above the rows."""
    return [(each.title, each.cell(sums)) for each in columns if each.ratio or each.key in sums]


def _sorting(asked, column, order, kept):
    """(address that sorts by the column, ascending or descending or nothing as it is now)."""
    if not asked.sorts:
        return "", ""
    now = {column.key: "ascending", f"-{column.key}": "descending"}.get(order, "")
    first = f"-{column.key}" if column.is_number else column.key
    other = column.key if column.is_number else f"-{column.key}"
    return "?" + urlencode(kept | {"order": other if order == first else first}), now


def _files(asked, kept):
    return [
        (
            file,
            reverse("admin:report_file", args=[asked.name, kind]) + "?" + urlencode(kept),
        )
        for kind, file in asked.files.items()
    ]


def _page_number(request):
    text = request.GET.get("page", "1")
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 8 else 1
    return min(max(number, 1), FARTHEST)


def _pages(found, page, kept, order):
    last = max(1, -(-found.count // PER_PAGE))
    kept = kept | ({"order": order} if order else {})
    return {
        "number": page,
        "last": last,
        "before": "?" + urlencode(kept | {"page": page - 1}) if page > 1 else "",
        "after": "?" + urlencode(kept | {"page": page + 1}) if page < last else "",
    }


def _page(request, template, **context):
    request.current_app = admin.site.name
    return TemplateResponse(request, template, {**admin.site.each_context(request), **context})


def _while_sending(parts, *, agency_id, zone):
    """Each part is made for the agency and on the clock of the request, which is over by then."""
    parts = iter(parts)
    while True:
        with acting_for(agency_id), timezone.override(zone):
            part = next(parts, None)
        if part is None:
            return
        yield part
