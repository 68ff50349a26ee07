"""Handing tickets to somebody else: offered, then taken by a mailed link, declined, taken back or
lapsed. Until then they stay whose they are and admit nobody; taken, they have new codes and numbers.

Tickets are locked before their transfer, so whoever scans, cancels or gives them waits for one another.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Q
from django.utils.crypto import constant_time_compare

from core import failpoints
from core.errors import DomainError, Invalid
from core.ids import uuid7
from core.locks import database_now, lock_one
from core.outbox import record
from core.transactions import use_case
from customers.services import remember_customer
from events.models import OVER, Event
from tickets.facts import TransferBegun, TransferDecided, TransferSought
from tickets.models import VALID, Status, Ticket, Transfer, TransferredTicket, TransferStatus
from tickets.services.issue import lock_tickets, new_number
from tickets.services.keys import active_key

MOST = 100
OFFERS_A_DAY = 20
VALID_FOR = timedelta(days=7)
BEFORE_THE_START = timedelta(hours=1)
TOKEN_BYTES = 32


class NotTransferable(DomainError):
    """These tickets cannot be given to anybody now; nothing was changed."""

    code = "ticket_not_transferable"


class OfferOver(DomainError):
    """Nobody can decide about this offer any more."""

    code = "offer_over"


@dataclass(frozen=True)
class Recipient:
    """Who is offered tickets, as whoever has them calls him."""

    name: str
    email: str
    message: str = ""


OVER_WORDS = {
    TransferStatus.ACCEPTED: "These tickets were accepted already.",
    TransferStatus.DECLINED: "This offer was declined.",
    TransferStatus.CANCELLED: "This offer was taken back.",
    TransferStatus.EXPIRED: "The time to accept these tickets is over.",
}


def end_of_offer(event, now):
    """Until when an offer that begins now stands: a week, but no longer than an hour before the event,
    and of one that begins later than that until the event starts."""
    last = event.starts_at - BEFORE_THE_START
    return min(now + VALID_FOR, last if last > now else event.starts_at)


def why_event_stays(event, now):
    """Why no ticket of an event changes hands now, as a sentence; empty where it may."""
    if event.status in OVER:
        return "The event is cancelled or over: its tickets are not given to anybody."
    if now >= event.starts_at:
        return "The event has begun: its tickets are not given to anybody any more."
    return ""


def personal_among(ticket_ids):
    """The ids of those tickets that were sold at a price level whose tickets stay with their buyer."""
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
        _end(Transfer.objects.lapsed().filter(rows__ticket__in=over), TransferStatus.EXPIRED)
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
    lately = Transfer.objects.filter(giver=giver, begun_at__gt=now - timedelta(days=1))
    if lately.count() >= OFFERS_A_DAY:
        raise NotTransferable("You have offered tickets often today. Please go on tomorrow.")


# The link


def new_token(transfer_id):
    """The secret of a link that lets its reader decide about an open offer, and makes any other one
    worthless; None when there is nothing to decide. It is kept nowhere: whoever calls this mails it."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    fresh = Transfer.objects.open_at(database_now()).filter(pk=transfer_id)
    return token if fresh.update(token_digest=_digest(token)) else None


@use_case
def mail_offer_again(transfer_id):
    """Has the offer mailed once more, with a link that makes the former one worthless. Raises
    OfferOver."""
    transfer = Transfer.objects.get(pk=transfer_id)
    if not transfer.is_open_at(database_now()):
        raise OfferOver(over_words(transfer))
    record(TransferSought(transfer_id=transfer_id, request_id=uuid7()))


def _digest(token):
    return hashlib.sha256(token.encode()).hexdigest()


def is_token_of(transfer_id, token):
    """Whether this is the secret that was mailed last for this transfer."""
    known = Transfer.objects.filter(pk=transfer_id).values_list("token_digest", flat=True).first()
    return bool(known) and constant_time_compare(known, _digest(token))


# Deciding


@use_case
def accept_transfer(transfer_id, *, name, terms=None, network=""):
    """Whom they were offered to takes the tickets, under this `name`: they get new codes and numbers,
    and the old ones open no door any more. Who had bought them and gets them back is their buyer again.
    `terms` are the TermsOfSale that he accepted. Returns the Transfer.

    Raises OfferOver, or NotTransferable when a ticket is not as it was offered.
    """
    tickets, transfer = _lock(transfer_id)
    now = database_now()
    if not transfer.is_open_at(now):
        raise OfferOver(over_words(transfer))
    rows = {row.ticket_id: row for row in transfer.rows.all()}
    _check_as_offered(tickets, rows, Event.objects.get(pk=transfer.event_id), now)
    failpoints.reach("transfer.before_accepting")
    recipient = remember_customer(email=transfer.recipient_email, name=name)
    taken = {"recipient": recipient, "terms": terms, "network": network}
    if not _decide(transfer, TransferStatus.ACCEPTED, **taken):
        raise OfferOver(OVER_WORDS[TransferStatus.ACCEPTED])
    buyers = _buyers_of(tickets)
    for ticket in tickets:
        _hand_over(ticket, recipient, name.strip(), is_home=buyers[ticket.pk] == recipient.pk)
    record(TransferDecided(transfer_id=transfer.pk))
    return Transfer.objects.get(pk=transfer.pk)


def _check_as_offered(tickets, rows, event, now):
    why = why_event_stays(event, now)
    if why:
        raise NotTransferable(why)
    for each in tickets:
        if each.status not in VALID or each.generation != rows[each.pk].generation:
            raise NotTransferable(f"{each.place}: this ticket is not valid any more.")
        if each.locked_because:
            raise NotTransferable(f"{each.place}: this ticket is locked. Please ask us.")


def _buyers_of(tickets):
    """{ticket id: id of the Customer who bought it}: he is the first who ever gave it away."""
    rows = TransferredTicket.objects.filter(ticket__in=[each.pk for each in tickets])
    taken = rows.filter(transfer__status=TransferStatus.ACCEPTED).order_by("-generation")
    return dict(taken.values_list("ticket", "transfer__giver"))


def _hand_over(ticket, recipient, name, *, is_home):
    changed = Ticket.objects.filter(
        pk=ticket.pk, status__in=VALID, generation=ticket.generation
    ).update(
        status=Status.CONFIRMED if is_home else Status.TRANSFERRED,
        holder=None if is_home else recipient,
        holder_name=name,
        holder_email=recipient.email,
        holder_phone="",
        generation=ticket.generation + 1,
        number=new_number(),
        signing_key=active_key(),
    )
    if not changed:
        raise NotTransferable(f"{ticket.place}: this ticket is not valid any more.")


@use_case
def decline_transfer(transfer_id):
    """Whom they were offered to does not want the tickets. Raises OfferOver."""
    return _close(transfer_id, TransferStatus.DECLINED)


@use_case
def take_back_transfer(transfer_id, *, by=None, why=""):
    """Whoever offered the tickets keeps them after all; staff (`by`) say why. Raises OfferOver."""
    return _close(transfer_id, TransferStatus.CANCELLED, decided_by=by, why_over=why.strip())


def _close(transfer_id, status, **said):
    _, transfer = _lock(transfer_id)
    if not transfer.is_open_at(database_now()):
        raise OfferOver(over_words(transfer))
    failpoints.reach("transfer.before_closing")
    if not _decide(transfer, status, **said):
        raise OfferOver("Somebody has decided about this offer already.")
    record(TransferDecided(transfer_id=transfer.pk))
    return Transfer.objects.get(pk=transfer.pk)


@use_case
def lapse_transfer(transfer_id):
    """Notes that the time of an offer is over; returns whether it was not noted before."""
    _lock(transfer_id)
    return _end(Transfer.objects.lapsed().filter(pk=transfer_id), TransferStatus.EXPIRED)


def end_offers_of(ticket_ids, why):
    """Offers of tickets that die are off, in the caller's transaction that has locked the tickets. The
    other tickets of such an offer are their giver's again."""
    offered = Q(rows__ticket__in=list(ticket_ids), status=TransferStatus.PENDING)
    return _end(Transfer.objects.filter(offered), TransferStatus.CANCELLED, why_over=why)


def _end(transfers, status, **said):
    ended = [each for each in transfers.distinct().order_by("pk") if _decide(each, status, **said)]
    record(*(TransferDecided(transfer_id=each.pk) for each in ended))
    return len(ended)


def _decide(transfer, status, **said):
    """Whoever changes the row goes on; whether it was us."""
    still = Transfer.objects.filter(pk=transfer.pk, status=TransferStatus.PENDING)
    return still.update(status=status, **said)


def _lock(transfer_id):
    """(its tickets, the Transfer), locked and as they are now."""
    ids = TransferredTicket.objects.filter(transfer=transfer_id).values_list("ticket", flat=True)
    tickets = lock_tickets(ids)
    found = Transfer.objects.select_related("giver").filter(pk=transfer_id)
    return tickets, lock_one(found)


def over_words(transfer):
    lapsed = OVER_WORDS[TransferStatus.EXPIRED]
    return OVER_WORDS.get(transfer.status, lapsed)
