"""Allocation plans in the back office: shares, what they would do on the map, compare, apply, undo."""

from uuid import UUID

from django.contrib import admin
from django.db.models import Count, F
from django.db.models.functions import Now
from django.urls import reverse

from core.admin_base import BackOfficeAdmin, BackOfficeInline, step
from core.admin_forms import BackOfficeForm
from core.admin_parts import (
    Panel,
    Table,
    amount,
    columns,
    linked,
    panel,
    status_column,
    status_of,
    when,
)
from core.words import many
from events.models import Event, PriceLevel
from inventory import services
from inventory.admin_choosing import stock_class
from inventory.models import AllocationPlan, AllocationShare, PlanStatus, StockChannel
from inventory.stock import stock_of
from venues.admin import picture
from venues.models import LayoutSection
from venues.plan import from_canonical

OPEN = "Open to all"
CHANNELS = [*StockChannel.choices, ("", OPEN)]


def is_applied(plan):
    return plan.status == PlanStatus.APPLIED


def can_be_applied(plan):
    return not is_applied(plan) and plan.shares.exists()


class ShareForm(BackOfficeForm):
    """A line of a table: the column's head is the label of its fields."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for bound in self.fields.values():
            bound.widget.attrs["aria-label"] = bound.label

    def clean(self):
        given = super().clean()
        if bool(given.get("quantity")) == (given.get("percent") is not None) and not self.errors:
            self.add_error("quantity", "Give either a number or a percentage.")
        return given


class SharesInline(BackOfficeInline):
    """Shares belong to their plan: who may change it may change them."""

    model = AllocationShare
    form = ShareForm
    fields = ["position", "channel", "section", "level", "quantity", "percent", "order"]
    ordering = ["position", "pk"]
    verbose_name_plural = "Shares, in the order in which they are given out"

    def get_extra(self, request, obj=None, **kwargs):
        return 1

    def may(self, request, right):
        wanted = "view" if right == "view" else "change"
        return self.admin_site.allows(request, wanted, AllocationPlan)

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        plan = AllocationPlan.objects.filter(pk=request.resolver_match.kwargs["object_id"])
        if db_field.name == "section":
            layout = plan.values("event__layout")
            kwargs["queryset"] = LayoutSection.objects.filter(layout__in=layout)
        if db_field.name == "level":
            kwargs["queryset"] = PriceLevel.objects.filter(event__in=plan.values("event"))
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if field and db_field.name in ("section", "level"):
            field.empty_label = "All"
        return field


@admin.register(AllocationPlan)
class AllocationPlanAdmin(BackOfficeAdmin):
    list_display = ["name", "event_link", status_column(), "share_count", "changed", "applied"]
    list_filter = ["status", ("event", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["event"]
    search_fields = ["name", "event__title", "notes"]
    ordering = ["-made_at", "pk"]
    inlines = [SharesInline]
    steps = ["apply", "undo", "compare"]
    export_columns = {
        "Name": "name",
        "Event": "event__title",
        "Status": "status",
        "Shares": "shares_counted",
        "Places changed": "changed_places",
        "Applied": "applied_at",
        "Undone": "undone_at",
        "Notes": "notes",
    }

    def get_queryset(self, request):
        plans = super().get_queryset(request)
        return plans.annotate(
            shares_counted=Count("shares"), changed_places=F("ordinals__len")
        ).defer("ordinals", "before", "after")

    def get_fields(self, request, obj=None):
        return ["name", "notes"] if obj else ["event", "name", "notes"]

    def get_inlines(self, request, obj):
        return self.inlines if obj else []

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        if db_field.name == "event":
            coming = Event.objects.filter(seats__isnull=False, starts_at__gt=Now())
            kwargs["queryset"] = coming.distinct().order_by("starts_at", "pk")
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def has_change_permission(self, request, obj=None):
        is_final = obj is not None and is_applied(obj)
        return not is_final and super().has_change_permission(request, obj)

    def has_delete_permission(self, request, obj=None):
        return False

    def get_changeform_initial_data(self, request):
        return {"event": request.GET.get("event")}

    def save_model(self, request, obj, form, change):
        if not change:
            obj.made_by = request.user
        super().save_model(request, obj, form, change)

    def response_add(self, request, obj, post_url_continue=None):
        """To the plan's own page, where its shares are."""
        return self.back(request, obj, done=f"The plan {obj} is made. Say who gets what.")

    def response_change(self, request, obj):
        return self.back(request, obj, done=f"The plan {obj} is saved.")

    # Columns

    @admin.display(description="Event", ordering="event__starts_at")
    def event_link(self, plan):
        return linked(plan.event)

    @admin.display(description="Shares", ordering="shares_counted")
    def share_count(self, plan):
        return plan.shares_counted

    @admin.display(description="Places changed", ordering="changed_places")
    def changed(self, plan):
        return f"{plan.changed_places or 0:,}"

    @admin.display(description="Applied", ordering="applied_at")
    def applied(self, plan):
        return when(plan.applied_at)

    # The plan's page

    def under_title(self, plan):
        return [status_of(plan), linked(plan.event)]

    def panels(self, request, plan):
        if is_applied(plan):
            places = stock_of(plan.event_id)
            return [_map_panel("As it is", plan.event, places, _present(places))]
        if not plan.shares.exists():
            return []
        return self._simulated(plan)

    def _simulated(self, plan):
        found = services.simulate_plan(plan)
        before = _present(found.places)
        return [
            *_misfit_panels(found),
            Panel("What applying it would do now", _totals(plan.event, found), count=found.changes),
            _map_panel("After", plan.event, found.places, found.channels),
            _map_panel("Before", plan.event, found.places, before),
        ]

    # Steps

    @step(
        "Apply",
        when=can_be_applied,
        tone="primary",
        says="Only free places change hands. A place that is set aside for one channel looks taken to "
        "all others.",
    )
    def apply(self, request, plan):
        count = services.apply_plan(plan, by=request.user)
        return f"{many(count, 'place changed its', 'places changed their')} channel."

    def apply_preview(self, request, plan):
        others = AllocationPlan.objects.filter(event=plan.event_id, status=PlanStatus.APPLIED)
        rows = [[linked(other), when(other.applied_at)] for other in others]
        undone = Panel("Undone first", Table(columns("Plan", "Applied"), rows), count=len(rows))
        return [*([undone] if rows else []), *self._simulated(plan)]

    @step(
        "Undo",
        when=is_applied,
        says="Places that are still free go back to what they were.",
        is_long=True,
    )
    def undo(self, request, plan):
        count, kept = services.undo_plan(plan)
        done = f"{many(count, 'place is what it was.', 'places are what they were.')}"
        if kept:
            done += f" {len(kept):,} were sold, held or changed since and stay as they are."
        return done

    @step("Compare", when=lambda plan: plan.shares.exists(), is_page=True)
    def compare(self, request, plan):
        others = list(
            AllocationPlan.objects.filter(event=plan.event_id).exclude(pk=plan.pk).order_by("name")
        )
        chosen = _chosen(others, request.GET.get("with", ""))
        sides = [(each, services.simulate_plan(each)) for each in (plan, chosen) if each]
        return self.page(
            request,
            "admin/compare_plans.html",
            title=f"Compare: {plan}",
            thing=plan,
            others=others,
            chosen=chosen,
            totals=[_compared(plan.event, sides)],
            sides=[
                _map_panel(str(each), plan.event, found.places, found.channels)
                for each, found in sides
            ],
        )


def _chosen(plans, plan_id):
    try:
        wanted = UUID(plan_id)
    except ValueError:
        return plans[0] if plans else None
    return next((plan for plan in plans if plan.pk == wanted), None)


def _present(places):
    """{ordinal: channel} of the free places as they are."""
    return {place.ordinal: place.channel for place in places if place.is_free}


def _map_panel(title, event, places, channels):
    """The event's map in the colours of channels; what is not free is faint."""
    classes = [_channel_class(place, channels) for place in places]
    legend = [
        (_name_of(channel), words, classes.count(_name_of(channel))) for channel, words in CHANNELS
    ]
    faint = sum("stock-" in name for name in classes)
    shown = {
        "picture": picture(from_canonical(event.layout.plan), f"{title}: {event}", classes),
        "legend": [*legend, ("stock-not-ours", "Sold, held, or not ours", faint)],
    }
    return Panel(title, template="admin/_picture.html", context=shown)


def _channel_class(place, channels):
    if place.ordinal in channels:
        return _name_of(channels[place.ordinal])
    return f"{stock_class(place)} away"


def _name_of(channel):
    return f"channel-{channel.lower() or 'open'}"


def _totals(event, found):
    """Channel by channel: free places before and after, and what those after are worth."""
    before = services.Simulation(_present(found.places), found.places).totals
    after = found.totals
    rows = []
    for channel, words in CHANNELS:
        was, (count, value) = before.get(channel, (0, 0))[0], after.get(channel, (0, 0))
        if was or count:
            rows.append(
                [
                    words,
                    f"{was:,}",
                    f"{count:,}",
                    f"{count - was:+,}",
                    amount(value, event.currency),
                ]
            )
    titles = columns("Channel", "Free now#", "After#", "Change#", "Price before fees, after#")
    return Table(titles, rows, empty="Nothing is free.")


def _misfit_panels(found):
    """What asks for more than there is, if anything."""
    rows = [
        [
            misfit.share.get_channel_display(),
            misfit.share.section or misfit.share.level or "Whole event",
            f"{misfit.wanted:,}",
            f"{misfit.given:,}",
            f"{misfit.wanted - misfit.given:,}",
        ]
        for misfit in found.misfits
    ]
    titles = columns("Channel", "Of", "Asked#", "Gets#", "Missing#")
    return [Panel("Does not fit", Table(titles, rows), count=len(rows))] if rows else []


def _compared(event, sides):
    """One line a channel, two columns a plan."""
    titles = ["Channel"]
    for plan, _ in sides:
        titles += [f"{plan}#", "Price before fees#"]
    totals = [found.totals for _, found in sides]
    rows = []
    for channel, words in CHANNELS:
        row = [words]
        for total in totals:
            count, value = total.get(channel, (0, 0))
            row += [f"{count:,}", amount(value, event.currency)]
        if any(channel in total for total in totals):
            rows.append(row)
    return Panel("Free places by channel", Table(columns(*titles), rows))


@panel("events.event", needs="inventory.allocationplan")
def plans_of_event(request, event):
    if not event.seats.exists():
        return None
    plans = AllocationPlan.objects.filter(event=event).defer("ordinals", "before", "after")
    rows = [[linked(plan), status_of(plan), when(plan.applied_at)] for plan in plans]
    link = ()
    if admin.site.allows(request, "add", "inventory.allocationplan"):
        new = f"{reverse('admin:inventory_allocationplan_add')}?event={event.pk}"
        link = (new, "New plan")
    empty = "Every free place is open to all channels."
    table = Table(columns("Plan", "State", "Applied"), rows, empty=empty)
    return Panel("Allocation plans", table, count=len(rows) or None, link=link)
