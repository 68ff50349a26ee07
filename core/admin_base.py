"""The ModelAdmin of the back office. Who may do what is asked of the site (config.admin_site), which
denies by default; Django's own permissions play no part.

Status, money and history are read-only. What changes them is a *step*: a method that calls a service,
shown as a button on the thing's page, with a page of its own that says what will happen first.
"""

from dataclasses import dataclass

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.text import capfirst
from django.views.decorators.http import require_http_methods
from import_export.admin import ExportMixin
from unfold.admin import ModelAdmin, TabularInline
from unfold.contrib.import_export.forms import ExportForm
from unfold.overrides import FORMFIELD_OVERRIDES

from core import exports
from core.admin_forms import AmountField, BackOfficeForm, styled
from core.admin_parts import page_of, panels_for, status_of, timeline
from core.errors import DomainError
from core.tenancy import as_system

CHANGE = "change"  # the name of the button that goes back from a second look


class Guarded:
    """Permissions from the site's table. A right is view, add, change, delete or step."""

    def may(self, request, right):
        return self.admin_site.allows(request, right, self.model)

    def has_view_permission(self, request, obj=None):
        return self.may(request, "view")

    def has_add_permission(self, request, obj=None):
        return self.may(request, "add")

    def has_change_permission(self, request, obj=None):
        return self.may(request, "change")

    def has_delete_permission(self, request, obj=None):
        return self.may(request, "delete")

    def has_view_or_change_permission(self, request, obj=None):
        return self.has_view_permission(request, obj) or self.has_change_permission(request, obj)

    def has_step_permission(self, request, obj=None):
        return self.may(request, "step")

    def has_export_permission(self, request):
        return self.may(request, "view")

    def has_module_permission(self, request):
        return self.may(request, "view")


@dataclass(frozen=True)
class Step:
    """What can be done next with a thing. `says` is what will happen, told before it is confirmed.
    `is_page`: the method answers the whole request itself. `is_long`: on a large house it may take some
    seconds, which is said while they pass."""

    name: str
    label: str
    when: object
    tone: str
    says: str
    is_page: bool
    right: str
    is_long: bool


def step(
    label,
    *,
    when=lambda thing: True,
    tone="",
    says="",
    is_page=False,
    right="step",
    is_long=False,
):
    """Marks method(self, request, thing) of a BackOfficeAdmin as a step.

    It returns a sentence that says what was done (or a response). `tone`: primary, danger or nothing.
    A method `<name>_preview(request, thing)` gives the Panels shown before it is confirmed.
    """

    def mark(method):
        method.step = Step(method.__name__, label, when, tone, says, is_page, right, is_long)
        return method

    return mark


class BackOfficeAdmin(Guarded, ExportMixin, ModelAdmin):
    """`steps` are names of methods marked with `step`. `export_columns` {title: attribute path} puts a
    CSV and XLSX export on the list."""

    form = BackOfficeForm
    formfield_overrides = {**FORMFIELD_OVERRIDES, models.DecimalField: {"form_class": AmountField}}
    change_form_template = "admin/object.html"
    export_form_class = ExportForm
    show_full_result_count = False
    list_per_page = 50
    list_filter_sheet = False
    list_filter_submit = False
    compressed_fields = True
    actions = None
    steps = ()
    export_columns = {}

    # Export

    def get_export_formats(self):
        return exports.FORMATS

    def get_export_resource_classes(self, request):
        return [exports.columns(self.model, self.export_columns)]

    def has_export_permission(self, request):
        return bool(self.export_columns) and self.may(request, "view")

    def get_export_data(self, file_format, request, queryset, **kwargs):
        """The rows as values in one query; import-export's own way takes a second per 2,000 rows."""
        if not self.has_export_permission(request):
            raise PermissionDenied
        rows = queryset.values_list(*self.export_columns.values())
        titles = list(self.export_columns)
        if "Currency" in titles:
            rows = exports.in_their_decimals(rows, titles.index("Currency"))
        return file_format.write(titles, rows)

    # Pages of one thing

    def get_urls(self):
        meta = self.opts
        found = [self._step(name) for name in self.steps]
        return [
            path(
                f"<path:object_id>/{each.name}/",
                self.admin_site.admin_view(self._step_view(each)),
                name=f"{meta.app_label}_{meta.model_name}_{each.name}",
            )
            for each in found
        ] + super().get_urls()

    def _step(self, name):
        return getattr(self, name).step

    def _step_view(self, found):
        @require_http_methods(["GET", "POST"])
        def view(request, object_id):
            thing = self.thing(request, object_id)
            if not self.admin_site.allows(request, found.right, self.model):
                raise PermissionDenied
            if not found.when(thing):
                return self.back(request, thing, problem=f"{found.label} is not possible now.")
            if found.is_page:
                return getattr(self, found.name)(request, thing)
            return self._confirmed(request, thing, found)

        return view

    def thing(self, request, object_id):
        """The object of a page, if it exists and may be seen."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        thing = self.get_object(request, object_id)
        if thing is None:
            raise Http404
        return thing

    def _confirmed(self, request, thing, found):
        """Runs a step that was confirmed; asks before."""
        if request.method == "POST":
            return self._run(request, thing, found)
        preview = getattr(self, f"{found.name}_preview", None)
        return self.page(
            request,
            "admin/confirm.html",
            title=f"{found.label}: {thing}",
            thing=thing,
            step=found,
            panels=preview(request, thing) if preview else [],
        )

    def _run(self, request, thing, found):
        try:
            done = getattr(self, found.name)(request, thing)
        except DomainError as error:
            return self.back(request, thing, problem=error.message)
        return self.back(request, thing, done=done) if isinstance(done, str) else done

    def back(self, request, thing, *, done="", problem=""):
        """To the thing's page, with a sentence about what happened."""
        if problem:
            messages.error(request, problem)
        if done:
            messages.success(request, done)
        return HttpResponseRedirect(page_of(thing))

    def wherever(self, request, redirect):
        """The redirect, told so that a page that polls follows it as a whole."""
        if not request.htmx:
            return redirect
        response = HttpResponse()
        response["HX-Redirect"] = redirect["Location"]
        return response

    @property
    def list_name(self):
        """What the menu calls the list, such as Bookings."""
        plural = str(self.opts.verbose_name_plural)
        return self.admin_site.words.get(plural, capfirst(plural))

    def changelist_view(self, request, extra_context=None):
        return super().changelist_view(request, {"title": self.list_name, **(extra_context or {})})

    def list_address(self):
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")

    def page(self, request, template, **context):
        """A page of the back office beside Django's own."""
        request.current_app = self.admin_site.name
        shared = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "media": self.media,
            "list_address": self.list_address(),
            "list_name": self.list_name,
            "above": self.above(context["thing"]) if context.get("thing") else [],
        }
        return TemplateResponse(request, template, {**shared, **context})

    def form_page(self, request, form, work, *, template="admin/form_page.html", **context):
        """Shows a form until `work(form)` succeeds; it returns a response. A refusal of the service
        stands on the form, with everything that was typed; "Change it" on the page of the second look
        brings it back as it was filled in."""
        is_sent = request.method == "POST" and CHANGE not in request.POST
        if is_sent and form.is_valid():
            try:
                return work(form)
            except DomainError as error:
                for problem in error.details.get("problems") or [error.message]:
                    form.add_error(None, problem)
        return self.page(request, template, form=styled(form), **context)

    def under_title(self, thing):
        """Short facts that stand below the title of a thing's page, its state first."""
        return [status_of(thing)] if hasattr(thing, "get_status_display") else []

    def above(self, thing):
        """What a thing is part of, the outermost first: it stands in its crumbs."""
        return []

    def panels(self, request, thing):
        """The thing's own Panels, above those of other apps and the timeline."""
        return []

    def is_form_last(self, thing):
        """Whether the thing's page begins with its Panels: when they matter more than its fields."""
        return False

    def history_of(self, request, thing):
        """The timeline's Panel, or None."""
        return timeline([thing])

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        thing = object_id and self.get_object(request, object_id)
        extra = {"show_save_and_continue": False, "show_save_and_add_another": False}
        extra["title"] = str(thing) if thing else f"New {self.opts.verbose_name}"
        extra["subtitle"] = None
        if thing and self.has_view_or_change_permission(request, thing):
            extra |= {
                "above": self.above(thing),
                "under_title": self.under_title(thing),
                "next_steps": self._next_steps(request, thing),
                "panels": [
                    *self.panels(request, thing),
                    *panels_for(request, self.admin_site, thing),
                    *filter(None, [self.history_of(request, thing)]),
                ],
                "is_form_last": self.is_form_last(thing),
                "is_read_only": not self.has_change_permission(request, thing),
            }
        return super().changeform_view(
            request, object_id, form_url, {**extra, **(extra_context or {})}
        )

    def _next_steps(self, request, thing):
        meta = self.opts
        return [
            (
                each,
                reverse(f"admin:{meta.app_label}_{meta.model_name}_{each.name}", args=[thing.pk]),
            )
            for each in map(self._step, self.steps)
            if self.admin_site.allows(request, each.right, self.model) and each.when(thing)
        ]


class ReadOnlyAdmin(BackOfficeAdmin):
    """For what is only looked at: nothing is added, changed or deleted by hand, whoever asks."""

    def has_add_permission(self, request, obj=None):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False


class BackOfficeInline(Guarded, TabularInline):
    form = BackOfficeForm
    formfield_overrides = {
        **TabularInline.formfield_overrides,
        models.DecimalField: {"form_class": AmountField},
    }
    extra = 0


class SystemWide:
    """For tables above the agencies: the platform's operator works on all rows, others on theirs."""

    def changelist_view(self, request, extra_context=None):
        return self._scoped(request, super().changelist_view, request, extra_context)

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        view = super().changeform_view
        return self._scoped(request, view, request, object_id, form_url, extra_context)

    def history_view(self, request, object_id, extra_context=None):
        return self._scoped(request, super().history_view, request, object_id, extra_context)

    def _scoped(self, request, view, *arguments):
        if not request.user.is_superuser:
            return view(*arguments)
        with as_system():
            response = view(*arguments)
            return response.render() if hasattr(response, "render") else response
