"""What a page says when seats could not be taken: what happened, what it means, what to do now."""

from dataclasses import dataclass, field, replace

from bookings.offers import NAMED_AT_MOST, group_of, places_of, seats_in_words, where
from bookings.queries import alternatives_for
from bookings.services import Wish, best_places
from events.models import SplitRule
from inventory.picking import NoSuchGroup, Split
from inventory.queries import named_places

NOTHING = "Nothing is held for you and nothing was charged."


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
        groups=[group_of(event, group, _nearness(chosen, group)) for group in instead],
        lost_ordinals=list(lost),
        kept_ordinals=[place.ordinal for place in kept],
        keep_words=f"Hold just {seats_in_words(kept)}" if kept else "",
    )


def _offer(chosen, instead):
    """What introduces the groups: standing is not as good as the seats that were chosen."""
    stands = any(place.kind == "STANDING" for group in instead for place in group)
    if stands and any(place.kind != "STANDING" for place in chosen):
        return "No such seats are left. At the same price or less:"
    return "As good or better, at the same price or less:"


def leaves_gap(event, chosen, left):
    """Choosing these ordinals would leave the places `left` so that they could hardly be sold: what is
    nearest to the choice, not dearer, and leaves nothing."""
    places, alone = named_places(event.pk, chosen), named_places(event.pk, left)
    if not places or not alone:
        return Refusal("These are not seats of this event.")
    dearest = max(place.price or 0 for place in places)
    instead = _best(event, Wish(quantity=len(places), at_most=dearest, near=places[0].ordinal))
    return Refusal(
        title=_gap_words(event, alone),
        offer="At the same price or less, and without a gap:",
        groups=[group_of(event, instead, _nearness(places, instead))] if instead else [],
        meaning=f"Your choice is kept: change it so that no such gap is left. {NOTHING}",
    )


def _gap_words(event, alone):
    if len(alone) == 1:
        return f"This choice would leave {where(alone)} on its own."
    if event.split_rule == SplitRule.NO_SINGLES:
        return f"This choice would leave {where(alone)}, each on its own."
    numbers = Split.of(event).in_numbers
    return f"This choice would leave {where(alone)}, which cannot be sold {numbers}."


def no_group(event, wish, words):
    """Nothing fits the Wish, as `words` say: what does when one part of it is dropped."""
    drops = [
        ("Not all side by side", wish.together, replace(wish, together=False)),
        ("At another price", _has_price(wish), replace(wish, level=None, at_most=None)),
        ("Elsewhere in the house", wish.section, replace(wish, section=None)),
    ]
    tries = [(reason, _best(event, other)) for reason, is_asked, other in drops if is_asked]
    groups = [group_of(event, places, reason) for reason, places in tries if places]
    return Refusal(title=words, offer="What there is:", groups=groups)


def _has_price(wish):
    return wish.level is not None or wish.at_most is not None


def _best(event, wish):
    try:
        return places_of(event, best_places(event, wish))
    except NoSuchGroup:
        return []


def _gone_words(gone):
    if len(gone) == 1:
        return f"{where(gone)} has"
    return f"{len(gone)} of your seats have" if len(gone) > NAMED_AT_MOST else f"{where(gone)} have"


def _nearness(wanted, group):
    """How the group lies to the wanted places: in their row, in their section, or not said."""
    rows = {(place.section, place.row) for place in wanted}
    if {(place.section, place.row) for place in group} <= rows:
        return "Same row"
    sections = {place.section for place in wanted}
    return "Same section" if {place.section for place in group} <= sections else ""
