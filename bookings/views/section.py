"""The seats of one section, to tick: what the map offers, for readers, keyboards and no script."""

from decimal import Decimal
from functools import cache
from itertools import groupby

from django.http import Http404
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from bookings.forms import SectionsForm
from bookings.offers import best_groups
from bookings.parties import numbers_in_words, parting_in_words, quantities_of, usual_of
from bookings.services import Wish
from bookings.showing import all_in, sections_of, shown
from bookings.views.choice import refused_choice
from bookings.views.sale import seen
from core.money import Money
from inventory.overview import overview_of
from inventory.queries import section_seats
from venues.labels import bare, named
from venues.places import in_words

BOXES = 400
"""Seats to tick on one page: a larger section is shown some rows at a time."""


@require_safe
def section(request, slug, position):
    """Every seat of one section, to tick; with a party, its best groups and the rows that have room."""
    found = seen(request, slug)
    if found.presale_id and all(each.position != position for each in sections_of(found)):
        return redirect("seats", found.slug)  # this one is for others
    wanted, chosen, lost = refused_choice(request, found)
    asked = SectionsForm(request.GET).asked
    party = asked["party"] or (wanted or {}).get("party")
    context = section_context(
        found, position, party=party, page=asked["page"], chosen=chosen, lost=lost
    )
    return render(request, "events/section.html", context)


def section_context(found, position, *, party, page, chosen, lost):
    """Rows of seats with all-in prices; `chosen` ordinals stay ticked, `lost` is a Refusal or None.
    For a `party` the rows in which so many sit side by side, and the best groups of the section."""
    listed = sections_of(found)
    here = next((item for item in listed if item.position == position), None)
    if here is None:
        raise Http404
    # Standing places are counted, not listed: a field has ten thousand.
    places = section_seats(found, here.id, disclosed_only=here.is_standing)
    gone = set(lost.lost_ordinals) if lost else set()
    marked = gone | set(chosen)
    every = [list(members) for _, members in groupby(places, key=lambda place: place.row_position)]
    suiting = [row for row in every if _has_room(row, party) or _has_any(row, marked)]
    pages = _pages(suiting)
    number = _number_of(pages, page, marked)
    index = listed.index(here)
    quantities = quantities_of(found)
    return {
        "nav": "events",
        "event": shown(found, overview_of(found).left),
        "section": _section_facts(here, places),
        "rows": _rows(pages[number - 1], found, set(chosen), gone),
        "page": number,
        "pages": _page_names(pages),
        "rows_left_out": len(every) - len(suiting),
        "quantities": quantities,
        "quantity": party if party in quantities else usual_of(quantities),
        "party": None if here.is_standing else party,
        "groups": _groups(found, here, party),
        "numbers": numbers_in_words(found),
        "parting": parting_in_words(found),
        "previous_section": listed[index - 1] if index else None,
        "next_section": listed[index + 1] if index + 1 < len(listed) else None,
        "lost": lost,
    }


def _groups(found, here, party):
    if not party or here.is_standing or not here.left:
        return []
    return best_groups(found, Wish(quantity=party, section=here.name))


def _section_facts(here, places):
    free = [place for place in places if _is_free(place)]
    return {
        "name": here.name,
        "position": here.position,
        "floor": here.floor,
        "zone": here.zone,
        "entrance": here.entrance,
        "view_note": here.view_note,
        "is_standing": here.is_standing,
        "left": here.left if here.is_standing else len(free),
        "price_from": here.price_from,
        "choices": here.choices if here.left else [],
        "has_wheelchair": any(place.kind == "WHEELCHAIR" for place in free),
        "has_restricted": any(place.restricted_view for place in free),
        "disclosures": _disclosures(free),
    }


def _disclosures(free):
    """What is to be known of free seats before one is bought: [(text, their rows and seats)]."""
    told = {}
    for place in free:
        if place.disclosure:
            told.setdefault(place.disclosure, []).append(place)
    return [(text, in_words(places)) for text, places in told.items()]


NEEDS = {"WHEELCHAIR": "wheelchair space", "COMPANION": "companion seat", "VIP": "VIP"}


# Which rows


def _has_room(row, party):
    """Whether so many sit side by side in a row; without a party any row will do."""
    if not party:
        return True
    run, before = 0, None
    for place in row:
        joins = before is not None and _is_free(before) and before.block == place.block
        run = run + 1 if _is_free(place) and joins else int(_is_free(place))
        if run >= party:
            return True
        before = place
    return False


def _has_any(row, ordinals):
    return any(place.ordinal in ordinals for place in row)


def _pages(rows):
    """The rows parted so that a page has about BOXES free seats at most; at least one page."""
    pages, boxes = [[]], 0
    for row in rows:
        free = sum(_is_free(place) for place in row)
        if pages[-1] and boxes + free > BOXES:
            pages.append([])
            boxes = 0
        pages[-1].append(row)
        boxes += free
    return pages


def _number_of(pages, asked, marked):
    """Which page is shown: the one asked for, else the one on which something is ticked or lost."""
    if asked:
        return min(asked, len(pages))
    found = (n for n, rows in enumerate(pages, 1) if any(_has_any(row, marked) for row in rows))
    return next(found, 1)


def _page_names(pages):
    """What each of several pages has: Rows A to F."""
    if len(pages) == 1:
        return []
    return [
        f"Rows {bare(rows[0][0].row, 'Row')} to {bare(rows[-1][0].row, 'Row')}" for rows in pages
    ]


# Rows as the page shows them


def _rows(rows, event, chosen, lost):
    price_of = cache(lambda price: all_in(event, price or Decimal(0)))
    return [_row(members, price_of, chosen, lost) for members in rows]


def _row(members, price_of, chosen, lost):
    shown_seats = [
        _seat(place, price_of, chosen, lost) if _is_free(place) or place.ordinal in lost else None
        for place in members
    ]
    free = [seat for seat in shown_seats if seat and not seat["is_lost"]]
    prices = sorted({(seat["price"].amount, seat["position"]) for seat in free})
    label = members[0].row
    return {
        "name": named(label, "Row") if label else "Seats",
        "benches": _benches(members, shown_seats),
        "left": len(free),
        "is_offered": any(place.is_offered for place in members),
        "prices": [
            {"amount": Money(amount, free[0]["price"].currency), "position": position}
            for amount, position in prices
        ],
    }


def _is_free(place):
    return bool(place.is_free and place.price is not None)


def _benches(members, seats):
    """Lists of seats that are side by side; a taken seat or an aisle lies between two of them."""
    benches, before = [], None
    for place, seat in zip(members, seats, strict=True):
        if seat and (before is None or before.block != place.block):
            benches.append([])
        if seat:
            benches[-1].append(seat)
        before = place if seat else None
    return benches


def _seat(place, price_of, chosen, lost):
    needs = [NEEDS[place.kind]] if place.kind in NEEDS else []
    needs += ["restricted view"] if place.restricted_view else []
    needs += [place.disclosure] if place.disclosure else []
    return {
        "ordinal": place.ordinal,
        "label": place.label,
        "kind": place.kind,
        "is_lost": place.ordinal in lost,
        "is_chosen": place.ordinal in chosen,
        "restricted_view": place.restricted_view or bool(place.disclosure),
        "position": place.level_position or 1,
        "price": price_of(place.price),
        "needs": ", ".join(needs),
    }
