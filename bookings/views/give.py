"""Giving tickets to somebody else, by whoever bought them or was given them himself: who and which,
read back, done. No script; a browser that was left open is asked for a fresh proof first."""

from collections.abc import Callable
from dataclasses import dataclass

from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from bookings.cancelling import own_left_of
from bookings.forms import GiveForm
from bookings.links import own_booking
from bookings.received import TICKETS, TransferElsewhere, held_by, own_transfer, without_key
from bookings.services.hand_over import ask_for_proof, offer_tickets, pass_on
from bookings.showing import shown
from bookings.views.booking import may_seek
from core.errors import DomainError
from core.locks import database_now
from customers.links import exchange, is_fresh
from customers.models import Customer
from events.models import Event
from tickets.models import Status, Transfer
from tickets.services import mail_offer_again, take_back_transfer, why_event_stays, why_it_stays
from tickets.services.offer import end_of_offer, personal_among

OFTEN = "You have offered tickets often. Please try again in an hour."
BACK = "?back=yes"
"""What the steps are called with to give tickets back."""
STAYS = "Tickets of this event stay with whoever bought them."


@dataclass(frozen=True)
class Source:
    """What tickets are given out of: a booking, or a transfer that brought them. `tickets` are those in
    the hands of `giver`; `offer(ticket ids, Recipient)` begins a Transfer."""

    giver: Customer
    event: Event
    tickets: list
    offer: Callable
    page: str
    steps: str
    is_booking: bool
    back_to: Customer | None = None


def _of_booking(request, booking_id):
    booking = own_booking(request, booking_id)

    def offer(ticket_ids, to):
        return offer_tickets(booking.pk, ticket_ids, to)

    tickets = [item.ticket for item in own_left_of(booking)] if booking.is_sold else []
    page = reverse("booking", args=[booking.pk])
    return Source(booking.customer, booking.event, tickets, offer, page, f"{page}give/", True)


def _of_received(request, transfer_id):
    transfer = own_transfer(request, transfer_id)
    if transfer.opens != TICKETS:
        raise TransferElsewhere("Open it by the link in your mail.")
    holder = transfer.recipient

    def offer(ticket_ids, to):
        return pass_on(ticket_ids, to, holder=holder)

    tickets = [each for each in held_by(transfer) if each.status == Status.TRANSFERRED]
    page = reverse("received", args=[transfer.pk])
    steps = f"{page}give/"
    return Source(holder, transfer.event, tickets, offer, page, steps, False, transfer.giver)


@never_cache
def give(request, booking_id):
    """The steps for tickets of a booking."""
    return _give(request, _of_booking, booking_id, "give")


@never_cache
def give_received(request, transfer_id):
    """The steps for tickets that were given to who gives them."""
    return _give(request, _of_received, transfer_id, "give_received")


def _give(request, source_of, key, name):
    if "k" in request.GET:
        exchange(request, request.GET["k"].replace("\0", ""))
        return without_key(f"{reverse(name, args=[key])}{BACK if 'back' in request.GET else ''}")
    source = source_of(request, key)
    now = database_now()
    back_to = _back_to(request, source)
    why = _why_not(source, now, is_back=back_to is not None)
    tickets = _givable(source, now, is_back=back_to is not None)
    if why or not tickets or not is_fresh(request, source.giver.pk):
        said = {"is_sent": "sent" in request.GET, "is_back": back_to is not None}
        return _page(request, source, why=why, tickets=tickets, **said)
    data = request.POST if request.method == "POST" else None
    form = GiveForm(data, tickets=tickets, back_to=back_to)
    if data is None:
        return _page(request, source, form=form, tickets=tickets)
    return _go_on(request, source, form, tickets)


def _givable(source, now, *, is_back):
    """Those of its tickets that may change hands now; back they may go whatever the terms are."""
    personal = set() if is_back else personal_among([each.pk for each in source.tickets])
    return [
        each for each in source.tickets if each.pk not in personal and not why_it_stays(each, now)
    ]


def _back_to(request, source):
    """The Customer who gave them, where they shall go back to him."""
    said = request.POST if request.method == "POST" else request.GET
    return source.back_to if "back" in said else None


def _why_not(source, now, *, is_back):
    if source.giver is None:
        return "Nobody is named as the buyer of these tickets. Please write to us."
    may_go = source.event.is_transferable or is_back
    return why_event_stays(source.event, now) or ("" if may_go else STAYS)


def _go_on(request, source, form, tickets):
    """Reads it back; once that was confirmed, does it."""
    is_good = form.is_valid() and "change" not in request.POST
    if not is_good or "confirmed" not in request.POST:
        status = 422 if form.errors else 200
        until = end_of_offer(source.event, database_now())
        said = {"form": form, "is_read_back": is_good, "until": until, "tickets": tickets}
        return _page(request, source, status=status, **said)
    if not may_seek(request, form.recipient.email, what="offer"):
        form.add_error(None, OFTEN)
        return _page(request, source, form=form, tickets=tickets, status=422)
    try:
        transfer = source.offer([each.pk for each in form.given], form.recipient)
    except DomainError as refused:
        form.add_error(None, refused.message)
        return _page(request, source, form=form, tickets=tickets, status=409)
    thing = "the ticket" if len(form.given) == 1 else "the tickets"
    messages.success(request, f"{transfer.recipient_name} is offered {thing}. We mail it now.")
    return redirect(source.page)


def _page(request, source, *, status=200, **said):
    context = {
        "nav": "tickets",
        "source": source,
        "event": shown(source.event, None),
        **said,
    }
    return render(request, "bookings/give.html", context, status=status)


@require_POST
@never_cache
def prove(request, booking_id):
    """Mails its buyer the link that proves him."""
    return _prove(request, _of_booking(request, booking_id))


@require_POST
@never_cache
def prove_received(request, transfer_id):
    return _prove(request, _of_received(request, transfer_id))


def _prove(request, source):
    page = f"{source.steps}{BACK if _back_to(request, source) else ''}"
    if source.giver is not None and may_seek(request, source.giver.email, what="prove"):
        ask_for_proof(source.giver.pk, page=page)
    return redirect(f"{page}{'&' if '?' in page else '?'}sent=yes")


@require_POST
@never_cache
def take_back(request, booking_id, transfer_id):
    """Ends an open offer of tickets of a booking."""
    return _take_back(request, _of_booking(request, booking_id), transfer_id)


@require_POST
@never_cache
def take_back_received(request, transfer_id, offer_id):
    return _take_back(request, _of_received(request, transfer_id), offer_id)


@require_POST
@never_cache
def mail_again(request, booking_id, transfer_id):
    """Mails an open offer of tickets of a booking once more."""
    return _mail_again(request, _of_booking(request, booking_id), transfer_id)


@require_POST
@never_cache
def mail_again_received(request, transfer_id, offer_id):
    return _mail_again(request, _of_received(request, transfer_id), offer_id)


def _own_offer(source, transfer_id):
    """The Transfer, if it offers these very tickets; anything else is as if it was not there."""
    mine = Transfer.objects.filter(pk=transfer_id, giver=source.giver)
    found = mine.filter(rows__ticket__in=[each.pk for each in source.tickets]).first()
    if found is None:
        raise TransferElsewhere("Open it by the link in your mail.")
    return found


def _mail_again(request, source, transfer_id):
    transfer = _own_offer(source, transfer_id)
    if not may_seek(request, transfer.recipient_email, what="offer"):
        messages.error(request, OFTEN)
        return redirect(source.page)
    try:
        mail_offer_again(transfer.pk)
        said = f"{transfer.recipient_name} is mailed again. Only the new link counts."
        messages.success(request, said)
    except DomainError as refused:
        messages.error(request, refused.message)
    return redirect(source.page)


def _take_back(request, source, transfer_id):
    is_one = _own_offer(source, transfer_id).rows.count() == 1
    try:
        take_back_transfer(transfer_id)
        said = "ticket is yours again, with the code that it had."
        many = "tickets are yours again, with the codes that they had."
        messages.success(request, f"The {said if is_one else many}")
    except DomainError as refused:
        messages.error(request, refused.message)
    return redirect(source.page)
