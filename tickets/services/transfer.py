"""What becomes of tickets that somebody was offered: taken by a mailed link, declined, taken back or
lapsed. Taken, they have new codes and numbers.

Tickets are locked before their transfer, so whoever scans, cancels or gives them waits for one another.
"""

from django.db.models import Q

from core import failpoints
from core.errors import DomainError
from core.locks import database_now, lock_one
from core.outbox import record
from core.transactions import use_case
from customers.services import remember_customer
from events.models import OVER, Event
from tickets.facts import TransferDecided
from tickets.models import VALID, Status, Ticket, Transfer, TransferredTicket, TransferStatus
from tickets.services.issue import lock_tickets, new_number
from tickets.services.keys import active_key


class NotTransferable(DomainError):
    """These tickets cannot be given to anybody now; nothing was changed."""

    code = "ticket_not_transferable"


class OfferOver(DomainError):
    """Nobody can decide about this offer any more."""

    code = "offer_over"


OVER_WORDS = {
    TransferStatus.ACCEPTED: "These tickets were accepted already.",
    TransferStatus.DECLINED: "This offer was declined.",
    TransferStatus.CANCELLED: "This offer was taken back.",
    TransferStatus.EXPIRED: "The time to accept these tickets is over.",
}


def why_event_stays(event, now):
    """Why no ticket of an event changes hands now, as a sentence; empty where it may."""
    if event.status in OVER:
        return "The event is cancelled or over: its tickets are not given to anybody."
    if now >= event.starts_at:
        return "The event has begun: its tickets are not given to anybody any more."
    return ""


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


def lapse_offers_of(ticket_ids):
    """Notes it of those offers of tickets whose time is over, in the caller's transaction that has
    locked the tickets."""
    lapsed = Transfer.objects.lapsed().filter(rows__ticket__in=list(ticket_ids))
    return _end(lapsed, TransferStatus.EXPIRED)


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
