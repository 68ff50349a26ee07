"""Bulk changes of prices: choose, look, do, undo; and the list of those that were made."""

from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse

from core import exports
from core.admin_base import BackOfficeAdmin, step
from core.admin_parts import Panel, linked, panel, pill, when
from core.errors import DomainError
from core.words import many
from events.models import Event
from inventory.admin_pricing_forms import HEAVY, BulkPriceForm
from inventory.admin_pricing_panels import (
    bulk_address,
    changes_table,
    difference_panel,
    events_to_price,
    exported,
    free_to_price,
    left_in_words,
    look_panels,
    price_map,
    undo_panels,
)
from inventory.models import TAKEN, Ownership, PriceChange, PriceJob
from inventory.pricing.changing import (
    IN_A_PAGE,
    PricesMoved,
    ask_for_change,
    change_prices,
    written_by,
)
from inventory.pricing.looking import below_cost_in_words, look
from inventory.pricing.undoing import undo_change, undoable
from venues.forms import SelectMap

KEPT = "pricing"
SHOWN_EVENTS = 100


def kept_for(request, event):
    """What was filled in for this event and not done yet: {name of a field: value}."""
    kept = request.session.get(KEPT, {})
    return kept["values"] if kept.get("event") == str(event.pk) else {}


@admin.register(PriceChange)
class PriceChangeAdmin(BackOfficeAdmin):
    """What was filled in waits in the session between the form and the look, so that the browser's Back
    shows it again."""

    list_display = ["why", "event_link", "source_pill", "places", "by_rule", "at", "who", "undone"]
    list_filter = ["source", ("made_at", admin.DateFieldListFilter), "event", "rule"]
    list_select_related = ["event", "rule", "made_by"]
    search_fields = ["reason", "event__title"]
    search_help_text = "Reason or event"
    ordering = ["-made_at", "pk"]
    fields = ["event_link", "why", "source_pill", "places", "by_rule", "at", "who"]
    readonly_fields = fields
    steps = ["undo", "as_csv", "as_xlsx"]
    export_columns = {
        "When": "made_at",
        "Event": "event__title",
        "By": "source",
        "Rule": "rule__name",
        "Reason": "reason",
        "Places": "seats",
        "Who": "made_by__email",
    }

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False

    def get_queryset(self, request):
        """Without the arrays, which a list does not show, and with who has undone what."""
        changes = super().get_queryset(request).annotate(times_undone=Count("undone_by"))
        is_list = request.resolver_match.url_name.endswith(("changelist", "export"))
        return changes.defer("ordinals", "before", "after") if is_list else changes

    @admin.display(description="Reason", ordering="reason")
    def why(self, change):
        return change.reason

    @admin.display(description="Event", ordering="event__title")
    def event_link(self, change):
        return linked(change.event)

    @admin.display(description="By", ordering="source")
    def source_pill(self, change):
        return change.get_source_display()

    @admin.display(description="Places", ordering="seats")
    def places(self, change):
        return f"{change.seats:,}"

    @admin.display(description="Rule", ordering="rule__name")
    def by_rule(self, change):
        return linked(change.rule)

    @admin.display(description="When", ordering="made_at")
    def at(self, change):
        return when(change.made_at)

    @admin.display(description="Who", ordering="made_by__email")
    def who(self, change):
        return change.made_by or "the system"

    @admin.display(description="Undone")
    def undone(self, change):
        return pill("CANCELLED", "Undone") if change.times_undone else "–"

    def under_title(self, change):
        facts = [change.get_source_display(), linked(change.event), when(change.made_at)]
        if change.undoes_id:
            facts.append(linked(change.undoes, "What it undid"))
        facts += [linked(undoing, "It was undone") for undoing in change.undone_by.all()]
        return facts

    def panels(self, request, change):
        return [difference_panel(change)]

    # Undo, export

    @step("Undo", when=lambda change: not change.times_undone, tone="danger",
          says="Places that still have the price of this change get back their former one. Places "
          "that were sold, reserved or priced again since stay as they are.", is_long=True)  # fmt: skip
    def undo(self, request, change):
        undone = undo_change(change=change, by=request.user)
        done = f"{many(undone.seats, 'place has its', 'places have their')} former price back."
        return self.back(request, undone, done=done)

    def undo_preview(self, request, change):
        return undo_panels(change, undoable(change))

    @step("Export CSV", right="view", is_page=True)
    def as_csv(self, request, change):
        return self._file(change, exports.Csv())

    @step("Export XLSX", right="view", is_page=True)
    def as_xlsx(self, request, change):
        return self._file(change, exports.Xlsx())

    def _file(self, change, form):
        titles, rows = exported(change)
        rows = exports.in_their_decimals(rows, titles.index("Currency"))
        answer = HttpResponse(form.write(titles, rows), content_type=form.get_content_type())
        name = f"prices-{change.made_at:%Y-%m-%d-%H%M}.{form.get_extension()}"
        answer["Content-Disposition"] = f'attachment; filename="{name}"'
        return answer

    # A new change

    def get_urls(self):
        job = self.admin_site.admin_view(self.job_view)
        route = path("job/<uuid:job_id>/", job, name="inventory_pricejob")
        return [route, *super().get_urls()]

    def add_view(self, request, form_url="", extra_context=None):
        if not self.has_add_permission(request):
            raise PermissionDenied
        event = _chosen_event(request)
        if event is None:
            return self._choose_event(request)
        if request.method == "POST" and "as_of" in request.POST:
            return self._done(request, event)
        if request.method == "GET" and "preview" in request.GET:
            return self._look(request, event)
        return self._ask(request, event)

    def _choose_event(self, request):
        free = Q(seats__ownership=Ownership.OWNED) & ~Q(seats__status__in=TAKEN)
        events = (
            Event.objects.upcoming()
            .filter(layout__isnull=False)
            .select_related("venue")
            .annotate(to_price=Count("seats", filter=free))
            .filter(to_price__gt=0)
            .order_by("starts_at", "pk")[:SHOWN_EVENTS]
        )
        rows = [(event, event.to_price) for event in events]
        return self.page(
            request, "admin/panels.html", title="Change prices", panels=[events_to_price(rows)]
        )

    def _ask(self, request, event):
        chosen = {name: request.GET.get(name, "") for name in ("level", "section", "places")}
        form = BulkPriceForm(
            request.POST or None,
            event=event,
            among=free_to_price(event),
            initial=kept_for(request, event) | {k: v for k, v in chosen.items() if v},
        )
        drawn, legend = price_map(event)
        return self.form_page(
            request,
            form,
            lambda form: self._filled_in(request, event, form),
            template="admin/prices.html",
            title=f"Change prices: {event}",
            event=event,
            map=SelectMap(drawn, form, legend),
        )

    def _filled_in(self, request, event, form):
        look(event, form.wish)  # a price that cannot be is refused beside what was typed
        values = {name: value for name, value in form.data.items() if name in form.fields and value}
        request.session[KEPT] = {"event": str(event.pk), "values": values}
        return HttpResponseRedirect(f"{bulk_address(event=event.pk)}&preview")

    def _kept_form(self, request, event):
        """The form as it was filled in; None when it does not hold any more."""
        kept = kept_for(request, event)
        form = BulkPriceForm(kept, event=event, among=free_to_price(event))
        return form if kept and form.is_valid() else None

    def _look(self, request, event):
        form = self._kept_form(request, event)
        if form is None:
            return HttpResponseRedirect(bulk_address(event=event.pk))
        found = look(event, form.wish)
        needs_reason = found.below_cost and not form.wish.below_cost_reason
        return self.page(
            request,
            "admin/prices_preview.html",
            title=f"Change prices: {event}",
            event=event,
            found=found,
            what=form.wish.setting.in_words(event.currency),
            reason=form.wish.told,
            rest=left_in_words(found),
            refusal=below_cost_in_words(found) if needs_reason else "",
            back=bulk_address(event=event.pk),
            panels=look_panels(event, found, form.wish),
        )

    def _done(self, request, event):
        form = self._kept_form(request, event)
        if form is None:
            return HttpResponseRedirect(bulk_address(event=event.pk))
        look_again = HttpResponseRedirect(f"{bulk_address(event=event.pk)}&preview")
        try:
            thing = self._carried_out(request, event, form.wish)
        except PricesMoved as moved:
            messages.warning(request, moved.message)
            return look_again
        except DomainError as refused:
            messages.error(request, refused.message)
            return look_again
        request.session.pop(KEPT, None)
        if isinstance(thing, PriceJob):
            return HttpResponseRedirect(_job_address(thing))
        return self.back(
            request, thing, done=f"{many(thing.seats, 'place has', 'places have')} a new price."
        )

    def _carried_out(self, request, event, wish):
        as_of = int(request.POST["as_of"]) if request.POST["as_of"].isdecimal() else -1
        found = look(event, wish)
        if found.as_of == as_of and found.count > IN_A_PAGE:
            return ask_for_change(event=event, wish=wish, by=request.user, found=found)
        return change_prices(event=event, wish=wish, by=request.user, as_of=as_of)

    def job_view(self, request, job_id):
        """How far a worker is with a large change; may be left and come back to."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        job = PriceJob.objects.select_related("event", "change").filter(pk=job_id).first()
        if job is None:
            raise Http404
        if job.change:
            done = f"{many(job.change.seats, 'place has', 'places have')} a new price."
            return self.back(request, job.change, done=done)
        return self.page(
            request,
            "admin/price_job.html",
            title=f"Change prices: {job.event}",
            job=job,
            written=written_by(job),
            again=bulk_address(event=job.event_id),
        )


def _job_address(job):
    return reverse("admin:inventory_pricejob", args=[job.pk])


def _chosen_event(request):
    """The event of the address, if it has places."""
    try:
        event_id = UUID(request.GET.get("event", ""))
    except ValueError:
        return None
    events = Event.objects.filter(layout__isnull=False).select_related("layout", "venue")
    return events.defer(*HEAVY).filter(pk=event_id).first()


@panel("events.event", needs="inventory.pricechange")
def changes_of(request, event):
    """The newest price changes of an event, once it has places."""
    if event.layout_id is None:
        return None
    changes = event.price_changes.defer("ordinals", "before", "after").select_related("made_by")
    listed = f"{reverse('admin:inventory_pricechange_changelist')}?event__id__exact={event.pk}"
    return Panel(
        "Price changes",
        changes_table(changes[:10]),
        count=changes.count(),
        link=(listed, "All of them"),
    )
