"""Choosing places of an event on a map in the back office: the form, a second look, and the deed."""

from collections import Counter
from decimal import Decimal
from itertools import pairwise

from django.utils.html import format_html

from core.admin_parts import Panel, Table, amount, columns
from inventory.forms import repeated
from inventory.models import Ownership, Status
from venues import ranges
from venues.admin import picture
from venues.forms import SelectMap
from venues.models import LayoutSeat
from venues.places import in_words
from venues.plan import from_canonical

LEGEND = {
    "stock-mine": "In this hold",
    "stock-free": "Free",
    "stock-held": "Held",
    "stock-taken": "Reserved or sold",
    "stock-blocked": "Off sale",
    "stock-not-ours": "Not ours",
}
STATES = {
    Status.HELD: "stock-held",
    Status.RESERVED: "stock-taken",
    Status.SOLD: "stock-taken",
    Status.BLOCKED: "stock-blocked",
}


def stock_class(place, holds=()):
    """How a StockPlace looks; those held by one of `holds` (ids) stand out."""
    if place.ownership != Ownership.OWNED:
        return "stock-not-ours"
    if place.status == Status.HELD and place.hold_id in holds:
        return "stock-mine"
    return "stock-free" if place.is_free else STATES[place.status]


def stock_picture(event, places, holds=()):
    """(the map as SVG, its legend) of these places: all those of the event."""
    classes = [stock_class(place, holds) for place in places]
    counts = Counter(classes)
    plan = from_canonical(event.layout.plan)
    legend = [(name, words, counts[name]) for name, words in LEGEND.items()]
    return picture(plan, f"Places of {event}", classes), legend


def worth_panel(title, event, places, *, is_named=False):
    """How many these StockPlaces are, section by section, what they cost and would bring; with
    `is_named` also which."""
    sections = {}
    for place in places:
        sections.setdefault(place.section, []).append(place)
    which = _which if is_named else lambda section, members, event: section
    rows = [
        [which(section, members, event), *_worth(members, event)]
        for section, members in sections.items()
    ]
    foot = ["All of them", *_worth(places, event)] if len(rows) > 1 else []
    titles = columns("Section", "Places#", "Cost#", "Price before fees#")
    return Panel(title, Table(titles, rows, foot), count=len(places))


def _which(section, places, event):
    """The section with its places in words below it."""
    ordinals = [place.ordinal for place in places]
    seats = LayoutSeat.objects.filter(layout=event.layout_id, ordinal__in=ordinals)
    words = in_words(list(seats.order_by("ordinal")))
    return format_html("{}<small>{}</small>", section, words)


def _worth(places, event):
    cost = sum((place.cost or 0 for place in places), Decimal(0))
    price = sum((place.price or 0 for place in places), Decimal(0))
    return [f"{len(places):,}", amount(cost, event.currency), amount(price, event.currency)]


class Choosing:
    """For a BackOfficeAdmin whose steps begin with places chosen on a map."""

    def choose(self, request, form, work, *, places, holds=(), preview=None, **context):
        """Shows a StockForm until `work(form)` gives a response. `preview(form)` gives the Panels of a
        second look before it; `context` has title, submit, note and thing."""
        drawn, legend = stock_picture(form.event, places, holds)

        def looked_at(form):
            if preview is None or "previewed" in request.POST:
                return work(form)
            said = [context.get("says", ""), _apart(form, places)]
            return self.page(
                request,
                "admin/choose_preview.html",
                panels=preview(form),
                fields=_as_looked_at(form),
                **context | {"says": " ".join(filter(None, said))},
            )

        return self.form_page(
            request,
            form,
            looked_at,
            template="admin/choose.html",
            map=SelectMap(drawn, form, legend),
            amounts=[form[name] for name in form.AMOUNT],
            terms=[form[name] for name in form.TERMS],
            **context,
        )

    def chosen(self, form, places):
        """The StockPlaces that were chosen."""
        ordinals = set(form.ordinals)
        return [place for place in places if place.ordinal in ordinals]


def _apart(form, places):
    """A sentence where the best places were looked for, and those found are not side by side."""
    if not form.cleaned_data.get("quantity") or form.cleaned_data.get("order") == "LAST":
        return ""
    ordinals = set(form.ordinals)
    seats = [each for each in places if each.ordinal in ordinals and each.kind != "STANDING"]
    rows = {(each.section_id, each.row_position) for each in seats}
    at = sorted(each.index for each in seats)
    is_one = len(rows) <= 1 and all(after == one + 1 for one, after in pairwise(at))
    return "" if is_one else "Not all side by side."


def _as_looked_at(form):
    """What was sent, with the very places that are shown: others are not taken in their stead."""
    ways = {"places", "drawn", *form.WORDS, *form.AMOUNT}
    terms = [(name, value) for name, value in repeated(form) if name not in ways]
    of_map = [("places", ranges.spelled(form.ordinals)), ("drawn", form.layout.content_hash)]
    return [*of_map, *terms]
