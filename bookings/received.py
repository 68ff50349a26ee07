"""Links that lead whoever was offered tickets to them, and back to them later.

The secret of an open offer stands in its mail only; once the tickets are taken, a signed key that ends
a month after the event opens them, as a booking's does (bookings.links)."""

from datetime import date, timedelta

from django.core.signing import Signer
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from core.errors import NotFound
from customers.links import customer_of
from tickets.models import Status, Transfer, TransferredTicket, TransferStatus
from tickets.services.offer import digest_if_it_fits

SESSION_KEY = "received"
"""Key of the session: {transfer id: what its link has opened here}: TICKETS, or an offer, by the digest
of the link's secret, for as long as that is the one that was mailed last."""
OFFER, TICKETS = "offer", "tickets"
REMEMBERED = 50
KEY_OUTLIVES_EVENT = timedelta(days=30)


class TransferElsewhere(NotFound):
    """Tickets given to somebody, in a browser that did not open his mail; or none."""

    code = "transfer_elsewhere"


def mailed_key(transfer):
    """The key that opens the tickets somebody was given (its event is read): the last day on which it
    does, as an ordinal, and a signature over that and the transfer."""
    event = transfer.event
    end = max(event.ends_at or event.starts_at, timezone.now()) + KEY_OUTLIVES_EVENT
    last_day = end.date().toordinal()
    return f"{last_day}.{_signature(transfer.pk, last_day)}"


def _signature(transfer_id, last_day):
    return Signer(salt="tessera.transfer-link").signature(f"{transfer_id}.{last_day}")


def _key_fits(transfer_id, key):
    last_day, _, signature = key.partition(".")
    if not constant_time_compare(signature, _signature(transfer_id, last_day)):
        return False
    return date.fromordinal(int(last_day)) >= timezone.now().date()


def without_key(page, *arguments):
    """The way on from an address with a secret in it; nothing that follows is told where from."""
    response = redirect(page, *arguments)
    response["Referrer-Policy"] = "no-referrer"
    return response


def exchange_key(request, transfer_id):
    """The way on for a request that carries a secret: to the same page without it. One that fits is a
    line in the session from now on."""
    key = request.GET["k"].replace("\0", "")[:200]
    if _key_fits(transfer_id, key):
        remember(request, transfer_id, TICKETS)
    elif digest := digest_if_it_fits(transfer_id, key):
        remember(request, transfer_id, digest)
    return without_key("received", transfer_id)


def remember(request, transfer_id, what):
    """This browser may see the tickets, or the offer (`what` is the digest of its secret), from now
    on."""
    known = {**request.session.get(SESSION_KEY, {})}
    if known.get(str(transfer_id)) == TICKETS:
        return
    known.pop(str(transfer_id), None)
    request.session[SESSION_KEY] = dict([*known.items(), (str(transfer_id), what)][-REMEMBERED:])


def own_transfer(request, transfer_id):
    """The Transfer, with `opens`: OFFER for whoever opened the link of the offer, TICKETS for who has
    taken it; raises NotFound in any other browser, as for none."""
    found = Transfer.objects.select_related("event__venue", "giver", "recipient")
    transfer = found.filter(pk=transfer_id).first()
    opens = transfer and (_opened(request, transfer) or _proven(request, transfer))
    if not opens:
        raise TransferElsewhere("Open it by the link in your mail.")
    transfer.opens = opens
    return transfer


def _opened(request, transfer):
    """What the link that this browser opened is good for now; an offer that was mailed again since has
    another one."""
    known = request.session.get(SESSION_KEY, {}).get(str(transfer.pk))
    if known in (None, TICKETS):
        return known
    present = transfer.token_digest
    return OFFER if present and constant_time_compare(known, present) else None


def _proven(request, transfer):
    """What is open to who has proven to read the mailbox that it was sent to."""
    customer = customer_of(request)
    if customer is None or customer.email != transfer.recipient_email:
        return None
    return TICKETS if transfer.status == TransferStatus.ACCEPTED else OFFER


def rows_of(transfer):
    """[TransferredTicket] with tickets, and all that their codes need, in the order of their places."""
    rows = transfer.rows.select_related("ticket__signing_key").order_by("ticket__ordinal", "pk")
    return list(rows)


def held_by(transfer):
    """The tickets of an accepted transfer that whoever took them has still got."""
    if transfer.status != TransferStatus.ACCEPTED:
        return []
    over = (Status.CANCELLED, Status.REFUNDED)
    return [
        row.ticket for row in rows_of(transfer) if row.went_along and row.ticket.status not in over
    ]


def hands_of(ticket_ids, giver_id, now):
    """{(ticket id, generation of the code it had): TransferredTicket} of tickets that `giver_id` has
    given away, or offers at this moment, the first time first."""
    rows = TransferredTicket.objects.filter(ticket__in=ticket_ids, transfer__giver=giver_id)
    rows = rows.select_related("transfer").order_by("generation", "pk")
    return {
        (row.ticket_id, row.generation): row
        for row in rows
        if row.transfer.status == TransferStatus.ACCEPTED or row.transfer.is_open_at(now)
    }
