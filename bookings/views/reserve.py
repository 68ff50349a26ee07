"""The press of the button that takes seats."""

from contextlib import suppress

from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from bookings import services
from bookings.clients import too_many_open, visitor
from bookings.forms import ReserveForm
from bookings.links import held_here, last_held_here, remember
from bookings.presales import pass_in
from bookings.views import sale
from bookings.views.choice import send_back, wish_of
from bookings.views.given import choose, chosen_for_others, given_for
from core.errors import DomainError
from inventory.picking import NoSuchGroup
from inventory.services import Redrawn, SeatsTaken


@require_POST
def reserve(request, slug):
    """Reserves the chosen or the best seats and goes to the checkout; a refusal keeps the choice."""
    event = sale.public_event(slug)
    admitted = pass_in(request, event)
    form = ReserveForm(request.POST)
    if not form.is_valid():
        words = " ".join(form.non_field_errors() or ["This choice cannot be read."])
        return send_back(event, form, words=words)
    try:
        booking = _take(event, form, _sale_to(request, admitted))
    except SeatsTaken as taken:
        return _lost(request, event, form, taken)
    except NoSuchGroup as why:
        return send_back(event, form, words=why.message, is_search=True)
    except services.LeavesAlone as why:
        return send_back(event, form, words=why.message, left=why.details["left"])
    except DomainError as refused:
        return send_back(event, form, words=refused.message)
    page = _page_for(request, booking)
    remember(request, booking.pk)
    return redirect(page, booking.pk)


def _lost(request, event, form, taken):
    """Somebody else has them, or the button was pressed twice."""
    mine = held_here(request, event, form.cleaned_data["seats"])
    return redirect("checkout", mine.pk) if mine else send_back(event, form, lost=taken.ordinals)


def _page_for(request, booking):
    """Who gives other seats for these sees what that comes to; anybody else is at the checkout, of all
    that he holds."""
    if given_for(request, booking.event):
        choose(request, booking)
        return "seats_for_seats"
    _put_to_order(request, booking)
    return "checkout"


def _put_to_order(request, booking):
    """What one browser holds is paid for together, with the codes of its order; what cannot be is paid
    for by itself."""
    held = last_held_here(request, but=chosen_for_others(request))
    if held is not None:
        with suppress(DomainError):
            services.join(booking.pk, to=held.pk)
            services.take_codes_of_order(booking.pk)


def _sale_to(request, admitted):
    """The Sale at this browser's call; raises TooManyHolds for one that has enough open."""
    if too_many_open(request):
        raise services.TooManyHolds(
            "Too many reservations of yours are still unpaid. Pay one or let it go, then reserve "
            "more. Nothing was reserved."
        )
    return services.Sale(client=visitor(request), admitted=admitted)


def _take(event, form, sold):
    """The chosen seats, or the best ones. Raises Redrawn for seats of a map that is not in use."""
    wanted = form.cleaned_data
    if form.names_places and wanted["drawn"] not in ("", event.layout.content_hash):
        raise Redrawn
    if form.is_wish:
        return services.reserve_best(event=event, wish=wish_of(event, wanted), sale=sold)
    return services.reserve(event=event, ordinals=wanted["seats"], sale=sold)
