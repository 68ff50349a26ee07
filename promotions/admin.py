"""Promotions in the back office: their terms, their life, and what became of them."""

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponseRedirect
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html

from agencies.queries import current_agency
from core.admin_base import BackOfficeAdmin, step
from core.admin_parts import (
    Panel,
    Table,
    amount,
    columns,
    linked,
    status_column,
    status_of,
    when,
)
from core.words import many
from promotions import (
    admin_presales,  # noqa: F401 - registers its pages
    services,
)
from promotions.admin_codes import (
    batch_address,
    booking_link,
    codes_address,
    of_limit,
    open_pill,
    with_numbers,
)
from promotions.forms import LIMITS, CodeForm, CodesForm, PromotionForm
from promotions.models import Code, CodeBatch, Promotion, Status, Use
from promotions.queries import standing, used_codes
from promotions.words import conditions, gives

SHOWN = 10


def is_open(promotion):
    return promotion.status != Status.ENDED


@admin.register(Promotion)
class PromotionAdmin(BackOfficeAdmin):
    form = PromotionForm
    list_display = ["name", status_column(), "what", "starts", "ends", "uses_told", "given_told"]
    list_filter = ["status", "type", "is_stackable"]
    search_fields = ["name", "description"]
    search_help_text = "Name or description"
    ordering = ["-made_at", "pk"]
    steps = ["activate", "add_code", "draw_codes", "pause", "copy", "end"]
    fieldsets = [
        ("Promotion", {"fields": ["name", "description"]}),
        (
            "Gives",
            {
                "fields": [
                    "type",
                    ("percent", "amount", "per"),
                    ("buy", "get"),
                    ("max_discount", "currency"),
                ]
            },
        ),
        (
            "For",
            {"fields": ["kinds", "channels", "events", "levels", ("min_tickets", "min_amount")]},
        ),
        ("When and how often", {"fields": ["starts_at", "ends_at", LIMITS]}),
        ("With other promotions", {"fields": [("is_stackable", "priority")]}),
    ]
    export_columns = {
        "Name": "name",
        "Status": "status",
        "Type": "type",
        "Percent": "percent",
        "Amount": "amount",
        "Buy": "buy",
        "Get": "get",
        "Currency": "currency",
        "From": "starts_at",
        "To": "ends_at",
        "Uses at most": "usage_limit",
        "Of one buyer": "usage_limit_per_customer",
        "Kept": "kept",
        "Held": "held",
        "Tickets": "tickets",
        "Discount given": "given",
        "Fees waived": "waived",
    }

    def get_queryset(self, request):
        return standing(super().get_queryset(request).offers())

    # The list

    @admin.display(description="Gives", ordering="type")
    def what(self, promotion):
        return gives(promotion)

    @admin.display(description="From", ordering="starts_at")
    def starts(self, promotion):
        return when(promotion.starts_at)

    @admin.display(description="To", ordering="ends_at")
    def ends(self, promotion):
        return when(promotion.ends_at)

    @admin.display(description="Used", ordering="kept")
    def uses_told(self, promotion):
        return of_limit(promotion.kept + promotion.held, promotion.usage_limit)

    @admin.display(description="Discount given", ordering="given")
    def given_told(self, promotion):
        return amount(promotion.given, promotion.currency)

    # Terms

    def get_fieldsets(self, request, obj=None):
        """What was promised is told, not asked, once it was active."""
        if obj is None or obj.is_draft:
            return self.fieldsets
        kept = ("Promotion", "When and how often")
        return [each for each in self.fieldsets if each[0] in kept]

    def get_changeform_initial_data(self, request):
        kept = {"currency": current_agency().currency}
        return {**kept, **super().get_changeform_initial_data(request)}

    def save_model(self, request, obj, form, change):
        """Writes only what was changed: uses may have been counted since the page was opened."""
        if not change:
            obj.made_by = request.user
            obj.save()
            return
        changed = [name for name in form.fields if form.initial.get(name) != getattr(obj, name)]
        if changed:
            obj.save(update_fields=changed)

    def response_add(self, request, obj, post_url_continue=None):
        return self.back(request, obj, done=f"{obj} is a draft. Give it codes, then activate it.")

    def under_title(self, promotion):
        facts = [status_of(promotion), gives(promotion)]
        if promotion.starts_at and promotion.starts_at > timezone.now():
            facts.append(format_html("from {}", when(promotion.starts_at)))
        if promotion.ends_at:
            facts.append(format_html("until {}", when(promotion.ends_at)))
        return facts

    def panels(self, request, promotion):
        found = [_figures(promotion), _terms(promotion)]
        if self.admin_site.allows(request, "view", Code):
            found += [_codes(promotion), *_batches(promotion)]
        if self.admin_site.allows(request, "view", Use):
            found.append(_uses(promotion))
        return found

    def is_form_last(self, promotion):
        return not promotion.is_draft

    # Its life

    @step("Activate", when=lambda promotion: promotion.status in (Status.DRAFT, Status.PAUSED),
          tone="primary",
          says="Its codes work from now on, or from its start. What it gives can never be changed "
          "afterwards; name, window and limits can.")  # fmt: skip
    def activate(self, request, promotion):
        services.activate(promotion.pk)
        return f"{promotion} is active."

    def activate_preview(self, request, promotion):
        return [_terms(promotion), _codes(promotion)]

    @step("Pause", when=lambda promotion: promotion.status == Status.ACTIVE,
          says="Its codes rest until it is activated again. What is reserved with them keeps its "
          "price.")  # fmt: skip
    def pause(self, request, promotion):
        services.pause(promotion.pk)
        return f"{promotion} rests."

    @step("End", when=is_open, tone="danger",
          says="Its codes have expired for good. What is reserved or sold with them keeps its "
          "price.")  # fmt: skip
    def end(self, request, promotion):
        services.end(promotion.pk)
        return f"{promotion} has ended."

    @step("Copy", right="add",
          says="A draft with the same terms and limits, without codes.")  # fmt: skip
    def copy(self, request, promotion):
        copy = services.copy_of(promotion.pk, by=request.user)
        return self.back(request, copy, done=f"{copy} is a draft.")

    # Codes

    @step("Add a code", when=is_open, is_page=True)
    def add_code(self, request, promotion):
        def work(form):
            code = services.name_code(promotion=promotion, **form.cleaned_data)
            return self.back(request, promotion, done=f"The code {code} opens {promotion}.")

        form = CodeForm(request.POST or None)
        return self.form_page(
            request, form, work, title=f"Add a code: {promotion}", thing=promotion, submit="Add"
        )

    @step("Draw unique codes", when=is_open, is_page=True)
    def draw_codes(self, request, promotion):
        def work(form):
            batch = services.ask_for_codes(
                promotion=promotion, by=request.user, **form.cleaned_data
            )
            return HttpResponseRedirect(batch_address(batch))

        return self.form_page(
            request,
            CodesForm(request.POST or None),
            work,
            title=f"Draw unique codes: {promotion}",
            thing=promotion,
            submit="Draw them",
            note="A worker draws them; you may leave and come back.",
        )

    def get_urls(self):
        view = self.admin_site.admin_view(self.batch_view)
        return [
            path("codes/<uuid:batch_id>/", view, name="promotions_codebatch"),
            *super().get_urls(),
        ]

    def batch_view(self, request, batch_id):
        """How far a worker is with unique codes."""
        if not self.admin_site.allows(request, "view", Code):
            raise PermissionDenied
        batch = CodeBatch.objects.select_related("promotion").filter(pk=batch_id).first()
        if batch is None:
            raise Http404
        return self.page(
            request,
            "admin/code_batch.html",
            title=f"{many(batch.count, 'unique code')}: {batch.promotion}",
            batch=batch,
            listed=codes_address(batch__id__exact=batch.pk),
        )


def _figures(promotion):
    currency = promotion.currency
    row = [
        of_limit(promotion.kept, promotion.usage_limit),
        f"{promotion.held:,}",
        f"{promotion.tickets:,}",
        amount(promotion.given, currency),
        amount(promotion.waived, currency),
    ]
    titles = ("Sold with it#", "Reserved now#", "Tickets#", "Discount given#", "Fees waived#")
    return Panel("Used", Table(columns(*titles), [row]))


def _terms(promotion):
    rows = [("Gives", gives(promotion)), *conditions(promotion)]
    return Panel("What it promises", Table(columns("", ""), rows))


def _codes(promotion):
    codes = used_codes(promotion.codes.filter(batch=None)).order_by("-made_at", "pk")[:SHOWN]
    rows = [
        [linked(code), of_limit(code.used, code.usage_limit), open_pill(code)] for code in codes
    ]
    empty = "No code yet: without one nobody can use it."
    return Panel(
        "Codes",
        Table(columns("Code", "Used#", "State"), rows, empty=empty),
        count=promotion.codes.count(),
        link=(codes_address(promotion__id__exact=promotion.pk), "All of them"),
    )


def _batches(promotion):
    rows = [
        [
            format_html('<a href="{}">{}</a>', batch_address(batch), when(batch.made_at)),
            batch.prefix or "–",
            of_limit(batch.made, batch.count),
            batch.made_by or "the system",
        ]
        for batch in promotion.batches.select_related("made_by")[:SHOWN]
    ]
    table = Table(columns("Asked for", "Beginning with", "Drawn#", "Who"), rows)
    return [Panel("Unique codes", table)] if rows else []


def _uses(promotion):
    uses = with_numbers(promotion.uses.select_related("code"))[:SHOWN]
    rows = [
        [linked(use, when(use.used_at)), use.code.text, booking_link(use), status_of(use),
         f"{use.tickets:,}", amount(use.discount, use.currency)]
        for use in uses
    ]  # fmt: skip
    titles = columns("When", "Code", "Booking", "State", "Tickets#", "Discount#")
    listed = f"{reverse('admin:promotions_use_changelist')}?promotion__id__exact={promotion.pk}"
    return Panel("Uses", Table(titles, rows), link=(listed, "All of them"))
