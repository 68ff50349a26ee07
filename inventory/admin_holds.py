"""Holds in the back office: whose, how many, until when; made, filled, split, extended, given back and
killed. What sells out of a hold is added where selling is known, in bookings."""

from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.db.models.functions import Now
from django.http import Http404
from django.urls import reverse
from django.utils.html import format_html

from core.admin_base import BackOfficeAdmin, step
from core.admin_parts import Panel, Table, columns, linked, panel, status_column, status_of, when
from core.words import many
from events.models import Event
from inventory import services
from inventory.admin_choosing import Choosing, stock_picture, worth_panel
from inventory.forms import AddForm, ExtendForm, HoldForm, ReasonForm, ReleaseForm
from inventory.models import Hold, HoldStatus, Status
from inventory.services.holding import pools_of, tree_of
from inventory.stock import stock_of
from inventory.withheld import SOON, counted

SHOWN_EVENTS = 100
COLUMNS = ("Hold", "For", "State", "Held#", "Reserved#", "Sold#", "Until")


def is_active(hold):
    return hold.is_active


def is_killed(hold):
    return hold.status == HoldStatus.KILLED and services.killed_places(hold).exists()


def new_hold_address(event):
    return f"{reverse('admin:inventory_hold_add')}?event={event.pk}"


def hold_row(hold):
    """A line of COLUMNS for a counted hold."""
    name = (
        format_html("{}<small>{}</small>", linked(hold), hold.reason)
        if hold.reason
        else linked(hold)
    )
    figures = [f"{count:,}" for count in (hold.held, hold.reserved, hold.sold)]
    return [name, hold.get_kind_display(), status_of(hold), *figures, when(hold.until)]


class EndFilter(admin.SimpleListFilter):
    title = "end"
    parameter_name = "end"

    def lookups(self, request, model_admin):
        return [("soon", "Within seven days"), ("open", "No end"), ("over", "Over, not tidied")]

    def queryset(self, request, queryset):
        rules = {
            "soon": Q(until__gt=Now(), until__lte=Now() + SOON),
            "open": Q(until=None),
            "over": Q(until__lte=Now()),
        }
        rule = rules.get(self.value())
        return queryset.filter(rule, status=HoldStatus.ACTIVE) if rule else queryset


class HoldPages(Choosing, BackOfficeAdmin):
    list_display = [
        *("name", "event_link", "kind_name", status_column(), "held", "sold", "ends", "owner"),
    ]
    list_filter = [EndFilter, "status", "kind", ("event", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["event", "owner"]
    search_fields = ["name", "event__title", "contact", "reason"]
    search_help_text = "Name, event, contact or reason"
    ordering = ["-made_at", "pk"]
    fields = [
        *("event_link", "pool_link", "kind", "reason", "quantity", "ends", "notice", "owner"),
        *("contact", "made_by", "made", "ended", "release_reason"),
    ]
    readonly_fields = fields
    steps = ["add", "part", "extend", "release_some", "release", "kill", "free"]
    export_columns = {
        "Name": "name",
        "Event": "event__title",
        "For": "kind",
        "Status": "status",
        "Held": "held",
        "Reserved": "reserved",
        "Sold": "sold",
        "Until": "until",
        "Owner": "owner__email",
        "Contact": "contact",
        "Reason": "reason",
        "Made": "made_at",
    }

    def get_queryset(self, request):
        return counted(super().get_queryset(request))

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False

    # Columns and fields

    @admin.display(description="Event", ordering="event__starts_at")
    def event_link(self, hold):
        return linked(hold.event)

    @admin.display(description="Part of")
    def pool_link(self, hold):
        return linked(hold.pool)

    @admin.display(description="For", ordering="kind")
    def kind_name(self, hold):
        return hold.get_kind_display()

    @admin.display(description="Held", ordering="held")
    def held(self, hold):
        return f"{hold.held:,}"

    @admin.display(description="Sold", ordering="sold")
    def sold(self, hold):
        return f"{hold.sold:,}"

    @admin.display(description="Until", ordering="until")
    def ends(self, hold):
        return when(hold.until)

    @admin.display(description="Told at")
    def notice(self, hold):
        return when(hold.noticed_at or hold.notice_at)

    @admin.display(description="Made")
    def made(self, hold):
        return when(hold.made_at)

    @admin.display(description="Ended")
    def ended(self, hold):
        return when(hold.released_at)

    # The hold's page

    def above(self, hold):
        return Hold.objects.filter(pk__in=pools_of(hold)).order_by("made_at", "pk")

    def under_title(self, hold):
        return [status_of(hold), hold.get_kind_display(), linked(hold.event)]

    def panels(self, request, hold):
        parts = list(counted(hold.parts.all()).order_by("name", "pk"))
        places = stock_of(hold.event_id)
        mine = set(tree_of(hold.pk))
        drawn, legend = stock_picture(hold.event, places, mine)
        held = [p for p in places if p.hold_id in mine and p.status == Status.HELD]
        row = [f"{count:,}" for count in (hold.held, hold.reserved, hold.sold)]
        found = [
            Panel("Now", Table(columns("Held#", "Reserved#", "Sold#"), [row])),
            worth_panel("Held places", hold.event, held),
            Panel(
                "Map", template="admin/_picture.html", context={"picture": drawn, "legend": legend}
            ),
        ]
        if parts:
            table = Table(columns(*COLUMNS), [hold_row(part) for part in parts])
            found.insert(1, Panel("Parts", table, count=len(parts)))
        return found

    # Making

    def add_view(self, request, form_url="", extra_context=None):
        if not self.has_add_permission(request):
            raise PermissionDenied
        if "event" not in request.GET:
            return self._events(request)
        return self._new(request, _event(request.GET["event"]))

    def _events(self, request):
        events = Event.objects.filter(seats__isnull=False, starts_at__gt=Now()).distinct()
        rows = [
            [
                format_html('<a href="{}"><b>{}</b></a>', new_hold_address(event), event),
                event.venue.name,
                when(event.starts_at),
                status_of(event),
            ]
            for event in events.select_related("venue").order_by("starts_at", "pk")[:SHOWN_EVENTS]
        ]
        empty = (
            "No coming event has its seats laid out. That happens when it is published or ordered."
        )
        table = Table(columns("Event", "Venue", "Starts", "State"), rows, empty=empty)
        shown = [Panel("Whose places?", table, count=len(rows))]
        return self.page(request, "admin/panels.html", title="New hold", panels=shown)

    def _new(self, request, event, pool=None):
        places = stock_of(event.pk)
        words = {"what": f"in the pool {pool.name}" if pool else "free"}
        initial = {"kind": pool.kind, "until": pool.until} if pool else {}
        form = HoldForm(
            request.POST or None,
            event=event,
            places=places,
            may=_to_be_had(pool),
            initial=initial,
            **words,
        )

        def make(form):
            hold = services.make_hold(
                event=event, wanted=form.wanted, terms=form.terms, by=request.user, pool=pool
            )
            return self.back(
                request, hold, done=f"{many(hold.quantity, 'place is', 'places are')} held: {hold}."
            )

        return self.choose(
            request,
            form,
            make,
            places=places,
            holds={pool.pk} if pool else (),
            title=f"Part of {pool}" if pool else f"Hold places: {event}",
            thing=pool,
            submit="Hold these places",
            terms_title="For whom and until when",
            note="Held places cannot be bought. All of them are held, or none.",
        )

    # Steps

    @step("Add places", when=is_active, is_page=True)
    def add(self, request, hold):
        places = stock_of(hold.event_id)
        form = AddForm(
            request.POST or None,
            event=hold.event,
            places=places,
            may=_to_be_had(hold.pool),
            what="to be had",
        )

        def work(form):
            count = services.add_places(hold, form.wanted)
            return self.back(
                request, hold, done=f"{many(count, 'more place is', 'more places are')} held."
            )

        return self.choose(
            request,
            form,
            work,
            places=places,
            holds={hold.pk},
            title=f"Add places: {hold}",
            thing=hold,
            submit="Hold these too",
        )

    @step("Make a part", when=is_active, is_page=True)
    def part(self, request, hold):
        return self._new(request, hold.event, pool=hold)

    @step("Extend", when=lambda hold: hold.is_active and hold.until is not None, is_page=True)
    def extend(self, request, hold):
        form = ExtendForm(request.POST or None, initial={"until": hold.until})

        def work(form):
            services.extend_hold(hold, **form.cleaned_data)
            return self.back(request, hold, done="The places are held longer.")

        return self.form_page(
            request, form, work, title=f"Extend: {hold}", thing=hold, submit="Hold them longer"
        )

    @step("Release some", when=is_active, is_page=True)
    def release_some(self, request, hold):
        places = stock_of(hold.event_id)
        form = ReleaseForm(
            request.POST or None,
            event=hold.event,
            places=places,
            may=lambda place: _is_held_by(hold, place),
            what="held here",
        )

        def work(form):
            reason = form.cleaned_data["reason"]
            count = services.release_places(hold, ordinals=form.ordinals, reason=reason)
            return self.back(
                request, hold, done=f"{many(count, 'place is', 'places are')} released."
            )

        return self.choose(
            request,
            form,
            work,
            places=places,
            holds={hold.pk},
            preview=lambda form: [
                worth_panel("To be released", hold.event, self.chosen(form, places), is_named=True)
            ],
            title=f"Release places: {hold}",
            thing=hold,
            submit="Preview",
            confirm="Release them",
            says=f"They go back to {hold.pool}." if hold.pool else "They go on sale at once.",
        )

    @step("Release all", when=is_active)
    def release(self, request, hold):
        count = services.release_hold(hold)
        return f"{many(count, 'place is', 'places are')} released."

    def release_preview(self, request, hold):
        return _ending_panels(hold)

    @step("Kill", when=is_active, tone="danger", is_page=True)
    def kill(self, request, hold):
        form = ReasonForm(request.POST or None)

        def work(form):
            count = services.kill_hold(hold, reason=form.cleaned_data["reason"])
            return self.back(
                request, hold, done=f"{many(count, 'place is', 'places are')} off sale."
            )

        return self._reasoned(
            request,
            form,
            work,
            thing=hold,
            title=f"Kill: {hold}",
            note="Its places are taken off sale for good: nobody can buy or hold them.",
            submit="Take them off sale",
            panels=_ending_panels(hold),
            is_danger=True,
        )

    @step("Sell its places again", when=is_killed, is_page=True)
    def free(self, request, hold):
        form = ReasonForm(request.POST or None)

        def work(form):
            count = services.free_killed(hold, reason=form.cleaned_data["reason"])
            return self.back(request, hold, done=f"{many(count, 'place')} can be sold again.")

        count = services.killed_places(hold).count()
        return self._reasoned(
            request,
            form,
            work,
            thing=hold,
            title=f"Sell again: {hold}",
            note=f"{many(count, 'place was', 'places were')} taken off sale when this hold was killed.",
            submit="Sell them again",
        )

    def _reasoned(self, request, form, work, **context):
        return self.form_page(request, form, work, template="admin/reasoned.html", **context)


def _event(event_id):
    try:
        found = Event.objects.select_related("layout", "venue").filter(pk=UUID(event_id)).first()
    except ValueError:
        found = None
    if found is None or not found.seats.exists():
        raise Http404
    return found


def _to_be_had(pool):
    """Which StockPlaces a hold may take: those of its pool, or free ones."""
    return (lambda place: _is_held_by(pool, place)) if pool else (lambda place: place.is_free)


def _is_held_by(hold, place):
    return place.status == Status.HELD and place.hold_id == hold.pk


def _ending_panels(hold):
    """What ends with a hold: its places, and the parts below it with theirs."""
    ids = set(tree_of(hold.pk))
    below = Hold.objects.filter(pk__in=ids - {hold.pk}, status=HoldStatus.ACTIVE)
    parts = list(counted(below).order_by("name", "pk"))
    held = [p for p in stock_of(hold.event_id) if p.hold_id in ids and p.status == Status.HELD]
    found = [worth_panel("Places", hold.event, held)]
    if parts:
        table = Table(columns(*COLUMNS), [hold_row(part) for part in parts])
        found.append(Panel("Parts that end with it", table, count=len(parts)))
    return found


@panel("events.event", needs="inventory.hold")
def holds_of_event(request, event):
    if not event.seats.exists():
        return None
    holds = list(counted(Hold.objects.filter(event=event)).order_by("status", "name", "pk")[:50])
    link = ()
    if admin.site.allows(request, "add", "inventory.hold"):
        link = (new_hold_address(event), "Hold places")
    table = Table(columns(*COLUMNS), [hold_row(hold) for hold in holds], empty="Nothing is held.")
    return Panel("Holds", table, count=len(holds) or None, link=link)
