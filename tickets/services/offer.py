"""Offering tickets to somebody else, and the link by which he decides. Until then they stay whose they
are and admit nobody."""

import base64
import hashlib
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import F
from django.utils.crypto import constant_time_compare, salted_hmac

from core import failpoints
from core.errors import Invalid
from core.ids import uuid7
from core.locks import database_now, one_at_a_time
from core.outbox import record
from core.transactions import use_case
from events.models import Event
from tickets.facts import TransferBegun, TransferSought
from tickets.models import VALID, Ticket, Transfer, TransferredTicket, TransferStatus
from tickets.services.issue import lock_tickets
from tickets.services.transfer import (
    NotTransferable,
    OfferOver,
    lapse_offers_of,
    over_words,
    why_event_stays,
)

MOST = 100
OFFERS_A_DAY = 20
VALID_FOR = timedelta(days=7)
BEFORE_THE_START = timedelta(hours=1)
SALT = "tessera.offer-link"


@dataclass(frozen=True)
class Recipient:
    """Who is offered tickets, as whoever has them calls him."""

    name: str
    email: str
    message: str = ""


def end_of_offer(event, now):
    """Until when an offer that begins now stands: a week, but no longer than an hour before the event,
    and of one that begins later than that until the event starts."""
    last = event.starts_at - BEFORE_THE_START
    return min(now + VALID_FOR, last if last > now else event.starts_at)


def personal_among(ticket_ids):
    """The ids of those tickets whose seat is at a price level now whose tickets stay with their buyer:
    staff may make a level personal, or put seats on one, after they were sold."""
    personal = Ticket.objects.filter(pk__in=ticket_ids, event_seat__level__is_personal=True)
    return set(personal.values_list("pk", flat=True))


def why_it_stays(ticket, now):
    """Why a ticket cannot be given to anybody now, as a sentence; empty where it can."""
    if ticket.status not in VALID:
        return f"{ticket.place}: this ticket is {ticket.get_status_display().lower()}."
    if ticket.locked_because:
        return f"{ticket.place}: this ticket is locked."
    if ticket.is_offered_at(now):
        return f"{ticket.place}: this ticket is offered to somebody already. Take it back first."
    return ""


@use_case
def begin_transfer(ticket_ids, to, *, giver, holder=None, by=None, reason=""):
    """Offers tickets of one event to a Recipient; returns the Transfer. `giver` is the Customer who has
    them, and `holder` his id, or None where he is their buyer. With `by` (a user) and `reason` staff
    offer them for him, also where the event does not let him.

    Raises NotTransferable, or Invalid when he would give them to himself.
    """
    now, tickets = _locked_to_offer(ticket_ids)
    event = Event.objects.get(pk=tickets[0].event_id)
    _check(tickets, event, now, holder)
    email = to.email.strip().lower()
    if by is None:
        _check_giver(giver, now)
        if not _goes_back(tickets, email):
            _check_terms(tickets, event)
    if email == giver.email:
        raise Invalid("This is the address that the tickets belong to already.")
    transfer = Transfer.objects.create(
        event=event,
        giver=giver,
        recipient_name=to.name.strip(),
        recipient_email=email,
        message=to.message.strip(),
        expires_at=end_of_offer(event, now),
        begun_by=by,
        reason=reason.strip(),
    )
    TransferredTicket.objects.bulk_create(
        TransferredTicket(
            transfer=transfer, ticket=each, generation=each.generation, number=each.number
        )
        for each in tickets
    )
    record(TransferBegun(transfer_id=transfer.pk))
    return transfer


def _locked_to_offer(ticket_ids):
    """(the clock, the tickets), locked, after what had lapsed among their offers was tidied."""
    ids = list(ticket_ids)
    if not 1 <= len(ids) <= MOST:
        raise NotTransferable("Choose at least one ticket first.")
    tickets = lock_tickets(ids)
    failpoints.reach("transfer.after_lock")
    if len(tickets) < len(ids):
        raise NotTransferable("One of these tickets is not there any more.")
    now = database_now()
    over = [each.pk for each in tickets if each.offered_until and each.offered_until <= now]
    if over:
        lapse_offers_of(over)
        tickets = lock_tickets(ids)
    return now, tickets


def _check(tickets, event, now, holder):
    if any(each.event_id != event.pk for each in tickets):
        raise NotTransferable("Tickets of one event are given at a time.")
    for each in tickets:
        if each.holder_id != holder:
            raise NotTransferable(f"{each.place}: this ticket is in other hands already.")
    for why in [why_event_stays(event, now), *(why_it_stays(each, now) for each in tickets)]:
        if why:
            raise NotTransferable(why)


def _goes_back(tickets, email):
    """Whether all of them go back to whoever gave them last: that is always possible."""
    rows = TransferredTicket.objects.filter(
        ticket__in=[each.pk for each in tickets], transfer__status=TransferStatus.ACCEPTED
    )
    last = dict(rows.order_by("generation").values_list("ticket", "transfer__giver__email"))
    return all(last.get(each.pk) == email for each in tickets)


def _check_terms(tickets, event):
    if not event.is_transferable:
        raise NotTransferable("Tickets of this event stay with whoever bought them.")
    if personal_among([each.pk for each in tickets]):
        raise NotTransferable("Tickets of this price stay with whoever bought them.")


def _check_giver(giver, now):
    """How often he offered tickets today; whoever offers others of his at this moment waits."""
    one_at_a_time(f"offers:{giver.pk}")
    lately = Transfer.objects.filter(giver=giver, begun_at__gt=now - timedelta(days=1))
    if lately.count() >= OFFERS_A_DAY:
        raise NotTransferable("You have offered tickets often today. Please go on tomorrow.")
    failpoints.reach("transfer.after_counting")


# The link


def new_token(transfer_id):
    """The secret of the link that lets its reader decide about an open offer; None when there is
    nothing to decide. It is the same until the offer is mailed again, so a mail that went out twice has
    one link. It is kept nowhere: whoever calls this mails it."""
    fresh = Transfer.objects.open_at(database_now()).filter(pk=transfer_id)
    number = fresh.values_list("link_number", flat=True).first()
    if number is None:
        return None
    token = _token(transfer_id, number)
    # Who mails it again meanwhile has raised the number, and mails another one.
    return token if fresh.filter(link_number=number).update(token_digest=_digest(token)) else None


def _token(transfer_id, number):
    """256 bits that nobody can tell who has not the key of this server."""
    secret = salted_hmac(SALT, f"{transfer_id}.{number}", algorithm="sha256").digest()
    return base64.urlsafe_b64encode(secret).decode().rstrip("=")


@use_case
def mail_offer_again(transfer_id):
    """Has the offer mailed once more, with another link; the former one is worthless from now on.
    Raises OfferOver."""
    fresh = Transfer.objects.open_at(database_now()).filter(pk=transfer_id)
    if not fresh.update(link_number=F("link_number") + 1, token_digest=None):
        raise OfferOver(over_words(Transfer.objects.get(pk=transfer_id)))
    record(TransferSought(transfer_id=transfer_id, request_id=uuid7()))


def _digest(token):
    return hashlib.sha256(token.encode()).hexdigest()


def digest_if_it_fits(transfer_id, token):
    """The digest of the secret that was mailed last for this transfer, if this is it, or None."""
    known = Transfer.objects.filter(pk=transfer_id).values_list("token_digest", flat=True).first()
    return known if known and constant_time_compare(known, _digest(token)) else None


def is_token_of(transfer_id, token):
    """Whether this is the secret that was mailed last for this transfer."""
    return digest_if_it_fits(transfer_id, token) is not None
