"""The seat ledger as a list: what happened to which place, at which price, why and by whom."""

from django.contrib import admin

from core.admin_base import ReadOnlyAdmin
from core.admin_names import names_of
from core.admin_parts import Panel, Table, amount, columns, linked, panel, when
from inventory.admin_pricing_panels import bulk_address, place_name
from inventory.models import TAKEN, Ownership, SeatEntry

SHOWN = 50


@admin.register(SeatEntry)
class SeatEntryAdmin(ReadOnlyAdmin):
    list_display = ["when_it_was", "event", "place", "kind", "before", "after", "reason", "who"]
    list_display_links = ["when_it_was"]
    list_filter = ["kind", ("at", admin.DateFieldListFilter), "event"]
    list_select_related = ["event", "event_seat__seat__section"]
    list_per_page = 100
    search_fields = ["reason", "event_seat__seat__section__label", "=event_seat__seat__row"]
    search_help_text = "Reason, section, or the exact row"
    ordering = ["-pk"]
    fields = ["when_it_was", "event", "place", "kind", "before", "after", "reason", "who"]
    readonly_fields = fields
    export_columns = {
        "When": "at",
        "Event": "event__title",
        "Section": "event_seat__seat__section__label",
        "Row": "event_seat__seat__row",
        "Seat": "event_seat__seat__label",
        "What": "kind",
        "Price before": "price_before",
        "Price afterwards": "price_after",
        "Currency": "currency",
        "Reason": "reason",
        "Who": "actor",
    }

    def get_changelist_instance(self, request):
        changes = super().get_changelist_instance(request)
        _name(changes.result_list)
        return changes

    def get_object(self, request, object_id, from_field=None):
        entry = super().get_object(request, object_id, from_field)
        _name([entry] if entry else [])
        return entry

    @admin.display(description="When", ordering="pk")
    def when_it_was(self, entry):
        return when(entry.at)

    @admin.display(description="Place")
    def place(self, entry):
        return linked(entry.event_seat, place_name(entry.event_seat))

    @admin.display(description="Price before", ordering="price_before")
    def before(self, entry):
        return amount(entry.price_before, entry.currency)

    @admin.display(description="Price afterwards", ordering="price_after")
    def after(self, entry):
        return amount(entry.price_after, entry.currency)

    @admin.display(description="Who", ordering="actor")
    def who(self, entry):
        return entry.name or "the system"


def _name(entries):
    """Gives the entries `name`, of who acted."""
    names = names_of(entry.actor for entry in entries)
    for entry in entries:
        entry.name = names.get(entry.actor, entry.actor)


@panel("inventory.eventseat", needs="inventory.seatentry")
def history_of_seat(request, seat):
    """What happened to a place, its prices above all, the newest first."""
    entries = list(seat.entries.order_by("-pk")[:SHOWN])
    _name(entries)
    rows = [
        [when(entry.at), entry.get_kind_display(), amount(entry.price_before, entry.currency),
         amount(entry.price_after, entry.currency), entry.reason or "–",
         entry.name or "the system"]
        for entry in entries
    ]  # fmt: skip
    titles = columns("When", "What", "Price before#", "Price afterwards#", "Why", "Who")
    table = Table(titles, rows, empty="Nothing has happened to it yet.")
    return Panel("Price history", table, count=len(rows), link=_change_link(seat))


def _change_link(seat):
    if seat.ownership != Ownership.OWNED or seat.status in TAKEN:
        return ()
    return bulk_address(event=seat.event_id, places=seat.ordinal), "Change its price"
