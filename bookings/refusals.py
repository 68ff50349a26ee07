"""What a page says when seats could not be taken: what happened, what it means, what to do now."""

from collections import Counter
from dataclasses import dataclass, field, replace

from babel.lists import format_list

from bookings.queries import alternatives_for
from bookings.services import Wish, best_places
from bookings.showing import all_in
from core.money import Money
from inventory.picking import NoSuchGroup
from inventory.queries import named_places
from venues.labels import bare, named, section_name

NOTHING = "Nothing is held for you and nothing was charged."
NAMED_AT_MOST = 3  # places; more are counted


@dataclass(frozen=True)
class Group:
    """Places offered instead, with the highest all-in price among them."""

    ordinals: list
    place: str
    reason: str
    price: Money


@dataclass(frozen=True)
class Refusal:
    """`offer` introduces the groups; `kept_ordinals` are chosen places that can still be had."""

    title: str
    offer: str = ""
    groups: list = field(default_factory=list)
    lost_ordinals: list = field(default_factory=list)
    kept_ordinals: list = field(default_factory=list)
    keep_words: str = ""
    meaning: str = NOTHING


def seats_lost(event, wanted, lost):
    """Of the wanted ordinals the lost ones went to somebody else: up to three groups as good."""
    chosen = named_places(event.pk, wanted)
    gone = [place for place in chosen if place.ordinal in lost]
    kept = [place for place in chosen if place.ordinal not in lost]
    if not gone:
        return Refusal("These are not seats of this event.")
    instead = alternatives_for(event, wanted, without=lost)
    return Refusal(
        title=f"{_gone_words(gone)} just been taken.",
        offer=_offer(chosen, instead),
        groups=[_group(event, group, _nearness(chosen, group)) for group in instead],
        lost_ordinals=list(lost),
        kept_ordinals=[place.ordinal for place in kept],
        keep_words=f"Hold just {_seats(kept)}" if kept else "",
    )


def _offer(chosen, instead):
    """What introduces the groups: standing is not as good as the seats that were chosen."""
    stands = any(place.kind == "STANDING" for group in instead for place in group)
    if stands and any(place.kind != "STANDING" for place in chosen):
        return "No such seats are left. At the same price or less:"
    return "As good or better, at the same price or less:"


def leaves_gap(event, chosen, words):
    """The choice would part a row badly, as `words` say: what is nearest to it and does not."""
    places = named_places(event.pk, chosen)
    wish = Wish(
        quantity=len(places),
        at_most=max((place.price or 0 for place in places), default=None),
        near=places[0].ordinal if places else None,
    )
    instead = _best(event, wish)
    groups = [_group(event, instead, _nearness(places, instead))] if instead else []
    return Refusal(title=words, offer="Beside it, at the same price or less:", groups=groups)


def no_group(event, wish, words):
    """Nothing fits the Wish, as `words` say: what does when one part of it is dropped."""
    drops = [
        ("Not all side by side", wish.together, replace(wish, together=False)),
        ("At another price", _has_price(wish), replace(wish, level=None, at_most=None)),
        ("Elsewhere in the house", wish.section, replace(wish, section=None)),
    ]
    tries = [(reason, _best(event, other)) for reason, is_asked, other in drops if is_asked]
    groups = [_group(event, places, reason) for reason, places in tries if places]
    return Refusal(title=words, offer="What there is:", groups=groups)


def _has_price(wish):
    return wish.level is not None or wish.at_most is not None


def _best(event, wish):
    try:
        return named_places(event.pk, best_places(event, wish))
    except NoSuchGroup:
        return []


def _group(event, places, reason):
    return Group(
        ordinals=[place.ordinal for place in places],
        place=_where(places),
        reason=" · ".join(filter(None, [reason, *_signs(places)])),
        price=all_in(max(place.price for place in places), event.currency),
    )


def _signs(places):
    """What is particular about these places, for whoever did not ask for it."""
    spaces = sum(place.kind == "WHEELCHAIR" for place in places)
    signs = [_some(spaces, "wheelchair space")] if spaces else []
    signs += ["companion seat"] if any(place.kind == "COMPANION" for place in places) else []
    restricted = sum(place.restricted_view for place in places)
    if restricted:
        of_all = "" if restricted == len(places) else f"{restricted} with "
        signs.append(f"{of_all}restricted view")
    return signs


def _gone_words(gone):
    if len(gone) == 1:
        return f"{_where(gone)} has"
    return (
        f"{len(gone)} of your seats have" if len(gone) > NAMED_AT_MOST else f"{_where(gone)} have"
    )


def _nearness(wanted, group):
    """How the group lies to the wanted places: in their row, in their section, or not said."""
    rows = {(place.section, place.row) for place in wanted}
    if {(place.section, place.row) for place in group} <= rows:
        return "Same row"
    sections = {place.section for place in wanted}
    return "Same section" if {place.section for place in group} <= sections else ""


def _where(places):
    """Stalls, row G, seats 7 and 8; Section A, rows C and D; Floor, 2 standing places."""
    sections = Counter(section_name(place.section) for place in places)
    if len(sections) > 1:
        return _listed(f"{section} ({count})" for section, count in sections.items())
    [section] = sections
    if places[0].kind == "STANDING":
        return f"{section}, {_some(len(places), 'standing place')}"
    rows = list(dict.fromkeys(place.row for place in places if place.row))
    if len(rows) > 1:
        return f"{section}, rows {_listed(bare(row, 'row') for row in rows)}"
    return ", ".join([section, *(named(row, "row") for row in rows), _seats(places)])


def _seats(places):
    """seat 7; seats 7 and 8; seats 7 to 14; 2 places where nothing is numbered."""
    if places[0].kind == "STANDING":
        return _some(len(places), "place")
    labels = [bare(place.label, "seat") for place in places]
    if len(labels) == 1:
        return f"seat {labels[0]}"
    if len(labels) <= NAMED_AT_MOST:
        return f"seats {_listed(labels)}"
    return f"seats {labels[0]} to {labels[-1]}"


def _some(count, noun):
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _listed(words):
    return format_list(list(words), locale="en").replace(", and ", " and ")
