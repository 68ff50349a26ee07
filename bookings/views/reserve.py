"""The press of the button that takes seats, and what to say when somebody was faster."""

from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from bookings import services
from bookings.forms import ReserveForm
from bookings.links import remember
from bookings.queries import alternatives_for
from bookings.showing import all_in
from bookings.views import sale
from core.errors import DomainError
from inventory.queries import named_places
from inventory.services import SeatsTaken
from venues.models import LayoutSection


@require_POST
def reserve(request, slug):
    """Reserves the chosen or the best seats and goes to the checkout; a refusal keeps the choice."""
    event = sale.public_event(slug)
    form = ReserveForm(request.POST)
    if not form.is_valid():
        words = " ".join(form.non_field_errors() or ["This choice cannot be read."])
        return _again(request, event, form, {"title": words, "meaning": NOTHING}, status=422)
    try:
        booking = _reserve(event, form.cleaned_data)
    except SeatsTaken as taken:
        return _again(request, event, form, _lost(event, form, taken), status=409)
    except DomainError as refused:
        notice = {"title": refused.message, "meaning": NOTHING}
        return _again(request, event, form, notice, status=refused.status)
    remember(request, booking.pk)
    return redirect("checkout", booking.pk)


NOTHING = "Nothing is held for you and nothing was charged."


def _reserve(event, wanted):
    if wanted["seats"]:
        return services.reserve(event=event, ordinals=wanted["seats"])
    event.layout.refresh_from_db(fields=["plan"])
    section = wanted["section"]
    wish = services.Wish(
        quantity=wanted["quantity"],
        level=wanted["level"],
        section=_section_label(event, section),
        together=wanted["together"] or section is not None,
        wheelchair=wanted["wheelchair"],
    )
    return services.reserve_best(event=event, wish=wish)


def _section_label(event, position):
    if position is None:
        return None
    sections = LayoutSection.objects.filter(layout=event.layout_id, position=position)
    return sections.values_list("label", flat=True).first()


def _again(request, event, form, lost, *, status):
    """The page the choice came from, with the choice kept and the notice above it."""
    wanted = form.cleaned_data if form.is_valid() else {"seats": []}
    free = [seat for seat in wanted["seats"] if seat not in lost.get("lost_ordinals", ())]
    section = form.cleaned_data.get("from_section")
    if section is not None:
        context = sale.section_context(event, section, chosen=free, lost=lost)
        return render(request, "events/section.html", context, status=status)
    best = {
        "quantity": wanted.get("quantity") or 2,
        "level": str(wanted.get("level") or ""),
        "section": wanted.get("section"),
        "together": wanted.get("together", True),
        "wheelchair": wanted.get("wheelchair", False),
    }
    context = sale.event_context(request, event, lost=lost, chosen=free, best=best)
    return render(request, "events/event.html", context, status=status)


def _lost(event, form, taken):
    """The lost seats by name, what it means, and up to three groups as good."""
    wanted = form.cleaned_data["seats"]
    names = [place.name for place in named_places(event.pk, taken.ordinals)]
    kept = [seat for seat in wanted if seat not in taken.ordinals]
    alternatives = [_group(event, group) for group in alternatives_for(event, wanted)]
    return {
        "title": f"{_listed(names)} {'has' if len(names) == 1 else 'have'} just been taken.",
        "meaning": NOTHING,
        "offer": "As good or better, at the same price or less:",
        "alternatives": alternatives,
        "lost_ordinals": taken.ordinals,
        "kept_ordinals": kept,
        "keep_words": f"Hold just the other {len(kept)}"
        if len(kept) > 1
        else "Hold just the other",
    }


def _listed(names):
    if len(names) > 2:
        return f"{names[0]} and {len(names) - 1} more of your seats"
    return " and ".join(names) or "One of these seats"


def _group(event, group):
    first, last = group[0], group[-1]
    seats = f"seat {first.label}" if first is last else f"seats {first.label} to {last.label}"
    row = f", row {first.row}" if first.row else ""
    return {
        "ordinals": [place.ordinal for place in group],
        "place": f"{first.section}{row}, {seats}",
        "price": all_in(max(place.price for place in group), event.currency),
        "reason": "",
    }
