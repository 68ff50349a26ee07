"""Presales in the back office: written, given codes and lists, put to work, followed, ended."""

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html

from core.admin_base import BackOfficeAdmin, step
from core.admin_forms import styled
from core.admin_parts import Panel, Table, columns, linked, panel, pill, status_of, timeline, when
from core.locks import database_now
from core.words import many
from customers.lists import told_size
from customers.models import BuyerList
from events.models import PriceLevel
from inventory.admin_choosing import Choosing
from inventory.models import EventSeat, Presale, PresaleStatus
from inventory.presales import standing_of
from inventory.stock import stock_of
from promotions import presales, services
from promotions.admin_codes import (
    batch_address,
    booking_link,
    codes_address,
    of_limit,
    open_pill,
    with_numbers,
)
from promotions.forms import CodeForm, CodesForm
from promotions.models import Code, Use
from promotions.presales.forms import LIMITS, EventForm, PresaleForm, PresalePlacesForm
from promotions.presales.report import codes_by_use, conversion_of, share

SHOWN = 10
PHASES = {
    "DRAFT": ("DRAFT", "Draft"),
    "COMING": ("SENT", "Coming"),
    "RUNNING": ("ACTIVE", "Running"),
    "ENDED": ("CANCELLED", "Over"),
}


def is_open(presale):
    return presale.status != PresaleStatus.ENDED


def phase_pill(presale, now=None):
    return pill(*PHASES[presale.phase_at(now or timezone.now())])


@admin.register(Presale)
class PresaleAdmin(Choosing, BackOfficeAdmin):
    form = PresaleForm
    list_display = ["name", "event_link", "phase", "begins", "is_over", "sold_told"]
    list_filter = ["status", ("event", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["event"]
    search_fields = ["name", "event__title"]
    search_help_text = "Name or event"
    ordering = ["-starts_at", "pk"]
    steps = ["activate", "add_code", "draw_codes", "choose_places", "all_places", "end"]
    fieldsets = [
        ("Presale", {"fields": ["event", "name", ("starts_at", "ends_at")]}),
        ("Opens", {"fields": ["levels"]}),
        ("To", {"fields": ["lists"]}),
        ("How often", {"fields": [tuple(LIMITS)]}),
    ]
    export_columns = {
        "Name": "name",
        "Event": "event__title",
        "Status": "status",
        "From": "starts_at",
        "To": "over_at",
        "Bookings at most": "promotions__usage_limit",
        "Tickets of one buyer": "promotions__tickets_per_customer",
    }

    def get_queryset(self, request):
        return super().get_queryset(request).with_end()

    def has_change_permission(self, request, obj=None):
        may = super().has_change_permission(request, obj)
        return may and (obj is None or is_open(obj))

    def get_readonly_fields(self, request, obj=None):
        return ["event"] if obj else []

    def get_fieldsets(self, request, obj=None):
        """What cannot be changed any more is told by the panels."""
        if obj is None or self.has_change_permission(request, obj):
            return self.fieldsets
        return [("Presale", {"fields": ["event", "name", ("starts_at", "ends_at")]})]

    def add_view(self, request, form_url="", extra_context=None):
        """Which event comes first: its price levels are what there is to choose from."""
        asked = EventForm(request.GET if "event" in request.GET else None)
        if request.method == "POST" or asked.is_valid():
            return super().add_view(request, form_url, extra_context)
        if not self.has_add_permission(request):
            raise PermissionDenied
        return self.page(
            request,
            "admin/which.html",
            title="New presale: of which event?",
            note="Then you choose its price levels, times and limits.",
            form=styled(asked),
        )

    def save_model(self, request, obj, form, change):
        if change:
            saved = presales.change(obj.pk, form.terms)
        else:
            saved = presales.make(event=obj.event, terms=form.terms, by=request.user)
        obj.__dict__.update(saved.__dict__)

    def response_add(self, request, obj, post_url_continue=None):
        done = f"{obj} is a draft. Give it codes or lists, then activate it."
        return self.back(request, obj, done=done)

    # The list

    @admin.display(description="Event", ordering="event__starts_at")
    def event_link(self, presale):
        return linked(presale.event)

    @admin.display(description="State", ordering="status")
    def phase(self, presale):
        return phase_pill(presale)

    @admin.display(description="From", ordering="starts_at")
    def begins(self, presale):
        return when(presale.starts_at)

    @admin.display(description="To", ordering="over_at")
    def is_over(self, presale):
        return when(presale.over_at)

    @admin.display(description="Tickets sold")
    def sold_told(self, presale):
        return f"{conversion_of(presales.offer_of(presale)).tickets:,}"

    # Its page

    def above(self, presale):
        return [presale.event]

    def under_title(self, presale):
        begins, ends = when(presale.starts_at), when(presale.over_at)
        return [phase_pill(presale, database_now()), linked(presale.event), begins, ends]

    def panels(self, request, presale):
        offer = presales.offer_of(presale)
        found = [_conversion(presale, offer), _opens(presale, offer)]
        if self.admin_site.allows(request, "view", Code):
            found += [_codes(offer), *_batches(offer)]
        if self.admin_site.allows(request, "view", BuyerList) and presale.lists:
            found.append(_lists(presale))
        if self.admin_site.allows(request, "view", Use):
            found.append(_uses(offer))
        return found

    def is_form_last(self, presale):
        return not presale.is_draft

    def history_of(self, request, presale):
        """With that of its promotion, where its limits are kept."""
        return timeline([presale, presales.offer_of(presale)])

    # Its life

    @step("Activate", when=lambda presale: presale.is_draft, tone="primary",
          says="From its start on, whoever has one of its codes or is on one of its lists sees "
          "and buys what it opens. The event is put on sale, within its hours.")  # fmt: skip
    def activate(self, request, presale):
        presales.activate(presale.pk)
        return f"{presale} is active."

    def activate_preview(self, request, presale):
        offer = presales.offer_of(presale)
        return [_opens(presale, offer), _codes(offer)]

    @step("End", when=is_open, tone="danger",
          says="It is over at this moment, for good: its places are sold to all as soon as the event "
          "is. What is reserved or sold in it stays.")  # fmt: skip
    def end(self, request, presale):
        presales.end(presale.pk)
        return f"{presale} is over."

    # Codes

    @step("Add a code", when=is_open, is_page=True)
    def add_code(self, request, presale):
        def work(form):
            offer = presales.offer_of(presale)
            code = services.name_code(promotion=offer, **form.cleaned_data)
            return self.back(request, presale, done=f"The code {code} opens {presale}.")

        return self.form_page(
            request,
            CodeForm(request.POST or None),
            work,
            title=f"Add a code: {presale}",
            thing=presale,
            submit="Add",
            note="One that many may use; its uses are bookings.",
        )

    @step("Draw unique codes", when=is_open, is_page=True)
    def draw_codes(self, request, presale):
        def work(form):
            offer = presales.offer_of(presale)
            batch = services.ask_for_codes(promotion=offer, by=request.user, **form.cleaned_data)
            words = f"{many(batch.count, 'code is', 'codes are')} being drawn."
            return self.back(request, presale, done=words)

        return self.form_page(
            request,
            CodesForm(request.POST or None),
            work,
            title=f"Draw unique codes: {presale}",
            thing=presale,
            submit="Draw them",
            note="A worker draws them; you may leave and come back.",
        )

    # Places

    @step("Choose places", when=is_open, is_page=True)
    def choose_places(self, request, presale):
        places = stock_of(presale.event_id)
        form = PresalePlacesForm(
            request.POST or None,
            event=presale.event,
            places=places,
            may=lambda place: True,
            what="of this event",
        )

        def work(form):
            presales.choose_places(presale.pk, form.ordinals)
            words = many(len(form.ordinals), "place")
            return self.back(request, presale, done=f"{presale} opens {words} now.")

        return self.choose(
            request,
            form,
            work,
            places=places,
            title=f"Choose places: {presale}",
            thing=presale,
            submit="Open these places only",
            note="Instead of those chosen before. Of them it opens those of its price levels that are "
            "free and open to all or set aside for presales.",
        )

    @step("Open all places", when=lambda presale: is_open(presale) and presale.is_by_place,
          says="It opens every place of its price levels, whatever places were chosen.")  # fmt: skip
    def all_places(self, request, presale):
        presales.choose_places(presale.pk, [])
        return f"{presale} opens every place of its levels."


def _conversion(presale, offer):
    now, places = conversion_of(offer), standing_of(presale)
    row = [
        f"{now.visits:,}",
        f"{now.reservations:,}",
        f"{now.held:,}",
        f"{now.bookings:,}",
        f"{now.tickets:,}",
        share(now.bookings, now.visits),
        f"{places.sold:,} of {places.places:,}",
        share(places.sold, places.places),
    ]
    titles = ("Let in#", "Reserved#", "Now held#", "Bookings#", "Tickets#", "Bookings of visits#")
    sold = ("Of its places sold#", "Sell-through#")
    return Panel("As of now", Table(columns(*titles, *sold), [row]))


def _opens(presale, offer):
    levels = PriceLevel.objects.filter(pk__in=presale.levels).order_by("position", "pk")
    chosen = presale.places.count()
    aside = EventSeat.objects.filter(event=presale.event_id, channel="PRESALE").count()
    limits = [
        (words, f"{getattr(offer, column):,}" if getattr(offer, column) else "any number")
        for words, column in LIMITS.values()
    ]
    rows = [
        ("Price levels", ", ".join(level.name for level in levels) or "all"),
        ("Places", many(chosen, "chosen place") if presale.is_by_place else "all of its levels"),
        ("Set aside for presales of this event", many(aside, "place")),
        ("Until", "the sale to all begins" if presale.ends_at is None else when(presale.ends_at)),
        *limits,
    ]
    return Panel("What it opens", Table(columns("", ""), rows))


def _codes(offer):
    rows = [
        [
            linked(code),
            *(f"{each:,}" for each in (code.visits, code.reservations)),
            of_limit(code.bookings, code.usage_limit),
            f"{code.tickets:,}",
            open_pill(code),
        ]
        for code in codes_by_use(offer)[:SHOWN]
    ]
    titles = columns("Code", "Let in#", "Reserved#", "Bookings#", "Tickets#", "State")
    link = (codes_address(promotion__id__exact=offer.pk), "All of them")
    return Panel("Codes", Table(titles, rows), count=offer.codes.count(), link=link)


def _batches(offer):
    rows = [
        [
            format_html('<a href="{}">{}</a>', batch_address(batch), when(batch.made_at)),
            batch.prefix or "–",
            of_limit(batch.made, batch.count),
        ]
        for batch in offer.batches.all()[:SHOWN]
    ]
    table = Table(columns("Asked for", "Beginning with", "Drawn#"), rows)
    return [Panel("Unique codes", table)] if rows else []


def _lists(presale):
    rows = [
        [linked(each), each.get_kind_display(), told_size(each)]
        for each in BuyerList.objects.filter(pk__in=presale.lists).order_by("name", "pk")
    ]
    return Panel("Lists", Table(columns("List", "Kind", "Buyers#"), rows))


def _uses(offer):
    uses = with_numbers(offer.uses.select_related("code"))[:SHOWN]
    rows = [
        [linked(use, when(use.used_at)), use.code.text, booking_link(use), status_of(use),
         f"{use.tickets:,}"]
        for use in uses
    ]  # fmt: skip
    titles = columns("When", "Code", "Booking", "State", "Tickets#")
    listed = f"{reverse('admin:promotions_use_changelist')}?promotion__id__exact={offer.pk}"
    return Panel("Bookings", Table(titles, rows), link=(listed, "All of them"))


@panel("events.event", needs="inventory.presale")
def presales_panel(request, event):
    """The presales of an event."""
    rows = [
        [linked(each), phase_pill(each), when(each.starts_at), when(each.over_at)]
        for each in event.presales.with_end().order_by("starts_at", "pk")
    ]
    table = Table(columns("Presale", "State", "From", "To"), rows)
    return Panel("Presales", table, count=len(rows)) if rows else None
