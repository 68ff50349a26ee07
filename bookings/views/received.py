"""Tickets that somebody was offered, and has taken: seen, taken or declined by a mailed link. Looking
does nothing, for programs that read mail open links, too."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from agencies.queries import current_terms
from bookings.forms import AcceptForm
from bookings.models import Booking
from bookings.printing import pdf_of_held
from bookings.received import (
    TICKETS,
    exchange_key,
    hands_of,
    held_by,
    own_transfer,
    remember,
    rows_of,
)
from bookings.showing import shown
from core.errors import DomainError
from core.locks import database_now
from core.network import client_address, shortened
from events.models import Status as EventStatus
from tickets.models import Download, TransferStatus
from tickets.services import (
    accept_transfer,
    code_of,
    decline_transfer,
    why_event_stays,
    why_it_stays,
)
from tickets.services.keys import NoCode
from tickets.services.transfer import over_words


@require_safe
@never_cache
def received(request, transfer_id):
    """An offer to be decided, or the tickets that were taken, or what became of them."""
    if "k" in request.GET:
        return exchange_key(request, transfer_id)
    transfer = own_transfer(request, transfer_id)
    if transfer.is_open_at(database_now()):
        return _offer(request, transfer, _form(transfer))
    if transfer.status == TransferStatus.ACCEPTED and transfer.opens == TICKETS:
        return _tickets(request, transfer)
    return _page(request, transfer, over=over_words(transfer))


@require_POST
@never_cache
def accept(request, transfer_id):
    """Takes the tickets under the name that was typed."""
    transfer = own_transfer(request, transfer_id)
    if not transfer.is_open_at(database_now()):
        return redirect("received", transfer.pk)
    form = _form(transfer, request.POST)
    if not form.is_valid():
        return _offer(request, transfer, form, status=422)
    said = {"terms": form.terms, "network": shortened(client_address(request))}
    try:
        accept_transfer(transfer.pk, name=form.cleaned_data["name"], **said)
    except DomainError as refused:
        messages.error(request, refused.message)
        return redirect("received", transfer.pk)
    remember(request, transfer.pk, TICKETS)
    messages.success(request, _taken_words(transfer))
    return redirect("received", transfer.pk)


def _taken_words(transfer):
    if transfer.rows.count() == 1:
        return "The ticket is yours. It is on its way to your mailbox, too."
    return "The tickets are yours. They are on their way to your mailbox, too."


@require_POST
@never_cache
def decline(request, transfer_id):
    """Leaves the tickets to whoever offered them."""
    transfer = own_transfer(request, transfer_id)
    try:
        decline_transfer(transfer.pk)
    except DomainError as refused:
        messages.error(request, refused.message)
    return redirect("received", transfer.pk)


@require_safe
@never_cache
def received_pdf(request, transfer_id):
    """The tickets that were taken and are still there, in one PDF."""
    transfer = own_transfer(request, transfer_id)
    tickets = _printable(transfer) if transfer.opens == TICKETS else []
    if not tickets or transfer.event.status == EventStatus.CANCELLED:
        raise Http404
    pdf = pdf_of_held(tickets, transfer.event)
    Download.objects.create(reference=transfer.pk, ticket_count=len(tickets))
    response = HttpResponse(pdf, content_type="application/pdf")
    response["Content-Disposition"] = 'attachment; filename="tickets.pdf"'
    return response


def _printable(transfer):
    now = database_now()
    return [each for each in held_by(transfer) if not each.is_offered_at(now)]


def _form(transfer, data=None):
    return AcceptForm(data, terms=current_terms(), initial={"name": transfer.recipient_name})


def _offer(request, transfer, form, status=200):
    tickets = [row.ticket for row in rows_of(transfer)]
    return _page(request, transfer, form=form, offered=tickets, status=status)


def _tickets(request, transfer):
    """Each ticket of it: with its code while he has it, and otherwise what became of it."""
    now = database_now()
    held = {ticket.pk for ticket in held_by(transfer)}
    rows = rows_of(transfer)
    hands = hands_of([row.ticket_id for row in rows], transfer.recipient_id, now)
    is_cancelled = transfer.event.status == EventStatus.CANCELLED
    tickets = [
        _shown_ticket(row, transfer.event, hands.get((row.ticket_id, row.generation + 1)))
        | {"is_cancelled": is_cancelled}
        for row in rows
    ]
    mine = [row.ticket for row in rows if row.ticket_id in held]
    free = [each for each in mine if not why_it_stays(each, now) and each.holder_id]
    may_return = bool(free) and not why_event_stays(transfer.event, now)
    return _page(
        request,
        transfer,
        tickets=tickets,
        count=len(held),
        may_return=may_return,
        may_give=may_return and transfer.event.is_transferable,
        may_print=bool(_printable(transfer)) and not is_cancelled,
    )


def _shown_ticket(row, event, hand):
    """A ticket as its taker sees it; `hand` is the TransferredTicket by which he gave or offers it."""
    ticket = row.ticket
    ticket.event = event
    is_shown = hand is None and row.went_along
    return {
        "section": ticket.section,
        "row": ticket.row,
        "seat": ticket.seat,
        "is_standing": ticket.seat_kind == "STANDING",
        "kind": ticket.seat_kind,
        "restricted_view": ticket.restricted_view,
        "disclosure": ticket.disclosure,
        "view_note": ticket.view_note,
        "entrance": ticket.entrance,
        "status": ticket.status,
        "number": ticket.number if is_shown else row.number,
        "holder": ticket.holder_name if is_shown else "",
        "code": _code(ticket) if is_shown else "",
        "hand": hand,
    }


def _code(ticket):
    try:
        return code_of(ticket)
    except NoCode:
        return ""


def _home_of(transfer):
    """The Booking that its tickets go back to, or None where they go to somebody who did not pay."""
    if not transfer.goes_home:
        return None
    return Booking.objects.filter(items__ticket__transfers__transfer=transfer).first()


def _page(request, transfer, *, status=200, **said):
    context = {
        "nav": "tickets",
        "transfer": transfer,
        "event": shown(transfer.event, None),
        "home": _home_of(transfer),
        **said,
    }
    return render(request, "bookings/received.html", context, status=status)
