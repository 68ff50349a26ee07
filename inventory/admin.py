"""The places of an event: a map that shows who owns them and what became of them, and a list."""

from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django.utils.html import format_html

from core.admin_base import ReadOnlyAdmin
from core.admin_parts import Panel, Table, amount, columns, linked, panel, pill, status_of, when
from events.models import Event, PriceLevel
from inventory import (  # noqa: F401 - they register
    admin_allocation,
    admin_entries,
    admin_moves,
    admin_pricing,
    admin_rules,
)
from inventory.admin_pricing_panels import bulk_address, place_name
from inventory.admin_totals import by_state, counts_of
from inventory.models import EventSeat, Ownership, Status
from venues.admin import picture
from venues.models import Layout, LayoutSection
from venues.plan import from_canonical

EVENT = "event__id__exact"
SHOWN_EVENTS = 100


def state_of(ownership, status):
    """The pill of a place's status; a dash for one that is not ours and so not available either."""
    if ownership != Ownership.OWNED and status == Status.AVAILABLE:
        return "–"
    return pill(status, Status(status).label)


def seats_address(event_id):
    return f"{reverse('admin:inventory_eventseat_changelist')}?{EVENT}={event_id}"


def chosen_event(request):
    """The event whose places are looked at, or None."""
    try:
        event_id = UUID(request.GET.get(EVENT, ""))
    except ValueError:
        return None
    return Event.objects.select_related("venue").filter(pk=event_id).first()


class SectionFilter(admin.SimpleListFilter):
    title = "section"
    parameter_name = "section"

    def lookups(self, request, model_admin):
        event = chosen_event(request)
        sections = LayoutSection.objects.filter(layout=event.layout_id) if event else ()
        return [(section.position, section.label) for section in sections]

    def queryset(self, request, queryset):
        known = {str(position) for position, _ in self.lookup_choices}
        if self.value() not in known:
            return queryset
        return queryset.filter(seat__section__position=self.value())


class LevelFilter(admin.SimpleListFilter):
    title = "price level"
    parameter_name = "level"

    def lookups(self, request, model_admin):
        levels = PriceLevel.objects.filter(event=chosen_event(request)).order_by("position", "pk")
        return [*((str(level.pk), level.name) for level in levels), ("none", "No level")]

    def queryset(self, request, queryset):
        if self.value() == "none":
            return queryset.filter(level=None)
        known = {level for level, _ in self.lookup_choices}
        return queryset.filter(level=self.value()) if self.value() in known else queryset


@admin.register(EventSeat)
class EventSeatAdmin(ReadOnlyAdmin):
    list_display = ["place", "kind", "level_name", "owned", "state", "cost_each", "retail", "until"]
    list_filter = [
        ("ownership", admin.ChoicesFieldListFilter),
        ("status", admin.ChoicesFieldListFilter),
        ("channel", admin.ChoicesFieldListFilter),
        SectionFilter,
        LevelFilter,
    ]
    list_select_related = ["seat__section", "level", "event"]
    list_before_template = "admin/seats.html"
    list_per_page = 100
    search_fields = ["seat__section__label", "=seat__row", "=seat__label"]
    search_help_text = "Section, or the exact row or seat"
    ordering = ["event", "ordinal"]
    fields = [
        *("event_link", "place", "kind", "level_name", "owned", "state"),
        *("cost_each", "retail", "until", "booking", "hold_link", "channel"),
    ]
    readonly_fields = fields
    export_columns = {
        "Event": "event__title",
        "Section": "seat__section__label",
        "Row": "seat__row",
        "Seat": "seat__label",
        "Kind": "seat__kind",
        "Level": "level__name",
        "Ownership": "ownership",
        "Status": "status",
        "Channel": "channel",
        "Hold": "hold__name",
        "Cost": "cost",
        "Own price": "price",
        "Level price": "level__price",
        "Currency": "currency",
    }

    def lookup_allowed(self, lookup, value, request=None):
        """The event is chosen on the page before and stands in the address."""
        return lookup == EVENT or super().lookup_allowed(lookup, value, request)

    def changelist_view(self, request, extra_context=None):
        if not self.has_view_permission(request):
            raise PermissionDenied
        event = chosen_event(request)
        if event is None:
            return self._events(request)
        extra = {"title": f"Seats: {event}", "event": event, **(extra_context or {})}
        if self.admin_site.allows(request, "add", "inventory.pricechange"):
            extra["pricing"] = bulk_address(event=event.pk)
        response = super().changelist_view(request, extra)
        changes = getattr(response, "context_data", None) and response.context_data.get("cl")
        if changes:
            response.context_data["seats"] = shown_seats(event, changes)
        return response

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        """Headed by where the place is; the row itself cannot know without asking."""
        seat = object_id and self.get_object(request, object_id)
        name = {"title": place_name(seat), "heading": place_name(seat)} if seat else {}
        return super().changeform_view(
            request, object_id, form_url, {**name, **(extra_context or {})}
        )

    def _events(self, request):
        events = list(
            Event.objects.filter(layout__isnull=False)
            .select_related("venue")
            .order_by("-starts_at", "pk")[:SHOWN_EVENTS]
        )
        counted = counts_of([event.pk for event in events])
        rows = [_event_row(event, counted[event.pk]) for event in events if event.pk in counted]
        titles = ("Event", "State", "Places#", "Owned#", "Sold#", "Reserved#", "Held#", "Free#")
        empty = "No event has its seats laid out yet. That happens when it is published or ordered."
        found = [Panel("Whose seats?", Table(columns(*titles), rows, empty=empty), count=len(rows))]
        return self.page(request, "admin/panels.html", title="Seats", panels=found)

    @admin.display(description="Event")
    def event_link(self, seat):
        return linked(seat.event)

    @admin.display(description="Place", ordering="ordinal")
    def place(self, seat):
        return place_name(seat)

    @admin.display(description="Kind", ordering="seat__kind")
    def kind(self, seat):
        return seat.seat.get_kind_display()

    @admin.display(description="Level", ordering="level__position")
    def level_name(self, seat):
        return seat.level.name if seat.level else "–"

    @admin.display(description="Ownership", ordering="ownership")
    def owned(self, seat):
        return status_of(seat, "ownership")

    @admin.display(description="State", ordering="status")
    def state(self, seat):
        return state_of(seat.ownership, seat.status)

    @admin.display(description="Cost", ordering="cost")
    def cost_each(self, seat):
        return amount(seat.cost, seat.currency)

    @admin.display(description="Price before fee", ordering="price")
    def retail(self, seat):
        price = seat.price if seat.price is not None else seat.level and seat.level.price
        return amount(price, seat.currency)

    @admin.display(description="Reserved until", ordering="claimed_until")
    def until(self, seat):
        return when(seat.claimed_until)

    @admin.display(description="Hold")
    def hold_link(self, seat):
        return linked(seat.hold)

    @admin.display(description="Booking")
    def booking(self, seat):
        if seat.claimed_by is None:
            return "–"
        address = reverse("admin:bookings_booking_change", args=[seat.claimed_by])
        return format_html('<a href="{}">Open its booking</a>', address)


def _event_row(event, counted):
    name = format_html(
        '<a href="{}"><b>{}</b></a><small>{}, {}</small>',
        seats_address(event.pk),
        event,
        event.venue.name,
        when(event.starts_at),
    )
    figures = [
        f"{counted[key]:,}" for key in ("places", "owned", "sold", "reserved", "held", "free")
    ]
    return [name, status_of(event), *figures]


def shown_seats(event, changes):
    """What stands above the list: the map with its legend, and the sums of the listed places."""
    seats = event.seats.order_by("ordinal")
    places = list(seats.values_list("ordinal", "ownership", "status", "level__position"))
    listed = None
    if set(changes.filter_params) - {EVENT} or changes.query:
        listed = set(changes.queryset.order_by().values_list("ordinal", flat=True))
    plan = from_canonical(Layout.objects.only("plan").get(pk=event.layout_id).plan)
    classes = [_classes(*place, listed) for place in places]
    return {
        "picture": picture(plan, f"Seats of {event}", classes) if places else "",
        "ownership": _legend("own", places, 1, Ownership),
        "status": _status_legend(places),
        "levels": _level_legend(event, places),
        "totals": _totals(event, changes.queryset),
        "is_filtered": listed is not None,
    }


def _classes(ordinal, ownership, status, position, listed):
    away = " away" if listed is not None and ordinal not in listed else ""
    return f"own-{ownership.lower()} is-{status.lower()} level-{position or 0}{away}"


def _legend(prefix, places, column, choices):
    """[(class, words, how many)] of the values that occur."""
    values = [place[column] for place in places]
    return [
        (f"{prefix}-{value.lower()}", value.label, values.count(value))
        for value in choices
        if value in values
    ]


def _status_legend(places):
    ours = [place for place in places if place[1] == Ownership.OWNED]
    bare = len(places) - len(ours)
    found = _legend("is", ours, 2, Status)
    return [*found, ("own-not_owned is-available", "Not ours", bare)] if bare else found


def _level_legend(event, places):
    positions = [place[3] for place in places]
    named = {}
    for level in PriceLevel.objects.filter(event=event).order_by("position", "pk"):
        named.setdefault(level.position, []).append(level.name)
    found = [
        (f"level-{position}", ", ".join(names), positions.count(position))
        for position, names in named.items()
    ]
    bare = positions.count(None)
    return [*found, ("level-0", "No level", bare)] if bare else found


def _totals(event, seats):
    rows, sums = [], {"places": 0, "cost": 0, "retail": 0}
    for row in by_state(seats):
        rows.append(
            [
                pill(row["ownership"], Ownership(row["ownership"]).label),
                state_of(row["ownership"], row["status"]),
                f"{row['places']:,}",
                amount(row["cost"], event.currency),
                amount(row["retail"], event.currency),
            ]
        )
        sums = {key: sums[key] + (row[key] or 0) for key in sums}
    foot = [
        *("All listed", "", f"{sums['places']:,}"),
        *(amount(sums[key], event.currency) for key in ("cost", "retail")),
    ]
    titles = columns("Ownership", "State", "Places#", "Cost#", "Price before fees#")
    return Panel("In this list", Table(titles, rows, foot, empty="No place fits these filters."))


@panel("events.event", needs="inventory.eventseat")
def seats_of_event(request, event):
    counted = counts_of([event.pk]).get(event.pk)
    if counted is None:
        return None
    titles = columns("Places#", "Owned#", "Sold#", "Reserved#", "Held#", "Free#")
    row = [f"{counted[key]:,}" for key in ("places", "owned", "sold", "reserved", "held", "free")]
    link = (seats_address(event.pk), "Map and list")
    return Panel("Seats", Table(titles, [row]), link=link)
