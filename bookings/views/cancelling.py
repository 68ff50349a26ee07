"""Giving tickets back: which, what comes back for each, and done. Three pages, no script."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache

from bookings.cancelling import (
    NotCancellable,
    QuoteChanged,
    Wish,
    cancel,
    left_of,
    may_choose,
    may_give_back,
    policy_of,
    preview,
)
from bookings.links import own_booking
from bookings.models import GoesTo
from bookings.showing import giving_back, shown
from bookings.views.checkout import line_of, noun_of
from bookings.views.hands import is_free, told_of
from core.errors import DomainError
from core.locks import database_now
from core.words import many


@never_cache
def cancel_tickets(request, booking_id):
    """Chooses, previews and cancels tickets of a booking."""
    booking = own_booking(request, booking_id)
    if not booking.is_sold:
        return redirect("booking", booking.pk)
    if request.method == "POST":
        return _cancelled(request, booking)
    if "ticket" in request.GET:
        return _previewed(request, booking, _chosen(request.GET), _to(request.GET))
    return _page(request, booking)


def _chosen(said):
    """The ticket ids that a form names; 404 for what no form of ours says."""
    try:
        return frozenset(UUID(each) for each in said.getlist("ticket")[:200])
    except ValueError:
        raise Http404 from None


def _to(said):
    """Where the money shall go, or None where nothing was chosen; 404 for what no form of ours says."""
    try:
        return GoesTo(said["to"]) if said.get("to") else None
    except ValueError:
        raise Http404 from None


def _previewed(request, booking, tickets, to, problem=""):
    try:
        quote = preview(booking, Wish(tickets, to=to), now=database_now())
    except NotCancellable as refused:
        return _page(request, booking, problem=refused.message, chosen=tickets, status=409)
    return _page(request, booking, problem=problem, quote=quote, status=409 if problem else 200)


def _cancelled(request, booking):
    tickets, to = _chosen(request.POST), _to(request.POST)
    if not tickets:
        return _page(request, booking, problem="Choose at least one ticket first.", status=422)
    try:
        made = cancel(booking.pk, Wish(tickets, to=to), seen=request.POST.get("seen", ""))
    except QuoteChanged as changed:
        return _previewed(request, booking, tickets, to, problem=changed.message)
    except DomainError as refused:
        return _page(request, booking, problem=refused.message, status=409)
    back = f" {made.refunded_money.display()} is on its way back to you." if made.refunded else ""
    credit = f" {made.credited_money.display()} is your credit now." if made.credited else ""
    done = many(made.ticket_count, "ticket is cancelled", "tickets are cancelled")
    messages.success(request, f"{done}.{credit}{back}")
    return redirect("booking", booking.pk)


def _page(request, booking, *, problem="", quote=None, chosen=(), status=200):
    now = database_now()
    left, policy = left_of(booking), policy_of(booking)
    items = [item for item in left if is_free(item.ticket, now)]
    is_partial = policy is not None and policy.is_partial
    context = {
        "nav": "tickets",
        "booking": booking,
        "event": shown(booking.event, None),
        "items": [line_of(item) | {"is_chosen": item.ticket_id in chosen} for item in items],
        "noun": noun_of(items) if items else "seat",
        "is_open": may_give_back(booking, now),
        "is_partial": is_partial,
        "is_together": is_partial or len(items) == len(left),
        "ways": GoesTo if may_choose(booking) else (),
        "giving_back": giving_back(policy, booking.event, now),
        "problem": problem,
        "quote": quote,
        "lines": [
            line_of(line.item) | {"paid": line.paid, "kept": line.kept, "back": line.refunded}
            for line in (quote.lines if quote else [])
        ],
        **told_of(booking, now),
    }
    return render(request, "bookings/cancel.html", context, status=status)
