"""What a ticket is worth at the door, as a pill for staff: its status alone says "Valid" of tickets
that are locked, or offered to somebody."""

from django.utils import timezone

from core.admin_parts import pill
from core.locks import database_now
from tickets.models import VALID, Status, TransferredTicket, TransferStatus


def pills_of(tickets, now=None):
    """{ticket's id: its pill}: Locked, Offered to Bo Lind until 3 Mar 2027, 12:00, Transferred to Bo
    Lind, or its status. `tickets` (a list) are of any event and booking."""
    return {key: pill(*told) for key, told in words_of(tickets, now).items()}


def words_of(tickets, now=None):
    """{ticket's id: (state as `pill` takes it, words)}, at most two queries for all of them."""
    now = now or database_now()
    offers = _offers([each for each in tickets if _is_offered(each, now)])
    holders = _holders([each for each in tickets if each.status == Status.TRANSFERRED])
    return {each.pk: _words(each, offers, holders, now) for each in tickets}


def pill_of(ticket):
    return pills_of([ticket])[ticket.pk]


def _is_offered(ticket, now):
    return ticket.status in VALID and ticket.is_offered_at(now)


def _words(ticket, offers, holders, now):
    if ticket.status in VALID and ticket.locked_because:
        return "BLOCKED", f"Locked: {ticket.locked_because}"
    if _is_offered(ticket, now):
        until = f"{timezone.localtime(ticket.offered_until):%-d %b %Y, %H:%M}"
        whom = f" to {offers[ticket.pk]}" if ticket.pk in offers else ""
        return "PENDING", f"Offered{whom} until {until}"
    if ticket.pk in holders:
        return ticket.status, f"Transferred to {holders[ticket.pk]}"
    return ticket.status, ticket.get_status_display()


def _offers(tickets):
    """{ticket's id: the name of whom it is offered to}"""
    if not tickets:
        return {}
    rows = TransferredTicket.objects.filter(
        ticket__in=tickets, transfer__status=TransferStatus.PENDING
    )
    return dict(rows.values_list("ticket_id", "transfer__recipient_name"))


def _holders(tickets):
    """{ticket's id: the name of who holds it}"""
    if not tickets:
        return {}
    model = type(tickets[0])
    found = model.objects.filter(pk__in=[each.pk for each in tickets]).select_related("holder")
    return {each.pk: str(each.holder) for each in found}
