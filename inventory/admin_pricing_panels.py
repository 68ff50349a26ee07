"""What is shown about prices: a map by price, what a change would do, what it did."""

from collections import Counter
from itertools import groupby

from django.db.models import F
from django.urls import reverse
from django.utils.html import format_html

from core.admin_parts import Panel, Table, amount, columns, linked, when
from inventory.admin_totals import RETAIL
from inventory.models import TAKEN, EventSeat, Ownership
from inventory.pricing.setting import shown
from venues.admin import picture
from venues.models import Layout
from venues.plan import from_canonical

BANDS = 6  # colours of the palette of prices
SHOWN_ROWS = 300


def price_map(event, prices=None):
    """(SVG, legend) of the event: each free place of ours in the colour of its price, cheapest first.
    Of `prices` {ordinal: Decimal} only these places are coloured, by what they will cost."""
    places = list(
        event.seats.order_by("ordinal").values_list("ordinal", "ownership", "status", RETAIL)
    )
    costs = {
        ordinal: price if prices is None else prices.get(ordinal)
        for ordinal, ownership, status, price in places
        if ownership == Ownership.OWNED and status not in TAKEN
    }
    bands = _bands(Counter(price for price in costs.values() if price is not None))
    classes = [
        _class(ownership, status, bands.get(costs.get(ordinal)))
        for ordinal, ownership, status, _ in places
    ]
    plan = from_canonical(Layout.objects.only("plan").get(pk=event.layout_id).plan)
    drawn = picture(plan, f"Prices of {event}", classes) if places else ""
    return drawn, _legend(event, bands, costs, classes)


def _bands(counted):
    """{price: 1 … 6}, the cheapest 1; several neighbours share a band when there are more."""
    ranked = sorted(counted)
    return {
        price: 1 + (rank * BANDS // len(ranked) if len(ranked) > BANDS else rank)
        for rank, price in enumerate(ranked)
    }


def _class(ownership, status, band):
    if ownership != Ownership.OWNED:
        return "stock-not-ours"
    if status in TAKEN:
        return "stock-taken"
    return f"band-{band}" if band else "band-none"


def _legend(event, bands, costs, classes):
    counted = Counter(classes)
    found = []
    for band, several in groupby(sorted(bands.items()), key=lambda item: item[1]):
        prices = [price for price, _ in several]
        words = shown(prices[0], event.currency)
        if len(prices) > 1:
            words = f"{words} to {shown(prices[-1], event.currency)}"
        found.append((f"band-{band}", words, counted[f"band-{band}"]))
    rest = [("band-none", "Stays" if None in costs.values() else "No price")]
    rest += [("stock-taken", "Reserved or sold"), ("stock-not-ours", "Not ours")]
    return [*found, *((name, words, counted[name]) for name, words in rest)]


# What a change would do


def look_panels(event, found, wish):
    """Panels that show a Look: its sums, old and new price per level and section, the map."""
    drawn, legend = price_map(
        event, {n: move.price for move in found.moves for n in move.cohort.ordinals}
    )
    on_map = {"picture": drawn, "legend": legend}
    return [
        Panel("All together", _sums(event, found)),
        *_below_cost(event, found),
        Panel("By level and section", _moves_table(event, found), count=len(found.moves)),
        Panel("Map of the new prices", template="admin/_picture.html", context=on_map),
    ]


def _sums(event, found):
    money = event.currency
    prices = [move.price for move in found.moves]
    change = found.after - found.before
    row = [
        f"{found.count:,}",
        amount(min(prices, default=None), money),
        amount(max(prices, default=None), money),
        amount(found.before, money),
        amount(found.after, money),
        amount(change, money),
    ]
    titles = "Places#", "Lowest#", "Highest#", "List before#", "List afterwards#", "Difference#"
    return Table(columns(*titles), [row])


def _below_cost(event, found):
    if not found.below_cost:
        return []
    rows = [
        [*_where(move), f"{move.count:,}", amount(move.price, event.currency),
         amount(move.cohort.cost, event.currency), amount(move.cohort.least, event.currency)]
        for move in found.below_cost
    ]  # fmt: skip
    titles = ("Level", "Section", "Places#", "New price#", "Cost#", "Needed to earn it back#")
    count = sum(move.count for move in found.below_cost)
    return [Panel("Below cost and what a sale costs", Table(columns(*titles), rows), count=count)]


def _where(move):
    return [move.cohort.level, move.cohort.section]


def _moves_table(event, found):
    rows = [
        [*_where(move), f"{move.count:,}", amount(move.cohort.present, event.currency),
         amount(move.price, event.currency), _percent(move.cohort.present, move.price)]
        for move in found.moves[:SHOWN_ROWS]
    ]  # fmt: skip
    titles = columns("Level", "Section", "Places#", "Price now#", "Becomes#", "Change#")
    return Table(titles, rows, empty="No place would have another price.")


def _percent(before, after):
    if not before:
        return "–"
    return f"{(after - before) / before:+.1%}".replace("-", "−")


def left_in_words(found):
    """What of the chosen places stays as it is, as sentences."""
    said = [
        (found.same, "has that price already", "have that price already"),
        (
            found.left.taken,
            "is reserved or sold and keeps its price",
            "are reserved or sold and keep their prices",
        ),
        (found.left.not_ours, "is not ours", "are not ours"),
    ]
    return [f"{count:,} {one if count == 1 else many}." for count, one, many in said if count]


# What a change did


def difference(change):
    """[(section, row, first and last seat, places, before, after)] of a PriceChange, row by row; a
    price of None is that of the level."""
    names = ("ordinal", "seat__section__label", "seat__row", "seat__label")
    seats = EventSeat.objects.at(change.event_id, change.ordinals).order_by("ordinal")
    prices = dict(zip(change.ordinals, zip(change.before, change.after, strict=True), strict=True))
    rows = [
        (section, row, label, *prices[ordinal])
        for ordinal, section, row, label in seats.values_list(*names)
    ]
    found = []
    for (section, row, before, after), group in groupby(
        rows, key=lambda seat: (seat[0], seat[1], seat[3], seat[4])
    ):
        labels = [label for _, _, label, _, _ in group]
        ends = labels[0] if len(labels) == 1 else f"{labels[0]} to {labels[-1]}"
        found.append((section, row, ends, len(labels), before, after))
    return found


def difference_panel(change):
    rows = difference(change)
    cells = [
        [section, row or "–", ends, f"{count:,}", own(before, change), own(after, change)]
        for section, row, ends, count, before, after in rows[:SHOWN_ROWS]
    ]
    titles = columns("Section", "Row", "Seats", "Places#", "Own price before#", "Afterwards#")
    more = len(rows) - SHOWN_ROWS
    title = (
        "Difference" if more <= 0 else f"Difference: the first rows, {more:,} more in the export"
    )
    return Panel(title, Table(titles, cells), count=change.seats)


def own(price, change):
    """An own price, or that the level's holds."""
    return "of its level" if price is None else amount(price, change.currency)


def exported(change):
    """(titles, rows) of a PriceChange, place by place."""
    seats = EventSeat.objects.at(change.event_id, change.ordinals).order_by("ordinal")
    places = {
        ordinal: names
        for ordinal, *names in seats.values_list(
            "ordinal", "seat__section__label", "seat__row", "seat__label", "level__name"
        )
    }
    titles = ["Section", "Row", "Seat", "Level", "Own price before", "Own price afterwards"]
    rows = (
        [*places[ordinal], before, after, change.currency, change.reason]
        for ordinal, before, after in zip(change.ordinals, change.before, change.after, strict=True)
    )
    return [*titles, "Currency", "Reason"], rows


def undo_panels(change, found):
    """What undoing would give back, and what stays."""
    counted = Counter(found.back.values())
    rows = [
        [f"{count:,}", own(now, change), own(before, change)]
        for (now, before), count in sorted(counted.items(), key=lambda item: -item[1])
    ]
    back = Table(columns("Places#", "Own price now#", "Becomes#"), rows, empty="No place at all.")
    return [
        Panel("Given back", back, count=len(found.back)),
        *([_rest_panel(change, found.rest)] if found.rest else []),
    ]


def _rest_panel(change, rest):
    seats = EventSeat.objects.at(change.event_id, list(rest)[:SHOWN_ROWS]).order_by("ordinal")
    rows = [
        [section, row or "–", label, rest[ordinal].capitalize()]
        for ordinal, section, row, label in seats.values_list(
            "ordinal", "seat__section__label", "seat__row", "seat__label"
        )
    ]
    table = Table(columns("Section", "Row", "Seat", "Why"), rows)
    return Panel("Stay as they are", table, count=len(rest))


# Elsewhere


def changes_table(changes):
    rows = [
        [linked(change, change.reason), change.get_source_display(), f"{change.seats:,}",
         when(change.made_at), change.made_by or "the system"]
        for change in changes
    ]  # fmt: skip
    titles = columns("Reason", "By", "Places#", "When", "Who")
    return Table(titles, rows, empty="No price was changed yet.")


def bulk_address(**chosen):
    """The page of a bulk change, with event, level or section chosen already."""
    query = "&".join(f"{name}={value}" for name, value in chosen.items())
    return f"{reverse('admin:inventory_pricechange_add')}?{query}"


def history_rows(entries):
    """Cells of seat entries that concern a price: when, what, before, after, why, who."""
    return [
        [
            when(entry.at),
            entry.get_kind_display(),
            amount(entry.price_before, entry.currency),
            amount(entry.price_after, entry.currency),
            entry.reason or "–",
        ]
        for entry in entries
    ]


def place_name(seat):
    """Stalls, row A, 12"""
    row = f", row {seat.seat.row}" if seat.seat.row else ""
    return f"{seat.seat.section.label}{row}, {seat.seat.label}"


def free_to_price(event):
    """Ordinals of the places whose price may be changed."""
    ours = EventSeat.objects.of(event).filter(ownership=Ownership.OWNED).exclude(status__in=TAKEN)
    return list(ours.order_by().values_list(F("ordinal"), flat=True))


def events_to_price(rows):
    """The Panel of events to choose from: [(event, places that may be priced)]."""
    cells = [
        [
            format_html(
                '<a href="{}"><b>{}</b></a><small>{}</small>',
                bulk_address(event=event.pk),
                event,
                event.venue,
            ),
            when(event.starts_at),
            f"{count:,}",
        ]
        for event, count in rows
    ]
    empty = "No event has places of ours that are still to be sold."
    table = Table(columns("Event", "Starts", "Places to price#"), cells, empty=empty)
    return Panel("Which event?", table, count=len(cells))
