"""The press of the button that takes seats, and the page again when they could not be taken."""

from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from bookings import refusals, services
from bookings.clients import visitor
from bookings.forms import ReserveForm
from bookings.links import remember
from bookings.refusals import Refusal
from bookings.views import sale
from bookings.views.section import section_context
from core.errors import DomainError, Invalid
from inventory.picker import NoSuchGroup
from inventory.services import SeatsTaken
from venues.models import LayoutSection


@require_POST
def reserve(request, slug):
    """Reserves the chosen or the best seats and goes to the checkout; a refusal keeps the choice."""
    event = sale.public_event(slug)
    form = ReserveForm(request.POST)
    if not form.is_valid():
        words = " ".join(form.non_field_errors() or ["This choice cannot be read."])
        return _again(request, event, form, Refusal(words), status=422)
    wanted = form.cleaned_data
    try:
        booking = _take(event, wanted, services.Sale(client=visitor(request)))
    except SeatsTaken as taken:
        refusal = refusals.seats_lost(event, wanted["seats"] or taken.ordinals, taken.ordinals)
        return _again(request, event, form, refusal, status=409)
    except NoSuchGroup as why:
        refusal = refusals.no_group(event, _wish(event, wanted), why)
        return _again(request, event, form, refusal, status=why.status)
    except DomainError as refused:
        return _again(request, event, form, Refusal(refused.message), status=refused.status)
    remember(request, booking.pk)
    return redirect("checkout", booking.pk)


def _take(event, wanted, sold):
    """The chosen seats, else the best ones."""
    if wanted["seats"]:
        return services.reserve(event=event, ordinals=wanted["seats"], sale=sold)
    event.layout.refresh_from_db(fields=["plan"])
    return services.reserve_best(event=event, wish=_wish(event, wanted), sale=sold)


def _wish(event, wanted):
    return services.Wish(
        quantity=wanted["quantity"],
        level=wanted["level"],
        section=_section_label(event, wanted["section"]),
        together=wanted["together"],
        wheelchair=wanted["wheelchair"],
    )


def _section_label(event, position):
    if position is None:
        return None
    section = LayoutSection.objects.filter(layout=event.layout_id, position=position).first()
    if section is None:
        raise Invalid("This event has no such section.")
    return section.label


def _again(request, event, form, refusal, *, status):
    """The page the choice came from, with the choice kept and the refusal above it."""
    wanted = form.cleaned_data if form.is_valid() else {"seats": []}
    free = [seat for seat in wanted["seats"] if seat not in refusal.lost_ordinals]
    section = form.cleaned_data.get("from_section")
    if section is not None:
        context = section_context(event, section, chosen=free, lost=refusal)
        return render(request, "events/section.html", context, status=status)
    best = {
        "quantity": wanted.get("quantity") or 2,
        "level": str(wanted.get("level") or ""),
        "section": wanted.get("section"),
        "together": wanted.get("together", True),
        "wheelchair": wanted.get("wheelchair", False),
    }
    context = sale.event_context(request, event, lost=refusal, chosen=free, best=best)
    return render(request, "events/event.html", context, status=status)
