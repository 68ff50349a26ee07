"""Groups of places that are offered to a buyer, and how a page names them."""

from collections import Counter
from dataclasses import dataclass
from itertools import chain

from babel.lists import format_list

from bookings.showing import all_in
from core.money import Money
from inventory.picking import NoSuchGroup, choose, house_of, stands
from inventory.picking.states import TAKEN
from inventory.queries import named_places
from inventory.services import Redrawn
from venues.labels import bare, named, section_name

NAMED_AT_MOST = 3  # places; more are counted


@dataclass(frozen=True)
class Group:
    """Places offered, with the highest all-in price among them."""

    ordinals: list
    place: str
    reason: str
    price: Money


def group_of(event, places, reason=""):
    """The Group of these NamedPlaces; `reason` says why they are offered."""
    return Group(
        ordinals=[place.ordinal for place in places],
        place=where(places),
        reason=" · ".join(filter(None, [reason, *signs(places)])),
        price=all_in(event, max(place.price for place in places)),
    )


def best_groups(event, wish, *, count=3):
    """Up to `count` Groups that a Wish could be given now, the best first, none in two of them. Raises
    Redrawn for an event that has just moved to another layout."""
    house = house_of(event.layout_id)
    now = bytearray(stands(event, level=wish.level, at_most=wish.at_most))
    party = wish.party_in(house, event)
    found = []
    while len(found) < count:
        try:
            group = choose(house, now, party)
        except NoSuchGroup:
            break
        found.append(group)
        for ordinal in group:
            now[ordinal] = TAKEN
    places = {place.ordinal: place for place in places_of(event, chain(*found))}
    return [group_of(event, [places[ordinal] for ordinal in group]) for group in found]


def places_of(event, ordinals):
    """NamedPlaces of all these ordinals, which `stands` had; raises Redrawn when the event has moved
    meanwhile to a layout without some of them."""
    ordinals = list(ordinals)
    places = named_places(event.pk, ordinals)
    if len(places) < len(ordinals):
        raise Redrawn
    return places


def signs(places):
    """What is particular about these places, for whoever did not ask for it."""
    spaces = sum(place.kind == "WHEELCHAIR" for place in places)
    found = [some(spaces, "wheelchair space")] if spaces else []
    found += ["companion seat"] if any(place.kind == "COMPANION" for place in places) else []
    restricted = sum(place.restricted_view for place in places)
    if restricted:
        of_all = "" if restricted == len(places) else f"{restricted} with "
        found.append(f"{of_all}restricted view")
    return [*found, *dict.fromkeys(place.disclosure for place in places if place.disclosure)]


def where(places):
    """Stalls, row G, seats 7 and 8; Section A, rows C and D; Floor, 2 standing places."""
    sections = Counter(section_name(place.section) for place in places)
    if len(sections) > 1:
        return listed(f"{section} ({count})" for section, count in sections.items())
    [section] = sections
    if places[0].kind == "STANDING":
        return f"{section}, {some(len(places), 'standing place')}"
    rows = list(dict.fromkeys(place.row for place in places if place.row))
    if len(rows) > 1:
        return f"{section}, rows {listed(bare(row, 'row') for row in rows)}"
    return ", ".join([section, *(named(row, "row") for row in rows), seats_in_words(places)])


def seats_in_words(places):
    """seat 7; seats 7 and 8; seats 7 to 14; 2 places where nothing is numbered."""
    if places[0].kind == "STANDING":
        return some(len(places), "place")
    labels = [bare(place.label, "seat") for place in places]
    if len(labels) == 1:
        return f"seat {labels[0]}"
    if len(labels) <= NAMED_AT_MOST:
        return f"seats {listed(labels)}"
    return f"seats {labels[0]} to {labels[-1]}"


def some(count, noun):
    return f"{count} {noun}{'' if count == 1 else 's'}"


def listed(words):
    return format_list(list(words), locale="en").replace(", and ", " and ")
