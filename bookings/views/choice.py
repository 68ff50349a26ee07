"""What a buyer asked for at the seat step, and how it comes back to the page when it was refused:
signed, in the address. So every page of the step is one that was fetched: the browser's Back never
asks to send a form again, and no session is read."""

from urllib.parse import urlencode

from django.core import signing
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.datastructures import MultiValueDict

from bookings import refusals
from bookings.forms import ReserveForm
from bookings.refusals import Refusal
from bookings.services import Wish
from core.errors import Invalid
from inventory.picking import stands
from inventory.picking.states import FREE
from inventory.queries import named_places
from inventory.services import Redrawn
from venues.models import LayoutSection

REFUSED = "refused"
AGAIN = "again"
KEPT = 900  # seconds; after that the page is shown as if nothing had been asked
MOST, LONGEST = 200, 40  # values of a field, and letters of a value, that are carried


def wish_of(event, wanted):
    """The Wish of a valid ReserveForm's cleaned data; raises Invalid for an unknown section, and for
    ticked seats of which there are none."""
    price = wanted["level"]
    return Wish(
        quantity=wanted["quantity"],
        level=price and price.level,
        at_most=price and price.at_most,
        section=_section_label(event, wanted["section"]),
        together=wanted["together"],
        wheelchair=wanted["wheelchair"],
        near=_near(wanted),
    )


def _near(wanted):
    """The place to be near to: of those ticked, when the best around them is asked for, the middle."""
    if not wanted["around"]:
        return wanted["near"]
    if not wanted["seats"]:
        raise Invalid("Tick the seat first that the others should be near to.")
    return wanted["seats"][len(wanted["seats"]) // 2]


def _section_label(event, position):
    if position is None:
        return None
    section = LayoutSection.objects.filter(layout=event.layout_id, position=position).first()
    if section is None:
        raise Invalid("This event has no such section.")
    return section.label


def send_back(event, form, *, words="", lost=(), **reason):
    """To the page the choice came from, which then says why: `lost` ordinals went to somebody else, a
    search found nothing (`is_search`), the choice would leave places (`left`) in a gap, or just
    `words`."""
    carried = {"asked": _asked(form), "words": words, "lost": list(lost), **reason}
    token = signing.dumps(carried, salt=_salt(event), compress=True)
    section = form.cleaned_data.get("from_section")
    page = ("event", event.slug) if section is None else ("section", event.slug, section)
    return redirect(f"{reverse(page[0], args=page[1:])}?{urlencode({REFUSED: token})}")


def _asked(form):
    """The choice as lists of words by field: as it was understood, else as it was typed."""
    if not form.is_valid():
        return {
            name: [value[:LONGEST] for value in form.data.getlist(name)[:MOST]]
            for name in ("seat", *form.fields)
            if name in form.data
        }
    wanted = form.cleaned_data
    said = {name: wanted[name] for name in form.fields if wanted[name] is not None}
    ticked = {name: [str(value)] for name, value in said.items() if value is not False}
    return ticked | {"seat": [str(seat) for seat in wanted["seats"]]}


def _salt(event):
    return f"tessera.refused-choice.{event.pk}"


def refused_choice(request, event):
    """(the wish as asked, chosen ordinals that were not lost, Refusal) of this address; Nones and an
    empty list when it carries none, or one that is too old or not ours."""
    try:
        carried = signing.loads(request.GET.get(REFUSED, ""), salt=_salt(event), max_age=KEPT)
    except signing.BadSignature:
        return None, [], None
    form = ReserveForm(MultiValueDict(carried["asked"]))
    wanted = form.cleaned_data if form.is_valid() else {"seats": []}
    if wanted.get("drawn", "") not in ("", event.layout.content_hash):
        # What it names by ordinal or position are other places now.
        nowhere = {"seats": [], "section": None, "near": None}
        return wanted | nowhere, [], Refusal(carried["words"] or Redrawn().message)
    refusal = _refusal(event, wanted, carried)
    return wanted, [seat for seat in wanted["seats"] if seat not in refusal.lost_ordinals], refusal


def again_of(request, event):
    """The NamedPlaces that a mailed link brings back (`again`, ordinals with commas), if all of them
    can be had now; an empty list otherwise."""
    words = request.GET.get(AGAIN, "")[: 8 * MOST].split(",")
    if not all(word.isascii() and word.isdigit() and len(word) < 10 for word in words):
        return []
    wanted = sorted({int(word) for word in words})[: event.most_in_a_booking]
    now = stands(event)
    if not all(ordinal < len(now) and now[ordinal] == FREE for ordinal in wanted):
        return []
    return named_places(event.pk, wanted)


def _refusal(event, wanted, carried):
    if carried["lost"]:
        chosen = [] if wanted.get("around") else wanted["seats"]
        return refusals.seats_lost(event, chosen or carried["lost"], carried["lost"])
    if carried.get("left") and wanted["seats"]:
        return refusals.leaves_gap(event, wanted["seats"], carried["left"])
    if carried.get("is_search") and wanted.get("quantity"):
        return refusals.no_group(event, wish_of(event, wanted), carried["words"])
    return Refusal(carried["words"])


def best_of(wanted, *, usual):
    """What the form for the best seats shows again; `usual` is the number when none was said."""
    return {
        "quantity": wanted.get("quantity") or usual,
        "level": str(wanted.get("level") or ""),
        "section": wanted.get("section"),
        "together": wanted.get("together", True),
        "wheelchair": wanted.get("wheelchair", False),
        "near": wanted.get("near"),
    }
