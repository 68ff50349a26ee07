"""The seats of one section, to tick: what the map offers, for readers, keyboards and no script."""

from decimal import Decimal
from itertools import groupby

from django.http import Http404
from django.shortcuts import render
from django.views.decorators.http import require_safe

from bookings.showing import all_in, left_of, sections_of, shown
from bookings.views.choice import refused_choice
from bookings.views.sale import BEST_CHOICES, public_event
from core.money import Money
from inventory.queries import section_seats
from venues.labels import named
from venues.places import in_words


@require_safe
def section(request, slug, position):
    """Every seat of one section, to tick."""
    found = public_event(slug)
    _, chosen, lost = refused_choice(request, found)
    context = section_context(found, position, chosen=chosen, lost=lost)
    return render(request, "events/section.html", context)


def section_context(found, position, *, chosen, lost):
    """Rows of seats with all-in prices; `chosen` ordinals stay ticked, `lost` is a Refusal or None."""
    listed = sections_of(found)
    here = next((item for item in listed if item.position == position), None)
    if here is None:
        raise Http404
    places = section_seats(found.pk, here.id)
    index = listed.index(here)
    return {
        "nav": "events",
        "event": shown(found, left_of([found.pk])[found.pk]),
        "section": _section_facts(here, places),
        "rows": _rows(places, found.currency, set(chosen), lost.lost_ordinals if lost else ()),
        "quantities": [n for n in BEST_CHOICES if n <= found.max_per_booking],
        "quantity": 2,
        "previous_section": listed[index - 1] if index else None,
        "next_section": listed[index + 1] if index + 1 < len(listed) else None,
        "lost": lost,
    }


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
        "left": len(free),
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


def _rows(places, currency, chosen, lost):
    rows = groupby(places, key=lambda place: place.row_position)
    return [_row(list(members), currency, chosen, lost) for _, members in rows]


def _row(members, currency, chosen, lost):
    shown_seats = [
        _seat(place, currency, chosen, lost) if _is_free(place) or place.ordinal in lost else None
        for place in members
    ]
    free = [seat for seat in shown_seats if seat and not seat["is_lost"]]
    prices = sorted({(seat["price"].amount, seat["position"]) for seat in free})
    label = members[0].row
    return {
        "name": named(label, "Row") if label else "Seats",
        "benches": _benches(members, shown_seats),
        "left": len(free),
        "prices": [
            {"amount": Money(amount, currency), "position": position} for amount, position in prices
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


def _seat(place, currency, chosen, lost):
    needs = [NEEDS[place.kind]] if place.kind in NEEDS else []
    needs += ["restricted view"] if place.restricted_view else []
    needs += [place.disclosure] if place.disclosure else []
    return {
        "ordinal": place.ordinal,
        "label": place.label,
        "kind": place.kind,
        "is_lost": place.ordinal in lost,
        "is_chosen": place.ordinal in chosen,
        "restricted_view": place.restricted_view,
        "position": place.level_position or 1,
        "price": all_in(place.price or Decimal(0), currency),
        "needs": ", ".join(needs),
    }
